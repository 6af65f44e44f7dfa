"""What the tools take, with the bounds of the HTTP API, said so that a model knows what to put in."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from assistant.api.schemas.requests import MOST_HITS, MOST_TURNS, WITHOUT_NUL, Body, Filtered, FiltersIn, Question, TurnIn
from assistant.types import Turn

LONGEST_ID = 1_000
OnlyPosts = Annotated[FiltersIn | None, Field(description=(
    "Which posts may be used; leave it out to use all. tags: each must be one of the post's. sources: a part of the name of "
    "the file that it was read from. since: written on or after this date (2026, 2026-03, 2026-03-31). unanswered: only "
    "threads to which no reply is known."
))]  # fmt: skip


class Choosing(Filtered):
    """Arguments of a tool that can be told which posts to use."""

    filters: OnlyPosts = None


class SearchArguments(Choosing):
    """Arguments of `search`."""

    query: Annotated[Question, Field(description="Words, names, error codes, or a question.")]
    k: Annotated[
        Annotated[int, Field(ge=1, le=MOST_HITS)] | None,
        Field(description="How many hits at most. A few are enough to begin with."),
    ] = None


class PostArguments(Body):
    """Arguments of `get_post`."""

    post_id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST_ID,
            pattern=WITHOUT_NUL,
            description="The post_id of a hit or a citation, or an id of the forum's.",
        ),
    ]


class AskArguments(Choosing):
    """Arguments of `ask`."""

    question: Annotated[Question, Field(description="One question in plain words, as a user of the forum would ask it.")]
    history: Annotated[
        Annotated[list[TurnIn], Field(max_length=MOST_TURNS)] | None,
        Field(description="The conversation before it, oldest first, where the question follows it up."),
    ] = None

    def turns(self) -> tuple[Turn, ...]:
        return tuple(turn.turn() for turn in self.history or ())


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema without references, which some clients do not follow. The schema must not hold itself."""
    definitions = schema.get("$defs", {})

    def whole(part: Any) -> Any:
        if isinstance(part, list):
            return [whole(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            named = definitions[part["$ref"].rpartition("/")[2]]
            return whole({**named, **{key: value for key, value in part.items() if key != "$ref"}})
        return {key: whole(value) for key, value in part.items() if key != "$defs"}

    return dict(whole(schema))
