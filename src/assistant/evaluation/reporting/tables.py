"""What a summary holds, as rows: one reading of the file for all forms of report.

Any part of a summary may be missing or null (a set for search has no answers); then its rows are empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.evaluation.catalogue import BY_NAME, METRICS
from assistant.evaluation.reporting.figures import REASONS, at, one_line
from assistant.evaluation.reporting.figures import title as title_of

_ORDER = {metric.name: number for number, metric in enumerate(METRICS)}
LOSSES = {
    "right": "right", "retriever": "not found", "refusal": "wrongly refused or answered", "generator": "found, not said",
    "citation": "said, not tied to the right words", "failure": "error or time-out",
}  # fmt: skip
"""Where a topic was lost, in the order in which a question passes."""
SPLIT = {
    "used": "found and stated", "generator": "found, not stated", "retriever": "not found",
    "self_knowledge": "stated, not found",
}  # fmt: skip
"""What became of a nugget."""
TOPIC_METRICS = ("ndcg@10", "weighted_nugget_recall", "citation_f1", "groundedness", "refusal_right")
"""What single topics and slices are shown by: the primary metrics. Balanced accuracy is one of a whole set, and weighs
topics by how many there are of their kind, so its place takes whether a topic was refused or answered as expected."""
SLICES = {"type": "type of topic", "lex_overlap": "words shared with the post", "turn": "turn of the conversation"}


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric of one run. `missing` counts topics without a value by reason, in words."""

    name: str
    title: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    clusters: int | None
    primary: bool
    missing: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole: `share` is 0-1 of all parts."""

    name: str
    title: str
    count: float
    share: float


@dataclass(frozen=True, slots=True)
class Rate:
    """`k` of `n` and the interval of the rate; `rate` is None where n is 0."""

    name: str
    title: str
    k: float
    n: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SliceTable:
    """Metrics (columns) by the value of one property of topics (rows)."""

    by: str
    title: str
    metrics: tuple[str, ...]
    rows: tuple[tuple[str, tuple[MetricRow | None, ...]], ...]


def metric_rows(summary: Mapping[str, Any]) -> tuple[MetricRow, ...]:
    """All metrics of a summary in the order of the catalogue, unknown ones last."""
    metrics = at(summary, "metrics") or {}
    return tuple(_row(name, metrics[name] or {}) for name in sorted(metrics, key=_place))


def primary_rows(summary: Mapping[str, Any]) -> tuple[MetricRow, ...]:
    """The primary metrics that the summary has."""
    return tuple(row for row in metric_rows(summary) if row.primary)


def losses(summary: Mapping[str, Any]) -> tuple[Part, ...]:
    """Where topics were lost."""
    return _parts(at(summary, "losses"), LOSSES)


def nugget_split(summary: Mapping[str, Any]) -> tuple[Part, ...]:
    """What became of the nuggets."""
    return _parts(at(summary, "nugget_split"), SPLIT)


def quotes(summary: Mapping[str, Any]) -> tuple[Part, ...]:
    """States of the quotes behind citations that occur, most frequent first."""
    found = (part for part in _parts(at(summary, "quotes"), {}) if part.count)
    return tuple(sorted(found, key=lambda part: (-part.count, part.name)))


def outcomes(summary: Mapping[str, Any]) -> tuple[Part, ...]:
    """How many answers came, and how many did not."""
    return _parts(at(summary, "outcomes"), {"ok": "answered or refused", "timeout": "timed out", "error": "failed"})


def refusal_pair(summary: Mapping[str, Any]) -> tuple[Rate, ...]:
    """Both ways to be wrong about refusing. They are shown together or not at all: each is easily bought with the other."""
    pair = (("false_refusal", "answerable, refused"), ("false_answer", "unanswerable, answered"))
    return tuple(_rate(name, title, found) for name, title in pair if (found := at(summary, "refusal", name)))


def slice_tables(summary: Mapping[str, Any]) -> tuple[SliceTable, ...]:
    """The primary metrics by property of topics."""
    slices = at(summary, "slices") or {}
    tables = (_slice(by, SLICES.get(by, one_line(by)), slices[by] or {}) for by in sorted(slices, key=_slice_place))
    return tuple(table for table in tables if table.rows)


def of_slices(comparison: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of a comparison by kind of topic, without metrics that only a whole set has."""
    return [row for row in comparison.get("slices") or [] if row.get("unit") != "weighted"]


def _place(name: str) -> tuple[int, str]:
    return _ORDER.get(name, len(_ORDER)), name


def _slice_place(by: str) -> tuple[int, str]:
    return list(SLICES).index(by) if by in SLICES else len(SLICES), by


def _row(name: str, found: Mapping[str, Any]) -> MetricRow:
    none = found.get("none") or {}
    missing = tuple((REASONS.get(reason, one_line(reason)), int(none[reason])) for reason in sorted(none) if none[reason])
    return MetricRow(
        name, title_of(name), found.get("mean"), found.get("low"), found.get("high"), int(found.get("n") or 0),
        found.get("clusters"), name in BY_NAME and BY_NAME[name].primary, missing,
    )  # fmt: skip


def _parts(counts: Mapping[str, float | None] | None, titles: Mapping[str, str]) -> tuple[Part, ...]:
    known = {name: float(value) for name, value in (counts or {}).items() if value is not None}
    whole = sum(known.values())
    names = [*(name for name in titles if name in known), *sorted(known.keys() - titles.keys())]
    return tuple(
        Part(name, titles.get(name, one_line(name.replace("_", " "))), known[name], known[name] / whole if whole else 0.0)
        for name in names
    )


def _rate(name: str, title: str, found: Mapping[str, Any]) -> Rate:
    return Rate(
        name, title, found.get("k") or 0, int(found.get("n") or 0), found.get("rate"), found.get("low"), found.get("high")
    )


def _slice(by: str, title: str, values: Mapping[str, Mapping[str, Any] | None]) -> SliceTable:
    metrics = _slice_metrics(values.values())
    rows = tuple(
        (one_line(value), tuple(_row(name, cell) if (cell := at(values[value], name)) else None for name in metrics))
        for value in sorted(values)
    )
    return SliceTable(by, title, metrics, rows)


def _slice_metrics(rows: Iterable[Mapping[str, Any] | None]) -> tuple[str, ...]:
    """The metrics of topics that any row has; where there is none, the first five of what there is."""
    present = {name for row in rows for name in row or {}}
    return tuple(name for name in TOPIC_METRICS if name in present) or tuple(sorted(present, key=_place)[:5])
