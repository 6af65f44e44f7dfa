"""eval compare, gate, bless, power: what runs that were scored say about each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands import surface
from assistant.commands.scores import scored
from assistant.errors import AssistantError, EvaluationError, UsageError

if TYPE_CHECKING:
    from assistant.evaluation.gating import GateReport
    from assistant.evaluation.gating.invariants import Rescore
    from assistant.evaluation.statistics import Plan

INVALID = 3

Baseline = Annotated[Path | None, typer.Option("--baseline", help="Run that this one is held against.", show_default=False)]
Gates = Annotated[
    Path | None,
    typer.Option("--gates", help="TOML file of floors [default: gate.toml in or beside the baseline].", show_default=False),
]
Junit = Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML to this file too.", show_default=False)]


@surface.reporting
@surface.reading_runs
def compare(
    a: Annotated[Path, typer.Argument(help="Folder of the baseline run.")],
    b: Annotated[Path, typer.Argument(help="Folder of the candidate run.")],
    test: Annotated[str, typer.Option("--test", help="Test behind p: randomisation or wilcoxon.")] = "randomisation",
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the comparison as Markdown to this file too.", show_default=False)
    ] = None,
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Compare two runs of one set, topic by topic: B against A, with intervals and verdicts.

    Example: assistant eval compare runs/before runs/after
    """
    from assistant.evaluation.comparing import chosen_test
    from assistant.evaluation.comparing import compare as compared
    from assistant.evaluation.reporting.terminal import comparison_text
    from assistant.evaluation.runs import write_text

    document = compared(scored(a), scored(b), test=chosen_test(test)).to_json()
    if out is not None:
        from assistant.evaluation.reporting.markdown import comparison_markdown

        write_text(out, comparison_markdown(document))
    if as_json:
        surface.print_json(document)
    else:
        typer.echo(comparison_text(document, surface.coloured(), surface.columns()))


