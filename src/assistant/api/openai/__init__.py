"""OpenAI's protocol: chat completions and the list of models, so that existing clients can ask the forum unchanged."""

from __future__ import annotations

from fastapi import FastAPI

from assistant.api.openai.routes import router


def add_to(app: FastAPI) -> None:
    """Adds the routes below /v1."""
    app.include_router(router)
