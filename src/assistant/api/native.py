"""The program's own API: ask, search, posts, and how the server is."""

from __future__ import annotations

from fastapi import FastAPI


def add_to(app: FastAPI) -> None:
    """Adds the routes."""
