"""From pairs of values to a verdict, metric by metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation import statistics
from assistant.evaluation.comparing.pairing import Paired
from assistant.evaluation.comparing.types import MetricComparison, Verdict
from assistant.evaluation.scores import Metric

Test = Literal["randomisation", "wilcoxon"]
ALPHA = 0.05
UNBOUNDED = frozenset({"ms", "tokens", "money", "characters"})
"""Units without a scale of their own: a margin is a share of the baseline's mean there."""


def compare_metrics(
    paired: Sequence[Paired], margins: Mapping[str, float], test: Test, *, explore: bool
) -> tuple[MetricComparison, ...]:
    """Each metric with its verdict. `explore` corrects all of them by Benjamini-Hochberg; else the primary ones share
    Holm's correction and only the others explore."""
    ps = _randomised(paired) if test == "randomisation" else [_signed_ranks(one) for one in paired]
    adjusted = list(ps)
    primary = [not explore and one.metric.primary for one in paired]
    for wanted, adjust in ((True, statistics.holm), (False, statistics.benjamini_hochberg)):
        places = [place for place, is_primary in enumerate(primary) if is_primary is wanted]
        for place, p in zip(places, adjust([ps[place] for place in places]), strict=True):
            adjusted[place] = p
    return tuple(
        _compared(one, margins.get(one.metric.name, one.metric.margin), p, corrected, exploratory=not is_primary)
        for one, p, corrected, is_primary in zip(paired, ps, adjusted, primary, strict=True)
    )


def _randomised(paired: Sequence[Paired]) -> list[float]:
    """p of all metrics under one set of flips: a topic without a metric has no difference in it."""
    clusters = {tid: cluster for one in paired for tid, cluster in zip(one.tids, one.clusters, strict=True)}
    if not clusters:
        return []
    rows = {tid: row for row, tid in enumerate(sorted(clusters))}
    table: NDArray[np.float64] = np.zeros((len(rows), len(paired)))
    for column, one in enumerate(paired):
        table[[rows[tid] for tid in one.tids], column] = one.differences
    return [float(p) for p in statistics.randomisation_ps(table, [clusters[tid] for tid in rows])]


def _signed_ranks(paired: Paired) -> float:
    return statistics.wilcoxon_p(paired.differences, paired.clusters)


def _compared(paired: Paired, margin: float, p: float, p_adjusted: float, *, exploratory: bool) -> MetricComparison:
    metric, differences, n = paired.metric, paired.differences, len(paired.tids)
    mean_a = float(np.mean(paired.a))
    margin = margin * abs(mean_a) if metric.unit in UNBOUNDED else margin
    interval = statistics.clustered_interval(differences, paired.clusters)
    said = verdict(metric, differences, interval, margin, p_adjusted)
    # What the clustered error says of one topic: topics that depend on each other teach less, so that more are needed.
    spread = interval.error * sqrt(n) if interval else None
    better, worse = (differences > 0, differences < 0) if metric.better >= 0 else (differences < 0, differences > 0)
    mcnemar, newcombe = _of_shares(paired)
    return MetricComparison(
        metric=metric.name,
        title=metric.title,
        family=metric.family,
        unit=metric.unit,
        better=metric.better,
        primary=metric.primary,
        exploratory=exploratory,
        margin=margin,
        a=mean_a,
        b=float(np.mean(paired.b)),
        difference=float(np.mean(differences)),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        p=p,
        p_adjusted=p_adjusted,
        verdict=said,
        n=n,
        clusters=len(set(paired.clusters)),
        wins=int(np.sum(better)),
        ties=int(np.sum(differences == 0)),
        losses=int(np.sum(worse)),
        unpaired=paired.unpaired,
        sd=float(np.std(differences, ddof=1)) if n > 1 else None,
        detectable=statistics.detectable(n, spread) if spread is not None else None,
        needed_topics=_needed(spread, margin, n) if said is Verdict.CANNOT_TELL else None,
        needed_for_difference=_needed(spread, abs(float(np.mean(differences))), n) if said is Verdict.CANNOT_TELL else None,
        mcnemar_p=mcnemar,
        newcombe_low=newcombe[0] if newcombe else None,
        newcombe_high=newcombe[1] if newcombe else None,
    )


def verdict(
    metric: Metric,
    differences: NDArray[np.float64],
    interval: statistics.Interval | None,
    margin: float,
    p_adjusted: float,
) -> Verdict:
    """The word for these differences (B - A); `margin` is the loss that would not matter, in the metric's unit."""
    if metric.better == 0:
        return Verdict.NOT_JUDGED
    gain = metric.better * float(np.mean(differences))
    if p_adjusted < ALPHA:
        return Verdict.BETTER if gain > 0 else Verdict.WORSE
    if not np.any(differences):
        return Verdict.NO_WORSE
    if interval is not None and (interval.low if metric.better > 0 else -interval.high) > -margin:
        return Verdict.NO_WORSE
    return Verdict.CANNOT_TELL


def _needed(spread: float | None, margin: float, n: int) -> int | None:
    if not spread or margin <= 0:
        return None
    topics = statistics.needed(spread, margin)
    return topics if topics is not None and topics > n else None


def _of_shares(paired: Paired) -> tuple[float | None, tuple[float, float] | None]:
    """McNemar's p and Newcombe's interval, where values are 0 or 1: repeats that disagree are neither."""
    if not paired.metric.binary or not np.all(np.isin([paired.a, paired.b], (0.0, 1.0))):
        return None, None
    both = int(np.sum((paired.a == 1) & (paired.b == 1)))
    only_a, only_b = int(np.sum(paired.a > paired.b)), int(np.sum(paired.b > paired.a))
    neither = len(paired.tids) - both - only_a - only_b
    return statistics.mcnemar_p(only_a, only_b), statistics.newcombe_interval(both, only_a, only_b, neither)
