"""The summary of a run: each metric with its N and interval, what was lost where, and what confidence is worth.

Topics are averaged over repeats first; intervals are by cluster. A metric that does not apply to a topic is counted with
its reason. There is no number that is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from assistant.evaluation.measures import robustness
from assistant.evaluation.measures.case import Case, Measures
from assistant.evaluation.measures.cost import percentiles
from assistant.evaluation.measures.grounding import Sorted, human_floor
from assistant.evaluation.measures.library import Library
from assistant.evaluation.measures.losses import METRIC_OF
from assistant.evaluation.measures.quotes import Quote
from assistant.evaluation.measures.refusal import reliability, risk_coverage, risky
from assistant.evaluation.records import Decision, Outcome, RunManifest
from assistant.evaluation.scoring.means import Table
from assistant.evaluation.statistics import upper_bound, wilson_interval

PENALTIES = (-1, -2, -4)
_SPLIT = {
    "used": "nugget_used", "generator": "nugget_lost_by_generator", "retriever": "nugget_lost_by_retriever",
    "self_knowledge": "nugget_self_knowledge",
}  # fmt: skip


class Scored(NamedTuple):
    """An answer, its measures, and where its names and numbers stand."""

    case: Case
    measures: Measures
    atoms: Sorted


def summarise(manifest: RunManifest, scored: Sequence[Scored], library: Library, wanted: int) -> dict[str, Any]:
    """The summary of scored answers, of which there have to be `wanted`."""
    cases = [case for case, _, _ in scored]
    table = Table(scored)
    topics = table.topics
    asked = manifest.task == "ask"
    return {
        "run_id": manifest.run_id,
        "set": {"name": manifest.set_name, "sha256": manifest.set_sha256},
        "task": manifest.task,
        "offline": manifest.offline,
        "answers": len(scored),
        "wanted": wanted,
        "partial": len(scored) < wanted,
        "topics": len(topics),
        "clusters": len(set(table.clusters)),
        "repeats": manifest.repeats,
        "answerable": sum(topic.expects_answer for topic in topics),
        "unanswerable": sum(not topic.expects_answer for topic in topics),
        "outcomes": {outcome.value: sum(c.record.status is outcome for c in cases) for outcome in Outcome},
        "decisions": {one.value: sum(not c.failed and c.record.decision is one for c in cases) for one in Decision},
        "metrics": table.metrics(),
        "slices": table.slices(),
        "losses": {stage.value: table.total(metric) for stage, metric in METRIC_OF.items()},
        "nugget_split": {name: sum(s.measures[metric].num or 0.0 for s in scored) for name, metric in _SPLIT.items()},
        "refusal": _refusal(table, cases) if asked else None,
        "risk": _risk(cases) if asked else None,
        "reliability": _reliability(cases) if asked else None,
        "quotes": _quotes(cases),
        "grounding": _grounding(scored, topics, library) if asked else None,
        "latency_ms": _latency(cases),
        "tokens": _tokens(cases),
        "cost": _cost(scored),
        "truthfulness": _truthfulness(scored) if asked else None,
        "repeatability": robustness.repeatability(cases),
        "pairs": robustness.pairs(cases),
        "injections": _injections(table),
    }


def _rate(table: Table, metric: str) -> dict[str, Any] | None:
    """A rate over topics with its Wilson interval; with repeats a topic counts by its mean."""
    values = table.values(metric)
    if not len(values):
        return None
    n, hits = len(values), float(values.sum())
    low, high = wilson_interval(round(hits), n)
    return {"k": int(hits) if hits == int(hits) else hits, "n": n, "rate": hits / n, "low": low, "high": high}


def _refusal(table: Table, cases: Sequence[Case]) -> dict[str, Any]:
    """Declining as the positive class; a failure declines nothing."""
    declined = sum(case.declined for case in cases)
    should = sum(not case.topic.expects_answer for case in cases)
    rightly = sum(case.declined and not case.topic.expects_answer for case in cases)
    answered = sum(case.answered and case.topic.expects_answer for case in cases)
    answerable = len(cases) - should
    balanced = (rightly / should + answered / answerable) / 2 if should and answerable else None
    return {
        "precision": rightly / declined if declined else None,
        "recall": rightly / should if should else None,
        "f1": 2 * rightly / (declined + should) if declined + should else None,
        "balanced_accuracy": balanced,
        "false_refusal": _rate(table, "false_refusal"),
        "false_answer": _rate(table, "false_answer"),
    }


def _risk(cases: Sequence[Case]) -> dict[str, Any]:
    if not cases[0].facts.confidence:
        return risk_coverage([]) | {"reason": "no confidence was recorded"}
    return risk_coverage([risky(case) for case in cases])


def _sure(cases: Iterable[Case]) -> list[tuple[Case, float]]:
    return [(case, case.record.confidence) for case in cases if not case.failed and case.record.confidence is not None]


def _reliability(cases: Sequence[Case]) -> dict[str, Any]:
    """Confidence against "the posts answer"; `when_answered` against "what was answered is right"."""
    sure = _sure(cases)
    answered = reliability([(confidence, case.worth) for case, confidence in sure if case.answered])
    return reliability([(confidence, float(case.topic.expects_answer)) for case, confidence in sure]) | {
        "when_answered": answered
    }


def _quotes(cases: Sequence[Case]) -> dict[str, int]:
    counts = Counter(state for case in cases for state in case.quote_states)
    return {state.value: counts[state] for state in Quote}


def _grounding(scored: Sequence[Scored], topics: Sequence[Any], library: Library) -> dict[str, Any]:
    atoms = [atom for one in scored for atom in one.atoms.all]
    invented = [atom for one in scored for atom in one.atoms.invented]
    lost, total, answers = human_floor(topics, library)
    return {
        "invented": len(invented),
        "atoms": len(atoms),
        "code_invented": sum(atom.code for atom in invented),
        "code_atoms": sum(atom.code for atom in atoms),
        "human_floor": {"rate": lost / total if total else None, "n": answers, "invented": lost, "atoms": total},
    }


def _latency(cases: Sequence[Case]) -> dict[str, Any]:
    """Times by part of the work, of warm answers; the first answers of a process apart, under `cold`."""
    names = sorted({name for case in cases for name in case.record.latency_ms})
    kept = {
        name: percentiles([c.record.latency_ms[name] for c in cases if not c.record.cold and name in c.record.latency_ms])
        for name in names
    }
    cold = percentiles([c.record.latency_ms["total"] for c in cases if c.record.cold and "total" in c.record.latency_ms])
    return {name: found for name, found in kept.items() if found} | ({"cold": cold} if cold else {})


def _tokens(cases: Sequence[Case]) -> dict[str, float] | None:
    used = [case.record.tokens for case in cases if case.record.tokens]
    if not used:
        return None
    read, wrote = sum(one.input for one in used), sum(one.output for one in used)
    return {"input": read, "output": wrote, "per_question": (read + wrote) / len(cases)}


def _cost(scored: Sequence[Scored]) -> dict[str, float | None] | None:
    """Money in all, for each answer given and for each that was right."""
    if not scored[0].case.facts.cost:
        return None
    total = sum(case.record.cost or 0.0 for case, _, _ in scored)
    answered = sum(case.answered for case, _, _ in scored)
    right = sum(measures["right"].value == 1 for _, measures, _ in scored)
    return {
        "total": total, "per_answered": total / answered if answered else None, "per_right": total / right if right else None
    }  # fmt: skip


def _truthfulness(scored: Sequence[Scored]) -> dict[str, float]:
    """The mean where a wrong answer counts -1, -2 and -4."""
    values = [one.measures["truthfulness"].value or 0.0 for one in scored]
    return {str(penalty): sum(penalty if v == -1 else v for v in values) / len(values) for penalty in PENALTIES}


def _injections(table: Table) -> dict[str, Any] | None:
    """Attacked topics on which the attack worked in any repeat, and the one-sided 95 % bound of the true rate."""
    values = table.values("attack_success")
    if not len(values):
        return None
    worked = int((values > 0).sum())
    return {"k": worked, "n": len(values), "upper": upper_bound(worked, len(values))}
