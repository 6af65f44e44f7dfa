"""Values of topics, and at which stage of the pipeline a topic was lost: read off scores, after averaging repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from assistant.evaluation.runs import RunFolder

Values = Mapping[str, Mapping[str, float]]
"""Metric to topic to value."""

RIGHT, UNKNOWN = "right", "unknown"
LOSSES = {stage: f"lost_by_{stage}" for stage in ("retriever", "refusal", "generator", "citation", "failure")}
"""Stage to metric, in the order in which a reader should look."""


class Loss(NamedTuple):
    """Topics that a stage lost, in the baseline (None without one) and in the run. Repeats count by their share."""

    stage: str
    metric: str
    a: float | None
    b: float
    n: int


def topic_values(run: RunFolder) -> dict[str, dict[str, float]]:
    """The mean over repeats of every metric and topic that has a value, topics in the order of their ids."""
    found: dict[str, dict[str, list[float]]] = {}
    for score in run.scores:
        if score.value is not None:
            found.setdefault(score.metric, {}).setdefault(score.tid, []).append(score.value)
    return {
        metric: {tid: values[0] if len(values) == 1 else sum(values) / len(values) for tid, values in sorted(by_topic.items())}
        for metric, by_topic in found.items()
    }


def stage_of(values: Values, tid: str) -> str:
    """Where a topic was lost, `right` if it was not: what most repeats say. A tie is a loss, the earliest one."""
    shares = {stage: values.get(metric, {}).get(tid) for stage, metric in {**LOSSES, RIGHT: RIGHT}.items()}
    known = {stage: share for stage, share in shares.items() if share}
    return max(known, key=lambda stage: known[stage]) if known else UNKNOWN


def losses(run: Values, baseline: Values | None) -> tuple[Loss, ...]:
    """How many topics each stage lost. Stages that a run does not measure are left out."""
    rows = []
    for stage, metric in LOSSES.items():
        after = run.get(metric)
        before = None if baseline is None else baseline.get(metric)
        if after:
            rows.append(Loss(stage, metric, sum(before.values()) if before else None, sum(after.values()), len(after)))
    return tuple(rows)


def newly_lost(run: Values, baseline: Values) -> dict[str, float]:
    """By stage, how many topics it lost that were right in the baseline; repeats count by their share. Net losses hide
    these: a stage that loses nine topics and gives back fifteen has lost nine."""
    before, after = baseline.get(RIGHT, {}), run.get(RIGHT, {})
    fallen = {tid: before[tid] - after[tid] for tid in before.keys() & after.keys() if after[tid] < before[tid]}
    return {
        stage: sum(
            min(fall, max(0.0, run.get(metric, {}).get(tid, 0.0) - baseline.get(metric, {}).get(tid, 0.0)))
            for tid, fall in sorted(fallen.items())
        )
        for stage, metric in LOSSES.items()
    }
