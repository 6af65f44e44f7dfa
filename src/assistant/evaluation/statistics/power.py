"""What a number of topics can show: before a run, and where a comparison cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

POWER, ALPHA = 0.8, 0.05
MOST_TOPICS = 10**9
"""A need beyond this is none that anybody could meet."""
TYPICAL_SD = 0.3
"""Standard deviation of paired differences of the more volatile scores on real pairs of systems."""


def detectable(n: float, sd: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """Smallest mean paired difference that a two-sided t test over `n` topics (>= 2) finds with this power.

    From the noncentral t; `sd` is that of the paired differences. The tail on the wrong side (< 1e-6) is left out.
    """
    degrees = n - 1
    critical = special.stdtrit(degrees, 1 - alpha / 2)
    return float(special.nctdtrinc(degrees, 1 - power, critical)) / sqrt(n) * sd


def needed(sd: float, delta: float, power: float = POWER, alpha: float = ALPHA) -> int | None:
    """Fewest topics at which a mean paired difference `delta` (> 0) is found with this power; at least 2.

    None where no number of topics that anybody could write would do.
    """
    low, high = 1, 2
    while detectable(high, sd, power, alpha) > delta:
        low, high = high, 2 * high
        if high > MOST_TOPICS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if detectable(middle, sd, power, alpha) > delta else (low, middle)
    return high


def mcnemar_detectable(n: int, discordant: float, power: float = POWER, alpha: float = ALPHA) -> float | None:
    """Smallest difference of two shares that McNemar's exact test over `n` pairs finds with this power.

    `discordant` (0-1, > 0) is the share of pairs that differ at all, and the largest difference that there can be. None where
    even that is not found.
    """
    from scipy import optimize

    def lacking(difference: float) -> float:
        return _mcnemar_power(n, discordant, difference, alpha) - power

    return float(optimize.brentq(lacking, 0.0, discordant)) if lacking(discordant) >= 0 else None


def _mcnemar_power(n: int, discordant: float, difference: float, alpha: float) -> float:
    """Power over all numbers of discordant pairs that `n` pairs may turn out to have."""
    from scipy import stats

    pairs = np.arange(n + 1)
    critical = stats.binom.ppf(alpha / 2, pairs, 0.5)
    critical = np.where(stats.binom.cdf(critical, pairs, 0.5) <= alpha / 2, critical, critical - 1)
    share = (1 - difference / discordant) / 2
    found = stats.binom.cdf(critical, pairs, share) + stats.binom.sf(pairs - critical - 1, pairs, share)
    return float(np.sum(stats.binom.pmf(pairs, n, discordant) * np.where(critical >= 0, found, 0.0)))


def best_of_allowance(configurations: int, n: float, sd: float = TYPICAL_SD) -> float:
    """By how much the best of equally good configurations beats their true mean over `n` topics, by luck alone.

    Expected maximum of as many standard normals, times the standard error.
    """
    from scipy import stats

    best = stats.order_statistic(stats.Normal(), r=configurations, n=configurations)
    return float(best.mean()) * sd / sqrt(n) if configurations > 1 else 0.0


def intraclass_correlation(values: ArrayLike, clusters: Sequence[str]) -> float | None:
    """How alike topics of one cluster are, 0-1 (ANOVA estimator, Donner 1986; a negative estimate counts as 0).

    None where it cannot be seen: one cluster only, no cluster of two, or values that are all equal.
    """
    numbers = np.asarray(values, dtype=np.float64)
    _, index, sizes = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True, return_counts=True)
    groups, n = len(sizes), len(numbers)
    if groups < 2 or n == groups or np.ptp(numbers) == 0:
        return None
    means = np.bincount(index, weights=numbers) / sizes
    between = float(np.sum(sizes * (means - np.mean(numbers)) ** 2)) / (groups - 1)
    within = float(np.sum((numbers - means[index]) ** 2)) / (n - groups)
    size = (n - float(np.sum(sizes**2)) / n) / (groups - 1)
    return min(1.0, max(0.0, (between - within) / (between + (size - 1) * within)))


def effective_topics(clusters: Sequence[str], correlation: float) -> float:
    """How many independent topics these are worth (Kish 1965): 150 in clusters of 3 with a correlation of .5 are worth 75."""
    _, sizes = np.unique(np.asarray(clusters, dtype=np.str_), return_counts=True)
    n = int(np.sum(sizes))
    return n / (1 + (float(np.sum(sizes**2)) / n - 1) * correlation) if n else 0.0
