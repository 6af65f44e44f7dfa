"""What a comparison says: frozen values with one JSON form, described in the package."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from assistant.evaluation.runs import RunFolder


class Verdict(StrEnum):
    """The words for a difference; there are no others."""

    BETTER = "BETTER"
    WORSE = "WORSE"
    NO_WORSE = "NO WORSE"
    CANNOT_TELL = "CANNOT TELL"
    NOT_JUDGED = "NOT JUDGED"


@dataclass(frozen=True, slots=True)
class RunSide:
    """Which run stands on a side."""

    run_id: str
    path: str
    system: str
    version: str
    started: str
    offline: bool


@dataclass(frozen=True, slots=True)
class SetName:
    """The set that both runs answered."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the two runs were not made with alike; None where a run does not record it."""

    field: str
    a: str | None
    b: str | None


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric over the topics that have it in both runs.

    `a`, `b` are means, `difference` is b - a with its clustered 95 % interval (None with a single cluster). `wins` counts
    topics where B is better. `sd` is that of the paired differences, `detectable` the difference that so many topics find
    with power .8. Where the verdict is CANNOT TELL, `needed_topics` is how many would find a loss of `margin`, and
    `needed_for_difference` how many the difference that was seen; None where there are as many already.
    """

    metric: str
    title: str
    family: str
    unit: str
    better: int
    primary: bool
    exploratory: bool
    margin: float
    a: float
    b: float
    difference: float
    low: float | None
    high: float | None
    p: float
    p_adjusted: float
    verdict: Verdict
    n: int
    clusters: int
    wins: int
    ties: int
    losses: int
    unpaired: int
    sd: float | None
    detectable: float | None
    needed_topics: int | None
    needed_for_difference: int | None
    mcnemar_p: float | None
    newcombe_low: float | None
    newcombe_high: float | None


@dataclass(frozen=True, slots=True)
class Slice:
    """One metric over a part of the topics: always exploratory."""

    by: str
    slice: str
    compared: MetricComparison


@dataclass(frozen=True, slots=True)
class CaseValue:
    """A metric of one topic in both runs."""

    metric: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Case:
    """A topic that changed. `change` is the mean change of its primary metrics, positive where B is better."""

    tid: str
    type: str
    question: str
    change: float
    metrics: tuple[CaseValue, ...]
    stage_a: str
    stage_b: str
    text_a: str
    text_b: str
    decision_a: str | None
    decision_b: str | None


@dataclass(frozen=True, slots=True)
class Transition:
    """Topics that were lost (or right) at one stage in A and at another, or the same, in B."""

    before: str
    after: str
    tids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run B against run A."""

    a: RunSide
    b: RunSide
    set: SetName
    test: str
    topics: int
    clusters: int
    identical: bool
    differs: tuple[Difference, ...]
    metrics: tuple[MetricComparison, ...]
    slices: tuple[Slice, ...]
    regressions: tuple[Case, ...]
    improvements: tuple[Case, ...]
    transitions: tuple[Transition, ...]

    def to_json(self) -> dict[str, Any]:
        """The form that `compare --json` prints."""
        document = asdict(self)
        document["slices"] = [{"by": part.by, "slice": part.slice, **asdict(part.compared)} for part in self.slices]
        document["transitions"] = [
            {"from": move.before, "to": move.after, "topics": len(move.tids), "tids": list(move.tids)}
            for move in self.transitions
        ]
        return document

    def metric(self, name: str) -> MetricComparison | None:
        """The comparison of one metric, None where the runs have no values of it."""
        return next((compared for compared in self.metrics if compared.metric == name), None)


def side_of(run: RunFolder) -> RunSide:
    """Which run this is. Raises EvaluationError where there is none."""
    manifest = run.manifest
    return RunSide(manifest.run_id, str(run.path), manifest.system, manifest.version, manifest.started, manifest.offline)
