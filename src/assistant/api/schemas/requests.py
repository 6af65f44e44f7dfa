"""What can be asked, as pydantic models that requests are validated by."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.retrieval.filters import Filters
from assistant.types import Turn

LONGEST_QUESTION = 8_000
LONGEST_TURN = 100_000
MOST_TURNS = 100
MOST_HITS = 1_000
LONGEST_CURSOR = 500
WITHOUT_NUL = r"^[^\x00]*$"

Question = Annotated[str, Field(max_length=LONGEST_QUESTION, pattern=WITHOUT_NUL)]


class Body(BaseModel):
    """A request body: nothing in it that the server does not know, and nothing taken for what it is not."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TurnIn(Body):
    """One message before the question."""

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(max_length=LONGEST_TURN, pattern=WITHOUT_NUL)]

    def turn(self) -> Turn:
        return Turn(self.role, self.content)


class FiltersIn(Body):
    """Which posts may be used; all conditions hold together."""

    tags: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)] = []
    sources: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=50)] = []
    since: Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")] | None = None
    unanswered: bool = False

    def filters(self) -> Filters:
        return Filters(tuple(self.tags), tuple(self.sources), self.since, self.unanswered)


class Filtered(Body):
    """A request that may leave posts out."""

    filters: FiltersIn | None = None

    def chosen(self) -> Filters:
        """The filters, those that let everything pass if there are none."""
        return self.filters.filters() if self.filters else Filters()


class AskIn(Filtered):
    """A question, and the conversation before it, oldest message first."""

    question: Question
    history: Annotated[list[TurnIn], Field(max_length=MOST_TURNS)] = []
    blocks: Annotated[bool, Field(description="whether deltas and answer carry the text's Markdown as `blocks` too")] = False


class SearchIn(Filtered):
    """What is searched for, and how much of what is found is wanted."""

    query: Question
    k: Annotated[int, Field(ge=1, le=MOST_HITS, description="how many hits; the server's setting `k` if null")] | None = None
    all_chunks: Annotated[bool, Field(description="whether a thread may have more than one hit")] = False
    limit: Annotated[int, Field(ge=1, le=MOST_HITS, description="hits of a page; all `k` if null")] | None = None
    cursor: Annotated[str, Field(max_length=LONGEST_CURSOR, description="`next_cursor` of the page before")] | None = None
