"""Evidence painted on a post: which of its characters are gold, which were read, which were cited.

Ranges overlap freely. The body is cut at every boundary, so that each piece has one state and no markup has to cross.
Joined in order, the pieces are the body: `"".join(piece.text for piece in pieces) == body`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

KEPT = 220
"""Characters that stay on either side of a stretch without any mark; what lies between may be folded away."""


class Layer(StrEnum):
    """Why a range is marked."""

    GOLD = "gold"
    SEEN = "seen"
    CITED = "cited"


@dataclass(frozen=True, slots=True)
class Mark:
    """A half-open range of code points of a body; `label` is the citation's number or the names of nuggets."""

    start: int
    end: int
    layer: Layer
    label: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a body in which nothing changes. `labels` are those of citations that begin here; `folded` says that
    the stretch is long and unmarked, so that a report may hide it."""

    start: int
    end: int
    text: str
    layers: tuple[Layer, ...] = ()
    labels: tuple[str, ...] = ()
    folded: bool = False


def painted(body: str, marks: Sequence[Mark]) -> tuple[Piece, ...]:
    """The body in pieces. Marks are clipped to the body; an empty one marks nothing."""
    inside = [mark for mark in (_clipped(mark, len(body)) for mark in marks) if mark.start < mark.end]
    cuts = sorted({0, len(body), *(mark.start for mark in inside), *(mark.end for mark in inside)})
    return tuple(_piece(body, start, end, inside) for start, end in pairwise(cuts))


def folded(pieces: Sequence[Piece], kept: int = KEPT) -> tuple[Piece, ...]:
    """The same pieces, long unmarked ones cut in three: the middle is `folded`."""
    result: list[Piece] = []
    for number, piece in enumerate(pieces):
        before = 0 if number == 0 else kept
        after = 0 if number == len(pieces) - 1 else kept
        if piece.layers or piece.end - piece.start <= before + after + kept:
            result.append(piece)
        else:
            result += _in_three(piece, max(before, kept // 2), max(after, kept // 2))
    return tuple(result)


def covered(marks: Sequence[Mark], layer: Layer, by: Layer) -> tuple[int, int]:
    """How many characters of one layer another layer marks too, and how many there are."""
    whole = _characters(marks, layer)
    return len(whole & _characters(marks, by)), len(whole)


def _clipped(mark: Mark, length: int) -> Mark:
    return Mark(min(max(mark.start, 0), length), min(max(mark.end, 0), length), mark.layer, mark.label)


def _piece(body: str, start: int, end: int, marks: Sequence[Mark]) -> Piece:
    here = [mark for mark in marks if mark.start <= start and end <= mark.end]
    found = {mark.layer for mark in here}
    labels = {mark.label for mark in here if mark.layer is Layer.CITED and mark.start == start and mark.label}
    layers = tuple(layer for layer in Layer if layer in found)
    return Piece(start, end, body[start:end], layers, tuple(sorted(labels, key=_order)))


def _in_three(piece: Piece, before: int, after: int) -> list[Piece]:
    cuts = (piece.start, piece.start + before, piece.end - after, piece.end)
    return [
        Piece(start, end, piece.text[start - piece.start : end - piece.start], folded=number == 1)
        for number, (start, end) in enumerate(pairwise(cuts))
    ]


def _characters(marks: Sequence[Mark], layer: Layer) -> set[int]:
    return {place for mark in marks if mark.layer is layer for place in range(mark.start, mark.end)}


def _order(label: str) -> tuple[int, str]:
    return (int(label), "") if label.isdecimal() else (1 << 30, label)
