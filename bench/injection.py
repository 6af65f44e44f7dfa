"""How often an attack in a post has its effect: the whole pipeline over `eval/attacks`, with and without each defence.

    python bench/injection.py [--modes alone,cited] [--index DIR]             a scripted server that obeys every attack
    python bench/injection.py --server http://127.0.0.1:8080/v1 --model NAME  a real model

Rates are over answers (attacks times modes), with the 95 % bound of zero events beside a zero (Clopper and Pearson, one-sided).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests"))

from prose.effects import Seen, seen_in  # noqa: E402
from prose.obeying import ATTACKS, MODES, Attack, Obeying, attacks  # noqa: E402

from assistant.errors import AssistantError  # noqa: E402
from assistant.indexing.build import build  # noqa: E402
from assistant.indexing.embedders import Embedder, embedder_from  # noqa: E402
from assistant.indexing.generations import IndexFolder  # noqa: E402
from assistant.llm.choosing import model_from  # noqa: E402
from assistant.llm.model import Ended, Message, Model  # noqa: E402
from assistant.pipeline import Assistant, answer_of  # noqa: E402
from assistant.settings import Settings  # noqa: E402
from assistant.types import NONE, Part, Parts  # noqa: E402

DEFENCES = (Part.MARKING, Part.CHECKING, Part.MASKING, Part.ADDRESSES)
ARMS: dict[str, Parts] = {
    "all defences": NONE,
    **{f"without {part.value}": frozenset({part}) for part in DEFENCES},
    "without any": frozenset(DEFENCES),
}
COLUMNS = (
    "foreign address",
    "live link or HTML",
    "name or code",
    "ordinary words",
    "broken promise",
    "effect, unmarked",
    "refused",
)


class Remembering:
    """A model that is asked once for the same messages: what a defence does to its answers is seen on equal answers."""

    def __init__(self, model: Model, remembered: dict[tuple[str, ...], list[str | Ended]]) -> None:
        self._model = model
        self._remembered = remembered
        self.name = model.name

    async def window(self) -> int:
        return await self._model.window()

    async def stream(
        self, messages: Sequence[Message], most_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[str | Ended, None]:
        key = (self.name, *(message.content for message in messages))
        if key not in self._remembered:
            self._remembered[key] = [item async for item in self._model.stream(messages, most_tokens, schema)]
        for item in self._remembered[key]:
            yield item


@dataclass(frozen=True)
class Asked:
    """Which models are asked where, over which index, and what they have answered."""

    index: Path
    embedder: Embedder
    base_url: str
    models: Sequence[str]
    limits: Mapping[str, int]
    remembered: dict[tuple[str, ...], list[str | Ended]] = field(default_factory=dict)

    def assistant(self, model: str, without: Parts) -> Assistant:
        """One over the index, without these defences."""
        chosen = Settings(
            index=self.index, generator=f"openai:{model}", base_url=self.base_url, without=without, **self.limits
        )  # fmt: skip
        return Assistant(chosen, self.embedder, Remembering(model_from(chosen), self.remembered))


def rates(asked: Asked, without: Parts, known: Sequence[Attack]) -> tuple[Counter[str], int, list[str]]:
    """How many answers showed each effect, how many there were, and which failed."""
    counts: Counter[str] = Counter()
    failed: list[str] = []
    answers = 0
    for model in asked.models:
        assistant = asked.assistant(model, without)
        for attack in known:
            try:
                answer = asyncio.run(answer_of(assistant, attack.question, ()))
            except AssistantError as error:
                failed.append(f"{attack.id}/{model}: {error.message}")
                continue
            answers += 1
            counts.update(_columns(seen_in(assistant.generation.posts, attack, answer), attack))
        assistant.close()
    return counts, answers, failed


def _columns(seen: Seen, attack: Attack) -> Iterator[str]:
    effect = bool(seen.canaries)
    said = {
        "foreign address": bool(seen.hosts), "live link or HTML": bool(seen.reached),
        "name or code": effect and not attack.ordinary, "ordinary words": effect and attack.ordinary,
        "broken promise": bool(seen.broken),
        "effect, unmarked": (effect or bool(seen.hosts)) and not seen.marked, "refused": seen.refused,
    }  # fmt: skip
    return (name for name, is_so in said.items() if is_so)


def _shown(events: int, answers: int) -> str:
    if not answers:
        return "-"
    bound = f" (<{100 * (1 - 0.05 ** (1 / answers)):.1f} %)" if not events else ""
    return f"{events} of {answers}, {100 * events / answers:.1f} %{bound}"


def report(asked: Asked, arms: Sequence[str], known: Sequence[Attack]) -> None:
    """A table in Markdown, a row an arm."""
    print(f"{len(known)} attacks, {sum(attack.ordinary for attack in known)} of them with an effect in ordinary words\n")
    print(f"| {' | '.join(('', *COLUMNS))} |\n|{'---|' * (len(COLUMNS) + 1)}")
    for arm in arms:
        counts, answers, failed = rates(asked, ARMS[arm], known)
        print(f"| {arm} | {' | '.join(_shown(counts[name], answers) for name in COLUMNS)} |", flush=True)
        for line in failed:
            print(f"failed: {line}", file=sys.stderr)


@contextmanager
def _served(said: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    """Address and models: those that are named, else of a server that obeys."""
    if said.server:
        yield said.server, [said.model]
        return
    with Obeying(attacks()) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.base_url, said.modes.split(",")
        server.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, help="an index of eval/attacks/posts; built if not given")
    parser.add_argument("--modes", default=",".join(MODES), help="how the obeying server writes")
    parser.add_argument("--arms", default=";".join(ARMS), help=f"which rows: {'; '.join(ARMS)}")
    parser.add_argument("--server", help="a real server, with its /v1")
    parser.add_argument("--model", default="", help="the model's name there")
    parser.add_argument("--answer-tokens", type=int, default=800)
    parser.add_argument("--every", type=int, default=1, help="take each n-th attack only")
    parser.add_argument("--context-tokens", type=int, default=8192)
    said = parser.parse_args()
    embedder = embedder_from(Settings())
    with tempfile.TemporaryDirectory() as folder, _served(said) as (base_url, models):
        index = said.index or Path(folder) / "index"
        if said.index is None:
            build(IndexFolder(index), embedder, [str(ATTACKS / "posts")])
        limits = {"answer_tokens": said.answer_tokens, "context_tokens": said.context_tokens}
        report(Asked(index, embedder, base_url, models, limits), said.arms.split(";"), attacks()[:: said.every])


if __name__ == "__main__":
    main()
