"""Intervals: of a mean over clustered topics, of a share, of the difference of two paired shares.

Quantiles come from scipy.special: scipy.stats, which has some of these, takes a second to load. Tests hold them to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Numbers = NDArray[np.float64]
Clusters = Sequence[str] | NDArray[np.intp]
"""The cluster of each topic, by name or by number."""


class Interval(NamedTuple):
    """A mean and its two-sided interval; `error` is the standard error that the interval rests on."""

    mean: float
    low: float
    high: float
    error: float


def cluster_sums(values: ArrayLike, clusters: Clusters) -> Numbers:
    """Sums by cluster: (topics,) or (topics, metrics) becomes (clusters,) or (clusters, metrics), by sorted name of the
    cluster, so that the order of topics decides nothing. Raises ValueError where the lengths differ."""
    rows = np.asarray(values, dtype=np.float64)
    if len(rows) != len(clusters):
        raise ValueError(f"{len(rows)} values for {len(clusters)} clusters")
    names, numbers = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.zeros((len(names), *rows.shape[1:]))
    np.add.at(sums, numbers, rows)
    return sums


def clustered_interval(values: ArrayLike, clusters: Clusters, level: float = 0.95) -> Interval | None:
    """Mean and cluster-robust t interval with as many degrees of freedom as there are clusters, less one.

    CR1 of Cameron & Miller 2015 for a mean: residuals are summed by cluster. Where each topic is a cluster of its own it
    is the one-sample t interval. None for less than two clusters: nothing is known of how they differ.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers):
        return None
    mean = float(np.mean(numbers))
    # Equal values have an error of 0, not of what rounding the mean left over.
    residuals = numbers - mean if np.ptp(numbers) > 0 else np.zeros_like(numbers)
    sums = cluster_sums(residuals, clusters)
    if len(sums) < 2:
        return None
    error = sqrt(len(sums) / (len(sums) - 1) * float(np.sum(sums**2))) / len(numbers)
    reach = float(special.stdtrit(len(sums) - 1, (1 + level) / 2)) * error
    return Interval(mean, mean - reach, mean + reach, error)


def wilson_interval(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Score interval of a share (Wilson 1927); unlike the t interval it says something at 0 and at 1. `n` is at least 1."""
    z = float(special.ndtri((1 + level) / 2))
    share = hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # At the ends the formula gives 0 and 1 but for rounding.
    return 0.0 if hits == 0 else middle - reach, 1.0 if hits == n else middle + reach


def upper_bound(failures: int, n: int, level: float = 0.95) -> float:
    """One-sided upper bound of a rate of failure (Clopper & Pearson 1934): 0 of 20 leaves .139 possible. `n` is at least 1."""
    return float(special.betaincinv(failures + 1, n - failures, level)) if failures < n else 1.0


def newcombe_interval(both: int, only_a: int, only_b: int, neither: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of share B minus share A over paired 0/1 values, from the counts of the four outcomes.

    Method 10 of Newcombe 1998 (Statistics in Medicine 17:2635): Wilson intervals of both shares, put together with the
    correlation that the pairs show. At least one pair is needed.
    """
    n = both + only_a + only_b + neither
    share_a, share_b = (both + only_a) / n, (both + only_b) / n
    low_a, high_a = wilson_interval(both + only_a, n, level)
    low_b, high_b = wilson_interval(both + only_b, n, level)
    phi = _correlation(both, only_a, only_b, neither)
    down_b, up_b, down_a, up_a = share_b - low_b, high_b - share_b, share_a - low_a, high_a - share_a
    below = sqrt(max(0.0, down_b**2 - 2 * phi * down_b * up_a + up_a**2))
    above = sqrt(max(0.0, up_b**2 - 2 * phi * up_b * down_a + down_a**2))
    return share_b - share_a - below, share_b - share_a + above


def _correlation(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Phi of a paired table, with the continuity correction of the method; 0 where a margin is empty."""
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if not margins:
        return 0.0
    product = both * neither - only_a * only_b
    n = both + only_a + only_b + neither
    return (max(product - n / 2, 0.0) if product > 0 else product) / sqrt(margins)
