"""What an answer took: milliseconds, tokens, money. What the system does not record has no value; what one answer of a
system that records it leaves out was not used."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, sqrt
from typing import Any

from assistant.evaluation.measures.case import Case, Measures
from assistant.evaluation.scores import Measured, Why, nothing

_Z = 1.959963984540054


def measure(case: Case) -> Measures:
    """Costs of one answer, failed or not."""
    record, facts = case.record, case.facts
    tokens = record.tokens.input + record.tokens.output if record.tokens else 0
    return {
        "latency_total": _latency(case, "total"),
        "latency_retrieve": _latency(case, "retrieve"),
        "tokens": Measured(float(tokens)) if facts.tokens else nothing(Why.NOT_RECORDED),
        "cost": Measured(record.cost or 0.0) if facts.cost else nothing(Why.NOT_RECORDED),
    }


def _latency(case: Case, name: str) -> Measured:
    taken = case.record.latency_ms.get(name)
    return nothing(Why.NOT_RECORDED) if taken is None else Measured(float(taken))


def percentiles(values: Sequence[float]) -> dict[str, Any] | None:
    """Median and 95th percentile (nearest rank), and a 95 % interval of the latter; None for no values.

    The interval is between order statistics (Conover 1999, 3.2, normal approximation): nothing is assumed of how times
    are distributed. Its ends are None where there are too few values for it.
    """
    ordered = sorted(values)
    n = len(ordered)
    if not n:
        return None
    spread = _Z * sqrt(n * 0.95 * 0.05)
    low, high = floor(n * 0.95 - spread), ceil(n * 0.95 + spread)
    inside = low >= 1 and high <= n
    return {
        "n": n,
        "p50": ordered[ceil(n * 0.5) - 1],
        "p95": ordered[ceil(n * 0.95) - 1],
        "low": ordered[low - 1] if inside else None,
        "high": ordered[high - 1] if inside else None,
    }
