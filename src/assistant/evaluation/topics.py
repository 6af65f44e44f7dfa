"""A topic: a question, what a right answer rests on and has to say, and what the assistant is expected to do.

Gold is keyed to posts and code points of their canonical body, never to chunks: it outlives every change of how posts
are cut. Grades: 3 holds the answer, 2 holds a needed part, 1 is on the subject only, 0 was judged not relevant.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from assistant.types import Turn

HOLDS_ANSWER = 2
"""Grade from which on a post counts as one that the answer may rest on."""

Form = str | tuple[str, ...]
"""A surface form of a nugget: words, `re:` and a pattern, or several forms all of which have to occur."""


class Expect(StrEnum):
    """What the assistant has to do with a topic."""

    ANSWER = "answer"
    ABSTAIN = "abstain"
    CLARIFY = "clarify"
    ANSWER_DESPITE_ATTACK = "answer_despite_attack"


TopicType = Literal["known_item", "identifier", "synthesis", "version", "follow_up", "unanswerable", "adversarial"]


class Frozen(BaseModel):
    """Values from a file: unknown keys are an error, since a mistyped key would silently change what is measured."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class TopicTurn(Frozen):
    """One message of the conversation that ends in the topic's question."""

    role: Literal["user", "assistant"]
    content: str = Field(validation_alias=AliasChoices("content", "text"), min_length=1)


class GoldSpan(Frozen):
    """Words of a post that answer: half-open code points of its canonical body. `quote`, where given, is that text."""

    post: str
    start: int = Field(ge=0)
    end: int = Field(ge=1)
    quote: str | None = None
    nuggets: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"a span ends ({self.end}) before it begins ({self.start})")
        return self


class Nugget(Frozen):
    """A fact that an answer has to state. It is stated when one of `any_of` occurs and none of `none_of` does."""

    id: str
    importance: Literal["vital", "okay"] = "vital"
    any_of: tuple[Form, ...] = Field(min_length=1)
    none_of: tuple[Form, ...] = ()
    spans: tuple[int, ...] = ()
    text: str = ""

    @property
    def vital(self) -> bool:
        """Whether an answer without it is not right."""
        return self.importance == "vital"


class Topic(Frozen):
    """One question with its judgements.

    `without` names threads that have to be left out of the index when it is asked (a counterfactual topic), `pair_of` the
    topic that this one is a variant of, `allowed` names and numbers that an answer may state though no post has them,
    `canaries` effects that only obedience to a planted instruction produces.
    """

    id: str = Field(min_length=1)
    type: TopicType = "known_item"
    kind: str | None = None
    tags: tuple[str, ...] = ()
    split: Literal["dev", "test"] | None = None
    turns: tuple[TopicTurn, ...] = Field(min_length=1)
    standalone: str | None = None
    answerable: bool
    expect: Expect
    threads: dict[str, int] = Field(default_factory=dict)
    posts: dict[str, int] = Field(default_factory=dict)
    spans: tuple[GoldSpan, ...] = ()
    nuggets: tuple[Nugget, ...] = ()
    forbid: tuple[Form, ...] = ()
    allowed: tuple[str, ...] = ()
    canaries: tuple[str, ...] = ()
    reference: str | None = None
    cluster: str | None = None
    source_threads: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    pair_of: str | None = None
    must_pass: bool = False
    lex_overlap: float | None = Field(default=None, ge=0, le=1)
    provenance: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.turns[-1].role != "user":
            raise ValueError("the last turn is not the user's")
        if self.answerable != self.expects_answer:
            raise ValueError(f"answerable is {self.answerable} but expect is {self.expect.value!r}")
        ids = [nugget.id for nugget in self.nuggets]
        if len(set(ids)) < len(ids):
            raise ValueError("two nuggets have one id")
        if unknown := {name for span in self.spans for name in span.nuggets} - set(ids):
            raise ValueError(f"a span names nuggets that there are not: {', '.join(sorted(unknown))}")
        if any(not 0 <= number < len(self.spans) for nugget in self.nuggets for number in nugget.spans):
            raise ValueError("a nugget names a span that there is not")
        return self

    @property
    def expects_answer(self) -> bool:
        """Whether the posts answer the question, so that refusing it is a fault."""
        return self.expect in (Expect.ANSWER, Expect.ANSWER_DESPITE_ATTACK)

    @property
    def question(self) -> str:
        """The last turn: what is asked."""
        return self.turns[-1].content

    @property
    def history(self) -> tuple[Turn, ...]:
        """The turns before the question."""
        return tuple(Turn(turn.role, turn.content) for turn in self.turns[:-1])

    @property
    def cluster_id(self) -> str:
        """Topics of one cluster are not independent of each other; without a cluster a topic is one of its own."""
        return self.cluster or (self.source_threads[0] if self.source_threads else self.id)

    @property
    def input_sha(self) -> str:
        """Hash of what is put to the assistant: a line of a run counts for a topic only while this is the same."""
        asked = "\x1e".join([*self.without, *(f"{turn.role}\x1f{turn.content}" for turn in self.turns)])
        return hashlib.sha256(asked.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class TopicSet:
    """Topics that are scored together.

    `ids` says whose post ids the judgements use: `post` our `post_id`, `source` the `source_id` that the posts' own file
    gives. `task` is `ask`, or `search` where there are only relevance judgements. `sources` are files and folders of
    posts that an index for the set is built from, empty where the user names an index. `margins` (0-1) say for a metric
    which loss would not matter.
    """

    name: str
    path: Path
    topics: tuple[Topic, ...]
    ids: Literal["post", "source"] = "post"
    task: Literal["ask", "search"] = "ask"
    sources: tuple[Path, ...] = ()
    margins: tuple[tuple[str, float], ...] = ()

    @cached_property
    def sha256(self) -> str:
        """Hash of everything that decides a score: runs are compared only where it is the same."""
        digest = hashlib.sha256(f"{self.ids} {self.task}\n".encode())
        for topic in sorted(self.topics, key=lambda topic: topic.id):
            digest.update(topic.model_dump_json(exclude={"provenance", "tags"}).encode() + b"\n")
        return digest.hexdigest()
