"""One request to a server with OpenAI's chat protocol, through the official client: a document or an error of our tree.

Nothing is tried again, so that what is measured is what the server does. The key is sent and nowhere written, not even
where the server repeats it in a message.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assistant.errors import AssistantError, EvaluationError, ServerUnreachable
from assistant.evaluation.systems.system import TimedOut
from assistant.llm.addresses import is_loopback, shown
from assistant.llm.redacting import one_line

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_SECONDS, TOTAL_SECONDS = 2.0, 180.0


@dataclass(frozen=True, slots=True)
class ChatServer:
    """A server at a checked base URL (`addresses.base_url_of`, with its /v1). Times are seconds: to connect, and for one
    whole request."""

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    connect_seconds: float = CONNECT_SECONDS
    total_seconds: float = TOTAL_SECONDS

    def client(self) -> AsyncOpenAI:
        """A client of the official library, to be closed by the caller: it belongs to one event loop."""
        import openai

        return openai.AsyncOpenAI(
            base_url=self.base_url,
            api_key=self.api_key or "unused",
            max_retries=0,
            timeout=openai.Timeout(self.total_seconds, connect=self.connect_seconds),
            http_client=openai.DefaultAsyncHttpxClient(trust_env=not is_loopback(self.base_url)),
        )

    async def completion(
        self, client: AsyncOpenAI, model: str, messages: Sequence[Mapping[str, str]], parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The chat completion as the server gave it. Raises ServerUnreachable, TimedOut, EvaluationError."""
        import openai

        request: dict[str, Any] = {"model": model, "messages": [dict(message) for message in messages], **parameters}
        try:
            async with asyncio.timeout(self.total_seconds):
                raw = await client.chat.completions.with_raw_response.create(**request)
                document = json.loads(raw.text)
        except openai.OpenAIError as error:
            raise self._failure(model, error) from error
        except TimeoutError as error:
            raise self._late(model) from error
        except ValueError as error:
            raise EvaluationError(f"{self._place(model)} gave no JSON ({error})", hint="check --base-url") from error
        if not isinstance(document, dict):
            raise EvaluationError(f"{self._place(model)} gave JSON that is no object", hint="check --base-url")
        return document

    def _place(self, model: str) -> str:
        return f"{model} at {shown(self.base_url)}"

    def _late(self, model: str) -> TimedOut:
        return TimedOut(
            f"{self._place(model)}: no whole answer within {self.total_seconds:g} s", hint="see the log of the server"
        )

    def _failure(self, model: str, error: Exception) -> AssistantError:
        import openai

        if isinstance(error, openai.APITimeoutError):
            return self._late(model)
        reason = one_line(str(error), self.api_key)
        if isinstance(error, openai.APIConnectionError):
            return ServerUnreachable(
                f"no answer from {self._place(model)} ({reason})", hint="start the server, or check --base-url"
            )
        return EvaluationError(f"{self._place(model)} refused: {reason}", hint="check the model's name, the key and its limits")
