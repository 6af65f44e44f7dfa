"""Listing pages (L-A) and event pages (L-C): after a header, rows of title, one body line, three counts and an age.

A row is known by its end: three counts and an age on four lines, or the same four each under its label. What stands
before them must be a title or a title and one body line; anything else is skipped and named, never guessed.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from assistant.corpus.layouts import Found
from assistant.corpus.lines import Line
from assistant.corpus.page_fields import LONGEST_AGE, count_of, is_age, month_of
from assistant.types import Notice, RawPost, Skipped, Source

HEADER = ("Post", "Replies", "Boosts", "Views")
LAST_FIELDS = ("Activity", "Created")
POSTS_UNDER = re.compile(r"Posts under (\S.{0,198}) (?:tag|subtopic|topic)")

_RSS = re.compile(r"RSS for (?:tag|subtopic|topic)")
_LABELS = ("Replies", "Boosts", "Views")
_PLAIN, _LABELLED = 4, 8  # lines that the fields of a row take
_HELD = _LABELLED + 3  # fields, title, body and one line too many


class Header(NamedTuple):
    """The five header words; `heading` counts the lines before them, from `first_line` on, that belong to no row."""

    line: int
    first_line: int
    heading: int
    last_field: str
    tag: str | None
    event: bool


class Row(NamedTuple):
    """A row that is read for sure, with `last_field` only where the row has labels of its own."""

    line: int
    last_line: int
    title: str
    body: str
    counts: tuple[int, int, int]
    age: str
    last_field: str | None


class Broken(NamedTuple):
    """Lines that end like a row, or end the file, and are none. `has_fields`: three counts and an age are there."""

    line: int
    last_line: int
    reason: str
    has_fields: bool


class _Held:
    """The lines since the last row: the newest few as text, of the others only how many there were."""

    def __init__(self) -> None:
        self.newest: deque[Line] = deque(maxlen=_HELD)
        self.clear()

    def clear(self) -> None:
        self.newest.clear()
        self.count = 0
        self.first_line = 0
        self.tag: str | None = None
        self.event = False

    def add(self, line: Line) -> None:
        number, text = line
        if text[0] in "PR|":
            self._note_heading(text)
        if not self.count:
            self.first_line = number
        self.newest.append(line)
        self.count += 1

    def _note_heading(self, text: str) -> None:
        under = POSTS_UNDER.fullmatch(text) if text.startswith("Posts under ") else None
        if under:
            self.tag = under[1]
        elif self.tag is None and self.newest and _RSS.match(text):
            self.tag = self.newest[-1][1]
        elif text == "|":
            self.event = True

    def texts(self) -> list[str]:
        return [text for _, text in self.newest]


def scan(lines: Iterable[Line]) -> Iterator[Header | Row | Broken]:
    """Headers, rows and what is neither, in order, holding one row's lines at most."""
    held = _Held()
    for number, raw in lines:
        text = raw.strip()
        if not text:
            continue
        held.add((number, text))
        event: Header | Row | Broken | None = None
        if text in LAST_FIELDS:
            event = _header(held)
        elif len(text) <= LONGEST_AGE and is_age(text):
            event = _row(held)
        if event is not None:
            yield event
            held.clear()
    if held.count:
        last = held.newest[-1][0]
        yield Broken(held.first_line, last, f"{_lines(held.count)} after the last row that are no row", False)


def _header(held: _Held) -> Header | None:
    texts = held.texts()
    if tuple(texts[-5:-1]) != HEADER:
        return None
    return Header(held.newest[-1][0], held.first_line, held.count - 5, texts[-1], held.tag, held.event)


def _row(held: _Held) -> Row | Broken | None:
    """The row that ends with the age just added; None if the age is text; Broken if it ends no sure row."""
    before = held.newest[-2][1] if held.count > 1 else ""
    if count_of(before) is None and before not in LAST_FIELDS:
        return None
    texts = held.texts()
    counts, size, label = _fields(texts)
    last = held.newest[-1][0]
    if counts is None:
        return Broken(held.first_line, last, "a row that lacks some of its three counts", False)
    words = held.count - size
    if words == 0:
        return Broken(held.first_line, last, "counts without a title", True)
    if words > 2:
        reason = f"{words} lines stand before the counts, where a title and one line belong"
        return Broken(held.first_line, last, reason, True)
    title, body = texts[-size - words], texts[-size - 1] if words == 2 else ""
    return Row(held.first_line, last, title, body, counts, texts[-1], label)


def _fields(texts: list[str]) -> tuple[tuple[int, int, int] | None, int, str | None]:
    """The three counts before the age, how many lines the fields take, and the label of the last one."""
    if len(texts) >= _LABELLED and texts[-2] in LAST_FIELDS:
        labels, values = tuple(texts[-8:-2:2]), texts[-7:-2:2]
        counts = _counts(values) if labels == _LABELS else None
        return counts, _LABELLED, texts[-2]
    return (_counts(texts[-4:-1]) if len(texts) >= _PLAIN else None), _PLAIN, None


def _counts(values: list[str]) -> tuple[int, int, int] | None:
    replies, boosts, views = map(count_of, values)
    return None if replies is None or boosts is None or views is None else (replies, boosts, views)


def read_listing(lines: Iterable[Line], path: str) -> Iterator[Found]:
    """Posts of the rows, each once: a second list adds only rows whose title, body and counts the first lacked."""
    header: Header | None = None
    seen: set[int] = set()
    for event in scan(lines):
        match event:
            case Header():
                if header is not None and event.heading:
                    yield _second_page(event, path)
                header = event
            case Row() if header is not None:
                key = hash((event.title, event.body, event.counts))
                if key not in seen:
                    seen.add(key)
                    yield _post(event, header, path)
            case Row():
                yield Skipped(path, event.line, f"a row before the header (lines {event.line}-{event.last_line})")
            case Broken() if header is not None:
                yield Skipped(path, event.line, f"{event.reason} (lines {event.line}-{event.last_line})")


def _post(row: Row, header: Header, path: str) -> RawPost:
    last_field = row.last_field or header.last_field
    replies, boosts, views = row.counts
    return RawPost(
        body=row.body,
        source=Source(path, row.line),
        title=row.title,
        created=month_of(row.age) if last_field == "Created" else None,
        activity=row.age,
        replies=replies,
        boosts=boosts,
        views=views,
        tags=(header.tag,) if header.tag else (),
    )


def _second_page(header: Header, path: str) -> Notice:
    where = f"{_lines(header.heading)} before it, from line {header.first_line} on"
    return Notice(path, header.first_line, f"another header in line {header.line}: taken as a page's heading: {where}")


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"
