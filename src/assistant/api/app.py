"""The server put together: routes over one service, behind one guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant import __version__
from assistant.api import mcp, native, openai, page
from assistant.api.guarding import guarded
from assistant.api.guarding.hosts import Hosts
from assistant.api.guarding.keys import KeyRing
from assistant.api.service import Service

DESCRIPTION = "Ask a forum: answers from its posts alone, each sentence tied to the exact words it rests on."


def create_app(service: Service, keys: KeyRing | None = None, hosts: Hosts | None = None) -> ASGIApp:
    """All that is served, as one ASGI application, which takes these keys and goes by these names, or those of the settings.

    The service stays its maker's: to be warmed before, and closed after. Raises SettingsError where keys or names of the
    settings cannot be used.
    """
    mcp_server = mcp.server_of(service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # asyncio's own pool has four threads more than there are processors: /readyz would wait behind lookups.
        threads = ThreadPoolExecutor(service.threads, thread_name_prefix="answers")
        asyncio.get_running_loop().set_default_executor(threads)
        try:
            async with mcp.running(mcp_server):
                yield
        finally:
            threads.shutdown(wait=False)

    app = FastAPI(
        title="assistant", version=__version__, description=DESCRIPTION, lifespan=lifespan,
        docs_url=None, redoc_url=None, redirect_slashes=False, telemetry=service.observer.telemetry,
    )  # fmt: skip
    app.state.service = service
    native.add_to(app)
    openai.add_to(app)
    mcp.add_to(app, mcp_server)
    page.add_to(app)
    return guarded(_Routed(app), service, keys, hosts)


class _Routed:
    """Leaves in `scope["route"]` which route took a request. FastAPI does so for operations alone, not for the page, /mcp and
    the OpenAPI document."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._routes = {route.endpoint: route for route in app.routes if isinstance(route, Route)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            if "route" not in scope and scope.get("endpoint") in self._routes:
                scope["route"] = self._routes[scope["endpoint"]]
