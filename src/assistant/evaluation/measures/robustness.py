"""Steadiness: the same question again, the same question in other words, the same question without its thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from assistant.evaluation.measures.case import Case

Said = tuple[str, frozenset[str]]


def _said(case: Case) -> Said:
    """What counts as the same answer: how it was decided (a failure is a decision of its own) and which nuggets it states."""
    return ("failed" if case.failed else str(case.record.decision.value)), case.stated


def repeatability(cases: Sequence[Case]) -> dict[str, Any] | None:
    """Shares of topics whose repeats all decide alike, and also state the same nuggets; None without repeats."""
    by_topic: defaultdict[str, list[Said]] = defaultdict(list)
    for case in cases:
        by_topic[case.topic.id].append(_said(case))
    repeated = [said for said in by_topic.values() if len(said) > 1]
    if not repeated:
        return None
    return {
        "topics": len(repeated),
        "decision": sum(len({decision for decision, _ in said}) == 1 for said in repeated) / len(repeated),
        "nuggets": sum(len(set(said)) == 1 for said in repeated) / len(repeated),
    }


def pairs(cases: Sequence[Case]) -> dict[str, Any]:
    """Variants against the topics they are variants of, first repeats: metamorphic ones have to be answered alike,
    counterfactual ones (`without` their thread) to be declined where the original is answered."""
    first: dict[str, Case] = {}
    for case in cases:
        first.setdefault(case.topic.id, case)
    found = [(first[c.topic.pair_of], c) for c in first.values() if c.topic.pair_of in first]
    alike = [(_said(one), _said(other)) for one, other in found if not other.topic.without]
    removed = [(one.answered, other.declined) for one, other in found if other.topic.without]
    return {"metamorphic": _metamorphic(alike), "counterfactual": _counterfactual(removed)}


def _metamorphic(alike: Sequence[tuple[Said, Said]]) -> dict[str, Any] | None:
    if not alike:
        return None
    return {
        "pairs": len(alike),
        "decision": sum(one[0] == other[0] for one, other in alike) / len(alike),
        "nuggets": sum(one == other for one, other in alike) / len(alike),
    }


def _counterfactual(removed: Sequence[tuple[bool, bool]]) -> dict[str, Any] | None:
    """Counts of pairs by "answered with its thread" and "declined without it"; right is both."""
    if not removed:
        return None
    return {
        "pairs": len(removed),
        "both": sum(with_it and without for with_it, without in removed),
        "answered_only": sum(with_it and not without for with_it, without in removed),
        "declined_only": sum(without and not with_it for with_it, without in removed),
        "neither": sum(not with_it and not without for with_it, without in removed),
    }
