"""A model at Ollama, in its own protocol, through the official client.

Not through its OpenAI-compatible one: only this lets us set `num_ctx`, without which Ollama silently cuts the prompt at its
default window. The window that passages are chosen for and the window that is asked for are thereby the same.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from assistant.llm.asking import Event, Sign, asked_about, quickly, streamed
from assistant.llm.connecting import Server, http_options
from assistant.llm.failing import BAD_REQUEST, Failure, broken_off, no_model, not_reached, said_no
from assistant.llm.model import DEFAULT_WINDOW, Ended, Message
from assistant.llm.redacting import one_line
from assistant.llm.surrogates import mended
from assistant.llm.usage import usage_of
from assistant.llm.windows import window_of_shown
from assistant.settings import Settings

if TYPE_CHECKING:
    import httpx2
    import ollama

MOST_WINDOW = 8192
"""What is taken of a model's window without a setting: `num_ctx` costs memory at the server for all of it."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What Ollama says of a model: tokens to ask a window of, and whether it thinks."""

    window: int
    thinks: bool


class OllamaModel:
    """A model at Ollama. Its thinking is switched off where it has any: it is not shown, and takes its time."""

    def __init__(self, server: Server, settings: Settings) -> None:
        self._server = server
        self._settings = settings
        self._shown: _Shown | None = None
        self._think_refused = False

    @property
    def name(self) -> str:
        """`ollama:MODEL`."""
        return f"ollama:{self._server.model}"

    async def window(self) -> int:
        """As `Model.window`: what the Modelfile sets, else what the model has, up to MOST_WINDOW."""
        if self._settings.context_tokens is None:
            await asked_about(self._ask, self._server, self._settings)
        return self._window

    @property
    def _window(self) -> int:
        return self._settings.context_tokens or (self._shown.window if self._shown else DEFAULT_WINDOW)

    def stream(
        self, messages: Sequence[Message], most_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[str | Ended, None]:
        """As `Model.stream`."""
        return streamed(lambda: self._events(messages, most_tokens, schema), self._server, self._settings)

    async def _events(
        self, messages: Sequence[Message], most_tokens: int, schema: Mapping[str, Any] | None
    ) -> AsyncGenerator[Event, None]:
        try:
            await quickly(self._ask)
        except Failure as failure:
            if failure.absent or failure.loading:
                raise
        request: dict[str, Any] = {
            "model": self._server.model,
            "messages": [{"role": message.role, "content": mended(message.content)} for message in messages],
            "options": {"num_ctx": self._window, "num_predict": most_tokens, "temperature": self._settings.temperature},
        }
        if schema is not None:
            request["format"] = dict(schema)
        if self._shown and self._shown.thinks and not self._think_refused:
            request["think"] = False
        async with aclosing(self._answered(request)) as events:
            async for event in events:
                yield event

    async def _answered(self, request: dict[str, Any]) -> AsyncGenerator[Event, None]:
        try:
            async with aclosing(self._parts(request)) as events:
                async for event in events:
                    yield event
        except Failure as failure:
            if failure.status not in BAD_REQUEST or "think" not in request or "think" not in failure.error.message:
                raise
            self._think_refused = True
            del request["think"]
            async with aclosing(self._parts(request)) as events:
                async for event in events:
                    yield event

    async def _parts(self, request: Mapping[str, Any]) -> AsyncGenerator[Event, None]:
        answer = _Answer()
        with self._failures(answer):
            async with self._client(answer) as client, aclosing(await client.chat(**request, stream=True)) as parts:
                async for part in parts:
                    answer.begun = True
                    if part.message.thinking:
                        yield Sign.THOUGHT
                    if part.message.content:
                        yield part.message.content
                    if part.done:
                        yield self._ended(part)
                        return
        raise broken_off(self._server, "the stream ended before the model said that it was done")

    def _ended(self, part: ollama.ChatResponse) -> Ended:
        usage = usage_of(part.prompt_eval_count, part.eval_count, self._settings.price_in, self._settings.price_out)
        return Ended(part.done_reason or "stop", usage)

    async def _ask(self) -> None:
        """Learns what Ollama says of the model, once."""
        if self._shown is None:
            answer = _Answer()
            with self._failures(answer):
                async with self._client(answer) as client:
                    shown = await client.show(self._server.model)
            trained, chosen = window_of_shown(shown.modelinfo or {}, shown.parameters or "")
            window = chosen or min(trained or DEFAULT_WINDOW, MOST_WINDOW)
            self._shown = _Shown(window, "thinking" in (shown.capabilities or ()))

    def _client(self, answer: _Answer) -> ollama.AsyncClient:
        options = http_options(self._server, self._settings.connect_seconds)
        options["event_hooks"]["response"].append(answer.look)
        return _client_class()(self._server.base_url, **options)

    @contextmanager
    def _failures(self, answer: _Answer) -> Iterator[None]:
        """Errors of the library become Failures."""
        import httpx2
        import ollama

        try:
            yield
        except httpx2.HTTPStatusError as error:
            response = error.response
            raise said_no(self._server, response.status_code, response.text, response.headers) from None
        except httpx2.HTTPError as error:
            raise not_reached(self._server, error) from None
        except ollama.ResponseError as error:
            said = str(error.error)
            if answer.is_foreign:
                raise no_model(self._server, answer.content_type, json.dumps({"error": said})) from None
            raise said_no(self._server, 0, said) from None
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            # The library takes each line for an object of the protocol, whatever it is.
            if answer.is_foreign:
                raise no_model(self._server, answer.content_type, "") from None
            reason = one_line(str(error), self._server.key)
            raise broken_off(self._server, f"what it sends is not Ollama's protocol: {reason}") from None


@dataclass(slots=True)
class _Answer:
    """What is seen of an answer beside the client, which shows the parts alone."""

    content_type: str = ""
    begun: bool = False

    async def look(self, response: httpx2.Response) -> None:
        self.content_type = response.headers.get("content-type", "")

    @property
    def is_foreign(self) -> bool:
        """Whether what cannot be read is none of Ollama's streams, rather than a broken one."""
        return not self.begun and "ndjson" not in self.content_type


@cache
def _client_class() -> type[ollama.AsyncClient]:
    import httpx2
    import ollama

    class Client(ollama.AsyncClient):
        """The official client on the HTTP library that the other one uses too: one set of options and errors for both, and
        the headers of a refusal (Retry-After), which it would drop."""

        def __init__(self, host: str, **options: Any) -> None:
            super(ollama.AsyncClient, self).__init__(httpx2.AsyncClient, host, **options)

    return Client
