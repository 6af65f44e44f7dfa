"""A run on disk: one folder, written line by line, so that what was answered before a crash is never asked again.

manifest.json    what was asked of what, with which settings
topics.jsonl     the topics as they were asked: a run is scored by itself
answers.jsonl    one line a topic and repeat, flushed and synced as it is written
posts.jsonl      the posts that answers cite or retrieved, once each
retrieval.trec, retrieval_post.trec     the rankings, for any other scorer
labels.jsonl     what people said of answers, where they did
scores.jsonl, summary.json              made by `eval score` from the files above, byte for byte the same each time
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from assistant.errors import EvaluationError
from assistant.evaluation.records import AnswerRecord, Label, PostRecord, RunManifest
from assistant.evaluation.scores import Score
from assistant.evaluation.topics import Frozen, Topic

Model = TypeVar("Model", bound=Frozen)

MANIFEST, TOPICS, ANSWERS, POSTS = "manifest.json", "topics.jsonl", "answers.jsonl", "posts.jsonl"
SCORES, SUMMARY = "scores.jsonl", "summary.json"
LABELS = "labels.jsonl"
THREAD_RUN, POST_RUN = "retrieval.trec", "retrieval_post.trec"
_HEAD, _TAIL = Score._fields[:2], Score._fields[2:]
NO_SUCH_KEY = "extra_forbidden"
MEND = "correct this line"
TORN = "the run was broken off here: the same `assistant eval run` with --resume cuts the line off and goes on"
RERUN = "run it again: `assistant eval run SET --out DIR`"


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the collector of cycles: a large run is millions of small values and none is in a cycle; a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def line_of(model: Frozen) -> str:
    """A record as one line of JSON; what is as its default is left out."""
    return model.model_dump_json(exclude_defaults=True) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a whole file or nothing: a reader never sees half of it."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def json_text(document: Any) -> str:
    """A document in the one form that equal documents share. Raises ValueError for a number that is none."""
    return json.dumps(document, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def read_lines(path: Path, model: type[Model]) -> Iterator[tuple[int, Model]]:
    """The records of a file of JSON lines with their 1-based line numbers. Raises EvaluationError with file and line."""
    text = _text(path)
    # Not splitlines(): U+2028 and its like may stand inside a JSON text.
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            torn = number == len(lines) and path.name in (ANSWERS, POSTS)
            yield number, read_line(line, model, f"{path}:{number}", TORN if torn else MEND)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise EvaluationError(f"there is no {path}", hint=RERUN) from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8 ({error.reason} at byte {error.start})", hint="save it as UTF-8") from error


def read_line(line: str, model: type[Model], place: str, hint: str = MEND) -> Model:
    """One record. Raises EvaluationError that names the place and the field."""
    try:
        return model.model_validate_json(line)
    except ValidationError as error:
        # A mistyped key is both one too many and one that is missing; the one that stands there says what to correct.
        first = min(error.errors(), key=lambda found: found["type"] != NO_SUCH_KEY)
        field = ".".join(map(str, first["loc"])) or "the line"
        what = "there is no such key" if first["type"] == NO_SUCH_KEY else first["msg"].removeprefix("Value error, ")
        raise EvaluationError(f"{place}: {field}: {what}", hint=hint) from error


@dataclass(frozen=True)
class RunFolder:
    """A run that was begun; what it holds is read when asked for. All readers raise EvaluationError."""

    path: Path

    @cached_property
    def manifest(self) -> RunManifest:
        """What the run was made with."""
        path = self.path / MANIFEST
        if not path.exists():
            raise EvaluationError(f"{self.path} holds no run (there is no {MANIFEST})", hint=RERUN)
        return read_line(_text(path), RunManifest, str(path))

    @cached_property
    def topics(self) -> tuple[Topic, ...]:
        """The topics of the run in their order."""
        return tuple(topic for _, topic in read_lines(self.path / TOPICS, Topic))

    @cached_property
    def answers(self) -> tuple[AnswerRecord, ...]:
        """All answers, in the order in which they were given."""
        return tuple(answer for _, answer in read_lines(self.path / ANSWERS, AnswerRecord))

    @cached_property
    def posts(self) -> dict[str, PostRecord]:
        """The posts that the run touched, by the system's id."""
        return {post.post: post for _, post in read_lines(self.path / POSTS, PostRecord)}

    def labels(self) -> tuple[Label, ...]:
        """What people said of the answers until now, in the order in which they did; read anew each time."""
        path = self.path / LABELS
        return tuple(label for _, label in read_lines(path, Label)) if path.exists() else ()

    @cached_property
    def scores(self) -> tuple[Score, ...]:
        """What `eval score` measured."""
        path = self.path / SCORES
        try:
            with path.open(encoding="utf-8") as lines:
                return tuple(_score(line, path, number) for number, line in enumerate(lines, start=1))
        except FileNotFoundError as error:
            raise EvaluationError(f"{self.path} is not scored yet", hint=f"`assistant eval score {self.path}`") from error
        except UnicodeDecodeError as error:
            raise EvaluationError(
                f"{path} is not UTF-8 ({error.reason})", hint=f"`assistant eval score {self.path}`"
            ) from error

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What `eval score` concluded."""
        path = self.path / SUMMARY
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise EvaluationError(f"{self.path} is not scored yet", hint=f"`assistant eval score {self.path}`") from error
        except ValueError as error:
            raise EvaluationError(f"{path}: {error}", hint=f"`assistant eval score {self.path}`") from error


def _score(line: str, path: Path, number: int) -> Score:
    # A run has hundreds of thousands of these lines, of few beginnings and few ends. Within a JSON text the quotes of this
    # mark would be escaped, so that it can only be the key.
    head, _, tail = line.rstrip("\n").partition(',"metric":')
    try:
        return Score(*_parsed(head + "}", _HEAD), *_parsed('{"metric":' + tail, _TAIL))
    except ValueError:
        return _whole_score(line, f"{path}:{number}")


@lru_cache(maxsize=65_536)
def _parsed(text: str, keys: tuple[str, ...]) -> tuple[Any, ...]:
    """The values of an object that has these keys, in this order. Raises ValueError for another text."""
    document = json.loads(text)
    if tuple(document) != keys:
        raise ValueError(f"not the keys {keys}")
    return tuple(document.values())


def _whole_score(line: str, place: str) -> Score:
    try:
        return Score(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise EvaluationError(
            f"{place}: not a score ({error})", hint="score the run again: `assistant eval score DIR`"
        ) from error


class LineWriter:
    """Appends records to a file, each on disk before the next is begun. A last line without its end is cut off first."""

    def __init__(self, path: Path) -> None:
        _cut_torn_line(path)
        self._stream = path.open("a", encoding="utf-8", newline="\n")

    def write(self, records: Iterable[Frozen]) -> None:
        """Append the records and wait until the disk has them."""
        for record in records:
            self._stream.write(line_of(record))
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Give up the file."""
        self._stream.close()


def _cut_torn_line(path: Path) -> None:
    if not path.exists():
        return
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        with path.open("r+b") as stream:
            stream.truncate(data.rfind(b"\n") + 1)
