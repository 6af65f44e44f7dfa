"""What goes in and out as JSON, as pydantic models with examples: the contract for the OpenAPI document.

Requests are validated by these. Responses are what `render` makes, described by these, and tests hold the one to the other.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.retrieval.filters import Filters
from assistant.types import Turn

LONGEST_QUESTION = 8_000
LONGEST_TURN = 100_000
MOST_TURNS = 100

Question = Annotated[str, Field(max_length=LONGEST_QUESTION)]


class Body(BaseModel):
    """A request body: nothing in it that the server does not know."""

    model_config = ConfigDict(extra="forbid")


class TurnIn(Body):
    """One message before the question."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=LONGEST_TURN)]

    def turn(self) -> Turn:
        return Turn(self.role, self.content)


class FiltersIn(Body):
    """Which posts may be used; all conditions hold together."""

    tags: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)] = []
    sources: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=50)] = []
    since: Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")] | None = None
    unanswered: bool = False

    def filters(self) -> Filters:
        return Filters(tuple(self.tags), tuple(self.sources), self.since, self.unanswered)
