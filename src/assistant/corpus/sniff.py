"""Which layout a file has, by rules that say in one sentence what they saw and in which lines.

Order matters: JSON, then listings, then pages that are nearly listings (which nothing else may take), then what is
markup, code or a table, then threads by their markers, and last, text without a marker.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.corpus.json_lines import judge_json, reader_for
from assistant.corpus.kinds import unlike_a_post
from assistant.corpus.layouts import Layout, Reader
from assistant.corpus.lines import Line
from assistant.corpus.listing import HEADER, LAST_FIELDS, Broken, Header, Row, read_listing, scan
from assistant.corpus.lost_titles import has_labels, read_lost_titles
from assistant.corpus.thread_page import marks_of, read_article, read_old_thread, read_thread
from assistant.corpus.unmarked import read_unmarked

_HEADER_WORDS = frozenset((*HEADER, *LAST_FIELDS))
_HEADER_IN_ONE = re.compile(r"(?:Post\W{1,9})?Replies\W{1,9}Boosts\W{1,9}Views\b")
_THREADS: dict[Layout, Reader] = {
    Layout.THREAD: read_thread,
    Layout.OLD_THREAD: read_old_thread,
    Layout.ARTICLE: read_article,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A layout and its reader; `reader` is None where nothing can be read for sure. `line` is what `why` points at."""

    layout: Layout
    reader: Reader | None
    certain: bool
    why: str
    line: int = 0


def sniff(lines: Sequence[Line], *, whole: bool = True) -> Verdict:
    """The verdict on a file's first lines. With `whole` false only layouts that their beginning proves are certain."""
    json = judge_json(lines)
    if json is not None:
        if json.schema is None:
            return _unknown(json.why, json.line)
        return Verdict(json.schema.layout, reader_for(json.schema), True, json.why, json.line)
    listing = _listing(lines, whole)
    if listing is not None:
        return listing
    if not whole:
        return _unknown("the beginning alone decides nothing: no JSON lines, no listing")
    return _page(lines)


def _page(lines: Sequence[Line]) -> Verdict:
    marks = marks_of(lines)
    if marks.layout is not Layout.THREAD:  # whose markers are sure, while its posts may quote code and markup
        unlike = unlike_a_post([text for _, text in lines[:2000]])
        if unlike is not None:
            return _unknown(f"{unlike}, and no line marks it as a forum page")
    if marks.layout is not None:
        return Verdict(marks.layout, _THREADS[marks.layout], True, marks.why, marks.line)
    why = "no header, no marker and no sign of code, markup or a table: text that is read as one post"
    return Verdict(Layout.UNMARKED, read_unmarked, False, why)


def _unknown(why: str, line: int = 0) -> Verdict:
    return Verdict(Layout.UNKNOWN, None, False, why, line)


def _listing(lines: Sequence[Line], whole: bool) -> Verdict | None:
    """L-A, L-C, L-B, or "unknown" for what is nearly one of them; None for what is far from all."""
    header, row, stray = _first_events(lines)
    if header is None:
        return _nearly_a_listing(lines, stray)
    labels = has_labels(lines)
    if row is not None and (labels is None or row.line < labels):
        layout = Layout.EVENT if header.event else Layout.LISTING
        why = (
            f"line {header.line} ends the header Post/Replies/Boosts/Views/{header.last_field}, and lines "
            f"{row.line}-{row.last_line} read as title{', body' if row.body else ''} and 4 fields"
        )
        return Verdict(layout, read_listing, True, why, header.line)
    if labels is not None and labels > header.line:
        why = f"line {header.line} ends the header, no row follows, and line {labels} begins `Topic:` labels"
        return Verdict(Layout.LOST_TITLES, read_lost_titles, whole, why, header.line)
    why = f"line {header.line} ends a listing's header (L-A), but no line after it ends a row with 3 counts and an age"
    return _unknown(why, header.line)


def _first_events(lines: Sequence[Line]) -> tuple[Header | None, Row | None, Row | Broken | None]:
    """The first header, the first row after it, and the first row or broken row without a header before it."""
    header: Header | None = None
    stray: Row | Broken | None = None
    for event in scan(lines):
        if isinstance(event, Header):
            header = header or event
        elif header is None:
            stray = stray or (event if isinstance(event, Row) or event.has_fields else None)
        elif isinstance(event, Row):
            return header, event, stray
    return header, None, stray


def _nearly_a_listing(lines: Sequence[Line], stray: Row | Broken | None) -> Verdict | None:
    nearest = "nearest is a listing (L-A)"
    run: list[Line] = []
    for number, raw in lines:
        text = raw.strip()
        if not text:
            continue
        if _HEADER_IN_ONE.match(text[:80]):
            return _unknown(f"line {number} has the header words on one line; {nearest}, which has one a line", number)
        run = [*run, (number, text)] if text in _HEADER_WORDS and len(run) < 6 else []
        if len({word for _, word in run}) >= 3:
            return _unknown(f"line {run[0][0]} begins a header that is not whole or not in order; {nearest}", number)
    if stray is not None:
        where = f"lines {stray.line}-{stray.last_line}"
        why = f"{where} end like a row of counts and an age, but no header comes before; {nearest}"
        return _unknown(why, stray.line)
    return None
