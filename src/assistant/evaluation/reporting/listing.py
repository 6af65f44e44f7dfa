"""The list of all topics: the most telling first, with what it can be narrowed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.evaluation.reporting.overview import Side
from assistant.evaluation.reporting.tables import LOSSES, TOPIC_METRICS
from assistant.evaluation.topics import Topic


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic with where each run lost it, the mean of its metrics by run, and their difference where there are two."""

    topic: Topic
    anchor: str
    stages: tuple[str, ...]
    values: tuple[float | None, ...]
    change: float | None

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the list can be narrowed to that holds this topic."""
        found = []
        if self.change:
            found.append("better" if self.change > 0 else "worse")
        if len(set(self.stages)) > 1:
            found.append("moved")
        return (*found, *(stage for stage in LOSSES if stage in self.stages))

    @property
    def classes(self) -> str:
        """The same, for the style sheet."""
        return " ".join(f"is-{kind}" for kind in self.kinds)


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list of topics can be narrowed to, and how many there are."""

    name: str
    title: str
    count: int


def listed(sides: Sequence[Side], anchors: Mapping[str, str]) -> list[TopicRow]:
    """Topics with the most to see first: changed most where there are two runs, else lost, then of low value."""
    rows = [_row(topic, sides, anchors[topic.id]) for topic in sides[0].run.topics]
    return sorted(rows, key=_place)


def filters(rows: Sequence[TopicRow]) -> list[Filter]:
    """The ways to narrow these rows that leave some and not all."""
    titles = {"worse": "B worse", "better": "B better", "moved": "moved", **LOSSES}
    counts = {name: sum(name in row.kinds for row in rows) for name in titles}
    return [Filter(name, titles[name], counts[name]) for name in titles if 0 < counts[name] < len(rows)]


def _place(row: TopicRow) -> tuple[float, bool, float, str]:
    right = all(stage == "right" for stage in row.stages)
    worst = min((value for value in row.values if value is not None), default=1.0)
    return (-abs(row.change or 0.0), right, worst, row.topic.id)


def _row(topic: Topic, sides: Sequence[Side], anchor: str) -> TopicRow:
    values = tuple(_mean(topic, side) for side in sides)
    first, last = values[0], values[-1]
    change = last - first if len(values) > 1 and first is not None and last is not None else None
    return TopicRow(topic, anchor, tuple(side.stage(topic.id) for side in sides), values, change)


def _mean(topic: Topic, side: Side) -> float | None:
    found = [side.values[name][topic.id] for name in TOPIC_METRICS if topic.id in side.values.get(name, {})]
    return sum(found) / len(found) if found else None
