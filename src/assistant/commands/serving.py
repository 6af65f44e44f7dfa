"""serve."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands import surface
from assistant.commands.questions import BaseUrl, Generator, Strict

if TYPE_CHECKING:
    from assistant.api.serving import Listening

Host = Annotated[str | None, typer.Option("--host", help="Address to listen at [default: 127.0.0.1].", show_default=False)]
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one [default: 8000].", show_default=False)
]
Allowed = Annotated[
    list[str] | None,
    typer.Option("--allow-host", help="A name, or name:port, that it is reached by besides its address; may be said again."),
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes; only 1 is possible.", hidden=True)]


@surface.reporting
def serve(
    host: Host = None,
    port: Port = None,
    allow_host: Allowed = None,
    generator: Generator = None,
    base_url: BaseUrl = None,
    strict: Strict = False,
    workers: Workers = 1,
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Serve the HTTP API, OpenAI's protocol, MCP and the web page.

    With --json one document on stdout says where, once requests are taken. SIGTERM lets answers end first.

    Example: assistant serve --port 8000
    """
    from assistant.api.serving import serve as run

    settings = surface.settings_from(
        host=host, port=port, allowed_hosts=tuple(allow_host) if allow_host else None, index=index, generator=generator,
        base_url=base_url, strict=strict or None,
    )  # fmt: skip
    run(settings, lambda listening: _announce(listening, as_json), workers=workers)


def _announce(listening: Listening, as_json: bool) -> None:
    if as_json:
        surface.print_json({**asdict(listening), "page": f"{listening.url}/"})
    need = "needed" if listening.keys_needed else "not needed"
    typer.echo(f"{listening.url} listens, page: {listening.url}/, generation: {listening.generation}, key: {need}", err=True)
