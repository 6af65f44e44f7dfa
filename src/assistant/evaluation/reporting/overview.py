"""What a report knows of its runs before any single topic: values by topic, the stage at which each was lost, the charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup

from assistant.evaluation.measures.case import Case, Facts
from assistant.evaluation.measures.library import Library
from assistant.evaluation.records import AnswerRecord
from assistant.evaluation.reporting import charts
from assistant.evaluation.reporting.figures import at, title
from assistant.evaluation.reporting.tables import (
    LOSSES,
    TOPIC_METRICS,
    MetricRow,
    SliceTable,
    losses,
    nugget_split,
    slice_tables,
)  # fmt: skip
from assistant.evaluation.runs import RunFolder
from assistant.evaluation.topics import Topic

UNKNOWN_STAGE = "unknown"


@dataclass(frozen=True)
class Side:
    """One run of a report: `style` is `a`, or `b` for the second of two."""

    style: str
    run: RunFolder

    @cached_property
    def values(self) -> dict[str, dict[str, float]]:
        """Means over repeats, by metric and topic; topics without a value are not there."""
        found: dict[str, dict[str, list[float]]] = {}
        for score in self.run.scores:
            if score.value is not None:
                found.setdefault(score.metric, {}).setdefault(score.tid, []).append(score.value)
        return {metric: {tid: sum(values) / len(values) for tid, values in topics.items()} for metric, topics in found.items()}

    @cached_property
    def stages(self) -> dict[str, str]:
        """Where each topic was lost in its first repeat: a key of `tables.LOSSES`."""
        names = {"right" if stage == "right" else f"lost_by_{stage}": stage for stage in LOSSES}
        first: dict[str, str] = {}
        for score in self.run.scores:
            if score.metric in names and score.value == 1:
                first.setdefault(score.tid, names[score.metric])
        return first

    @cached_property
    def first(self) -> dict[str, AnswerRecord]:
        """The answer that stands for a topic: that of its first repeat."""
        found: dict[str, AnswerRecord] = {}
        for answer in sorted(self.run.answers, key=lambda answer: answer.rep):
            found.setdefault(answer.tid, answer)
        return found

    @cached_property
    def _library(self) -> Library:
        return Library(self.run.posts, self.run.manifest.ids)

    @cached_property
    def _facts(self) -> Facts:
        return Facts.of(self.run.topics, self.run.answers, self.run.manifest.task == "search")

    def case(self, topic: Topic) -> Case | None:
        """A topic with its answer as measures see it; None where it has none yet."""
        record = self.first.get(topic.id)
        return None if record is None else Case(topic, record, self._library, self._facts)

    @property
    def letter(self) -> str:
        """A or B, as reports say it."""
        return self.style.upper()

    @property
    def summary(self) -> dict[str, Any]:
        """What scoring concluded."""
        return self.run.summary

    def stage(self, tid: str) -> str:
        """Where a topic was lost, `unknown` for a set without answers."""
        return self.stages.get(tid, UNKNOWN_STAGE)


def topic_plots(sides: Sequence[Side], anchors: Mapping[str, str]) -> list[tuple[str, Markup]]:
    """One plot a metric with its title: differences where there are two runs, else scores; none for one without a value."""
    plots = []
    for metric in TOPIC_METRICS:
        found = [side.values.get(metric, {}) for side in sides]
        shared = [tid for tid in sorted(found[0]) if all(tid in values for values in found)]
        if not shared:
            continue
        two = len(found) > 1
        bars = [
            charts.Bar(tid, found[1][tid] - found[0][tid] if two else found[0][tid], anchors.get(tid, "")) for tid in shared
        ]
        plots.append((title(metric), charts.over_topics(bars, f"{title(metric)}{', B - A' if two else ''}", difference=two)))
    return plots


def loss_bars(sides: Sequence[Side]) -> list[tuple[Side, Markup]]:
    """Where topics were lost, one bar a run."""
    return [
        (side, charts.stacked(parts, f"Where topics were lost, {side.letter}"))
        for side in sides
        if (parts := losses(side.summary))
    ]


def nugget_bars(sides: Sequence[Side]) -> list[tuple[Side, Markup]]:
    """What became of the nuggets, one bar a run."""
    return [
        (side, charts.stacked(parts, f"What became of the nuggets, {side.letter}"))
        for side in sides
        if (parts := nugget_split(side.summary))
    ]


def slice_rows(sides: Sequence[Side]) -> list[tuple[SliceTable, list[tuple[str, int, list[list[MetricRow | None]]]]]]:
    """Metrics by kind of topic, the runs beside each other: for each table its rows of name, topics, and cells by metric and
    run."""
    others = [{table.by: dict(table.rows) for table in slice_tables(side.summary)} for side in sides]
    found = []
    for table in slice_tables(sides[0].summary):
        rows = []
        for value, cells in table.rows:
            beside = [[values.get(table.by, {}).get(value, cells)[place] for values in others] for place in range(len(cells))]
            rows.append((value, max((cell.n for cell in cells if cell), default=0), beside))
        found.append((table, rows))
    return found


def risk_chart(sides: Sequence[Side]) -> Markup | None:
    """Risk by coverage; None where no run has a confidence."""
    curves = [(side, at(side.summary, "risk", "curve")) for side in sides]
    lines = [
        charts.Line(side.letter, tuple((float(x), float(y)) for x, y in curve), side.style) for side, curve in curves if curve
    ]
    return charts.risk_coverage(lines) if lines else None


def reliability_chart(sides: Sequence[Side]) -> Markup | None:
    """What a confidence is worth; None where no run has one."""
    bins = [(side.style, found) for side in sides if (found := at(side.summary, "reliability", "bins"))]
    return charts.reliability(bins, "share that the posts answer") if bins else None


def latency_chart(sides: Sequence[Side]) -> Markup | None:
    """Times to the whole answer; None where none was recorded."""
    lines = []
    for side in sides:
        times = [answer.latency_ms["total"] for answer in side.run.answers if "total" in answer.latency_ms]
        if times:
            lines.append((side.letter, times, side.style))
    return charts.ecdf(lines) if lines else None
