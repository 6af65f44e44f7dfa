"""How a model server is reached: a client of its own for each stream, no redirects, no proxy to this machine.

Both client libraries read variables of the environment (OPENAI_ORG_ID, OPENAI_CUSTOM_HEADERS, OLLAMA_API_KEY, ...) and add
headers for them. So which headers leave is decided here, by a list, when a request is about to be sent.
"""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from assistant.errors import SettingsError
from assistant.llm.addresses import base_url_of, is_loopback, shown

if TYPE_CHECKING:
    import httpx2

_HEADERS = frozenset("accept accept-encoding connection content-length content-type host transfer-encoding user-agent".split())
_EXAMPLES = {"openai": "http://127.0.0.1:8000/v1", "ollama": "http://127.0.0.1:11434"}


@dataclass(frozen=True, slots=True)
class Server:
    """A model at a server. The key is sent to `base_url` only, and only if the protocol is OpenAI's.

    `base_url` is without user and password, which are in `authorization` where the address had them.
    """

    protocol: Literal["openai", "ollama"]
    model: str
    base_url: str
    key: str | None = field(default=None, repr=False)
    authorization: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """The model and where it is, as messages name them."""
        return f"{self.model} at {self.base_url}"


def server_at(protocol: Literal["openai", "ollama"], model: str, address: str, key: str | None = None) -> Server:
    """The server at `address`. Raises UsageError for what is no address, SettingsError for a key that no request can carry."""
    url = base_url_of(address, _EXAMPLES[protocol])
    key = key.strip() if key else None
    if key and not (key.isascii() and key.isprintable()):
        raise SettingsError("the key has characters that no key has", hint="set OPENAI_API_KEY anew, on one line")
    parts = urlsplit(url)
    authorization = f"Bearer {key}" if key else None
    if authorization is None and parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(user.encode()).decode()}"
    return Server(protocol, model, shown(url), key, authorization)


def http_options(server: Server, connect_seconds: float) -> dict[str, Any]:
    """Options of an `httpx2.AsyncClient` for one stream. Only connecting has a limit here: the others are `asking`'s."""
    import httpx2

    return {
        "follow_redirects": False,
        # One request sent anew at once must not meet a connection that the server is just closing.
        "limits": httpx2.Limits(max_keepalive_connections=0),
        "timeout": httpx2.Timeout(None, connect=connect_seconds),
        "trust_env": not is_loopback(server.base_url),
        "verify": _certificates() if server.base_url.startswith("https:") else False,
        "event_hooks": {"request": [_Headers(server.authorization)], "response": [_read_if_failed]},
    }


@cache
def _certificates() -> ssl.SSLContext:
    # Reading them takes longer than opening a connection.
    import httpx2

    return httpx2.create_ssl_context()


@dataclass(frozen=True, slots=True)
class _Headers:
    """Leaves a request the headers that it needs, and our authorization alone."""

    authorization: str | None = field(repr=False)

    async def __call__(self, request: httpx2.Request) -> None:
        for name in set(request.headers) - _HEADERS:
            del request.headers[name]
        if self.authorization:
            request.headers["authorization"] = self.authorization


async def _read_if_failed(response: httpx2.Response) -> None:
    # The reason is in the body, and a client that raises for the status closes the response before we could read it.
    if not response.is_success:
        await response.aread()
