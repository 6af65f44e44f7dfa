"""Two runs put side by side: whether they may be compared, what they were not made with alike, pairs of values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.errors import EvaluationError
from assistant.evaluation.comparing.stages import Values
from assistant.evaluation.comparing.types import Difference
from assistant.evaluation.records import RunManifest
from assistant.evaluation.runs import RunFolder
from assistant.evaluation.scores import Metric
from assistant.evaluation.topics import Topic

RECORDED = ("system", "version", "python", "platform", "repeats", "depth", "offline")
UNSCORED = {"provenance", "tags"}
"""Fields of a topic that the hash of a set leaves out too."""
RECORDED_BY_KEY = ("settings", "index", "margins")


@dataclass(frozen=True)
class Paired:
    """The values of one metric in both runs, by topic in the order of ids. `unpaired` topics have one in one run only."""

    metric: Metric
    tids: tuple[str, ...]
    clusters: tuple[str, ...]
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    unpaired: int

    @property
    def differences(self) -> NDArray[np.float64]:
        """B - A."""
        return self.b - self.a


def check_comparable(a: RunFolder, b: RunFolder) -> None:
    """Raises EvaluationError unless both runs answered the same topics of the same set and are scored."""
    first, second = a.manifest, b.manifest
    if first.set_sha256 != second.set_sha256:
        raise EvaluationError(
            f"the runs answered different sets: {a.path} {_set_of(first)}, {b.path} {_set_of(second)}",
            hint="run both systems on one version of the set: `assistant eval run SET --out DIR`",
        )
    for what, ours, theirs in (
        ("topics", {topic.id for topic in a.topics}, {topic.id for topic in b.topics}),
        ("scored topics", {score.tid for score in a.scores}, {score.tid for score in b.scores}),
    ):
        if ours != theirs:
            raise EvaluationError(
                f"the runs differ in their {what}: {a.path} has {len(ours)}, {b.path} has {len(theirs)}; "
                f"only one of them has {_some(ours ^ theirs)}",
                hint="finish both runs, then score them: `assistant eval score DIR`",
            )
    judged = {topic.id: topic for topic in a.topics}
    if changed := [topic.id for topic in b.topics if not _asks_the_same(topic, judged[topic.id])]:
        raise EvaluationError(
            f"{len(changed)} topics are not asked and judged alike in {a.path} and {b.path}: {_some(changed)}",
            hint="the topics of a run are not to be edited: run both systems again on one version of the set",
        )


def _asks_the_same(one: Topic, other: Topic) -> bool:
    """Whether two topics are asked and judged alike; their provenance and tags decide nothing."""
    return one == other or one.model_dump(exclude=UNSCORED) == other.model_dump(exclude=UNSCORED)


def _set_of(manifest: RunManifest) -> str:
    return f"{manifest.set_name} ({manifest.set_sha256[:12]})"


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:3]) + (f" and {len(ordered) - 3} more" if len(ordered) > 3 else "")


def differences_between(a: RunManifest, b: RunManifest) -> tuple[Difference, ...]:
    """What the runs were not made with alike, by name of the field."""
    first, second = _recorded(a), _recorded(b)
    fields = sorted({*first, *second})
    return tuple(
        Difference(field, first.get(field), second.get(field)) for field in fields if first.get(field) != second.get(field)
    )


def _recorded(manifest: RunManifest) -> dict[str, str]:
    plain = {field: str(getattr(manifest, field)) for field in RECORDED}
    keyed = {f"{name}.{key}": str(value) for name in RECORDED_BY_KEY for key, value in getattr(manifest, name).items()}
    return plain | keyed


def pairs(metrics: Iterable[Metric], topics: Sequence[Topic], a: Values, b: Values) -> list[Paired]:
    """The metrics of which at least one of these topics has a value in both runs."""
    ordered = sorted(topics, key=lambda topic: topic.id)
    found = (_paired(metric, ordered, a, b) for metric in metrics)
    return [paired for paired in found if paired.tids]


def _paired(metric: Metric, topics: Sequence[Topic], a: Values, b: Values) -> Paired:
    ours, theirs = a.get(metric.name, {}), b.get(metric.name, {})
    both = [topic for topic in topics if topic.id in ours and topic.id in theirs]
    either = sum(topic.id in ours or topic.id in theirs for topic in topics)
    return Paired(
        metric,
        tuple(topic.id for topic in both),
        tuple(topic.cluster_id for topic in both),
        np.array([ours[topic.id] for topic in both], dtype=np.float64),
        np.array([theirs[topic.id] for topic in both], dtype=np.float64),
        either - len(both),
    )
