"""What a server with OpenAI's protocol sends, from bytes to events. Nothing is taken for granted but what is used.

The official client sends the request; of its stream only `response` is used: its own reader hides `[DONE]`, takes a web page
for an empty stream, and builds its objects out of anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.llm.asking import Event, Sign
from assistant.llm.connecting import Server
from assistant.llm.event_stream import EventStream
from assistant.llm.failing import broken_off, no_model, said_no
from assistant.llm.model import Ended
from assistant.llm.redacting import document_of
from assistant.llm.usage import usage_of
from assistant.settings import Settings

DONE = "[DONE]"


class Reading:
    """Reads one answer. What has another shape than the protocol's is passed over, as long as the right one comes too."""

    def __init__(self, server: Server, settings: Settings) -> None:
        self._server = server
        self._settings = settings
        self._stream = EventStream()
        self._usage: Any = None
        self._chunks = 0
        self._said = False
        self._odd = False
        self.reason: str | None = None
        self.done = False

    def feed(self, body: bytes) -> Iterator[Event]:
        """The events in a piece of the body. Raises Failure for an error inside the stream and for what is no JSON."""
        for data in self._stream.feed(body):
            yield from self._read(data)

    def end(self, content_type: str) -> Iterator[Event]:
        """The last events, `Ended` behind them. Raises Failure where the server did not say that this is the end: then the
        answer was cut off, or is none of a model. `[DONE]` says so too, once the model has said anything."""
        if (foreign := self._stream.end()) and not self._chunks:
            yield from self._read_foreign(foreign, content_type)
        if not self._said and self._odd:
            raise broken_off(self._server, "nothing that it sends has the form of an answer")
        if self.reason is None and not (self.done and self._said):
            raise broken_off(self._server, "the stream ended before the model said that it was done")
        read, written = (self._usage.get(name) if self._usage else None for name in ("prompt_tokens", "completion_tokens"))
        usage = usage_of(read, written, self._settings.price_in, self._settings.price_out)
        yield Ended(self.reason or "stop", usage)

    def _read(self, data: str) -> Iterator[Event]:
        if self.done:
            return
        self._chunks += 1
        if data.startswith(DONE):
            self.done = True
            return
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError) as fault:
            raise broken_off(self._server, f"what it sends is not JSON: {fault}") from None
        if isinstance(chunk, Mapping) and (error := chunk.get("error")):
            raise said_no(self._server, _code(error), data)
        yield from self._read_chunk(chunk)

    def _read_foreign(self, text: str, content_type: str) -> Iterator[Event]:
        """An answer that is no event stream: taken where it is a whole completion. Raises Failure where it is not."""
        document = document_of(text)
        if document.get("object") == "chat.completion":
            yield from self._read_chunk(document)
            self.done = True
        elif document or "event-stream" not in content_type:
            raise no_model(self._server, content_type, text)

    def _read_chunk(self, chunk: object) -> Iterator[Event]:
        fields = self._mapping(chunk)
        self._usage = self._mapping(fields.get("usage")) or self._usage
        choices = fields.get("choices")
        if not isinstance(choices, list):
            self._odd |= choices is not None
            return
        for choice in map(self._mapping, choices):
            # Of several answers to one question, the first is the one.
            if choice.get("index", 0) not in (0, None):
                continue
            yield from self._read_delta(self._mapping(choice.get("delta") or choice.get("message")))
            reason = choice.get("finish_reason")
            if isinstance(reason, str):
                self.reason = reason or self.reason

    def _read_delta(self, delta: Mapping[str, Any]) -> Iterator[Event]:
        content = delta.get("content")
        # vLLM and OpenRouter say `reasoning`, others `reasoning_content`; Mistral puts its thoughts into a list.
        if any(isinstance(delta.get(name), str) and delta[name] for name in ("reasoning_content", "reasoning")) or (
            isinstance(content, list) and content
        ):
            self._said = True
            yield Sign.THOUGHT
        if isinstance(content, str) and content:
            self._said = True
            yield content
        self._odd |= not isinstance(content, (str, list, type(None)))

    def _mapping(self, value: object) -> Mapping[str, Any]:
        if isinstance(value, Mapping):
            return value
        self._odd |= value is not None
        return {}


def _code(error: object) -> int:
    code = str(error.get("code")) if isinstance(error, Mapping) else ""
    return int(code) if code.isdecimal() and len(code) == len("500") and 400 <= int(code) <= 599 else 0
