"""The Model Context Protocol: search, get_post and ask as read-only tools, over stdio and at /mcp.

The official SDK speaks the protocol, in its version of 2026-07-28 and those before it. Over HTTP no request depends on another:
there are no sessions, and what stands before every route checks host, origin and key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from assistant import __version__
from assistant.api.disconnecting import while_connected
from assistant.api.service import Service

if TYPE_CHECKING:
    import anyio
    from mcp import types
    from mcp.server import Server, ServerRequestContext

PATH = "/mcp"
STDIN = 0


def server_of(service: Service) -> Server[Any]:
    """The tools over a service.

    The SDK's lower layer, since its upper one sets up logging for the whole process when it is made.
    """
    from mcp.server import Server
    from mcp.types import ListToolsResult

    from assistant.api.mcp.tools import INSTRUCTIONS, TOOLS, called

    listed = ListToolsResult(tools=[tool.described() for tool in TOOLS.values()])

    async def list_tools(context: ServerRequestContext, params: types.PaginatedRequestParams | None) -> ListToolsResult:
        return listed

    async def call_tool(context: ServerRequestContext, params: types.CallToolRequestParams) -> types.CallToolResult:
        return await called(service, params, context.session.report_progress)

    schemas = {tool.name: tool.input_schema for tool in listed.tools}
    return Server(
        "forum-assistant", version=__version__, title="Forum assistant", instructions=INSTRUCTIONS,
        on_list_tools=list_tools, on_call_tool=call_tool, get_tool_input_schema=schemas.get,
    )  # fmt: skip


@asynccontextmanager
async def running(server: Server[Any]) -> AsyncIterator[None]:
    """Requests that come by HTTP are answered for the block."""
    async with server.session_manager.run():
        yield


def add_to(app: FastAPI, server: Server[Any]) -> None:
    """Adds /mcp: POST alone, since nothing is sent but answers."""
    from mcp.server.transport_security import TransportSecuritySettings

    # Host and origin are checked before every route, by names that the settings say; the SDK's list would be another one.
    checked_before = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server.streamable_http_app(streamable_http_path=PATH, stateless_http=True, transport_security=checked_before)
    app.router.routes.append(Route(PATH, _Endpoint(server), methods=["POST"]))


class _Endpoint:
    """The tools as an ASGI app. A call ends when its client hangs up."""

    def __init__(self, server: Server[Any]) -> None:
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        unread = [await request.body()]

        async def again() -> Message:
            if not unread:
                await asyncio.get_running_loop().create_future()  # that the client left is seen to below
            return {"type": "http.request", "body": unread.pop(), "more_body": False}

        await while_connected(request, self._server.session_manager.handle_request(scope, again, send))


async def over_stdio(service: Service) -> None:
    """Serve the tools over stdin and stdout until stdin ends. Raises IndexUnusable where there is no index to answer from.

    Nothing but the protocol reaches stdout: what else is written there while this runs goes to stderr.
    """
    from mcp.server.stdio import stdio_server

    from assistant.api.mcp.standard_input import lines_of

    await service.warm()
    server = server_of(service)
    lines = cast("anyio.AsyncFile[str]", lines_of(STDIN))
    async with stdio_server(stdin=lines) as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
