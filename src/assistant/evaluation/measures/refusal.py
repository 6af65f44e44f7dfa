"""Refusals: answered or refused as expected, always as a pair, and what the confidence is worth.

A failure is wrong on both sides: it neither answers nor says that nothing is there. Confidence is taken as the
probability that the posts answer the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from assistant.evaluation.measures.case import Case, Measures, not_applying
from assistant.evaluation.scores import Measured, Why, nothing

NAMES = ("refusal_right", "balanced_refusal", "false_refusal", "false_answer", "brier")
LOW_RISK = 0.05
USUAL_COVERAGE = 0.8
BINS = 10
MOST_POINTS = 200


def measure(case: Case) -> Measures:
    """The refusal measures of one answer."""
    if case.facts.search_only:
        return not_applying(NAMES, Why.SEARCH_ONLY)
    expected = case.topic.expects_answer
    right = case.answered if expected else case.declined
    return {
        "refusal_right": Measured(float(right)),
        "balanced_refusal": _balanced(case, right),
        "false_refusal": Measured(float(not right)) if expected else nothing(Why.UNANSWERABLE),
        "false_answer": nothing(Why.ANSWERABLE) if expected else Measured(float(not right)),
        "brier": _brier(case),
    }


def _balanced(case: Case, right: bool) -> Measured:
    """Weighted so that its mean over the set is the balanced accuracy; nothing for a set of one kind of topic."""
    facts = case.facts
    if not facts.answerable or not facts.unanswerable:
        return nothing(Why.ANSWERABLE if facts.answerable else Why.UNANSWERABLE)
    kind = facts.answerable if case.topic.expects_answer else facts.unanswerable
    return Measured(right * (facts.answerable + facts.unanswerable) / (2 * kind))


def _brier(case: Case) -> Measured:
    if not case.facts.confidence:
        return nothing(Why.NOT_RECORDED)
    if case.failed or case.record.confidence is None:
        return Measured(1.0)
    return Measured((case.record.confidence - case.topic.expects_answer) ** 2)


@dataclass(frozen=True)
class Risky:
    """An answer for the curve of risk: how sure, how wrong (0-1). `risk` is None where it was refused and what would
    have been said is not recorded."""

    confidence: float
    risk: float | None


def risky(case: Case) -> Risky:
    """Risk of showing an answer: 1 less its worth; 1 for an unanswerable topic and for a failure."""
    confidence = 0.0 if case.failed else case.record.confidence or 0.0
    if case.failed or not case.topic.expects_answer:
        return Risky(confidence, 1.0 if case.failed or case.answered or case.record.withheld else None)
    if case.answered:
        return Risky(confidence, 1 - case.worth)
    said = case.as_said()
    return Risky(confidence, 1 - said.worth if said else None)


def cumulative_risks(items: Sequence[Risky]) -> list[float]:
    """Mean risk of the i most confident, i from 1; among equals every order is taken as likely, so their mean counts."""
    ordered = sorted((item.confidence, item.risk) for item in items if item.risk is not None)[::-1]
    means: list[float] = []
    total = 0.0
    first = 0
    while first < len(ordered):
        last = first
        while last < len(ordered) and ordered[last][0] == ordered[first][0]:
            last += 1
        tied = sum(risk for _, risk in ordered[first:last]) / (last - first)
        means.extend((total + tied * count) / (first + count) for count in range(1, last - first + 1))
        total += tied * (last - first)
        first = last
    return means


def risk_coverage(items: Sequence[Risky]) -> dict[str, Any]:
    """The curve of risk over coverage with AURC (Geifman & El-Yaniv 2017), E-AURC and two points of it.

    Coverage is a share of all answers. Where refused ones do not record what they would have said the curve ends at those
    that were answered, and a point beyond that is None.
    """
    means = cumulative_risks(items)
    total, size = len(items), len(means)
    if not size:
        return _no_curve("no answer to draw a curve from")
    best = sorted(item.risk for item in items if item.risk is not None)
    ideal = _mean_of_prefix_means(best)
    aurc = sum(means) / size
    wanted = ceil(USUAL_COVERAGE * total - 1e-9)
    low = [count for count, risk in enumerate(means, start=1) if risk <= LOW_RISK + 1e-12]
    step = max(1, ceil(size / MOST_POINTS))
    shown = sorted({*range(step - 1, size, step), size - 1})
    return {
        "curve": [[(i + 1) / total, means[i]] for i in shown],
        "aurc": aurc,
        "e_aurc": max(0.0, aurc - ideal),
        "risk_at_coverage_0.8": means[wanted - 1] if wanted <= size else None,
        "coverage_at_risk_0.05": low[-1] / total if low else 0.0,
        "reason": None if size == total else f"{total - size} refused answers do not record what they would have said",
    }  # fmt: skip


def _mean_of_prefix_means(values: Sequence[float]) -> float:
    total = running = 0.0
    for count, value in enumerate(values, start=1):
        running += value
        total += running / count
    return total / len(values)


def _no_curve(reason: str) -> dict[str, Any]:
    names = ("aurc", "e_aurc", "risk_at_coverage_0.8", "coverage_at_risk_0.05")
    return {"curve": [], **dict.fromkeys(names), "reason": reason}


def reliability(pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Ten equal bins of (confidence, truth) pairs, both 0-1, and the expected calibration error over them."""
    bins: list[list[tuple[float, float]]] = [[] for _ in range(BINS)]
    for confidence, truth in pairs:
        bins[min(BINS - 1, max(0, int(confidence * BINS)))].append((confidence, truth))
    shown = []
    error = 0.0
    for number, members in enumerate(bins):
        count = len(members)
        sure = sum(confidence for confidence, _ in sorted(members)) / count if count else None
        right = sum(truth for _, truth in sorted(members)) / count if count else None
        error += abs(sure - right) * count / len(pairs) if sure is not None and right is not None else 0.0
        shown.append({"low": number / BINS, "high": (number + 1) / BINS, "n": count, "confidence": sure, "right": right})
    return {"bins": shown, "ece": error if pairs else None}
