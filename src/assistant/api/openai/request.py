"""A request for a chat completion: what is read of it, what is refused, and the question that it puts.

The last message of the user is the question; those of user and assistant before it are the conversation. What system and
developer say is not obeyed, since an answer says what the posts say. Parameters of OpenAI's that mean nothing here are let
pass; one that would promise what is not done is refused; what the protocol does not know is ignored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.api.openai.footnotes import without_footnotes
from assistant.api.openai.refusing import SEE
from assistant.api.schemas import LONGEST_QUESTION, LONGEST_TURN, MOST_TURNS, FiltersIn
from assistant.api.schemas.requests import WITHOUT_NUL
from assistant.api.service import Asked
from assistant.errors import ModelNotFound, ParameterRefused
from assistant.types import Turn

MODEL = "forum-assistant"
MOST_MESSAGES = 1000
MOST_PARTS = 100
_TEXT_PARTS = ("text", "refusal")
Text = Annotated[str, Field(pattern=WITHOUT_NUL)]


class Read(BaseModel):
    """A part of the body: fields that the server does not know are ignored, since clients add their own."""

    model_config = ConfigDict(extra="ignore", strict=True)


class PartIn(Read):
    """A part of a message."""

    type: Annotated[str, Field(max_length=100, examples=["text"])]
    text: Text | None = None
    refusal: Text | None = None


class MessageIn(Read):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | Annotated[list[PartIn], Field(max_length=MOST_PARTS)] | None = None


class StreamOptionsIn(Read):
    """How a stream ends."""

    include_usage: bool | None = None


class ForumIn(Read):
    """What only this server knows."""

    filters: FiltersIn = FiltersIn()


class ChatIn(Read):
    """A request for a chat completion. Other parameters of OpenAI's (temperature, max_tokens, seed, …) are let pass."""

    model: Annotated[str, Field(max_length=1000, examples=[MODEL])]
    messages: Annotated[list[MessageIn], Field(min_length=1, max_length=MOST_MESSAGES)]
    stream: bool | None = None
    stream_options: StreamOptionsIn | None = None
    n: int | None = None
    response_format: dict[str, Any] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    tool_choice: str | dict[str, Any] | None = None
    function_call: str | dict[str, Any] | None = None
    forum: ForumIn | None = None

    @property
    def wants_usage(self) -> bool:
        """Whether the stream is to end with a chunk of usage."""
        return bool(self.stream_options and self.stream_options.include_usage)


def asked(body: ChatIn) -> Asked:
    """The question that a request puts. Raises ModelNotFound, ParameterRefused."""
    known_model(body.model)
    _refuse_promises(body)
    turns = [_turn(number, message) for number, message in enumerate(body.messages)]
    at = max((number for number, turn in enumerate(turns) if turn and turn.role == "user"), default=None)
    if at is None:
        raise ParameterRefused(
            "no message is the user's, so nothing is asked", param="messages", code="invalid_value",
            hint='send the question as {"role": "user", "content": …}',
        )  # fmt: skip
    question = turns[at]
    assert question is not None
    if len(question.content) > LONGEST_QUESTION:
        raise _too_long(at, len(question.content), LONGEST_QUESTION)
    history = tuple(turn for turn in turns[:at] if turn is not None)[-MOST_TURNS:]
    filters = (body.forum or ForumIn()).filters.filters()
    return Asked(question.content, history, filters, "openai")


def known_model(name: str) -> None:
    """Raises ModelNotFound for any name but ours."""
    if name != MODEL:
        raise ModelNotFound(
            f"there is no model {name[:100]!r}", param="model", code="model_not_found", hint=f"the one model is {MODEL!r}"
        )


def _refuse_promises(body: ChatIn) -> None:
    kind = (body.response_format or {}).get("type", "text")
    forced = isinstance(body.tool_choice, dict) or body.tool_choice == "required"
    named = isinstance(body.function_call, dict)
    refused = (
        (body.n not in (None, 1), "n", "one answer is given to a question, not several"),
        (kind != "text", "response_format", "an answer is Markdown, in no other format"),
        (bool(body.logprobs), "logprobs", "there are no probabilities of tokens"),
        (bool(body.top_logprobs), "top_logprobs", "there are no probabilities of tokens"),
        (body.modalities not in (None, [], ["text"]), "modalities", "answers are text"),
        (body.audio is not None, "audio", "answers are text"),
        (forced, "tool_choice", "no tool is ever called"),
        (named, "function_call", "no function is ever called"),
    )
    for applies, param, reason in refused:
        if applies:
            raise ParameterRefused(f"{param}: {reason}", param=param, hint=f"leave {param} out; {SEE}")


def _turn(number: int, message: MessageIn) -> Turn | None:
    """A message as a turn; None for one that is no part of the conversation."""
    if message.role in ("tool", "function"):
        raise ParameterRefused(
            f"message {number} is the result of a tool, and no tool was called", param=f"messages[{number}].role",
            hint="leave the messages of tools out",
        )  # fmt: skip
    if message.role in ("system", "developer"):
        return None
    text = _text(number, message)
    if text is None:
        return None
    if len(text) > LONGEST_TURN:
        raise _too_long(number, len(text), LONGEST_TURN)
    return Turn(message.role, without_footnotes(text) if message.role == "assistant" else text)


def _text(number: int, message: MessageIn) -> str | None:
    """The text of a message; None for one of the assistant's that says nothing."""
    place = f"messages[{number}].content"
    if isinstance(message.content, str):
        return message.content
    if message.content is None:
        if message.role == "assistant":
            return None
        raise ParameterRefused(f"message {number} has no content", hint=SEE, param=place, code="missing_required_parameter")
    for at, part in enumerate(message.content):
        if part.type not in _TEXT_PARTS:
            raise ParameterRefused(
                f"a part of message {number} is of type {part.type!r}, and only text is read", param=f"{place}[{at}]",
                hint="send text alone",
            )  # fmt: skip
    return "\n".join(part.text or part.refusal or "" for part in message.content)


def _too_long(number: int, length: int, longest: int) -> ParameterRefused:
    return ParameterRefused(
        f"message {number} has {length} characters, and {longest} are read at most", param=f"messages[{number}].content",
        code="string_above_max_length", hint="shorten it",
    )  # fmt: skip
