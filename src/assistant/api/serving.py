"""The server as a process: where it listens, how it stops."""

from __future__ import annotations

from assistant.settings import Settings


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises UsageError for an address that is not safe, IndexUnusable without an index."""
    import uvicorn

    from assistant.api.app import create_app
    from assistant.api.service import Service

    service = Service(settings)
    uvicorn.run(create_app(service), host=settings.host, port=settings.port, log_config=None)
