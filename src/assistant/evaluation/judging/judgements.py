"""What a judge said of a run, beside its scores and never among them: one line an item in `judgements.jsonl`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from assistant.evaluation.runs import line_of, read_lines, write_text
from assistant.evaluation.topics import Frozen

JUDGEMENTS = "judgements.jsonl"


class Judgement(Frozen):
    """One label, or the `error` in its place. `column` names task, model and rubric; `about` and `item` are those of a
    person's `Label`, so that the two can be compared. `key` names the recording."""

    column: str
    tid: str
    rep: int = 0
    about: Literal["nugget", "support", "answer"]
    item: str = ""
    label: Literal["yes", "partly", "no"] | None = None
    why: str = ""
    error: str | None = None
    self_judged: bool = False
    key: str = ""


def read_judgements(run: Path) -> tuple[Judgement, ...]:
    """The judgements of a run, none where it was not judged. Raises EvaluationError with file and line."""
    path = run / JUDGEMENTS
    return tuple(judgement for _, judgement in read_lines(path, Judgement)) if path.exists() else ()


def write_judgements(run: Path, columns: Iterable[str], judgements: Sequence[Judgement]) -> None:
    """Put these in the place of what the file holds of these columns; other columns stay. Sorted, so that equal judgements
    give equal files."""
    replaced = set(columns)
    kept = [old for old in read_judgements(run) if old.column not in replaced]
    ordered = sorted([*kept, *judgements], key=lambda one: (one.column, one.tid, one.rep, one.item))
    write_text(run / JUDGEMENTS, "".join(line_of(judgement) for judgement in ordered))
