"""score: a run's folder to scores, by its files alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.commands import surface

Partial = Annotated[bool, typer.Option("--partial", help="Score a run that is not finished: what was answered counts.")]


@surface.reporting
@surface.reading_runs
def score(
    run_dir: Annotated[Path, typer.Argument(help="Folder of the run.", show_default=False)],
    partial: Partial = False,
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
