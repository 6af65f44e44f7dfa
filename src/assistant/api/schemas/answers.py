"""What is answered, described: the documents themselves are made by `render`, and tests hold the one to the other.

Unknown is null. Offsets are half-open ranges of code points in a post's `body`; `body[start:end]` is the text beside them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from assistant.types import Refusal, Rewriting, Role, Status, Verdict

Ratio = Annotated[float, Field(ge=0, le=1)]
Offset = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0)]
Label = Annotated[int, Field(ge=1, description="the n of `[n]`; labels run from 1 in the order of their use")]
SourcePath = Annotated[str | None, Field(description="the file, named from the folder on that was indexed")]


class Rewritten(BaseModel):
    """How the question was made to stand by itself."""

    how: Rewriting
    why: str


class Citation(BaseModel):
    """What a marker stands for. One that is dangling names no post that was found, and has no quote and nothing of a post."""

    label: Label
    claim: Annotated[str, Field(description="the sentence of the answer that carries the marker")]
    post_id: str | None
    source_id: str | None
    thread_id: str | None
    title: str | None
    url: str | None
    role: Role | None
    accepted: bool | None
    author: str | None
    created: str | None
    activity: str | None
    replies: int | None
    source: SourcePath
    start: Offset
    end: Offset
    quote: str
    status: Verdict


class Passage(BaseModel):
    """A span of a post that the answerer saw."""

    label: int
    post_id: str
    start: Offset
    end: Offset
    text: str
    score: float


class Near(BaseModel):
    """A thread near to the question."""

    post_id: str
    title: str
    score: float


class Provenance(BaseModel):
    """What the answer was made with."""

    generation: str
    settings_hash: str
    prompt_hash: Annotated[str, Field(description="empty where no model was asked for the answer")]
    embedder: str
    prompts: list[str]


class Timings(BaseModel):
    """Milliseconds from the question's arrival."""

    rewrite: Milliseconds
    retrieve: Milliseconds
    first_token: Milliseconds
    total: Milliseconds


class Usage(BaseModel):
    """Tokens that a model read and wrote, and what they cost by the server's settings."""

    prompt_tokens: int
    completion_tokens: int
    cost: float | None


class CutOff(BaseModel):
    """Why a model's answer ended early, and what to do about it."""

    message: str
    hint: str


class Answer(BaseModel):
    """An answer: each `[n]` in `text` has a citation; a sentence without a verified one makes it less than grounded."""

    question: str
    standalone_question: str
    rewriting: Rewritten
    text: Annotated[str, Field(min_length=1, description="Markdown with markers `[n]`; a refusal says what is missing")]
    status: Status
    refusal: Refusal | None
    confidence: Annotated[Ratio, Field(description="how likely the answer is right, calibrated")]
    citations: list[Citation]
    passages: list[Passage]
    nearest: list[Near]
    generator: Annotated[str, Field(description="`extractive`, `openai:MODEL` or `ollama:MODEL`")]
    provenance: Provenance
    timings_ms: Timings
    usage: Usage | None
    left_out: Annotated[int, Field(ge=0, description="sentences that are not shown, since nothing supports them")]
    cut_off: CutOff | None
    blocks: Annotated[list[dict[str, Any]], Field(description="the text's Markdown; only where `blocks` was asked for")] = []


class Signals(BaseModel):
    """Why a post was found: cosine, BM25, share of identifiers met as written, and its ranks by the first two."""

    dense: float | None
    lexical: float
    exact: Ratio
    dense_rank: int | None
    lexical_rank: int | None


class Hit(BaseModel):
    """A post that a search found, with the span that matches. Scores compare within one search."""

    rank: Annotated[int, Field(ge=1)]
    score: float
    post_id: str
    source_id: str | None
    thread_id: str
    title: str
    url: str | None
    source: SourcePath
    start: Offset
    end: Offset
    text: str
    replies: int | None
    views: int | None
    activity: str | None
    created: str | None
    signals: Signals


class Hits(BaseModel):
    """A page of hits, best first."""

    query: str
    understood: Annotated[str, Field(description="the query with its typing errors led back to words of the posts")]
    generation: Annotated[str, Field(description="the generation of the index that was searched")]
    hits: list[Hit]
    next_cursor: Annotated[str | None, Field(description="send it as `cursor` for the next page; null on the last")]


class Entity(BaseModel):
    """A name or number in the post."""

    kind: str
    value: str


class Source(BaseModel):
    """Where the post stands: a file, named from the folder on that was indexed, and a line of it."""

    path: str
    line: int


class Post(BaseModel):
    """One person's statement in canonical text."""

    post_id: str
    thread_id: str
    source_id: str | None
    title: str
    body: str
    author: str | None
    created: Annotated[str | None, Field(description="ISO 8601, where the date is known")]
    activity: Annotated[str | None, Field(description="as written, such as `9h`")]
    replies: int | None
    boosts: int | None
    views: int | None
    score: int | None
    tags: list[str]
    url: str | None
    role: Role
    accepted: bool
    reply_to: str | None
    entities: list[Entity]
    sources: list[Source]


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Readiness(BaseModel):
    """There is an index to answer from. `busy` counts questions and lookups that are worked on or wait."""

    ready: Literal[True]
    generation: str
    busy: Annotated[int, Field(ge=0)]


class FieldFault(BaseModel):
    """A field of the request that is not what is asked for."""

    field: str
    message: str


class Problem(BaseModel):
    """A problem document (RFC 9457). What holds only for some statuses is left out of others."""

    type: Literal["about:blank"]
    title: Annotated[str, Field(description="name of the status")]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(description="what happened")]
    hint: Annotated[str, Field(description="what mends it")]
    code: Annotated[str, Field(description="which error, for programs")]
    request_id: Annotated[str, Field(description="also in the header `x-request-id`, and in the server's log")]
    errors: Annotated[list[FieldFault], Field(description="with 422: the fields, at most 20")] = []
    ready: Annotated[Literal[False], Field(description="from /readyz")] = False
    answer: Annotated[Answer | None, Field(description="what there is of an answer that a model server broke off")] = None
