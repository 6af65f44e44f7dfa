"""A thread and what the server answers from, described as responses."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from assistant.api.schemas.answers import Post
from assistant.api.schemas.examples import POST_EXAMPLE
from assistant.api.schemas.responses import ok

DEFAULT_LIMIT = 50
MOST_OF_A_PAGE = 200
Count = Annotated[int, Field(ge=0)]


class Thread(BaseModel):
    """A page of the posts of a thread: the question first, then replies by date."""

    thread_id: str
    title: Annotated[str, Field(description="of the first post; empty where that has none")]
    posts: list[Post]
    next_cursor: Annotated[str | None, Field(description="send it as `cursor` for the next page; null on the last")]


class About(BaseModel):
    """What the server answers from, and who words it."""

    posts: Count
    threads: Count
    generation: str
    built: Annotated[str, Field(description="when the generation was finished: ISO 8601, UTC")]
    generator: Annotated[str, Field(description="`extractive`, `openai:MODEL` or `ollama:MODEL`")]
    tags: Annotated[list[str], Field(description="the most frequent tags, at most 200, the most frequent first")]


THREAD_EXAMPLE: dict[str, Any] = {
    "thread_id": POST_EXAMPLE["thread_id"], "title": POST_EXAMPLE["title"], "posts": [POST_EXAMPLE], "next_cursor": None,
}  # fmt: skip
ABOUT_EXAMPLE: dict[str, Any] = {
    "posts": 412, "threads": 230, "generation": "gen-000001-8c41f0aa", "built": "2026-04-06T08:30:00Z",
    "generator": "extractive", "tags": ["camera", "backup"],
}  # fmt: skip
READ_THREAD = ok("A page of the thread", Thread, THREAD_EXAMPLE)
TOLD_ABOUT = ok("What there is", About, ABOUT_EXAMPLE)
