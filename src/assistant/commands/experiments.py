"""eval ablate, calibrate, counterfactual: runs that answer one question each."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.commands import surface
from assistant.commands.runs import Changes, Config, Set, Shared
from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.evaluation.calibrating import CalibrationPlan, Case
    from assistant.evaluation.runs import RunFolder
    from assistant.evaluation.topics import TopicSet
    from assistant.settings import Settings
    from assistant.types import Part


@surface.reporting
def ablate(
    topics: Set,
    out: Annotated[Path, typer.Option("--out", help="Folder for the runs, one a part.")],
    parts: Annotated[str | None, typer.Option("--parts", help="Only these parts, with commas.", show_default=False)] = None,
    config: Config = None,
    changes: Changes = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for one topic.")] = 120.0,
    shared: Shared = None,
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Switch off each part in turn and say what it adds.

    Runs that are there already are gone on with, so a broken off ablation costs nothing.

    Example: assistant eval ablate eval/sample --out runs/ablation --parts pairs,frames
    """
    from assistant.evaluation.ablating import ablation, ablation_text
    from assistant.evaluation.preparing import settings_for
    from assistant.evaluation.sets.loading import load_set

    chosen = load_set(topics, shared=shared)
    settings = settings_for(config, changes or (), {})
    wanted = _parts(parts)
    whole = _scored(chosen, settings, out / "whole", timeout, as_json)
    others = {}
    for part in wanted:
        off = settings.model_copy(update={"without": settings.without | {part}})
        others[part] = _scored(chosen, off, out / f"without-{part.value}", timeout, as_json)
    rows = ablation(whole, others)
    if as_json:
        surface.print_json({"set": chosen.name, "parts": [row.to_json() for row in rows]})
    else:
        typer.echo(ablation_text(rows))


def _parts(named: str | None) -> list[Part]:
    from assistant.types import Part

    if named is None:
        return list(Part)
    try:
        return [Part(name.strip()) for name in named.split(",")]
    except ValueError as error:
        raise UsageError(str(error), hint=f"name some of: {', '.join(Part)}") from error


def _scored(topics: TopicSet, settings: Settings, out: Path, timeout: float, quiet: bool) -> RunFolder:
    """A run of these settings, gone on with where it was begun, and its scores."""
    from assistant.commands.progress import reported
    from assistant.commands.runs import in_process
    from assistant.evaluation.running import Plan, run
    from assistant.evaluation.scoring import write_scores

    asked = in_process(topics, settings, None, timeout, quiet)
    plan = Plan(topics, depth=asked.depth, index=asked.about, offline=asked.offline)
    try:
        with reported(quiet) as progress:
            typer.echo(out.name, err=True)
            done = asyncio.run(run(plan, asked.system, out, resume=True, progress=progress))
    finally:
        asked.system.close()
    write_scores(done)
    return done


@surface.reporting
def counterfactual(
    topics: Set,
    out: Annotated[Path, typer.Argument(help="Folder of the set to write.")],
    index: surface.Index = None,
    shared: Shared = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Write each answerable topic beside its twin, whose threads are left out of the index and which is to be refused.

    Example: assistant eval counterfactual eval/sample twins
    """
    from assistant.evaluation.sets.counterfactual import write_counterfactual
    from assistant.evaluation.sets.loading import read_set

    count = write_counterfactual(read_set(topics, shared=shared), out, _threads(index) if index else None)
    if as_json:
        surface.print_json({"topics": count, "path": str(out)})
    else:
        typer.echo(f"{count} topics in {out}; each twin is asked on an index built without its thread")


def _threads(index: Path) -> dict[str, str]:
    """The thread of every post of an index, by `post_id` and by `source_id`."""
    from assistant.pipeline import Assistant

    assistant = Assistant(surface.settings_from(index=index))
    threads = assistant.generation.posts.threads()
    assistant.close()
    return threads


@surface.reporting
def calibrate(
    plan: Annotated[Path, typer.Argument(help="TOML file that names the groups of topics, as eval/calibration.toml.")],
    out: Annotated[Path, typer.Option("--out", help="File to write the fitted confidence to.")],
    shared: Shared = None,
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Fit the confidence on development topics; `confidence_model` in the settings names the file to use it.

    Example: assistant eval calibrate eval/calibration.toml --out confidence.json
    """
    from assistant.evaluation.calibrating import model_json, plan_of
    from assistant.evaluation.runs import write_text

    read = plan_of(plan)
    settings = surface.settings_from()
    cases = _cases(read, plan.parent, settings, shared)
    foreign = [group.name for group in read.group if group.answerable is False]
    weights = {group.name: group.weight for group in read.group}
    model = model_json(cases, weights, foreign, settings.refuse_below)
    write_text(out, json.dumps(model, indent=1) + "\n")
    if as_json:
        surface.print_json(model)
    else:
        typer.echo(_fitted(model, out))


def _cases(plan: CalibrationPlan, folder: Path, settings: Settings, shared: Path | None) -> list[Case]:
    from assistant.evaluation.calibrating import cases_of
    from assistant.evaluation.sets.counterfactual import with_threads
    from assistant.evaluation.sets.loading import load_set
    from assistant.evaluation.sets.sources import located
    from assistant.evaluation.systems.observing import Observing

    cases: list[Case] = []
    for group in plan.group:
        topics = load_set(str(located(group.set, folder, shared)), shared=shared)
        asked_at = load_set(str(located(group.index_of, folder, shared)), shared=shared) if group.index_of else topics
        observing = Observing(_indexed(asked_at, settings))
        try:
            thread_of = observing.threads() if group.without_gold else {}
            found = cases_of(group, [with_threads(topic, thread_of) for topic in topics.topics], observing)
        finally:
            observing.close()
        typer.echo(f"{group.name}: {len(found)} cases", err=True)
        cases += found
    return cases


def _indexed(topics: TopicSet, settings: Settings) -> Settings:
    from assistant.commands.progress import reported
    from assistant.evaluation.preparing import indexed

    with reported(quiet=True) as progress:
        return indexed(topics, settings, progress)


def _fitted(model: dict[str, Any], out: Path) -> str:
    checked = model["cross_validated"]
    lines = [f"{out}: fitted on {model['cases']} cases; cross-validated: ECE {checked['ece']:.3f}, "
             f"risk at coverage .8 {checked['risk_at_coverage_0.8']:.3f}"]  # fmt: skip
    for name, row in checked["groups"].items():
        shown = "  ".join(f"{key} {value}" for key, value in row.items() if value is not None)
        lines.append(f"  {name:<18} {shown}")
    return "\n".join(lines)
