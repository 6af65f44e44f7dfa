"""Tests of paired differences: randomisation by cluster, Wilcoxon's, McNemar's. All are two-sided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from assistant.evaluation.statistics.intervals import Numbers, cluster_sums

EXACT_CLUSTERS = 14
"""Up to 2**14 arrangements are counted, beyond that they are sampled."""
FLIPS = 10_000
SEED = 20_261_121
CELLS = 4_000_000
"""Signs that are held at once: 32 MB."""
ROUNDING = 1e-9
"""Two sums of the same numbers in another order are the same sum."""


def randomisation_p(differences: ArrayLike, clusters: Sequence[str], flips: int = FLIPS, seed: int = SEED) -> float:
    """p of a mean paired difference under flips of the signs of whole clusters, (topics,) to a number in (0, 1].

    Exact where at most 14 clusters have a difference, else from `flips` seeded arrangements as (b + 1) / (m + 1)
    (Phipson & Smyth 2010). Without any difference p is 1.
    """
    return float(randomisation_ps(np.asarray(differences, dtype=np.float64)[:, None], clusters, flips, seed)[0])


def randomisation_ps(differences: ArrayLike, clusters: Sequence[str], flips: int = FLIPS, seed: int = SEED) -> Numbers:
    """The same for many metrics at once, (topics, metrics) to (metrics,), under one set of flips.

    A topic to which a metric does not apply has difference 0: it adds nothing to the sum under any sign.
    """
    sums = cluster_sums(differences, clusters)
    # A cluster without a difference is the same under either sign, so it does not count towards what can be enumerated.
    moved = np.count_nonzero(sums, axis=0)
    ps = np.ones(sums.shape[1])
    for column in np.flatnonzero((moved > 0) & (moved <= EXACT_CLUSTERS)):
        ps[column] = _exact_p(sums[sums[:, column] != 0, column])
    sampled = np.flatnonzero(moved > EXACT_CLUSTERS)
    if len(sampled):
        ps[sampled] = _sampled_ps(sums[:, sampled], flips, seed)
    return ps


def wilcoxon_p(differences: ArrayLike, clusters: Sequence[str]) -> float:
    """p of Wilcoxon's signed-rank test over the clusters' mean differences; 1 where there is no difference."""
    from scipy import stats

    sums = cluster_sums(differences, clusters)
    means = sums / cluster_sums(np.ones(len(clusters)), clusters)
    return float(stats.wilcoxon(means).pvalue) if np.any(means) else 1.0


def mcnemar_p(only_a: int, only_b: int) -> float:
    """p of McNemar's exact test from the counts of pairs that differ each way; 1 where no pair differs."""
    # Both tails of a binomial of one half are alike; where the counts are equal they overlap.
    return min(1.0, 2 * float(special.bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def _exact_p(sums: Numbers) -> float:
    return float(np.mean(np.abs(_all_signs(len(sums)) @ sums) >= _reached(sums)))


def _sampled_ps(sums: Numbers, flips: int, seed: int) -> Numbers:
    reached = _reached(sums)
    extreme = np.zeros(sums.shape[1])
    for signs in _sign_chunks(len(sums), flips, seed):
        extreme += np.sum(np.abs(signs @ sums) >= reached, axis=0)
    return np.asarray((extreme + 1) / (flips + 1), dtype=np.float64)


def _reached(sums: Numbers) -> Numbers:
    """How far an arrangement has to get to be as extreme as what was seen, less what rounding may take."""
    return np.asarray(np.abs(np.sum(sums, axis=0)) - ROUNDING * np.sum(np.abs(sums), axis=0), dtype=np.float64)


@lru_cache(maxsize=EXACT_CLUSTERS)
def _all_signs(clusters: int) -> Numbers:
    numbers = np.arange(2**clusters)[:, None] >> np.arange(clusters)
    return np.asarray(1.0 - 2.0 * (numbers & 1), dtype=np.float64)


def _sign_chunks(clusters: int, flips: int, seed: int) -> Iterator[Numbers]:
    """`flips` rows of random signs, in blocks that fit into memory."""
    generator = np.random.default_rng(seed)
    width = (clusters + 7) // 8
    block = max(1, CELLS // (8 * width))
    for start in range(0, flips, block):
        rows = min(block, flips - start)
        raw = generator.integers(0, 256, size=(rows, width), dtype=np.uint8)
        bits = np.unpackbits(raw, axis=1, count=clusters)
        yield 1.0 - 2.0 * bits.astype(np.float64)
