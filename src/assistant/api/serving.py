"""The server as a process: where it listens, what it refuses to start with, how it stops.

One process answers: the index, the limits and the generation in force are kept in memory, each once.
"""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from ipaddress import ip_address
from types import FrameType
from typing import TYPE_CHECKING, cast

import uvicorn

from assistant.api.guarding.connections import HEAD_BYTES, PAUSE_SECONDS, BoundedConnection
from assistant.api.guarding.hosts import Hosts, address_of, authority_of
from assistant.api.guarding.keys import KeyRing
from assistant.errors import AssistantError, UsageError
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.api.service import Service

ENDING_SECONDS = 0.3
"""How long before the end of `drain_seconds` answers are ended by an error, so that it still reaches who waits for them."""
GRACE_SECONDS = 1.0
"""How long new requests are still taken after SIGTERM, busy or not, so that whoever asks /readyz sends them elsewhere first."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A server that takes requests: its address without a path, the generation in force, whether requests need a key."""

    url: str
    generation: str
    keys_needed: bool


Announce = Callable[[Listening], None]


def serve(settings: Settings, announce: Announce, *, workers: int = 1) -> None:
    """Serve until SIGTERM; `announce` is called once requests are taken. Raises KeyboardInterrupt after SIGINT.

    Raises UsageError for an address that is not safe and for more than one worker, IndexUnusable without an index, both before
    it listens; AssistantError where the address is taken.
    """
    check_workers(workers)
    addresses = addresses_of(settings)
    keys = KeyRing(settings)
    check_address(settings, addresses, keys_needed=keys.needed)
    hosts = Hosts.of(settings)
    with ExitStack() as open_sockets:
        sockets = bound(settings, addresses)
        for listener in sockets:
            open_sockets.enter_context(listener)
        _run(settings, sockets, keys, hosts, announce)


def _run(settings: Settings, sockets: Sequence[socket.socket], keys: KeyRing, hosts: Hosts, announce: Announce) -> None:
    from assistant.api.observing.logs import configure
    from assistant.api.service import Service

    with closing(Service(settings)) as service:
        # What cannot be opened is to be said in our words, before anybody is listened to.
        asyncio.run(service.warm())
        configure(settings)
        _listen(service, sockets, keys, hosts, announce)


def _listen(service: Service, sockets: Sequence[socket.socket], keys: KeyRing, hosts: Hosts, announce: Announce) -> None:
    from assistant.api.app import create_app

    url = url_of(service.settings, sockets[0].getsockname()[1])

    def started() -> None:
        service.observer.started(url)
        announce(Listening(url, service.assistant.generation.name, keys.needed))

    server = Server(config_of(create_app(service, keys, hosts), service.settings), service, started)
    try:
        server.run(sockets=list(sockets))
    except SystemExit as error:
        raise AssistantError("the server did not start", hint="see what was logged above") from error
    if server.stopped_by == signal.SIGINT:
        raise KeyboardInterrupt


def check_workers(workers: int) -> None:
    """Raises UsageError for more than one."""
    if workers > 1:
        raise UsageError(
            f"{workers} workers were asked for, but one process answers: each more would hold the whole index, "
            "and limits, keys and metrics would hold for one of them only",
            hint="leave out `--workers`; the setting `concurrent` says how many questions are answered at once",
        )


