"""eval validate, import, export, label, schema, vary: what is done with sets of topics and with people's labels."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands import surface
from assistant.commands.runs import Shared
from assistant.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.evaluation.labelling import About, Agreement, Item
    from assistant.evaluation.runs import RunFolder
    from assistant.evaluation.sets.reading import PostText
    from assistant.evaluation.sets.validating import Finding
    from assistant.evaluation.topics import Form, TopicSet

FAULTY = 1
FORMATS = "beir, trec, mtrag, squad, nuggetizer"

SetPath = Annotated[str, typer.Argument(metavar="SET", help="Folder or file of topics; SET#NAME picks a split or qrels file.")]


@surface.reporting
def validate(
    topics: SetPath,
    shared: Shared = None,
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Check a set: its lines, its gold against the posts, its nuggets. Exit code 1 when there are errors.

    Posts are read from the set's own sources, or from the index that --index names.

    Example: assistant eval validate eval/sample
    """
    from assistant.evaluation.sets.auditing import audit
    from assistant.evaluation.sets.loading import read_set
    from assistant.evaluation.sets.validating import counts, in_order, note
    from assistant.evaluation.sets.validating import validate as findings_of

    reading = read_set(topics, shared=shared)
    posts, missing = _posts_of(reading.set, index)
    found = findings_of(reading, posts) + audit(reading, posts, _stands_in) + [note(why) for why in missing]
    found = in_order(found, reading)
    levels = counts(found)
    if as_json:
        report = {"set": reading.set.name, "topics": len(reading.set.topics), "sha256": reading.set.sha256}
        surface.print_json({**report, "counts": levels, "findings": [asdict(one) for one in found]})
    else:
        _print_findings(found)
        typer.echo(
            f"{reading.set.name}: {len(reading.set.topics)} topics, {levels['error']} errors, {levels['warning']} warnings"
        )
    if levels["error"]:
        raise typer.Exit(FAULTY)


def _posts_of(topics: TopicSet, index: Path | None) -> tuple[dict[str, PostText] | None, list[str]]:
    """The posts that the set names, and why there are none where none are at hand."""
    from assistant.errors import EvaluationError
    from assistant.evaluation.sets.posts import posts_in_index, posts_in_sources
    from assistant.evaluation.sets.sources import required_sources

    if index is not None:
        return posts_in_index(index, topics.ids), []
    try:
        sources = required_sources(topics)
    except EvaluationError as error:
        return None, [f"gold was not held against posts: {error.message} ({error.hint})"]
    return posts_in_sources(sources, topics.ids, redact=surface.settings_from().redact), []


def _stands_in(form: Form, text: str) -> bool:
    from assistant.evaluation.measures.wordings import fold, occurs

    return occurs(form, fold(text))


def _stated_by(form: Form, answer: str) -> bool:
    from assistant.evaluation.measures.reading import Reading

    return Reading(answer).has(form)


def _print_findings(found: list[Finding]) -> None:
    from assistant.render import one_line

    for one in found:
        where = " ".join(part for part in (one.place, one.topic) if part)
        typer.echo(one_line(f"{one.level.value}{' ' + where if where else ''}: {one.message}"))


@surface.reporting
def import_command(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help=f"What it is: {FORMATS}.")],
    path: Annotated[Path, typer.Argument(help="The file or folder to read.")],
    out: Annotated[Path, typer.Argument(help="The set folder to write; it must not hold a set yet.")],
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Make a set of topics out of a collection in another format.

    Example: assistant eval import squad dev-v2.0.json eval/squad
    """
    from assistant.evaluation.sets.formats import import_set
    from assistant.evaluation.sets.loading import load_set

    notes = import_set(form, path, out)
    topics = load_set(out)
    _say(notes)
    if as_json:
        surface.print_json({"set": topics.name, "topics": len(topics.topics), "out": str(out), "notes": notes})
    else:
        typer.echo(f"{len(topics.topics)} topics in {out}")


@surface.reporting
def export_command(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help=f"What to write: {FORMATS}, ragas, ragchecker.")],
    what: Annotated[str, typer.Argument(metavar="SET|RUN", help="A set of topics, or the folder of a run.")],
    out: Annotated[Path, typer.Argument(help="The file to write; for beir and trec the folder.")],
    shared: Shared = None,
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Write a set, or the answers of a run, for the tools of others.

    Example: assistant eval export trec runs/today trec/today
    """
    from assistant.evaluation.runs import MANIFEST, RunFolder
    from assistant.evaluation.sets.formats import export_set, set_of
    from assistant.evaluation.sets.loading import load_set

    run = RunFolder(Path(what)) if (Path(what) / MANIFEST).is_file() else None
    topics = set_of(run) if run else load_set(what, shared=shared)
    posts: Mapping[str, PostText] | None = _posts_of(topics, index)[0]
    if run and posts is None:
        posts = _touched(run)
    notes = export_set(form, topics, out, run=run, posts=posts, stated=_stated_by)
    _say(notes)
    if as_json:
        surface.print_json({"set": topics.name, "topics": len(topics.topics), "out": str(out), "notes": notes})
    else:
        typer.echo(f"{len(topics.topics)} topics to {out}")


