"""A server of OpenAI's protocol that writes one sentence after the other, for as long as a test wants something to stop."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAUSE = 0.1


class SlowModel(ThreadingHTTPServer):
    """Writes for `seconds`. `begun` is set when a first sentence is out, `left` when its client has hung up."""

    daemon_threads = True

    def __init__(self, seconds):
        super().__init__(("127.0.0.1", 0), _Sentences)
        self.seconds = seconds
        self.begun, self.left, self.closing = threading.Event(), threading.Event(), threading.Event()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    def shutdown(self):
        self.closing.set()
        super().shutdown()


class _Sentences(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"object": "list", "data": [{"id": "slow", "object": "model", "max_model_len": 16000}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        with contextlib.suppress(OSError):
            for number in range(int(self.server.seconds / PAUSE)):
                self._say({"delta": {"content": f"Step {number} is to use an array [1]. "}, "finish_reason": None})
                self.server.begun.set()
                if self.server.closing.wait(PAUSE):
                    return
            self._say({"delta": {}, "finish_reason": "stop"})
            self.wfile.write(b"data: [DONE]\n\n")
            return
        self.server.left.set()

    def _say(self, choice):
        chunk = {
            "object": "chat.completion.chunk",
            "id": "1",
            "created": 1,
            "model": "slow",
            "choices": [{"index": 0, **choice}],
        }
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.flush()

    def log_message(self, *words):
        pass
