"""An ASGI app under a real uvicorn on loopback, in a thread of the test's process."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import uvicorn

STARTS_WITHIN = 60.0


def listening():
    """A socket on a free port of loopback, to be closed by who asks for it, and the address that it makes."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def running(app, listener):
    """The app answers on `listener` for the block. Streams that a test left open are cut off two seconds after it."""
    config = uvicorn.Config(app, log_config=None, lifespan="on", ws="none", timeout_graceful_shutdown=2)
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
