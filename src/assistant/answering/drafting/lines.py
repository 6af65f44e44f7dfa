"""What a line of a model's Markdown opens: text, a row that is one unit (of a table, a heading, a definition), layout,
or code.

Decided on as few characters as can be, so that a stream need not wait for the end of the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

LONGEST_OPENING = 200
"""Characters after which a line that is still undecided is text."""

_LAYOUT = re.compile(r"\s*(?:(?:>|(?:[-*+•]|\d{1,3}[.)])(?=\s))\s*)*")
_HEADING = re.compile(r"#{1,6}\s+")
_UNDECIDED = re.compile(r"\d{1,3}[.)]?|#{1,6}\s*|[-=*_|:+\s]+|•|`{1,2}|`{3,}[^`]*|~{1,2}|~{3,}.*|\[\^?\w{0,20}\]?")
_DEFINITION = re.compile(r"\[\^?\w{1,20}\]:")
_FENCE = re.compile(r"`{3,}[^`]*|~{3,}.*")
_EMPTY = re.compile(r"\d{1,3}[.)]|#{1,6}\s*|[-*+•]")
_RULE = re.compile(r"[-=*_|:+\s]{3,}")


class Kind(Enum):
    """What a line is."""

    TEXT = auto()
    ROW = auto()
    LAYOUT = auto()
    FENCE = auto()
    INDENTED = auto()


@dataclass(frozen=True, slots=True)
class Opening:
    """What a line opens, and the layout in front of its text."""

    kind: Kind
    layout: str


def _width(layout: str) -> int:
    return len(layout.expandtabs(4))


def opening(line: str, *, ended: bool, may_indent: bool, in_table: bool) -> Opening | None:
    """What `line`, as far as it is known, opens; None while that is open, which it never is once the line has `ended`.

    `may_indent`: four columns in front make it code. `in_table`: a line without bars in front is a row too.
    """
    match = _LAYOUT.match(line)
    layout = match[0] if match else ""
    rest = line[len(layout) :]
    if not ended and (not rest or _UNDECIDED.fullmatch(rest)):
        return Opening(Kind.TEXT, "") if len(line) > LONGEST_OPENING else None
    if ended and (not rest or _EMPTY.fullmatch(rest) or _RULE.fullmatch(line.strip()) or _RULE.fullmatch(rest.strip())):
        return Opening(Kind.LAYOUT, line)
    if ended and _FENCE.fullmatch(rest):
        return Opening(Kind.FENCE, layout)
    if may_indent and layout.isspace() and _width(layout) >= 4:
        return Opening(Kind.INDENTED, "")
    if heading := _HEADING.match(rest):
        return Opening(Kind.ROW, layout + heading[0])
    return Opening(Kind.ROW if rest[0] == "|" or in_table or _DEFINITION.match(rest) else Kind.TEXT, layout)
