"""What the routes below /v1 give, for the OpenAPI document. The documents themselves are made in `completion` and `routes`;
tests hold the one to the other."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from assistant.api.openai.request import MODEL
from assistant.api.schemas import ANSWER_EXAMPLE, Answer
from assistant.types import Status, Verdict

QUESTION = "Why is the camera preview rotated on iPad?"


class ModelOut(BaseModel):
    """The one model: this server."""

    id: str = Field(examples=[MODEL])
    object: Literal["model"]
    created: int = Field(description="when the index in force was built, in seconds since 1970")
    owned_by: str


class ModelsOut(BaseModel):
    """All models."""

    object: Literal["list"]
    data: list[ModelOut]


class UrlCitationOut(BaseModel):
    """A marker in the content: `content[start_index:end_index]`, in code points, is `[label]`."""

    start_index: int
    end_index: int
    url: str
    title: str


class AnnotationOut(BaseModel):
    """One place where a source is cited; `post_id` is null where the citation names no post."""

    type: Literal["url_citation"]
    url_citation: UrlCitationOut
    label: int
    post_id: str | None
    quote: str
    status: Verdict


class MessageOut(BaseModel):
    """The answer: its text with the list of sources behind it."""

    role: Literal["assistant"]
    content: str
    refusal: None
    annotations: list[AnnotationOut]


class ChoiceOut(BaseModel):
    """The one answer."""

    index: Literal[0]
    message: MessageOut
    logprobs: None
    finish_reason: Literal["stop", "length"]


class UsageOut(BaseModel):
    """Tokens that a model read and wrote; zeros where none was asked."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class SearchResultOut(BaseModel):
    """A source; the first is that of `[1]`. All but label, snippet, range and status is null for one that names no post."""

    label: int
    title: str | None
    url: str | None
    snippet: str
    date: str | None
    post_id: str | None
    thread_id: str | None
    start: int
    end: int
    status: Verdict


class CompletionOut(BaseModel):
    """A chat completion, with the answer of `POST /ask` in `forum`."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChoiceOut]
    usage: UsageOut
    citations: list[str | None]
    search_results: list[SearchResultOut]
    status: Status
    confidence: float
    forum: Answer


class ErrorDetail(BaseModel):
    """What happened and what mends it."""

    message: str
    type: str
    param: str | None
    code: str | None
    request_id: str


class ErrorOut(BaseModel):
    """An error in OpenAI's shape."""

    error: ErrorDetail


def asking(**more: Any) -> dict[str, Any]:
    """A request that can be sent as it is."""
    return {"model": MODEL, "messages": [{"role": "user", "content": QUESTION}], **more}


EXAMPLES = {
    "question": {"summary": "A question", "value": asking()},
    "stream": {"summary": "The same as a stream", "value": asking(stream=True, stream_options={"include_usage": True})},
    "follow_up": {"summary": "A follow-up", "value": {"model": MODEL, "messages": [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": "The preview layer keeps the orientation that it was made in [1]"},
        {"role": "user", "content": "And on iPhone?"},
    ]}},
    "filters": {"summary": "With filters of this server", "value": asking(forum={"filters": {"since": "2025"}})},
}  # fmt: skip
ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorOut, "description": "The request is not taken"},
    "5XX": {"model": ErrorOut, "description": "It cannot be answered now"},
}
_MODEL = {"id": MODEL, "object": "model", "created": 1790000000, "owned_by": MODEL}
_CITED = ANSWER_EXAMPLE["citations"][0]
_SOURCE = {"title": _CITED["title"], "url": _CITED["url"]}
_AT = ANSWER_EXAMPLE["text"].index("[1]")
_COMPLETION = {
    "id": "chatcmpl-7b4bb646e6472485", "object": "chat.completion", "created": 1790000100, "model": MODEL,
    "choices": [{"index": 0, "logprobs": None, "finish_reason": "stop", "message": {
        "role": "assistant", "refusal": None,
        "content": f"{ANSWER_EXAMPLE['text']}\n\n**Sources**\n\n- [1] [{_SOURCE['title']}]({_SOURCE['url']})",
        "annotations": [{
            "type": "url_citation", "url_citation": {"start_index": _AT, "end_index": _AT + len("[1]"), **_SOURCE},
            "label": 1, "post_id": _CITED["post_id"], "quote": _CITED["quote"], "status": _CITED["status"],
        }],
    }}],
    "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, "citations": [_SOURCE["url"]],
    "search_results": [{
        "label": 1, **_SOURCE, "date": _CITED["created"], "snippet": _CITED["quote"],
        **{name: _CITED[name] for name in ("post_id", "thread_id", "start", "end", "status")},
    }],
    "status": ANSWER_EXAMPLE["status"], "confidence": ANSWER_EXAMPLE["confidence"], "forum": ANSWER_EXAMPLE,
}  # fmt: skip


def given(example: dict[str, Any], **more: Any) -> dict[int | str, dict[str, Any]]:
    """What a route may answer: 200 with an example, and errors. `more` is added to what is said of the 200."""
    content = {"application/json": {"example": example}, **more.pop("content", {})}
    return {200: {"content": content, **more}, **ERRORS}


MODELS = given({"object": "list", "data": [_MODEL]})
ONE_MODEL = given(_MODEL)
COMPLETION = given(
    _COMPLETION,
    description="The answer; with `stream` as `chat.completion.chunk`s, and `data: [DONE]` behind them",
    model=CompletionOut,
    content={"text/event-stream": {
        "itemSchema": {"type": "object", "required": ["data"], "properties": {"data": {"type": "string"}}},
        "example": "data: {…}\n\ndata: [DONE]\n\n",
    }},
)  # fmt: skip
