"""The server put together: routes over one service, behind one guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from assistant import __version__
from assistant.api import mcp, native, openai, page
from assistant.api.guarding import guarded
from assistant.api.service import Service

DESCRIPTION = "Ask a forum: answers from its posts alone, each sentence tied to the exact words it rests on."


def create_app(service: Service) -> ASGIApp:
    """All that is served, as one ASGI application. The service is warmed when it starts and closed when it ends."""
    mcp_server = mcp.server_of(service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            running.callback(service.close)
            await service.warm()
            await running.enter_async_context(mcp.running(mcp_server))
            yield

    app = FastAPI(
        title="assistant", version=__version__, description=DESCRIPTION, lifespan=lifespan,
        docs_url=None, redoc_url=None, redirect_slashes=False, telemetry=service.observer.telemetry,
    )  # fmt: skip
    app.state.service = service
    native.add_to(app)
    openai.add_to(app)
    mcp.add_to(app, mcp_server)
    page.add_to(app)
    return guarded(app, service)
