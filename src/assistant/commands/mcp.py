"""mcp."""

from __future__ import annotations

from assistant.commands import surface
from assistant.commands.questions import BaseUrl, Generator, Strict


@surface.reporting
def mcp(
    generator: Generator = None,
    base_url: BaseUrl = None,
    strict: Strict = False,
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Offer search, get_post and ask to a program that speaks MCP, over stdin and stdout.

    Stdout is the protocol with and without --json, stderr the log. It ends when stdin does.

    Example: assistant mcp --index index
    """
    import asyncio
    from contextlib import closing

    from assistant.api.mcp import over_stdio
    from assistant.api.observing.logs import configure
    from assistant.api.service import Service

    settings = surface.settings_from(index=index, generator=generator, base_url=base_url, strict=strict or None)
    with closing(Service(settings)) as service:
        configure(settings)
        asyncio.run(over_stdio(service))
