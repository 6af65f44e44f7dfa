"""serve, mcp."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.commands import surface
from assistant.commands.questions import BaseUrl, Generator, Strict

Host = Annotated[str | None, typer.Option("--host", help="Address to listen at [default: 127.0.0.1].", show_default=False)]
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one [default: 8000].", show_default=False)
]
Allowed = Annotated[
    list[str] | None,
    typer.Option("--allow-host", help="A name that the server is reached by besides its address; may be said again."),
]


@surface.reporting
def serve(
    host: Host = None,
    port: Port = None,
    allow_host: Allowed = None,
    generator: Generator = None,
    base_url: BaseUrl = None,
    strict: Strict = False,
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Serve the HTTP API, OpenAI's protocol, MCP and the web page.

    Example: assistant serve --port 8000
    """
    from assistant.api.serving import serve as run

    run(surface.settings_from(
        host=host, port=port, allowed_hosts=tuple(allow_host) if allow_host else None, index=index, generator=generator,
        base_url=base_url, strict=strict or None,
    ))  # fmt: skip


@surface.reporting
def mcp(
    generator: Generator = None,
    base_url: BaseUrl = None,
    strict: Strict = False,
    index: surface.Index = None,
    debug: surface.Debug = False,
) -> None:
    """Offer search, get_post and ask to a program that speaks MCP, over stdin and stdout.

    Example: assistant mcp --index index
    """
    import asyncio

    from assistant.api.mcp import over_stdio
    from assistant.api.service import Service

    settings = surface.settings_from(index=index, generator=generator, base_url=base_url, strict=strict or None)
    asyncio.run(over_stdio(Service(settings)))
