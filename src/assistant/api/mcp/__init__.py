"""The Model Context Protocol: search, get_post and ask as read-only tools, over stdio and below /mcp."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from assistant.api.service import Service

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer


def server_of(service: Service) -> MCPServer:
    """The tools over a service."""
    from mcp.server.mcpserver import MCPServer

    return MCPServer("forum-assistant")


@asynccontextmanager
async def running(server: MCPServer) -> AsyncIterator[None]:
    """The server's sessions over HTTP, alive for the block."""
    yield


def add_to(app: FastAPI, server: MCPServer) -> None:
    """Adds /mcp."""


async def over_stdio(service: Service) -> None:
    """Serve the tools over stdin and stdout until stdin ends."""
