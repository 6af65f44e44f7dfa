"""What can go wrong between us and a model server, each as the error that the user sees and whether to ask again.

Messages name the model and its server, never the key. Hints name the setting or command that mends it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from assistant.errors import ServerBusy, ServerRefused, ServerTimedOut, ServerUnreachable
from assistant.llm.addresses import is_loopback, shown
from assistant.llm.connecting import Server
from assistant.llm.redacting import document_of, one_line, reason_of

if TYPE_CHECKING:
    import httpx2

BUSY = frozenset({429, 503})
LATE = frozenset({408, 504})
BAD_REQUEST = frozenset({400, 422})
AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})
_OVERLONG = ("context_length_exceeded", "exceed_context_size", "context length", "context size", "context window")


class Failure(Exception):
    """One request that failed: the error it is if no other is sent, and what speaks for sending one.

    `again`: it may do better. `wait`: seconds that the server asks for. `loading`: it reads its model, and will be there.
    `absent`: no connection came about. `overlong`: the prompt does not fit the model's window. `status`: of the answer, else 0.
    """

    def __init__(
        self,
        error: ServerUnreachable,
        *,
        again: bool = False,
        wait: float | None = None,
        loading: bool = False,
        absent: bool = False,
        overlong: bool = False,
        status: int = 0,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.again = again
        self.wait = wait
        self.loading = loading
        self.absent = absent
        self.overlong = overlong
        self.status = status


def not_reached(server: Server, error: httpx2.HTTPError) -> Failure:
    """No connection, or one that broke before or while an answer came."""
    import httpx2

    reason = one_line(str(error), server.key) or type(error).__name__
    if isinstance(error, httpx2.TimeoutException):
        late = ServerTimedOut(f"no connection to {server.place} in time", hint=f"{_start(server)}, or raise connect_seconds")
        return Failure(late, again=True, absent=True)
    if isinstance(error, (httpx2.ConnectError, httpx2.ProxyError, httpx2.UnsupportedProtocol)):
        absent = ServerUnreachable(f"no connection to {server.place} ({reason})", hint=_start(server))
        return Failure(absent, again=True, absent=True)
    return broken_off(server, reason)


def broken_off(server: Server, reason: str) -> Failure:
    """An answer that began, or was about to, and has no end."""
    error = ServerUnreachable(f"{server.place} broke off ({reason})", hint="see the log of the server, and ask again")
    return Failure(error, again=True)


def said_no(server: Server, status: int, body: str, headers: Mapping[str, str] | None = None) -> Failure:
    """An answer with a status that is no success, or an error inside a stream. `status` is 0 where none is known."""
    headers = headers or {}
    reason = reason_of(body, server.key)
    said = f"{server.place} answers {status}: {reason}" if status else f"{server.place} reports: {reason}"
    loading = status == 503 and "loading" in reason.lower() and "model" in reason.lower()
    wait = waiting_asked(headers)
    if wait is not None:
        said += f" (it asks to wait {wait:g} s)"
    again = status in AGAIN and headers.get("x-should-retry") != "false" and "insufficient_quota" not in body
    if status in BUSY:
        busy = ServerBusy(said, hint="wait and ask again, or raise first_token_seconds")
        return Failure(busy, again=again, wait=wait, loading=loading)
    if status in LATE:
        return Failure(ServerTimedOut(said, hint="see the log of the server"), again=again, wait=wait)
    if not status or status >= 500:
        return Failure(ServerUnreachable(said, hint="see the log of the server, and ask again"), again=again, wait=wait)
    if status < 400:
        return Failure(_redirected(server, status, headers.get("location", "")))
    overlong = any(words in body.lower() for words in _OVERLONG)
    refused = ServerRefused(said, hint=_mend(server, status, overlong))
    return Failure(refused, again=again, wait=wait, overlong=overlong, status=status)


def no_model(server: Server, content_type: str, body: str) -> Failure:
    """An answer of success that no model gave: a web page, the document of another service."""
    said = f"{server.place} answers with {one_line(content_type, server.key) or 'no content type'}, not as a model server does"
    if document_of(body):
        said += f": {reason_of(body, server.key)}"
    ending = "without /v1" if server.protocol == "ollama" else "with its /v1"
    return Failure(ServerRefused(said, hint=f"is --base-url right, {ending}?"))


def waiting_asked(headers: Mapping[str, str]) -> float | None:
    """Seconds that the headers ask to wait: `retry-after-ms`, or `retry-after` as seconds or as a date. Never negative."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError):
        return None


def _redirected(server: Server, status: int, target: str) -> ServerRefused:
    return ServerRefused(
        f"{server.place} answers {status}: it points to {_target(target, server)}, which is not followed",
        hint="if you trust that address, give it as --base-url",
    )


def _target(location: str, server: Server) -> str:
    try:
        return one_line(shown(location), server.key) or "another address"
    except ValueError:
        return "another address"


def _start(server: Server) -> str:
    if server.protocol == "ollama":
        return "start it: `ollama serve`, or check --base-url"
    return "start the server, or check --base-url" if is_loopback(server.base_url) else "check --base-url and the network"


def _mend(server: Server, status: int, overlong: bool) -> str:
    ollama = server.protocol == "ollama"
    if overlong:
        return "set context_tokens to the model's window, or lower answer_tokens"
    if status in (401, 403):
        return "check the key in OPENAI_API_KEY" if server.key else "set the key: OPENAI_API_KEY"
    if status == 404 and ollama:
        return f"see which models there are: `ollama list`; fetch it: `ollama pull {server.model}`"
    if status == 404:
        return f"check the model's name (`curl {server.base_url}/models` lists them), and that --base-url has its /v1"
    return "see what it says of the request, and the log of the server"
