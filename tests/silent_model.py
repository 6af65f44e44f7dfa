"""A server of OpenAI's protocol that writes so much and then falls silent, for tests of what waits for it and what hangs up."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class SilentModel(ThreadingHTTPServer):
    """Writes `pieces`, or not even a status if there are none. `asked` is set then, `dropped` when its client has hung up."""

    def __init__(self, *pieces):
        super().__init__(("127.0.0.1", 0), _Pieces)
        self.pieces = pieces
        self.asked, self.dropped, self.closing = threading.Event(), threading.Event(), threading.Event()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    def shutdown(self):
        self.closing.set()
        super().shutdown()


class _Pieces(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(404)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        if self.server.pieces:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for piece in self.server.pieces:
                choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
                self.wfile.write(b"data: " + json.dumps({"id": "1", "choices": [choice]}).encode() + b"\n\n")
        self.server.asked.set()
        self.connection.settimeout(0.05)
        while not self.server.closing.is_set():
            with suppress(TimeoutError):
                try:
                    if self.connection.recv(1):
                        continue
                except ConnectionError:
                    pass
                self.server.dropped.set()
                return

    def log_message(self, *arguments):
        pass
