"""Fusion of two lanes: pure functions over arrays, by their properties."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.retrieval.fusion import DENSE_WEIGHT, convex, dense_weight, spread, standardised, union

SCORES = st.floats(-10, 50).map(lambda value: round(value, 3))
LANES = st.dictionaries(st.integers(0, 30), SCORES, max_size=12).map(
    lambda lane: (np.array(list(lane), dtype=np.int64), np.array(list(lane.values()), dtype=float))
)
WEIGHTS = st.floats(0, 1)
some = settings(max_examples=300, deadline=None)


def fused(dense, lexical, weight):
    rows = union(dense[0], lexical[0])
    return dict(zip(rows.tolist(), convex(rows, dense, lexical, weight).tolist(), strict=True))


@some
@given(st.lists(st.lists(st.integers(0, 50)), min_size=1, max_size=4))
def test_a_union_has_every_row_once_in_order(lanes):
    assert union(*lanes).tolist() == sorted({row for lane in lanes for row in lane})


@some
@given(LANES, LANES, WEIGHTS)
def test_every_row_of_a_lane_gets_a_finite_score(dense, lexical, weight):
    scores = fused(dense, lexical, weight)
    assert scores.keys() == {*dense[0].tolist(), *lexical[0].tolist()}
    assert np.isfinite(list(scores.values())).all()


@some
@given(LANES, LANES, WEIGHTS)
def test_the_order_inside_a_lane_does_not_matter(dense, lexical, weight):
    turned = (dense[0][::-1], dense[1][::-1])
    before, after = fused(dense, lexical, weight), fused(turned, lexical, weight)
    assert all(before[row] == pytest.approx(after[row], abs=1e-6) for row in before)


@some
@given(LANES, LANES, WEIGHTS, st.floats(0.1, 100), st.floats(-50, 50))
def test_the_scale_of_a_lane_does_not_matter(dense, lexical, weight, factor, offset):
    scaled = (dense[0], dense[1] * factor + offset)
    if dense[1].size and np.ptp(dense[1]) < 1e-2:
        return
    before, after = fused(dense, lexical, weight), fused(scaled, lexical, weight)
    assert all(before[row] == pytest.approx(after[row], abs=1e-4) for row in before)


@some
@given(LANES, LANES, WEIGHTS)
def test_a_row_that_is_better_in_both_lanes_is_better(dense, lexical, weight):
    scores = fused(dense, lexical, weight)
    by_row = [dict(zip(rows.tolist(), values.tolist(), strict=True)) for rows, values in (dense, lexical)]
    both = sorted(by_row[0].keys() & by_row[1].keys())
    for first in both:
        for second in both:
            if all(lane[first] >= lane[second] for lane in by_row):
                assert scores[first] >= scores[second] - 1e-9


@some
@given(LANES, WEIGHTS)
def test_where_one_lane_lists_nothing_the_other_decides(lane, weight):
    empty = (np.zeros(0, dtype=np.int64), np.zeros(0))
    scores = fused(lane, empty, max(weight, 0.01))
    ranked = sorted(scores, key=lambda row: -scores[row])
    values = dict(zip(lane[0].tolist(), lane[1].tolist(), strict=True))
    assert all(values[first] >= values[second] - 1e-6 for first, second in pairwise(ranked))


@some
@given(LANES, st.lists(st.integers(0, 40), unique=True))
def test_a_row_that_a_lane_does_not_list_gets_its_lowest_score(lane, rows):
    spread_out = spread(np.array(rows, dtype=np.int64), *lane)
    known = dict(zip(lane[0].tolist(), lane[1].tolist(), strict=True))
    floor = min(known.values(), default=0.0)
    assert spread_out.tolist() == [known.get(row, floor) for row in rows]


@some
@given(st.lists(SCORES, min_size=2, max_size=20))
def test_standardised_scores_have_mean_0_and_deviation_1_or_are_all_0(scores):
    values = standardised(np.array(scores), np.array(scores))
    if np.ptp(scores) > 1e-2:
        assert values.mean() == pytest.approx(0, abs=1e-6)
        assert values.std() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("scores", [[], [5.0], [0.5] * 4, [0.1] * 3, [0.1] * 7])
def test_scores_without_a_difference_are_all_0(scores):
    assert not standardised(np.array(scores), np.array(scores)).any()


@some
@given(st.floats(0, 1), st.floats(0, 1))
def test_the_dense_lane_counts_more_the_less_of_the_question_is_covered(first, second):
    low, high = sorted((first, second))
    assert DENSE_WEIGHT <= dense_weight(high) <= dense_weight(low) <= 1.0
