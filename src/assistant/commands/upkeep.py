"""doctor, verify, config show."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from assistant.commands import surface

config_app = typer.Typer(help="The settings in force.", no_args_is_help=True)


@surface.reporting
def doctor(index: surface.Index = None, as_json: surface.Json = False, debug: surface.Debug = False) -> None:
    """Check that all is well: embedder, index, sources. Each finding names its mend.

    Example: assistant doctor
    """
    from assistant.doctor import examine

    findings = list(examine(surface.settings_from(index=index)))
    if as_json:
        surface.print_json({"ok": all(f.ok for f in findings), "checks": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            typer.echo(f"{'ok  ' if finding.ok else 'BAD '} {finding.check}: {finding.found}")
            if not finding.ok:
                typer.echo(f"     mend: {finding.mend}")
    worst = max((finding.exit_code for finding in findings), default=0)
    if worst:
        raise typer.Exit(worst)


@surface.reporting
def verify(index: surface.Index = None, as_json: surface.Json = False, debug: surface.Debug = False) -> None:
    """Check that the index is whole: every file, every id, and that a sample of its vectors is found.

    Example: assistant verify
    """
    from assistant.indexing.generations import IndexFolder
    from assistant.indexing.verify import verify_generation

    settings = surface.settings_from(index=index)
    current = IndexFolder(settings.index).current()
    faults = verify_generation(current)
    if as_json:
        surface.print_json({"ok": not faults, "generation": current.name, "faults": faults})
    else:
        typer.echo("\n".join(faults) if faults else f"{current.name} is whole")
    if faults:
        typer.echo("hint: build it anew: `assistant index --fresh PATH...`", err=True)
        raise typer.Exit(4)


@config_app.command("show")
@surface.reporting
def show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Show the settings in force.

    Example: assistant config show --origin
    """
    from assistant.settings import origins

    shown = origins({"index": index})
    if as_json:
        surface.print_json({
            name: {"value": _plain(value), "origin": where} if origin else _plain(value)
            for name, (value, where) in shown.items()
        })  # fmt: skip
        return
    for name, (value, where) in shown.items():
        typer.echo(f"{name} = {value}" + (f"    ({where})" if origin else ""))


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | str | None) else str(value)
