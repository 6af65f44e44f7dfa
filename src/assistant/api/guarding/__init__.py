"""What stands before every route: request ids, hosts and origins, keys, limits, headers.

Plain ASGI, so that a stream passes through piece by piece and a client that leaves is seen to leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from assistant.api.guarding.hosts import Hosts
    from assistant.api.guarding.keys import KeyRing
    from assistant.api.service import Service

POLICY_VIOLATION = 1008


def guarded(app: ASGIApp, service: Service, keys: KeyRing | None = None, hosts: Hosts | None = None) -> ASGIApp:
    """`app` behind all guards, which take these keys and names, or those of the settings.

    Raises SettingsError where the file of keys, or a name in `allowed_hosts`, cannot be used.
    """
    from assistant.api.guarding.admitting import Admitted
    from assistant.api.guarding.bodies import Bounded, Framed
    from assistant.api.guarding.ending import Ended
    from assistant.api.guarding.hosts import Hosts
    from assistant.api.guarding.identifying import Identified, Reported
    from assistant.api.guarding.keys import KeyRing

    settings = service.settings
    admitted = Admitted(Bounded(app), hosts or Hosts.of(settings), keys or KeyRing(settings))
    return Guarded(app, Identified(Reported(Ended(Framed(admitted)), service.observer)))


class Guarded:
    """Sends requests through the guards, and closes web sockets: there is nothing here that speaks through one."""

    def __init__(self, app: ASGIApp, guards: ASGIApp) -> None:
        self._app = app
        self._guards = guards

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._guards(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
