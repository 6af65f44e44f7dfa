"""The seam to a language model: messages in, pieces of text out, and how it ended.

A model is asked by streaming only: a caller that wants the whole joins the pieces, and closing the stream stops the server.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from assistant.types import Usage

DEFAULT_WINDOW = 8192
"""Tokens, where a server does not say: what the oldest models still offered have. Too small costs a passage, too large the
beginning of the prompt, which some servers cut off without a word."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The last item of a stream: why the model ended (`stop`, `length`, or the server's own word) and what it used."""

    reason: str
    usage: Usage | None = None


class Model(Protocol):
    """A language model at a server."""

    @property
    def name(self) -> str:
        """As the setting `generator` names it: `openai:MODEL`, `ollama:MODEL`."""
        ...

    async def window(self) -> int:
        """Tokens that prompt and answer share: the setting, else what the server says, else a cautious guess. Asked once."""
        ...

    def stream(
        self, messages: Sequence[Message], most_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[str | Ended, None]:
        """Pieces of the model's text, none of them empty, then `Ended`. With a JSON `schema` the text is JSON of that form.

        Raises ServerUnreachable or one below it: before the first piece after the retries of the settings, after it at once.
        To close the generator (`aclose`, or to cancel who iterates) ends the request at the server.
        """
        ...


def estimated_tokens(text: str) -> int:
    """How many tokens a text is to a tokenizer that is not known: an upper estimate for English and code."""
    return len(text.encode()) // 3 + 1


async def complete(
    model: Model, messages: Sequence[Message], most_tokens: int, schema: Mapping[str, Any] | None = None
) -> tuple[str, Ended]:
    """The whole text and how it ended. Raises what the stream raises; to cancel it ends the request at the server."""
    pieces: list[str] = []
    async with aclosing(model.stream(messages, most_tokens, schema)) as stream:
        async for item in stream:
            if isinstance(item, Ended):
                return "".join(pieces), item
            pieces.append(item)
    raise AssertionError("a stream ends with Ended or raises")
