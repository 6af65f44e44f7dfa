"""Tests, intervals and corrections of paired topics: against scipy, against published examples, and under simulation."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from assistant.evaluation import statistics

DIFFERENCES = st.lists(st.integers(-10, 10).map(lambda tenths: tenths / 10), min_size=1, max_size=40)
PS = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def alone(n: int) -> list[str]:
    """As many clusters as topics."""
    return [f"t{number}" for number in range(n)]


def in_threes(n: int) -> list[str]:
    return [f"thread{number // 3}" for number in range(n)]


def null_differences(rng: np.random.Generator, clusters: int, runs: int) -> NDArray[np.float64]:
    """Differences of runs that are equally good, three topics a cluster, half of the variance shared: (topics, runs)."""
    shared = np.repeat(rng.normal(size=(clusters, runs)), 3, axis=0)
    return 0.2 * (np.sqrt(0.5) * shared + np.sqrt(0.5) * rng.normal(size=shared.shape))


def test_exact_randomisation_counts_every_arrangement_of_signs() -> None:
    differences = [0.4, 0.1, -0.2, 0.3, 0.0, 0.5]
    arrangements = [abs(np.dot(signs, differences)) for signs in itertools.product((1, -1), repeat=6)]
    expected = np.mean([total >= sum(differences) - 1e-12 for total in arrangements])
    assert statistics.randomisation_p(differences, alone(6)) == pytest.approx(expected)


def test_signs_are_flipped_by_cluster_not_by_topic() -> None:
    # Two clusters have four arrangements; two of them are as extreme as what was seen.
    assert statistics.randomisation_p([0.1] * 10, ["a"] * 5 + ["b"] * 5) == 0.5


def test_sampled_randomisation_agrees_with_scipy() -> None:
    differences = np.random.default_rng(3).normal(0.15, 0.4, size=40)
    test = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(4)
    )
    assert statistics.randomisation_p(differences, alone(40)) == pytest.approx(test.pvalue, abs=0.01)


def test_sampled_p_is_never_zero() -> None:
    assert statistics.randomisation_p([1.0] * 60, alone(60)) == pytest.approx(1 / 10_001)


def test_exact_and_sampled_randomisation_meet_where_one_takes_over() -> None:
    differences = np.random.default_rng(9).normal(0.2, 0.4, size=15)
    exact = statistics.randomisation_p(differences[:14], alone(14))
    every = np.array(list(itertools.product((1.0, -1.0), repeat=15))) @ differences
    assert statistics.randomisation_p(differences, alone(15)) == pytest.approx(
        np.mean(np.abs(every) >= abs(differences.sum()) - 1e-12), abs=0.015
    )
    assert exact * 2**14 == pytest.approx(round(exact * 2**14))


@settings(deadline=None)
@given(DIFFERENCES)
def test_no_difference_gives_p_1(differences: list[float]) -> None:
    assert statistics.randomisation_p([0.0] * len(differences), in_threes(len(differences))) == 1.0
    assert statistics.wilcoxon_p([0.0] * len(differences), in_threes(len(differences))) == 1.0


@settings(max_examples=40, deadline=None)
@given(DIFFERENCES, st.integers(0, 2**32 - 1))
def test_neither_the_order_of_topics_nor_the_sign_changes_p(differences: list[float], seed: int) -> None:
    clusters = in_threes(len(differences))
    rows = list(zip(differences, clusters, strict=True))
    Random(seed).shuffle(rows)
    p = statistics.randomisation_p(differences, clusters)
    assert statistics.randomisation_p([row[0] for row in rows], [row[1] for row in rows]) == p
    assert statistics.randomisation_p([-difference for difference in differences], clusters) == p
    assert 0 < p <= 1


def test_metrics_tested_together_have_the_p_that_each_has_alone() -> None:
    table = np.random.default_rng(5).normal(0.05, 0.3, size=(45, 4))
    table[:39, 2] = 0.0
    together = statistics.randomisation_ps(table, in_threes(45))
    assert list(together) == [statistics.randomisation_p(column, in_threes(45)) for column in table.T]


@pytest.mark.parametrize("clusters", [12, 25])
def test_equal_runs_are_told_apart_in_one_of_twenty_comparisons(clusters: int) -> None:
    differences = null_differences(np.random.default_rng(clusters), clusters, 1000)
    ps = statistics.randomisation_ps(differences, in_threes(3 * clusters))
    assert 0.03 <= np.mean(ps < 0.05) <= 0.07


def test_without_clusters_equal_runs_would_be_told_apart_too_often() -> None:
    differences = null_differences(np.random.default_rng(1), 25, 1000)
    assert np.mean(statistics.randomisation_ps(differences, alone(75)) < 0.05) > 0.1


def test_rounded_scores_keep_the_rate_of_false_alarms() -> None:
    differences = null_differences(np.random.default_rng(8), 20, 1000)
    tenths, halves = np.round(10 * differences) / 10, np.round(2 * differences) / 2
    assert 0.03 <= np.mean(statistics.randomisation_ps(tenths, in_threes(60)) < 0.05) <= 0.07
    # So few topics differ at all that the test can only be too careful.
    assert np.mean(statistics.randomisation_ps(halves, in_threes(60)) < 0.05) <= 0.05


def test_wilcoxon_is_scipys_over_the_means_of_clusters() -> None:
    differences = np.random.default_rng(2).normal(0.1, 0.3, size=30)
    assert statistics.wilcoxon_p(differences, alone(30)) == stats.wilcoxon(differences).pvalue
    means = differences.reshape(10, 3).mean(axis=1)
    assert statistics.wilcoxon_p(differences, in_threes(30)) == pytest.approx(stats.wilcoxon(means).pvalue)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1, 1, width=16), min_size=2, max_size=40).filter(lambda values: np.std(values) > 1e-3))
def test_clustered_interval_is_scipys_t_interval_where_every_topic_is_alone(values: list[float]) -> None:
    interval = statistics.clustered_interval(values, alone(len(values)))
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_copies_of_a_topic_in_its_cluster_teach_nothing() -> None:
    values = np.random.default_rng(6).normal(size=12)
    single = statistics.clustered_interval(values, alone(12))
    assert statistics.clustered_interval(np.repeat(values, 4), [name for name in alone(12) for _ in range(4)]) == (
        pytest.approx(single)
    )


def test_one_cluster_has_no_interval() -> None:
    assert statistics.clustered_interval([0.1, 0.2, 0.3], ["a"] * 3) is None
    assert statistics.clustered_interval([], []) is None


def test_equal_values_have_an_interval_without_width() -> None:
    assert statistics.clustered_interval([0.1] * 7, alone(7)) == pytest.approx((0.1, 0.1, 0.1, 0.0), abs=1e-15)


def covered(differences: NDArray[np.float64], clusters: Sequence[str]) -> float:
    intervals = [statistics.clustered_interval(column, clusters) for column in differences.T]
    return float(np.mean([interval is not None and interval.low <= 0 <= interval.high for interval in intervals]))


def test_interval_holds_the_truth_in_95_of_100_simulations() -> None:
    differences = null_differences(np.random.default_rng(10), 20, 1000)
    assert 0.93 <= covered(differences, in_threes(60)) <= 0.97
    assert covered(differences, alone(60)) < 0.9


def test_lengths_that_differ_are_an_error() -> None:
    with pytest.raises(ValueError, match="3 values for 2 clusters"):
        statistics.cluster_sums([1, 2, 3], ["a", "b"])


def test_newcombes_interval_gives_the_published_examples() -> None:
    # Newcombe 1998, table of 36, 12, 2, 0; and Fagerland, Lydersen & Laake on Bentur et al. 2009: 1, 1, 7, 12.
    assert statistics.newcombe_interval(36, 2, 12, 0) == pytest.approx((0.0569, 0.3404), abs=5e-5)
    assert statistics.newcombe_interval(1, 7, 1, 12) == pytest.approx((-0.5069, -0.0256), abs=5e-5)


@settings(deadline=None)
@given(st.tuples(*[st.integers(0, 60)] * 4).filter(any))
def test_newcombes_interval_holds_the_difference_and_turns_with_the_sides(table: tuple[int, int, int, int]) -> None:
    both, only_a, only_b, neither = table
    low, high = statistics.newcombe_interval(both, only_a, only_b, neither)
    assert -1 - 1e-9 <= low <= (only_b - only_a) / sum(table) + 1e-9
    assert (only_b - only_a) / sum(table) - 1e-9 <= high <= 1 + 1e-9
    assert statistics.newcombe_interval(both, only_b, only_a, neither) == pytest.approx((-high, -low))


def test_mcnemars_test_is_the_binomial_one() -> None:
    assert statistics.mcnemar_p(0, 0) == 1.0
    assert statistics.mcnemar_p(0, 5) == pytest.approx(2 / 2**5)
    assert statistics.mcnemar_p(1, 9) == statistics.mcnemar_p(9, 1) == pytest.approx(2 * 11 / 2**10)


def test_wilson_interval_says_something_at_both_ends() -> None:
    assert statistics.wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert statistics.wilson_interval(20, 20) == pytest.approx((0.8389, 1.0), abs=1e-4)


@pytest.mark.parametrize(("n", "bound"), [(20, 0.139), (30, 0.095), (50, 0.058), (100, 0.030)])
def test_no_failures_leave_this_rate_possible(n: int, bound: float) -> None:
    assert statistics.upper_bound(0, n) == pytest.approx(bound, abs=5e-4)
    assert statistics.upper_bound(0, n) == pytest.approx(1 - 0.05 ** (1 / n))
    assert statistics.upper_bound(n, n) == 1.0


def test_holm_by_hand() -> None:
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([]) == []


def test_benjamini_hochberg_by_hand() -> None:
    assert statistics.benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert statistics.benjamini_hochberg([]) == []


@settings(deadline=None)
@given(PS)
def test_corrections_raise_p_and_keep_their_order(ps: list[float]) -> None:
    strict, lenient = statistics.holm(ps), statistics.benjamini_hochberg(ps)
    for place, p in enumerate(ps):
        assert p <= lenient[place] + 1e-12 <= strict[place] + 2e-12 <= 1 + 2e-12
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    for adjusted in (strict, lenient):
        assert all(adjusted[first] <= adjusted[second] + 1e-12 for first, second in itertools.pairwise(order))


COUNTS = st.tuples(st.integers(0, 80), st.integers(1, 80)).map(lambda drawn: (min(drawn), max(drawn)))


@given(COUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_of_shares_are_scipys(counts: tuple[int, int], level: float) -> None:
    hits, n = counts
    theirs = stats.binomtest(hits, n).proportion_ci(level, method="wilson")
    assert statistics.wilson_interval(hits, n, level) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    one_sided = stats.binomtest(hits, n, alternative="less").proportion_ci(level, method="exact")
    assert statistics.upper_bound(hits, n, level) == pytest.approx(one_sided.high, abs=1e-9)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_p_is_scipys_and_knows_no_sides(only_a: int, only_b: int) -> None:
    theirs = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert statistics.mcnemar_p(only_a, only_b) == pytest.approx(theirs, rel=1e-9)
    assert statistics.mcnemar_p(only_a, only_b) == statistics.mcnemar_p(only_b, only_a)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_benjamini_hochbergs_p_are_scipys(ps: list[float]) -> None:
    theirs = stats.false_discovery_control(ps) if ps else []
    assert statistics.benjamini_hochberg(ps) == pytest.approx(list(theirs))


def covers(rng: np.random.Generator, cells: Sequence[float], n: int) -> tuple[bool, bool, bool]:
    """Whether the intervals of one simulated set of pairs hold the truth, and whether McNemar's test sees a difference."""
    both, only_a, only_b, neither = (int(count) for count in rng.multinomial(n, cells))
    low, high = statistics.newcombe_interval(both, only_a, only_b, neither)
    share_low, share_high = statistics.wilson_interval(both + only_a, n)
    return (
        low <= cells[2] - cells[1] <= high,
        share_low <= cells[0] + cells[1] <= share_high,
        statistics.mcnemar_p(only_a, only_b) < 0.05,
    )


@pytest.mark.parametrize("cells", [(0.7, 0.1, 0.1, 0.1), (0.5, 0.05, 0.2, 0.25), (0.9, 0.02, 0.05, 0.03)])
def test_intervals_hold_the_truth_of_simulated_pairs_and_equal_systems_are_rarely_told_apart(cells: tuple[float, ...]) -> None:
    rng = np.random.default_rng(7)
    outcomes = np.array([covers(rng, cells, 60) for _ in range(1500)])
    differences, shares, told = outcomes.mean(axis=0)
    assert 0.93 <= differences <= 0.99
    assert 0.92 <= shares <= 0.98
    assert told <= 0.05 or cells[1] != cells[2]


def test_what_a_comparison_needs_of_scipy_is_there_in_a_tenth_of_the_time() -> None:
    """scipy.stats takes a second to load; only planning and Wilcoxon's test ask for it."""
    script = "import sys, assistant.evaluation.comparing, assistant.evaluation.scoring; print('scipy.stats' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "False"
