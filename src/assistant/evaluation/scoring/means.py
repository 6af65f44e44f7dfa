"""Measures as a table, topics by metrics, repeats averaged: means, clustered intervals, slices."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.catalogue import BY_NAME, METRICS
from assistant.evaluation.measures.case import Case, Measures
from assistant.evaluation.statistics import clustered_interval
from assistant.evaluation.topics import Topic

Numbers = NDArray[np.float64]
TERCILES = ("1 few words shared", "2 some words shared", "3 many words shared")


class _Scored(Protocol):
    @property
    def case(self) -> Case: ...
    @property
    def measures(self) -> Measures: ...


class Table:
    """The measures of a run by topic. Inside, what does not apply is NaN; nothing of that leaves."""

    def __init__(self, scored: Sequence[_Scored]) -> None:
        rows: defaultdict[str, list[Measures]] = defaultdict(list)
        topics: dict[str, Topic] = {}
        for one in scored:
            topics[one.case.topic.id] = one.case.topic
            rows[one.case.topic.id].append(one.measures)
        self.topics = list(topics.values())
        self.clusters = [topic.cluster_id for topic in self.topics]
        # Numbers in the order of the names: quicker to sum by, hundreds of times.
        self._numbers = np.unique(np.asarray(self.clusters, dtype=np.str_), return_inverse=True)[1]
        self._rows = [rows[topic.id] for topic in self.topics]
        names = [metric.name for metric in METRICS]
        means = np.asarray([_averaged(repeats, names) for repeats in self._rows], dtype=np.float64)
        self._columns: dict[str, Numbers] = dict(zip(names, means.T, strict=True))

    def values(self, name: str) -> Numbers:
        """The values of the topics that a metric applies to."""
        column = self._columns[name]
        return np.asarray(column[~np.isnan(column)], dtype=np.float64)

    def total(self, name: str) -> float:
        """Sum over the topics; whole where it is one."""
        return float(self.values(name).sum())

    def metrics(self) -> dict[str, Any]:
        """Each metric's mean, interval, N and clusters, and the topics without a value by reason."""
        everyone = np.ones(len(self._rows), dtype=bool)
        found = {}
        for name in self._columns:
            missing = np.flatnonzero(np.isnan(self._columns[name]))
            reasons = Counter(reason.value for place in missing if (reason := self._rows[place][0][name].reason))
            found[name] = self._mean(name, everyone) | {"none": dict(sorted(reasons.items()))}
        return found

    def _mean(self, name: str, chosen: NDArray[np.bool_]) -> dict[str, Any]:
        column = self._columns[name]
        places = np.flatnonzero(chosen & ~np.isnan(column))
        if not len(places):
            return {"mean": None, "low": None, "high": None, "n": 0, "clusters": 0}
        clusters = self._numbers[places]
        values = column[places]
        interval = clustered_interval(values, clusters)
        low, high = (interval.low, interval.high) if interval else (None, None)
        if interval and BY_NAME[name].unit in ("", "weighted"):
            # A t interval knows no bounds; a share does.
            low, high = max(0.0, interval.low), min(1.0, interval.high)
        return {"mean": float(values.mean()), "low": low, "high": high, "n": len(places), "clusters": len(np.unique(clusters))}

    def slices(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Metrics by type, by tercile of the words shared with the gold post, and by number of the turn."""
        groups: dict[str, Mapping[str, NDArray[np.bool_]]] = {
            "type": self._groups([topic.type for topic in self.topics]),
            "lex_overlap": self._groups(terciles([topic.lex_overlap for topic in self.topics])),
            "turn": self._groups([str(sum(turn.role == "user" for turn in topic.turns)) for topic in self.topics]),
        }
        return {name: {value: self._slice(chosen) for value, chosen in members.items()} for name, members in groups.items()}

    def _groups(self, values: Sequence[str | None]) -> dict[str, NDArray[np.bool_]]:
        found = sorted({value for value in values if value is not None})
        return {value: np.asarray([one == value for one in values], dtype=bool) for value in found}

    def _slice(self, chosen: NDArray[np.bool_]) -> dict[str, Any]:
        means = {name: self._mean(name, chosen) for name in self._columns}
        return {name: {key: found[key] for key in ("mean", "low", "high", "n")} for name, found in means.items() if found["n"]}


def _averaged(repeats: Sequence[Measures], names: Sequence[str]) -> list[float]:
    """A topic's mean of each metric over its repeats, NaN where it has none."""
    if len(repeats) == 1:
        values = [repeats[0][name].value for name in names]
        return [np.nan if value is None else value for value in values]
    kept = [[value for measures in repeats if (value := measures[name].value) is not None] for name in names]
    return [sum(values) / len(values) if values else np.nan for values in kept]


def terciles(overlaps: Sequence[float | None]) -> list[str | None]:
    """Each topic's third by how many words it shares with the gold post; None for one that does not say."""
    known = sorted(overlap for overlap in overlaps if overlap is not None)
    if not known:
        return [None] * len(overlaps)
    first, second = known[len(known) // 3], known[2 * len(known) // 3]
    return [None if one is None else TERCILES[(one >= first) + (one >= second)] for one in overlaps]
