"""What reading a set gives: the set, where each topic stands, every fault that was found, and what a reader should know.

`set.toml` describes a set of our own; its keys are the fields of `SetFile`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, ValidationError, field_validator

from assistant.errors import EvaluationError
from assistant.evaluation.catalogue import BY_NAME
from assistant.evaluation.runs import read_line
from assistant.evaluation.sets.rows import numbered, text_of
from assistant.evaluation.topics import Frozen, Topic, TopicSet

SET_FILE, TOPICS_FILE = "set.toml", "topics.jsonl"
MEND = "correct these lines; `assistant eval validate SET` lists all"

Ratio = Annotated[float, Field(ge=0, le=1)]
Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]


class SetFile(Frozen):
    """`set.toml`. `sources` are relative to its folder, or `shared:PATH`, which is below the folder of real data.

    `shared_threads` says that both splits ask about the same threads and that this is known.
    """

    name: str = ""
    version: str = ""
    ids: Literal["post", "source"] = "post"
    task: Literal["ask", "search"] = "ask"
    topics: Names = (TOPICS_FILE,)
    sources: Names = ()
    margins: dict[str, Ratio] = Field(default_factory=dict)
    licence: str = ""
    authors: Names = ()
    shared_threads: bool = False

    @field_validator("margins")
    @classmethod
    def _known(cls, margins: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(set(margins) - set(BY_NAME)):
            raise ValueError(f"there is no metric {unknown[0]!r}")
        return margins


class Fault(NamedTuple):
    """Something in a file that cannot be used; `place` is `file:line`."""

    place: str
    message: str


class PostText(NamedTuple):
    """A post as judgements see it: its thread, its title and its canonical body."""

    thread: str
    title: str
    body: str


@dataclass(frozen=True)
class SetReading:
    """A set as far as it could be read. `places` gives the `file:line` of each topic."""

    set: TopicSet
    about: SetFile = field(default_factory=SetFile)
    places: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()

    def faultless(self) -> TopicSet:
        """The set. Raises EvaluationError that names the first fault and how many there are."""
        if not self.faults:
            return self.set
        place, message = self.faults[0]
        more = f" (and {len(self.faults) - 1} more)" if len(self.faults) > 1 else ""
        raise EvaluationError(f"{place}: {message}{more}", hint=MEND)


def set_file(path: Path) -> SetFile:
    """The description of a set. Raises EvaluationError."""
    try:
        return SetFile.model_validate(tomllib.loads(text_of(path)))
    except tomllib.TOMLDecodeError as error:
        raise EvaluationError(f"{path} is not TOML: {error}", hint="correct it") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        known = ", ".join(SetFile.model_fields)
        raise EvaluationError(f"{path}: {key}: {first['msg']}", hint=f"the keys of a {SET_FILE} are {known}") from error


def topic_at(place: str, question: str = "", **values: Any) -> Topic:
    """A topic of these values; `turns` are the question alone where none are given. Raises EvaluationError with `place`."""
    turns = values.pop("turns", None) or [{"role": "user", "content": question}]
    try:
        return Topic.model_validate({"turns": turns, **values})
    except ValidationError as error:
        first = error.errors()[0]
        field_name = ".".join(map(str, first["loc"])) or "the topic"
        raise EvaluationError(f"{place}: {field_name}: {first['msg']}", hint="correct this place") from error


def _topic(line: str, place: str) -> Topic:
    """The topic of a line; `{"id", "question", "answerable"}` is the short form of one without judgements, in which keys
    that no topic has are its author's notes. Raises EvaluationError."""
    if '"turns"' in line or '"question"' not in line:
        return read_line(line, Topic, place)
    try:
        row = json.loads(line)
    except ValueError as error:
        raise EvaluationError(f"{place}: not JSON ({error})", hint="correct this line") from error
    if not isinstance(row, dict) or not isinstance(row.get("question"), str):
        raise EvaluationError(f"{place}: question: not text", hint="correct this line")
    known = {name: value for name, value in row.items() if name in Topic.model_fields}
    expect = "answer" if row.get("answerable") else "abstain"
    return topic_at(place, row["question"], **{"expect": expect, **known})


def read_topics(files: Iterable[Path]) -> tuple[tuple[Topic, ...], dict[str, str], tuple[Fault, ...]]:
    """The topics of these files, the place of each, and a fault for every line that is none or repeats an id."""
    topics: list[Topic] = []
    places: dict[str, str] = {}
    faults: list[Fault] = []
    for path in files:
        for place, line in numbered(path):
            try:
                topic = _topic(line, place)
            except EvaluationError as error:
                faults.append(Fault(place, error.message.removeprefix(f"{place}: ")))
                continue
            if topic.id in places:
                faults.append(Fault(place, f"the id {topic.id!r} stands already at {places[topic.id]}"))
                continue
            places[topic.id] = place
            topics.append(topic)
    return tuple(topics), places, tuple(faults)
