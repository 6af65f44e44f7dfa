"""An ASGI app under uvicorn on loopback, run as `assistant serve` runs it, in a thread of the test's process."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import uvicorn

from assistant.api.guarding.connections import BoundedConnection
from assistant.api.serving import bound, config_of
from assistant.settings import Settings

STARTS_WITHIN = 60.0


def listening():
    """A socket on a free port of loopback, to be closed by who asks for it, and the address that it makes."""
    (listener,) = bound(Settings(port=0), [(socket.AF_INET, "127.0.0.1")])
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def running(app, listener, connection=BoundedConnection):
    """The app answers on `listener` for the block. Streams that a test left open are cut off two seconds after it."""
    config = config_of(app, Settings())
    config.http, config.timeout_graceful_shutdown = connection, 2
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="live-server")
    thread.start()
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not server.started:
            assert thread.is_alive(), "the server did not start: see the log"
            assert time.monotonic() < deadline, f"the server did not start within {STARTS_WITHIN} s"
            time.sleep(0.01)
        yield server
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
