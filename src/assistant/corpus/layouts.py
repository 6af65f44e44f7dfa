"""The names of the layouts, and what every reader takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import TypeAlias

from assistant.corpus.lines import Line
from assistant.types import Notice, RawPost, Skipped

Found: TypeAlias = RawPost | Skipped | Notice
Reader: TypeAlias = Callable[[Iterable[Line], str], Iterator[Found]]


class Layout(StrEnum):
    """The shape of a file; the names are those of `layouts/README.md` where it has one."""

    LISTING = "L-A"
    LOST_TITLES = "L-B"
    EVENT = "L-C"
    THREAD = "T-A"
    UNMARKED = "T-B"
    OLD_THREAD = "T-C"
    ARTICLE = "T-D"
    POSTS = "JSON lines: posts"
    BEIR = "JSON lines: BEIR"
    ANSWERS = "JSON lines: questions with answers"
    REPLIES = "JSON lines: threads with replies"
    MESSAGES = "JSON lines: messages of a mailing list"
    UNKNOWN = "unknown"
