"""Which component earns its place: the same topics with each part switched off in turn, held against the program as it is.

A part earns its place when a primary metric is worse without it (Holm over all parts and primary metrics together, since
one asks of every part at once). That it "cannot be told" is the usual outcome on few topics, and no reason to keep a part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from assistant.evaluation.comparing import compare
from assistant.evaluation.comparing.types import MetricComparison
from assistant.evaluation.runs import RunFolder
from assistant.types import Part

SIGNIFICANT = 0.05


class Worth(StrEnum):
    """What was found of a part."""

    EARNS = "EARNS ITS PLACE"
    COSTS = "COSTS"
    NOT_SHOWN = "NOT SHOWN"


@dataclass(frozen=True, slots=True)
class Ablated:
    """A primary metric with a part and without it; `gain` is what the part adds (positive: better with it)."""

    part: str
    metric: str
    with_part: float
    without: float
    gain: float
    low: float | None
    high: float | None
    p: float
    p_adjusted: float
    worth: Worth
    n: int

    def to_json(self) -> dict[str, Any]:
        """One row of `eval ablate --json`."""
        return asdict(self)


def ablation(whole: RunFolder, others: Mapping[Part, RunFolder]) -> list[Ablated]:
    """What each part adds to each primary metric, part by part. Raises EvaluationError for runs of unlike sets."""
    from assistant.evaluation.statistics import holm

    found = [(part, metric) for part, run in others.items() for metric in compare(run, whole).metrics if metric.primary]
    adjusted = holm([metric.p for _, metric in found])
    return [_ablated(part, metric, p) for (part, metric), p in zip(found, adjusted, strict=True)]


def _ablated(part: Part, compared: MetricComparison, p: float) -> Ablated:
    gain = compared.difference * compared.better
    worth = Worth.NOT_SHOWN if p >= SIGNIFICANT else Worth.EARNS if gain > 0 else Worth.COSTS
    return Ablated(
        part.value, compared.metric, compared.b, compared.a, gain, compared.low, compared.high, compared.p, p, worth, compared.n
    )


def ablation_text(rows: list[Ablated]) -> str:
    """The table for a terminal: what was shown first, then by part."""
    lines = [f"{'part':<12} {'metric':<24} {'with':>7} {'without':>8} {'gain':>7}  {'95 % interval':<17} {'p adj':>6}  shown"]
    for row in sorted(rows, key=lambda row: (row.worth is Worth.NOT_SHOWN, row.p_adjusted, row.part, row.metric)):
        interval = f"{row.low:+.3f} to {row.high:+.3f}" if row.low is not None and row.high is not None else "-"
        lines.append(
            f"{row.part:<12} {row.metric:<24} {row.with_part:>7.3f} {row.without:>8.3f} {row.gain:>+7.3f}  "
            f"{interval:<17} {row.p_adjusted:>6.3f}  {row.worth.value}"
        )
    return "\n".join(lines)
