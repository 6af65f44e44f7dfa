"""The program's own API: ask, search, posts, and how the server is; and every error of the server as a response."""

from __future__ import annotations

from fastapi import FastAPI

from assistant.api.native import about, asking, health, posts, searching, threads
from assistant.api.native.describing import describe
from assistant.api.native.failing import add_handlers


def add_to(app: FastAPI) -> None:
    """Adds the routes, and the handlers of errors for all routes of the app."""
    add_handlers(app)
    for part in (asking, searching, posts, threads, about, health):
        app.include_router(part.router)
    describe(app)
