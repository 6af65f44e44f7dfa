"""The official MCP client, for tests of the tools over HTTP."""

from __future__ import annotations

import asyncio

from mcp import Client
from mcp.shared.exceptions import MCPError

JSON = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


def told(url, work, mode="auto"):
    """What `work` gives, done with a client of the server at `url`."""

    async def run():
        async with Client(f"{url}/mcp", mode=mode) as client:
            return await work(client)

    return asyncio.run(run())


def calling(tool, **arguments):
    """Work that calls one tool."""

    async def work(client):
        try:
            return await client.call_tool(tool, arguments)
        except MCPError as error:  # left to go on, it would come wrapped once for each layer of the client
            return error

    return work


def text_of(result):
    assert [part.type for part in result.content] == ["text"]
    return result.content[0].text


def message(method, **params):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
