"""Floors: what the means of a run have to reach, with the room that their intervals ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from assistant.evaluation import statistics
from assistant.evaluation.catalogue import BY_NAME
from assistant.evaluation.comparing.stages import Values
from assistant.evaluation.gating.conditions import Conditions
from assistant.evaluation.gating.types import Check, Kind
from assistant.evaluation.scores import Metric


def floors(values: Values, clusters: Mapping[str, str], conditions: Conditions) -> Iterator[Check]:
    """A check for each bound. `clusters` is topic to cluster."""
    for name, bound in sorted(conditions.floors.items()):
        yield _mean(BY_NAME[name], values.get(name, {}), clusters, bound)
    for name, bound in sorted(conditions.rates.items()):
        yield _rate(BY_NAME[name], values.get(name, {}), bound)


def _mean(metric: Metric, by_topic: Mapping[str, float], clusters: Mapping[str, str], bound: float) -> Check:
    tids = list(by_topic)
    interval = statistics.clustered_interval([by_topic[tid] for tid in tids], [clusters[tid] for tid in tids])
    if interval is None:
        return _untold(metric, f"{len(tids)} topics of less than two clusters have no interval")
    return _held(metric, interval.mean, interval.low if metric.better > 0 else interval.high, bound, len(tids))


def _rate(metric: Metric, by_topic: Mapping[str, float], bound: float) -> Check:
    """A topic counts as good only if every repeat is, and as bad if any is."""
    if not by_topic:
        return _untold(metric, "no topic has a value")
    good = metric.better > 0
    hits = sum(value == 1 if good else value > 0 for value in by_topic.values())
    low, high = statistics.wilson_interval(hits, len(by_topic))
    return _held(metric, hits / len(by_topic), low if good else high, bound, len(by_topic))


def _held(metric: Metric, mean: float, reached: float, bound: float, n: int) -> Check:
    good = metric.better > 0
    passed = reached >= bound if good else reached <= bound
    relation, side = ("at least", "lower") if good else ("at most", "upper")
    detail = f"{mean:.3f} over {n} topics, {side} 95 % bound {reached:.3f}; {relation} {bound:g} is asked for"
    if not passed and (mean >= bound if good else mean <= bound):
        detail += "; the mean holds, the interval is too wide: more topics would tell"
    return Check(f"floor:{metric.name}", Kind.FLOOR, passed, detail)


def _untold(metric: Metric, why: str) -> Check:
    return Check(f"floor:{metric.name}", Kind.FLOOR, None, why)
