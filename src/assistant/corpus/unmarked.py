"""Text without any marker (T-B, and T-A that nobody answered): one post, for nothing says where another begins.

Nothing is lost that way. A first line of its own that reads like a title becomes the title, and the notice says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from assistant.corpus.layouts import Found
from assistant.corpus.lines import Line
from assistant.types import Notice, RawPost, Source

_NOTHING_MARKED = "no line marks where a reply begins: read as one post, in which replies cannot be told apart"
_TITLED = "; its first line, which a blank line sets off, was taken as the title"
_LONGEST_TITLE = 200
_FEWEST_WORDS, _MOST_WORDS = 3, 30
_NO_TITLE_END = re.compile(r"[.,:;!]$")


def read_unmarked(lines: Iterable[Line], path: str) -> Iterator[Found]:
    """The whole text as one post, and the notice."""
    page = [(number, text) for number, text in lines]
    at = next((at for at, (_, text) in enumerate(page) if text.strip()), 0)
    title = page[at][1].strip() if has_title(page[at:]) else ""
    body = "\n".join(text for _, text in page[at + 1 if title else at :]).strip("\n")
    source = Source(path, page[at][0] if page else 1)
    yield RawPost(body=body, source=source, title=title)
    yield Notice(path, source.line, _NOTHING_MARKED + (_TITLED if title else ""))


def has_title(lines: Sequence[Line]) -> bool:
    """Whether the first of these lines is short, no sentence or greeting, and a blank line sets it off from more."""
    if len(lines) < 3 or lines[1][1].strip() or not any(text.strip() for _, text in lines[2:]):
        return False
    first = lines[0][1].strip()
    words = len(first[:_LONGEST_TITLE].split())
    return len(first) <= _LONGEST_TITLE and _FEWEST_WORDS <= words <= _MOST_WORDS and not _NO_TITLE_END.search(first)
