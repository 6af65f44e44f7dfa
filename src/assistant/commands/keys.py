"""key new, key list, key remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands import surface

if TYPE_CHECKING:
    from assistant.api.guarding.keys import Key

SHOWN_OF_SUM = 8
Name = Annotated[str, typer.Argument(help="What the key is called, e.g. whom it is for.", show_default=False)]

key_app = typer.Typer(help="The keys that `assistant serve` takes.", no_args_is_help=True)


@key_app.command("new")
@surface.reporting
def new(name: Name, index: surface.Unasked = None, as_json: surface.Json = False, debug: surface.Debug = False) -> None:
    """Make a key and write it to stdout, this once: only its sum is kept. From then on `serve` needs a key.

    Example: assistant key new phone
    """
    from assistant.api.guarding.keys import make

    path = surface.settings_from().api_keys
    secret, made = make(path, name)
    if as_json:
        surface.print_json({"key": secret, **_shown(made)})
    else:
        typer.echo(secret)
        typer.echo(f"{name} is kept hashed in {path}: the key itself is not shown again", err=True)


@key_app.command("list")
@surface.reporting
def list_keys(index: surface.Unasked = None, as_json: surface.Json = False, debug: surface.Debug = False) -> None:
    """List the keys: name, when it was made, the first characters of its SHA-256.

    Example: assistant key list
    """
    from assistant.api.guarding.keys import read

    shown = [_shown(key) for key in read(surface.settings_from().api_keys)]
    if as_json:
        surface.print_json({"keys": shown})
    elif not shown:
        typer.echo("no keys: `assistant key new NAME` makes one", err=True)
    else:
        typer.echo("\n".join(f"{key['name']:<24}  {key['created']}  {key['sha256']}…" for key in shown))


@key_app.command("remove")
@surface.reporting
def remove(name: Name, index: surface.Unasked = None, as_json: surface.Json = False, debug: surface.Debug = False) -> None:
    """Remove a key. A server that runs does not take it any more from its next request on.

    Example: assistant key remove phone
    """
    from assistant.api.guarding.keys import read
    from assistant.api.guarding.keys import remove as take_out

    settings = surface.settings_from()
    gone = take_out(settings.api_keys, name)
    if as_json:
        surface.print_json({"removed": _shown(gone)})
    else:
        typer.echo(f"{name} is removed")
    if not (settings.api_key or read(settings.api_keys)):
        typer.echo("it was the last: a server that runs goes on asking for a key until it is started anew", err=True)


def _shown(key: Key) -> dict[str, str]:
    return {"name": key.name, "created": key.created, "sha256": key.sha256[:SHOWN_OF_SUM]}
