"""The web page."""

from __future__ import annotations

from fastapi import FastAPI


def add_to(app: FastAPI) -> None:
    """Adds / and what the page loads."""
