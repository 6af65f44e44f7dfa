"""Scores of several lanes to one: a convex combination of standardised scores. Pure functions over arrays.

Chosen over reciprocal rank fusion, which throws away how far ahead a hit is and falls below its better lane on forums
(measured: bench/README.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    Rows = np.ndarray[Any, np.dtype[np.int64]]
    Scores = np.ndarray[Any, np.dtype[np.float64]]

DENSE_WEIGHT = 0.55
"""Share of the dense lane. Read off development sets (bench/README.md), never off the sets that figures are given for."""
COVERED = 0.5
"""Share of the question's terms, by rarity, that the best lexical hits hold from which on its words can be trusted."""
UNCOVERED_GAIN = 1.2
"""How fast the dense lane takes over below `COVERED`: a question in other words than the post's."""


def dense_weight(coverage: float) -> float:
    """Share of the dense lane (0-1) for a question of which the best lexical hits hold `coverage` (0-1)."""
    return min(1.0, DENSE_WEIGHT + UNCOVERED_GAIN * max(0.0, COVERED - coverage))


SMALLEST_DEVIATION = 1e-9
"""Below it scores differ by rounding only."""


def standardised(scores: Scores, within: Scores) -> Scores:
    """`scores` in standard deviations above the mean of `within`; all 0 where `within` is empty or constant."""
    if len(within) == 0 or (deviation := float(within.std())) < SMALLEST_DEVIATION:
        return np.zeros_like(scores)
    standard: Scores = (scores - within.mean()) / deviation
    return standard


def union(*lanes: Sequence[int] | Rows) -> Rows:
    """All rows of the lanes, once each, ascending."""
    return np.unique(np.concatenate([np.asarray(lane, dtype=np.int64) for lane in lanes]))


def spread(rows: Rows, lane_rows: Rows, lane_scores: Scores) -> Scores:
    """The lane's score of each of `rows`; a row that the lane does not list gets the lowest score it lists."""
    if len(lane_rows) == 0:
        return np.zeros(len(rows))
    floor = float(lane_scores.min())
    known = dict(zip(lane_rows.tolist(), lane_scores.tolist(), strict=True))
    return np.array([known.get(row, floor) for row in rows.tolist()])


def convex(rows: Rows, dense: tuple[Rows, Scores], lexical: tuple[Rows, Scores], weight: float) -> Scores:
    """Fused score of each of `rows`: `weight` of the standardised dense score, the rest of the lexical one.

    Each lane is (rows, scores); it is standardised over what it lists itself. Where one lane lists nothing, the other
    decides alone.
    """
    parts = [share * standardised(spread(rows, *lane), lane[1]) for share, lane in ((weight, dense), (1 - weight, lexical))]
    return parts[0] + parts[1]
