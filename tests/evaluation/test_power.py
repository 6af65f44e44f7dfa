"""What a number of topics can show: the tables of the design, and simulations of what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assistant.evaluation import statistics

DEVIATIONS = (0.10, 0.15, 0.20, 0.25, 0.30, 0.40)
TABLE = {
    30: (0.053, 0.079, 0.106, 0.132, 0.159, 0.212),
    50: (0.040, 0.061, 0.081, 0.101, 0.121, 0.162),
    100: (0.028, 0.042, 0.057, 0.071, 0.085, 0.113),
    150: (0.023, 0.035, 0.046, 0.058, 0.069, 0.092),
    300: (0.016, 0.024, 0.032, 0.041, 0.049, 0.065),
}
DISCORDANT = {50: (None, 0.18), 100: (0.09, 0.13), 150: (0.08, 0.11), 200: (0.07, 0.10), 400: (0.05, 0.07)}


@pytest.mark.parametrize("n", TABLE)
def test_detectable_differences_are_those_of_the_table(n: int) -> None:
    assert [statistics.detectable(n, sd) for sd in DEVIATIONS] == pytest.approx(TABLE[n], abs=6e-4)


def test_a_detectable_difference_is_found_four_times_in_five() -> None:
    n, sd = 40, 0.3
    draws = np.random.default_rng(11).normal(statistics.detectable(n, sd), sd, size=(4000, n))
    assert np.mean(stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.02)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.02, 0.6), st.floats(0.005, 0.5))
def test_needed_topics_are_the_fewest_that_do(sd: float, delta: float) -> None:
    n = statistics.needed(sd, delta)
    assert n is not None
    assert statistics.detectable(n, sd) <= delta
    assert n == 2 or statistics.detectable(n - 1, sd) > delta


def test_a_need_that_nobody_can_meet_is_none() -> None:
    assert statistics.needed(1.0, 1e-7) is None


@pytest.mark.parametrize("n", DISCORDANT)
def test_detectable_shares_are_those_of_the_table(n: int) -> None:
    for discordant, shown in zip((0.1, 0.2), DISCORDANT[n], strict=True):
        found = statistics.mcnemar_detectable(n, discordant)
        # The table gives the next full hundredth.
        assert (found if found is None else np.ceil(100 * found) / 100) == shown


def test_a_detectable_share_is_found_four_times_in_five() -> None:
    n, discordant = 100, 0.2
    difference = statistics.mcnemar_detectable(n, discordant)
    assert difference is not None
    shares = [(discordant + difference) / 2, (discordant - difference) / 2, 1 - discordant]
    tables = np.random.default_rng(12).multinomial(n, shares, size=2000)
    assert np.mean([statistics.mcnemar_p(b, a) < 0.05 for b, a, _ in tables.tolist()]) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("configurations", "allowance"), [(5, 0.034), (10, 0.046), (20, 0.056)])
def test_luck_of_the_best_configuration(configurations: int, allowance: float) -> None:
    assert statistics.best_of_allowance(configurations, 100) == pytest.approx(allowance, abs=1.5e-3)
    draws = np.random.default_rng(13).normal(0, 0.3 / 10, size=(20_000, configurations))
    assert statistics.best_of_allowance(configurations, 100) == pytest.approx(draws.max(axis=1).mean(), abs=1e-3)


def test_one_configuration_needs_no_allowance() -> None:
    assert statistics.best_of_allowance(1, 100) == 0.0


def test_150_topics_of_50_posts_are_worth_75() -> None:
    clusters = [f"post{number // 3}" for number in range(150)]
    assert statistics.effective_topics(clusters, 0.5) == 75
    assert statistics.effective_topics(clusters, 0.0) == 150
    assert statistics.effective_topics(clusters, 1.0) == 50


def test_correlation_of_clusters_is_estimated() -> None:
    rng = np.random.default_rng(14)
    values = np.repeat(rng.normal(size=2000), 3) + rng.normal(size=6000)
    clusters = [f"c{number // 3:04}" for number in range(6000)]
    assert statistics.intraclass_correlation(values, clusters) == pytest.approx(0.5, abs=0.03)
    assert statistics.intraclass_correlation(rng.normal(size=6000), clusters) == pytest.approx(0, abs=0.03)


def test_correlation_that_cannot_be_seen_is_none() -> None:
    assert statistics.intraclass_correlation([0.1, 0.2], ["a", "b"]) is None
    assert statistics.intraclass_correlation([0.1, 0.2], ["a", "a"]) is None
    assert statistics.intraclass_correlation([0.1, 0.1, 0.1], ["a", "a", "b"]) is None


def test_a_plan_holds_what_was_asked_for() -> None:
    planned = statistics.plan(50, 0.2)
    (row,) = planned.rows
    assert (row.topics, row.by_sd) == (50, {"0.2": pytest.approx(0.081, abs=1e-3)})
    assert planned.needed["0.05"] == statistics.needed(0.2, 0.05)
    assert [row.topics for row in statistics.plan(None, None).rows] == list(TABLE)
    assert statistics.plan(None, None).needed == {}
