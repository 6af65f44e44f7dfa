"""An answer as the documents of OpenAI's protocol: one chat completion, or the chunks of a stream that say the same."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from assistant.api.openai.footnotes import footnotes
from assistant.api.openai.request import MODEL
from assistant.api.openai.sources import Source, annotations_of, cited_urls, search_results, sources_of
from assistant.api.problems import openai_error
from assistant.api.streaming import event_of, with_failures
from assistant.api.telling import answer_json
from assistant.errors import AssistantError, ServerBusy, ServerTimedOut, ServerUnreachable
from assistant.pipeline import Answered, Event, TextDelta
from assistant.types import Answer, CutOff

DONE = b"data: [DONE]\n\n"
_FAILURES = (ServerUnreachable, ServerBusy, ServerTimedOut)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every document of one reply carries. `created` is in seconds since 1970, `origin` the address that the server was
    asked at, as in `http://127.0.0.1:8000`."""

    id: str
    created: int
    origin: str
    request_id: str = ""

    def document(self, kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL, "choices": choices, **more}


@dataclass(frozen=True)
class ChatReply:
    """One answer in the words of the protocol."""

    answer: Answer
    origin: str

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        return sources_of(self.answer, self.origin)

    @cached_property
    def footnotes(self) -> str:
        """What follows the answer's text in the content."""
        return footnotes(self.sources)

    @property
    def content(self) -> str:
        return self.answer.reply.text + self.footnotes

    @property
    def annotations(self) -> list[dict[str, Any]]:
        """One for each marker; ranges are of code points of the content."""
        return annotations_of(self.answer.reply.text, self.sources)

    @property
    def finish_reason(self) -> str:
        cut = self.answer.reply.cut_off
        return "length" if cut and cut.by_length else "stop"

    @property
    def usage(self) -> dict[str, int]:
        """Tokens that a model read and wrote; zeros where none was asked."""
        usage = self.answer.reply.usage
        read, wrote = (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)
        return {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}

    @property
    def more(self) -> dict[str, Any]:
        """What the protocol does not know: sources as lists, how far the answer rests on them, the answer of our own API."""
        reply = self.answer.reply
        return {
            "citations": cited_urls(self.sources), "search_results": search_results(self.sources),
            "status": reply.status.value, "confidence": reply.confidence, "forum": answer_json(self.answer),
        }  # fmt: skip


def completion(answer: Answer, envelope: Envelope) -> dict[str, Any]:
    """The whole reply. Raises ServerUnreachable and below where the model's server broke off."""
    if (failure := failure_of(answer.reply.cut_off)) is not None:
        raise failure
    reply = ChatReply(answer, envelope.origin)
    message = {"role": "assistant", "content": reply.content, "refusal": None, "annotations": reply.annotations}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}
    return envelope.document("chat.completion", [choice], usage=reply.usage, **reply.more)


def chunks(events: AsyncGenerator[Event, None], envelope: Envelope, wants_usage: bool) -> AsyncGenerator[bytes, None]:
    """The same reply as server-sent events, from the first piece of its text on.

    Raises what happens before that piece. A later failure is said in an event of its own, and nothing follows it: the official
    clients raise it. Closes `events`.
    """
    return with_failures(
        _chunks(events, envelope, wants_usage), lambda error: event_of(openai_error(error, envelope.request_id))
    )


async def _chunks(events: AsyncGenerator[Event, None], envelope: Envelope, wants_usage: bool) -> AsyncGenerator[bytes, None]:
    begun = False
    unknown = {"usage": None} if wants_usage else {}
    async with aclosing(events):
        async for event in events:
            if not begun and isinstance(event, TextDelta | Answered):
                begun = True
                yield _chunk(envelope, {"role": "assistant", "content": "", "refusal": None}, **unknown)
            if isinstance(event, TextDelta):
                yield _chunk(envelope, {"content": event.text}, **unknown)
            elif isinstance(event, Answered):
                for line in _ending(event.answer, envelope, unknown):
                    yield line


def _ending(answer: Answer, envelope: Envelope, unknown: dict[str, None]) -> Iterator[bytes]:
    """What follows the text. Raises ServerUnreachable and below where the model's server broke off."""
    if (failure := failure_of(answer.reply.cut_off)) is not None:
        raise failure
    reply = ChatReply(answer, envelope.origin)
    if reply.footnotes:
        yield _chunk(envelope, {"content": reply.footnotes}, **unknown)
    yield _chunk(envelope, {"annotations": reply.annotations}, reply.finish_reason, **unknown, **reply.more)
    if unknown:
        yield event_of(envelope.document("chat.completion.chunk", [], usage=reply.usage))
    yield DONE


def _chunk(envelope: Envelope, delta: dict[str, Any], reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return event_of(envelope.document("chat.completion.chunk", [choice], **more))


def failure_of(cut_off: CutOff | None) -> AssistantError | None:
    """The error that broke an answer off; None where it is whole, or a limit of the settings ended it."""
    if cut_off is None or not cut_off.by_server:
        return None
    kind = next((kind for kind in _FAILURES if kind.http_status == cut_off.http_status), ServerUnreachable)
    return kind(cut_off.message, hint=cut_off.hint)
