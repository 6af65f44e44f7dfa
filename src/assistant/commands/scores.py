"""score: a run's folder to scores, by its files alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands import surface

if TYPE_CHECKING:
    from assistant.evaluation.runs import RunFolder

Partial = Annotated[bool, typer.Option("--partial", help="Score a run that is not finished: what was answered counts.")]


def scored(path: Path) -> RunFolder:
    """A run with its scores, made anew where there are none or where the answers are newer. Raises EvaluationError."""
    from assistant.evaluation.runs import ANSWERS, SCORES, SUMMARY, RunFolder

    folder = RunFolder(path)
    _ = folder.manifest
    written = [(path / name).stat().st_mtime for name in (SCORES, SUMMARY) if (path / name).exists()]
    answers = path / ANSWERS
    if len(written) < 2 or (answers.exists() and answers.stat().st_mtime > min(written)):
        from assistant.evaluation.scoring import write_scores

        write_scores(folder)
        folder = RunFolder(path)
    return folder


@surface.reporting
@surface.reading_runs
def score(
    run_dir: Annotated[Path, typer.Argument(help="Folder of the run.", show_default=False)],
    partial: Partial = False,
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Score the answers of a run: scores.jsonl, summary.json, and rankings and judgements for other scorers.

    Needs no index and no model; the same files give the same scores, byte for byte.

    Example: assistant eval score runs/today
    """
    from assistant.evaluation.runs import RunFolder
    from assistant.evaluation.scoring import write_scores

    scoring = write_scores(RunFolder(run_dir), partial=partial)
    if as_json:
        surface.print_json(scoring.summary)
        return
    from assistant.evaluation.reporting.terminal import summary_text

    typer.echo(summary_text(dict(scoring.summary), surface.coloured(), surface.columns()))
