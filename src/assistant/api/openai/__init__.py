"""OpenAI's protocol: chat completions and the list of models."""

from __future__ import annotations

from fastapi import FastAPI


def add_to(app: FastAPI) -> None:
    """Adds the routes below /v1."""