def _touched(run: RunFolder) -> dict[str, PostText]:
    """The posts that a run has, by the ids of its set."""
    from assistant.evaluation.sets.reading import PostText

    by_source = run.manifest.ids == "source"
    named = ((post.source if by_source else post.post, post) for post in run.posts.values())
    return {name: PostText(post.thread, post.title, post.body) for name, post in named if name}


def _say(notes: list[str]) -> None:
    from assistant.render import one_line

    for line in notes:
        typer.echo(one_line(f"note: {line}"), err=True)


@surface.reporting
def schema(
    index: surface.Unasked = None,
    as_json: surface.Json = False,
) -> None:
    """Print the JSON Schema of a line of topics.jsonl.

    Example: assistant eval schema > eval/topic.schema.json
    """
    from assistant.evaluation.sets.validating import schema_text

    sys.stdout.write(schema_text())


@surface.reporting
def vary(
    topics: SetPath,
    out: Annotated[Path, typer.Argument(help="The set folder to write; it must not hold a set yet.")],
    shared: Shared = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Other variants for another number.")] = 0,
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Write a set with its topics and variants of each: a typo, other case, a greeting, no punctuation, other order.

    Example: assistant eval vary eval/sample varied/
    """
    from assistant.evaluation.sets.loading import read_set
    from assistant.evaluation.sets.varying import write_varied

    reading = read_set(topics, shared=shared)
    count = write_varied(reading, out, seed)
    if as_json:
        surface.print_json({"set": reading.set.name, "topics": len(reading.set.topics), "variants": count, "out": str(out)})
    else:
        typer.echo(f"{len(reading.set.topics)} topics and {count} variants in {out}")


@surface.reporting
def label(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    by: Annotated[str, typer.Option("--by", help="Who labels; what was labelled under this name is not asked again.")] = "",
    about: Annotated[
        list[str] | None, typer.Option("--about", help="Only these items: nugget, support, answer.", show_default=False)
    ] = None,
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Judge answers by hand, one key and Enter an item, and see how far the scores agree with it.

    Labels go to labels.jsonl in the run, each as it is given. What the scores say is not shown beforehand.

    Example: assistant eval label runs/today --by ann --about nugget
    """
    from assistant.evaluation.labelling import ABOUT, agreement, items_of, labels_of, unlabelled
    from assistant.evaluation.runs import RunFolder

    kinds: list[About] = [kind for kind in ABOUT if about is None or kind in about]
    if unknown := sorted(set(about or ()) - set(ABOUT)):
        raise UsageError(f"there are no items of the kind {unknown[0]!r}", hint=f"kinds are {', '.join(ABOUT)}")
    folder = RunFolder(run)
    items = items_of(folder)
    given = _label_all(folder, unlabelled(items, labels_of(folder), by, kinds), by)
    outcome = agreement(items, labels_of(folder))
    if as_json:
        surface.print_json({"labelled": given, "agreement": [asdict(one) for one in outcome]})
        return
    for one in outcome:
        typer.echo(_agreement_line(one))


def _label_all(run: RunFolder, queue: list[Item], by: str) -> int:
    """Ask for a label of each item until the queue or the input ends; how many were given."""
    from datetime import UTC, datetime

    from assistant.evaluation.labelling import KEYS, steps
    from assistant.evaluation.records import Label
    from assistant.evaluation.runs import LABELS, LineWriter

    writer = LineWriter(run.path / LABELS)
    given = 0
    try:
        for place, key in steps(queue, iter(sys.stdin.readline, "")):
            item = queue[place]
            if not key:
                _show(item, place + 1, len(queue))
                continue
            now = datetime.now(UTC).isoformat(timespec="seconds")
            found = Label(tid=item.tid, rep=item.rep, about=item.about, item=item.item, label=KEYS[key], by=by, at=now)
            writer.write([found])
            given += 1
    finally:
        writer.close()
    return given


def _show(item: Item, number: int, total: int) -> None:
    """An item on stderr, so that stdout has the outcome alone; posts and answers are hostile."""
    from assistant.evaluation.labelling import HELP
    from assistant.language.controls import without_controls

    parts = (f"[{number}/{total}] {item.tid}", item.conversation, f"--- {item.asks}", item.statement)
    against = ("--- against", item.against) if item.against else ()
    typer.echo("\n" + "\n".join(map(without_controls, (*parts, *against))), err=True)
    typer.echo(f"{HELP} > ", nl=False, err=True)


def _agreement_line(one: Agreement) -> str:
    rates = []
    for name, rate in (("agree", one.agree), ("false yes", one.false_yes), ("false no", one.false_no)):
        reach = f" [{rate.interval[0]:.3f}, {rate.interval[1]:.3f}]" if rate.interval else ""
        rates.append(f"{name} {rate.hits}/{rate.n}{reach}")
    kappa = "none" if one.kappa is None else f"{one.kappa:.3f}"
    return f"{one.about}: {one.n} labels, kappa {kappa}, {', '.join(rates)}"