def addresses_of(settings: Settings) -> list[tuple[socket.AddressFamily, str]]:
    """What the setting `host` stands for on this machine. Raises UsageError where it stands for nothing."""
    try:
        found = socket.getaddrinfo(settings.host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise UsageError(
            f"{settings.host!r} is no address of this machine",
            hint="leave out `--host`, or name an address: `--host 127.0.0.1`",
        ) from error
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def check_address(settings: Settings, addresses: Sequence[tuple[socket.AddressFamily, str]], *, keys_needed: bool) -> None:
    """Raises UsageError where others could reach the server and no key is asked of them, or where it could not be told by which
    name they may."""
    reached = [ip_address(address.partition("%")[0]) for _, address in addresses]
    if not keys_needed and not all(address.is_loopback for address in reached):
        raise UsageError(
            f"others could ask at {settings.host}, and there is no key that they would need",
            hint="make one, `assistant key new NAME`, or listen to this machine alone: `--host 127.0.0.1`",
        )
    if any(address.is_unspecified for address in reached) and not settings.allowed_hosts:
        raise UsageError(
            f"{settings.host} is every address of this machine, so the name that the server is reached by has to be said",
            hint=f"say it: `assistant serve --host {settings.host} --allow-host NAME`",
        )


def bound(settings: Settings, addresses: Sequence[tuple[socket.AddressFamily, str]]) -> list[socket.socket]:
    """A socket for each address, all at one port; nobody can connect yet. Raises AssistantError where that cannot be."""
    sockets: list[socket.socket] = []
    for family, address in addresses:
        port = sockets[0].getsockname()[1] if sockets else settings.port
        # The protocol is named since asyncio sends what is written at once (TCP_NODELAY) only where it is: without, answers on
        # connections that are kept open come 40 ms late.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address, port))
        except OSError as error:
            listener.close()
            if sockets and error.errno == errno.EADDRNOTAVAIL:
                continue  # `localhost` names ::1 on machines without IPv6 too
            for other in sockets:
                other.close()
            raise _not_bound(error, address, port) from error
        sockets.append(listener)
    return sockets


def _not_bound(error: OSError, address: str, port: int) -> AssistantError:
    if error.errno == errno.EADDRNOTAVAIL:
        return UsageError(f"{address} is no address of this machine", hint="listen to this machine alone: `--host 127.0.0.1`")
    said = "another program listens there" if error.errno == errno.EADDRINUSE else str(error.strerror)
    return AssistantError(f"port {port} of {address} cannot be listened at: {said}", hint="take a free one: `--port 0`")


def url_of(settings: Settings, port: int) -> str:
    """The address that the page is found at: where all addresses are listened at, by the first name of `allowed_hosts`."""
    address = address_of(settings.host)
    if address is None:
        return f"http://{settings.host}:{port}"
    if address.is_unspecified and settings.allowed_hosts:
        name = settings.allowed_hosts[0]
        said = authority_of(name)
        return f"http://{name}" if said is not None and said.port is not None else f"http://{name}:{port}"
    if address.is_unspecified:
        return f"http://{'127.0.0.1' if address.version == 4 else '[::1]'}:{port}"
    return f"http://{address if address.version == 4 else f'[{address}]'}:{port}"


def config_of(app: object, settings: Settings) -> uvicorn.Config:
    """How uvicorn runs the app: no words of its own in responses, no log of addresses, no headers of proxies believed."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=settings.host, port=settings.port, loop="asyncio", http=BoundedConnection, ws="none", lifespan="on",
        interface="asgi3", log_config=None, access_log=False, proxy_headers=False, server_header=False, workers=1,
        h11_max_incomplete_event_size=HEAD_BYTES, backlog=BoundedConnection.most,
        timeout_keep_alive=PAUSE_SECONDS,
    )  # fmt: skip


class Server(uvicorn.Server):
    """uvicorn, stopping in our order: not ready, no new requests, no answers. `stopped_by`: the first signal, if there was one.

    From the first signal to the end it takes `drain_seconds` at most, GRACE_SECONDS of it for requests that still come after
    SIGTERM; a second signal ends what is still answered. What is ended is told so, by an error of ours.
    """

    def __init__(self, config: uvicorn.Config, service: Service, started: Callable[[], None]) -> None:
        super().__init__(config)
        self.stopped_by: int | None = None
        self._service = service
        self._started = started
        self._stopping_since = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.stopped_by is not None:
            self.should_exit = self.force_exit = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._service.stop)
            return
        self._stopping_since = time.monotonic()
        self.stopped_by = sig
        self._service.draining = True
        self.should_exit = sig != signal.SIGTERM

    async def on_tick(self, counter: int) -> bool:
        if self.stopped_by is not None and self._stopping_for() >= self._grace():
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        left = self._service.settings.drain_seconds - (self._stopping_for() if self.stopped_by else 0.0)
        self.config.timeout_graceful_shutdown = cast(int, max(0.0, left))  # handed to asyncio, which takes parts of a second
        ending = asyncio.get_running_loop().call_later(max(0.0, left - ENDING_SECONDS), self._service.stop)
        self._service.observer.draining(self._service.busy)
        await super().shutdown(sockets)
        ending.cancel()
        self._service.observer.stopped(self._service.given_up + self._service.busy)

    def _stopping_for(self) -> float:
        return time.monotonic() - self._stopping_since

    def _grace(self) -> float:
        return min(GRACE_SECONDS, self._service.settings.drain_seconds)
