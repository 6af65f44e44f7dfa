"""index, sources, sources remove."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands import surface
from assistant.commands.progress import reported
from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.indexing.build import BuildReport

SHOWN = 20
READ = "Read are forum pages saved as text, and posts or threads as JSON Lines, packed by gzip or not."

sources_app = typer.Typer(no_args_is_help=False)


@surface.reporting
def index_command(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files or folders; all known sources if none.", show_default=False)
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say how each file would be read, and build nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Take nothing over from the index as it is.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Read posts from files and folders and bring the index up to date.

    Example: assistant index saved-pages/ dump.jsonl.gz
    """
    if explain:
        _explain(paths or [], as_json)
        return
    _build(index, paths or [], (), fresh, quiet, as_json)


def _build(index: Path | None, paths: Sequence[str], forget: Sequence[str], fresh: bool, quiet: bool, as_json: bool) -> None:
    from assistant.indexing.build import build
    from assistant.indexing.embedders import embedder_from
    from assistant.indexing.generations import IndexFolder

    settings = surface.settings_from(index=index)
    with reported(quiet) as progress:
        report = build(
            IndexFolder(settings.index),
            embedder_from(settings),
            paths,
            forget=forget,
            fresh=fresh,
            without=settings.without,
            redact=settings.redact,
            progress=progress,
        )
    _remarks(report)
    _warnings(report)
    if as_json:
        surface.print_json(asdict(report))
    else:
        typer.echo(_summary(report))


def _remarks(report: BuildReport) -> None:
    from assistant.render import one_line

    lines = [f"skipped {item.path}:{item.line}: {item.reason}" for item in report.skipped]
    lines += [f"note {item.path}:{item.line}: {item.message}" for item in report.notices]
    for line in lines[:SHOWN]:
        typer.echo(one_line(line), err=True)
    if len(lines) > SHOWN:
        typer.echo(f"… and {len(lines) - SHOWN} more; --json lists all of them", err=True)


def _warnings(report: BuildReport) -> None:
    """Sources without a post, however much else was remarked on: nobody names a path to have nothing read from it."""
    from assistant.render import one_line

    for path in report.without_posts:
        typer.echo(f"warning: no post was found in {one_line(path)}, which is a source of the index all the same", err=True)
    if report.without_posts:
        first = shlex.quote(one_line(report.without_posts[0]))
        typer.echo(f"hint: {READ} Each file's account: `assistant index --explain {first}`. To drop it: "
                   f"`assistant sources remove {first}`", err=True)  # fmt: skip
    if not report.posts:
        typer.echo("warning: the index is empty: no question can be answered from it", err=True)


def _summary(report: BuildReport) -> str:
    masked = f"; secrets or addresses masked in {report.masked} posts" if report.masked else ""
    return (
        f"{report.posts} posts in {report.threads} threads ({report.chunks} chunks): {report.added} added, "
        f"{report.changed} changed, {report.removed} removed, {report.unchanged} unchanged; {report.duplicates} duplicates, "
        f"{len(report.skipped)} skipped; {report.embedded} chunks embedded{masked}; {report.seconds:.1f} s\n"
        f"generation {report.generation}"
    )


def _explain(paths: Sequence[str], as_json: bool) -> None:
    from assistant.corpus import explain
    from assistant.render import one_line

    if not paths:
        raise UsageError("nothing to explain", hint="name files or folders: `assistant index --explain PATH...`")
    found = False
    for item in explain(paths):
        found = True
        if as_json:
            surface.print_json(asdict(item))
        else:
            typer.echo(f"{one_line(item.path)}\n  {item.layout}: {one_line(item.why)}")
            typer.echo(f"  {item.posts} posts, {item.skipped} skipped, {item.notices} notes")
    if not found:
        typer.echo(f"no file was found in {one_line(', '.join(paths))}. {READ}", err=True)


@sources_app.callback(invoke_without_command=True)
@surface.reporting
def sources(
    context: typer.Context, index: surface.Index = None, as_json: surface.Json = False, debug: surface.Debug = False
) -> None:
    """List the sources of the index.

    Example: assistant sources
    """
    if context.invoked_subcommand is not None:
        return
    from assistant.indexing.build import known_roots
    from assistant.indexing.generations import IndexFolder

    roots = known_roots(IndexFolder(surface.settings_from(index=index).index))
    if as_json:
        surface.print_json({"sources": roots})
    else:
        typer.echo("\n".join(roots))


@sources_app.command("remove")
@surface.reporting
def remove(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(help="Sources to drop, as `assistant sources` lists them.")],
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Drop sources from the index, with the posts that only they hold.

    Example: assistant sources remove old-pages/
    """
    from assistant.indexing.build import known_roots
    from assistant.indexing.generations import IndexFolder

    # `sources --index DIR remove PATH` says the same as `sources remove PATH --index DIR`.
    before = context.parent.params if context.parent else {}
    index, as_json = index or before.get("index"), as_json or bool(before.get("as_json"))
    known = known_roots(IndexFolder(surface.settings_from(index=index).index))
    named = [path if path in known else str(Path(path).expanduser().resolve()) for path in paths]
    if unknown := [path for path in named if path not in known]:
        raise UsageError(f"{unknown[0]} is no source of this index", hint="list them: `assistant sources`")
    _build(index, (), named, False, True, as_json)
