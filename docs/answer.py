"""Ask the sample forum and record what is shown: `answer.txt` for the README, `answer.svg` as its picture.

Nothing is touched up. Run by `make docs`; the folder of the checkout must be the current one, since sources are shown
relative to it.
"""

from __future__ import annotations

import asyncio
import io
import re
import tempfile
from pathlib import Path

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.text import Text

from assistant.indexing.build import build
from assistant.indexing.embedders import embedder_from
from assistant.indexing.generations import IndexFolder
from assistant.pipeline import Assistant, answer_of
from assistant.render import Painter, answer_text
from assistant.settings import load

HERE = Path(__file__).parent
POSTS = "eval/sample/posts"
ANSWERED = "Why is the preview of my external camera rotated by 90 degrees?"
REFUSED = "How do I get Bluetooth LE audio working on Corvid OS?"
WIDTH = 100
# A picture must not fetch anything from anywhere: rich's template names fonts on a server, this one takes those at hand.
TEMPLATE = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def shown(assistant: Assistant, question: str, paint: Painter) -> str:
    """A question as typed and its answer as printed."""
    answer = asyncio.run(answer_of(assistant, question))
    return f'$ assistant ask "{question}"\n{answer_text(answer, paint)}\n'


def picture(text: str) -> str:
    """A terminal's text as SVG, the same bytes for the same text."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text))
    return console.export_svg(title="assistant", code_format=TEMPLATE, unique_id="answer")


def main() -> None:
    """Build an index of the sample forum in a temporary folder, ask, write."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load({"index": Path(folder)})
        build(IndexFolder(Path(folder)), embedder_from(settings), [POSTS])
        assistant = Assistant(settings)
        plain = [shown(assistant, question, Painter(False)) for question in (ANSWERED, REFUSED)]
        (HERE / "answer.txt").write_text("\n".join(plain), encoding="utf-8")
        (HERE / "answer.svg").write_text(picture(shown(assistant, ANSWERED, Painter(True))), encoding="utf-8")
        assistant.close()


if __name__ == "__main__":
    main()
