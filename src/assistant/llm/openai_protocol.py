"""A model behind OpenAI's chat protocol, through the official client: OpenAI itself, llama.cpp, vLLM, LM Studio and others.

They differ in what they take (`max_tokens`, `temperature`, `stream_options`) and in how they tell their window. What a server
refuses by name is said otherwise or left out, once, and remembered for the life of the model.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.llm.asking import Event, asked_about, streamed
from assistant.llm.connecting import Server, http_options
from assistant.llm.failing import BAD_REQUEST, broken_off, not_reached, said_no
from assistant.llm.model import DEFAULT_WINDOW, Ended, Message
from assistant.llm.openai_reading import Reading
from assistant.llm.redacting import document_of
from assistant.llm.surrogates import mended
from assistant.llm.windows import entry_of, window_of_entry, window_of_props
from assistant.settings import Settings

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream

OPENAI_HOST = "api.openai.com"


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a request is put to a server, and what of it has been changed since it refused the first form."""

    limit: str
    temperature: bool = True
    usage: bool = True
    changed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, base_url: str) -> Spelling:
        """OpenAI's reasoning models know `max_completion_tokens` alone, local servers often `max_tokens` alone."""
        host = urlsplit(base_url).hostname or ""
        return cls("max_completion_tokens" if host == OPENAI_HOST or host.endswith(f".{OPENAI_HOST}") else "max_tokens")

    def without(self, refused: str) -> Spelling | None:
        """The request put otherwise, where `refused`, the text of a refusal, names what can be; None where nothing is left."""
        named = {name for name in ("stream_options", "temperature", self.limit) if name in refused}
        for name in sorted(named - self.changed):
            changed = self.changed | {name}
            if name == self.limit:
                other = "max_tokens" if name == "max_completion_tokens" else "max_completion_tokens"
                return replace(self, limit=other, changed=changed | {other})
            if name == "temperature":
                return replace(self, temperature=False, changed=changed)
            return replace(self, usage=False, changed=changed)
        return None

    def parameters(self, most_tokens: int, temperature: float) -> dict[str, Any]:
        """The parameters of a request."""
        said: dict[str, Any] = {self.limit: most_tokens}
        if self.temperature:
            said["temperature"] = temperature
        if self.usage:
            said["stream_options"] = {"include_usage": True}
        return said


class OpenAiModel:
    """A model at a server with OpenAI's protocol. A schema must have each property required and no others allowed: OpenAI
    holds a model to such schemas only."""

    def __init__(self, server: Server, settings: Settings) -> None:
        self._server = server
        self._settings = settings
        self._spelling = Spelling.of(server.base_url)
        self._window = settings.context_tokens

    @property
    def name(self) -> str:
        """`openai:MODEL`."""
        return f"openai:{self._server.model}"

    async def window(self) -> int:
        """As `Model.window`. A guess is not remembered where the question failed."""
        if self._window is None:
            self._window = await asked_about(self._asked_window, self._server, self._settings)
        return self._window or DEFAULT_WINDOW

    def stream(
        self, messages: Sequence[Message], most_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[str | Ended, None]:
        """As `Model.stream`."""
        return streamed(lambda: self._events(messages, most_tokens, schema), self._server, self._settings)

    async def _events(
        self, messages: Sequence[Message], most_tokens: int, schema: Mapping[str, Any] | None
    ) -> AsyncGenerator[Event, None]:
        request: dict[str, Any] = {
            "model": self._server.model,
            "messages": [{"role": message.role, "content": mended(message.content)} for message in messages],
        }
        if schema is not None:
            form = {"name": "answer", "schema": dict(schema), "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": form}
        reading = Reading(self._server, self._settings)
        content_type = ""
        with self._failures(reading):
            async with self._client() as client, await self._opened(client, request, most_tokens) as chunks:
                content_type = chunks.response.headers.get("content-type", "")
                async for body in chunks.response.aiter_bytes():
                    for event in reading.feed(body):
                        yield event
                    if reading.done:
                        break
        for event in reading.end(content_type):
            yield event

    async def _opened(self, client: AsyncOpenAI, request: Mapping[str, Any], most_tokens: int) -> AsyncStream[Any]:
        """The stream of the request, put as the server takes it."""
        import openai

        spelling = self._spelling
        while True:
            said = spelling.parameters(most_tokens, self._settings.temperature)
            try:
                chunks: AsyncStream[Any] = await client.chat.completions.create(**request, **said, stream=True)
            except openai.APIStatusError as error:
                other = spelling.without(_refused(self._server, error))
                if other is None:
                    raise
                spelling = other
            else:
                self._spelling = spelling
                return chunks

    async def _asked_window(self) -> int:
        import httpx2

        with self._failures():
            async with self._client() as client:
                listed = await client.get("/models", cast_to=httpx2.Response)
                entry = entry_of(document_of(listed.text), self._server.model)
                window = window_of_entry(entry)
                if window is None and entry.get("owned_by") == "llamacpp":
                    root = self._server.base_url.removesuffix("/v1")
                    props = await client.get(f"{root}/props", cast_to=httpx2.Response)
                    window = window_of_props(document_of(props.text))
                return window or DEFAULT_WINDOW

    def _client(self) -> AsyncOpenAI:
        import httpx2
        import openai

        # The key of this client is never sent: the headers that leave are made in `connecting`.
        return openai.AsyncOpenAI(
            base_url=self._server.base_url,
            api_key="unused",
            max_retries=0,
            timeout=openai.Timeout(None, connect=self._settings.connect_seconds),
            http_client=httpx2.AsyncClient(**http_options(self._server, self._settings.connect_seconds)),
        )

    @contextmanager
    def _failures(self, reading: Reading | None = None) -> Iterator[None]:
        """Errors of the libraries become Failures; after the model has said that it is done, they are none."""
        import httpx2
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise said_no(self._server, error.status_code, error.response.text, error.response.headers) from None
        except openai.APIConnectionError as error:
            cause = error.__cause__
            raise (
                not_reached(self._server, cause)
                if isinstance(cause, httpx2.HTTPError)
                else broken_off(self._server, str(cause or error))
            ) from None
        except httpx2.HTTPError as error:
            if reading is None or reading.reason is None:
                raise not_reached(self._server, error) from None


def _refused(server: Server, error: Any) -> str:
    """The parameter that a refusal is about, else its whole text; empty where it is no refusal of a parameter."""
    if error.status_code not in BAD_REQUEST or said_no(server, error.status_code, error.response.text).overlong:
        return ""
    return error.param if isinstance(error.param, str) else error.response.text
