"""A judge over a run folder: items in, `judgements.jsonl` out, and for each column whether it may be believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from assistant.errors import EvaluationError, UsageError
from assistant.evaluation.judging.agreement import Rate, Verdict, may_gate
from assistant.evaluation.judging.items import ABOUT, Item, items_of
from assistant.evaluation.judging.judge import Judge, Said, Task, column
from assistant.evaluation.judging.judgements import Judgement, write_judgements
from assistant.evaluation.records import Label, RunManifest
from assistant.evaluation.runs import RunFolder

TASKS: tuple[Task, ...] = get_args(Task)
Progress = Callable[[int, int], None]
"""Called with how many items are judged and how many there are."""


@dataclass(frozen=True, slots=True)
class Column:
    """What one judge said by one rubric: counts of `yes`, `partly`, `no` and `judge_error`, and whether it may gate."""

    name: str
    task: Task
    counts: dict[str, int]
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """For `--json`; rates with N and interval."""
        found = self.verdict.agreement
        return {
            "column": self.name, "items": sum(self.counts.values()), **self.counts, "may_gate": self.verdict.may,
            "reason": self.verdict.reason, "labelled": found.n, "kappa": found.kappa,
            **{name: _rate_json(getattr(found, name)) for name in ("missed", "invented", "apparent", "corrected")},
        }  # fmt: skip


def _rate_json(rate: Rate) -> dict[str, float | int | None]:
    return {"value": rate.value, "n": rate.n, "low": rate.low, "high": rate.high}


def judges_itself(manifest: RunManifest, model: str) -> bool:
    """Whether the run's answers were written by this model, by its name without the server's prefix."""
    settings = manifest.settings
    written_by = {settings.get("model", ""), settings.get("generator", "").partition(":")[2]} - {""}
    return _bare(model) in {_bare(name) for name in written_by}


def _bare(model: str) -> str:
    return model.casefold().rpartition("/")[2].removesuffix(":latest")


async def judge_run(
    run: RunFolder, judge: Judge, *, allow_self: bool = False, tasks: Sequence[Task] = TASKS,
    progress: Progress = lambda done, total: None,
) -> list[Column]:  # fmt: skip
    """Judge what is open in a run and write it down.

    Raises UsageError where the judge wrote the answers and `allow_self` was not said, ServerUnreachable, EvaluationError where
    a recording is missing or the judge gave no label at all. What was recorded until then is not asked again.
    """
    itself = judges_itself(run.manifest, judge.model)
    if itself and not allow_self:
        raise UsageError(
            f"{judge.model} wrote the answers of {run.path} and would judge itself",
            hint="judge with another model; --allow-self does it all the same, and says so in every line",
        )
    items = items_of(run, tasks)
    columns = {task: column(task, judge.model) for task in tasks}
    judgements = await _judged(judge, items, columns, itself, progress)
    if items and all(one.label is None for one in judgements):
        raise EvaluationError(
            f"the judge gave no label for any of {len(items)} items; first: {judgements[0].error}",
            hint="use a model that keeps to a JSON schema",
        )
    write_judgements(run.path, columns.values(), judgements)
    labels = run.labels()
    return [_column(task, name, [one for one in judgements if one.column == name], labels) for task, name in columns.items()]


async def _judged(
    judge: Judge, items: Sequence[Item], columns: dict[Task, str], itself: bool, progress: Progress
) -> list[Judgement]:
    client = judge.server.client() if judge.server else None
    found = []
    try:
        for number, item in enumerate(items, start=1):
            said = await judge.label(client, item.task, item.material)
            found.append(_judgement(item, said, columns[item.task], itself))
            progress(number, len(items))
    finally:
        if client is not None:
            await client.close()
    return found


def _judgement(item: Item, said: Said, name: str, itself: bool) -> Judgement:
    return Judgement(
        column=name, tid=item.tid, rep=item.rep, about=ABOUT[item.task], item=item.item, label=said.label, why=said.why,
        error=said.error, self_judged=itself, key=said.key,
    )  # fmt: skip


def _column(task: Task, name: str, judgements: Sequence[Judgement], labels: Sequence[Label]) -> Column:
    given = Counter(one.label or "judge_error" for one in judgements)
    counts = {kind: given[kind] for kind in ("yes", "partly", "no", "judge_error")}
    return Column(name, task, counts, may_gate(judgements, labels))