@surface.reporting
@surface.reading_runs
def gate(
    run: Annotated[Path, typer.Argument(help="Folder of the run to check.")],
    baseline: Baseline = None,
    gates: Gates = None,
    release: Annotated[bool, typer.Option("--release", help="What cannot be told holds up the run (exit code 2).")] = False,
    allow_other_corpus: Annotated[
        bool, typer.Option("--allow-other-corpus", help="The run may have searched other posts than the baseline.")
    ] = False,
    junit: Junit = None,
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Check a scored run: invariants, floors, and no regression. Exits with 0 passed, 1 failed, 2 cannot tell, 3 bad input.

    A command line that cannot be read exits with 2 as that of every command: it did not pass either.

    Example: assistant eval gate runs/today --baseline eval/baselines/sample
    """
    try:
        report = _gated(run, baseline, gates, release, allow_other_corpus)
        if junit is not None:
            from assistant.evaluation.gating import junit_text
            from assistant.evaluation.runs import write_text

            write_text(junit, junit_text(report))
    except AssistantError as error:
        typer.echo(f"error: {error.message}\nhint: {error.hint}", err=True)
        raise typer.Exit(INVALID) from None
    except OSError as error:
        typer.echo(f"error: {error}\nhint: check the path, its permissions and the space left", err=True)
        raise typer.Exit(INVALID) from None
    _show(report, as_json)
    raise typer.Exit(report.exit_code)


def _gated(run: Path, baseline: Path | None, gates: Path | None, release: bool, allow_other_corpus: bool) -> GateReport:
    from assistant.evaluation.gating import conditions_beside, read_conditions
    from assistant.evaluation.gating import gate as gated
    from assistant.evaluation.runs import RunFolder

    conditions = read_conditions(gates) if gates else conditions_beside(baseline) if baseline else None
    return gated(
        RunFolder(run),
        RunFolder(baseline) if baseline else None,
        conditions,
        release=release,
        allow_other_corpus=allow_other_corpus,
        rescore=_rescore(),
    )


def _rescore() -> Rescore:
    from assistant.evaluation.runs import RunFolder
    from assistant.evaluation.scoring import score_run

    def texts(path: Path) -> tuple[str, str]:
        scored = score_run(RunFolder(path))
        return scored.scores_text, scored.summary_text

    return texts


def _show(report: GateReport, as_json: bool) -> None:
    from assistant.evaluation.reporting.terminal import gate_text

    if as_json:
        surface.print_json(report.to_json())
    else:
        typer.echo(gate_text(report.to_json(), surface.coloured(), surface.columns()))


@surface.reporting
def bless(
    run: Annotated[Path, typer.Argument(help="Folder of the scored run.")],
    baseline: Annotated[Path, typer.Argument(help="Folder of the baseline; made if there is none.")],
    why: Annotated[str, typer.Option("--why", help="The reason, for the ledger.")],
    by: Annotated[str | None, typer.Option("--by", help="Who decides [default: your user name].", show_default=False)] = None,
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Make a run the baseline that later runs are held against, and write down who did so and why.

    Example: assistant eval bless runs/today eval/baselines/sample --why "sentences are no longer cut at 'e.g.'"
    """
    import getpass
    from datetime import UTC, datetime

    from assistant.evaluation.gating import bless as blessed
    from assistant.evaluation.runs import RunFolder
    from assistant.evaluation.scoring import write_scores

    try:
        who = by or getpass.getuser()
    except (KeyError, OSError):
        raise UsageError("this machine has no name for you", hint="say who decides: --by NAME") from None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    # A baseline is the whole run with the scores of its files, whatever was written beside them before.
    write_scores(RunFolder(run))
    entry = blessed(RunFolder(run), baseline, why=why, by=who, at=now)
    if as_json:
        surface.print_json(entry.model_dump())
    else:
        instead = f" in place of {entry.replaced}" if entry.replaced else ""
        typer.echo(f"{entry.run_id} is the baseline in {baseline}{instead}")


@surface.reporting
def power(
    topics: Annotated[
        int | None, typer.Option("--topics", min=2, help="Independent topics, or clusters of them.", show_default=False)
    ] = None,
    sd: Annotated[
        float | None,
        typer.Option("--sd", min=0.0, help="Standard deviation of the paired differences.", show_default=False),
    ] = None,
    sd_from: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--sd-from", help="Two runs to read the deviation and the topics off.", show_default=False),
    ] = None,
    metric: Annotated[str, typer.Option("--metric", help="Metric whose deviation is read off.")] = "weighted_nugget_recall",
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Say which difference a number of topics can show, with power .8 at the .05 level.

    Example: assistant eval power --sd-from runs/before runs/after --metric ndcg@10
    """
    from assistant.evaluation.statistics import plan

    if sd is not None and sd_from:
        raise UsageError("--sd and --sd-from both give a deviation", hint="leave out one of them")
    if sd_from:
        observed, sd = _observed(*sd_from, metric)
        topics = topics or observed
    planned = plan(topics, sd)
    if as_json:
        surface.print_json(planned.to_json())
    else:
        typer.echo("\n".join(_plan_lines(planned)))


def _observed(a: Path, b: Path, metric: str) -> tuple[int, float]:
    """Topics of two runs, and the deviation of one topic of theirs: larger than the plain one if clusters hang together."""
    from assistant.evaluation.comparing import compare as compared
    from assistant.evaluation.runs import RunFolder
    from assistant.evaluation.statistics import detectable

    found = compared(RunFolder(a), RunFolder(b)).metric(metric)
    if found is None:
        raise UsageError(f"the runs have no values of {metric!r}", hint="name another metric: `assistant eval compare A B`")
    if found.detectable is None:
        raise EvaluationError(f"{found.n} topics of one cluster have no deviation", hint="give one: --sd")
    return found.n, found.detectable / detectable(found.n, 1.0)


def _plan_lines(planned: Plan) -> Iterator[str]:
    yield f"smallest difference that is found with power {planned.power:g} at the {planned.alpha:g} level"
    for row in planned.rows:
        yield f"{row.topics} topics"
        yield "  mean, by sd of the paired differences: " + _named(row.by_sd)
        yield "  0/1 metric, by share of topics that differ: " + _named(row.by_discordant)
        yield f"  no failure seen: up to {row.no_failures:.1%} is possible"
        yield "  luck of the best of so many equal configurations: " + _named(row.best_of)
    if planned.needed:
        yield f"topics that a difference asks for at sd {planned.sd:.3f}"
        for difference, topics in planned.needed.items():
            yield f"  {difference}: " + ("more than anybody has" if topics is None else f"{topics:,}")


def _named(values: Mapping[str, float | None]) -> str:
    return "  ".join(f"{name} → " + ("none" if value is None else f"{value:.3f}") for name, value in values.items())
