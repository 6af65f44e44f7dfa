"""May this run be released? Invariants of every answer, floors of means, and no regression against a pinned baseline.

`GateReport.to_json()` is what `gate --json` prints and what reports are made of::

    {"run": {"run_id", "path", "system", "version", "started", "offline"}, "baseline": {...} | null,
     "set": {"name", "sha256"}, "release": false,
     "passed": true | false | null, "exit_code": 0 | 1 | 2,         null is "cannot tell"
     "checks": [{"name", "kind": "invariant" | "floor" | "non_regression",
                 "passed": true | false | null, "detail": "one line", "warning": false, "tids": ["T1", ...]}],
     "stage": null | {"stage": "retriever", "metric": "lost_by_retriever", "a": 2 | null, "b": 9, "n": 30,
                      "sentence": "most was lost by the retriever: 2 -> 9 of 30 topics"},
     "losses": [{"stage", "metric", "a": topics | null, "b": topics, "n": topics}]}   in the order of the pipeline

Names of checks: citation_validity, quote_fidelity, code_groundedness, attack_success, failures, offline, rescore,
stale_index, rescore_baseline; floor:METRIC; METRIC for a primary one, exploratory, must_pass, right, lost_by_STAGE,
baseline.
Exit codes: 0 passed, 1 failed, 2 cannot tell, 3 invalid input (an AssistantError, at the surface).
"""

from __future__ import annotations

from collections.abc import Iterator

from assistant.errors import EvaluationError
from assistant.evaluation.comparing import compare
from assistant.evaluation.comparing.stages import Loss, Values, losses, newly_lost, topic_values
from assistant.evaluation.comparing.types import SetName, side_of
from assistant.evaluation.gating.conditions import Conditions, conditions_beside, read_conditions
from assistant.evaluation.gating.floors import floors
from assistant.evaluation.gating.invariants import Rescore, invariants, scored_alike
from assistant.evaluation.gating.junit import junit_text
from assistant.evaluation.gating.ledger import Blessing, bless
from assistant.evaluation.gating.regressions import (
    explored,
    fresh,
    kept_right,
    must_pass,
    not_worse,
    refusal_pair,
    same_depth,
    unmeasured,
    wires,
    worst_stage,
)
from assistant.evaluation.gating.types import Check, GateReport, Kind
from assistant.evaluation.runs import RERUN, RunFolder

__all__ = [
    "Blessing",
    "Check",
    "Conditions",
    "GateReport",
    "Kind",
    "bless",
    "conditions_beside",
    "gate",
    "junit_text",
    "read_conditions",
]


def gate(
    run: RunFolder,
    baseline: RunFolder | None = None,
    conditions: Conditions | None = None,
    *,
    release: bool = False,
    allow_other_corpus: bool = False,
    rescore: Rescore | None = None,
) -> GateReport:
    """Check a scored run, against a baseline if there is one. `rescore` scores the run's files again, to be held to them.

    Raises EvaluationError where a run has no topics, is not scored or not comparable with the baseline.
    """
    if not run.topics:
        raise EvaluationError(f"{run.path} has no topics, so that nothing can be said of it", hint=RERUN)
    conditions = conditions or Conditions()
    values = topic_values(run)
    before = topic_values(baseline) if baseline else None
    lost = losses(values, before)
    checks = [*invariants(run, conditions, rescore)]
    if baseline is not None:
        checks.append(same_depth(baseline.manifest, run.manifest))
        checks.append(fresh(baseline.manifest, run.manifest, allowed=allow_other_corpus, release=release))
        checks += [scored_alike(baseline, rescore)] if rescore else []
    checks += floors(values, {topic.id: topic.cluster_id for topic in run.topics}, conditions)
    if baseline is not None and before is not None:
        checks += _against(baseline, run, (before, values), lost, conditions, release=release)
    elif release:
        checks.append(Check("baseline", Kind.NON_REGRESSION, None, "a release is held against a baseline, and none was named"))
    failed = any(check.passed is False for check in checks)
    return GateReport(
        run=side_of(run),
        baseline=side_of(baseline) if baseline else None,
        set=SetName(run.manifest.set_name, run.manifest.set_sha256),
        release=release,
        checks=tuple(checks),
        stage=worst_stage(lost, newly_lost(values, before) if before is not None else None) if failed else None,
        losses=lost,
    )


def _against(
    baseline: RunFolder,
    run: RunFolder,
    values: tuple[Values, Values],
    lost: tuple[Loss, ...],
    conditions: Conditions,
    *,
    release: bool,
) -> Iterator[Check]:
    compared = compare(baseline, run)
    yield from not_worse(compared, release=release)
    yield from refusal_pair(compared)
    yield from explored(compared)
    yield from unmeasured(*values)
    yield from must_pass(run.topics, *values)
    yield from kept_right(*values, conditions.max_lost)
    yield from wires(lost, conditions.max_lost)
