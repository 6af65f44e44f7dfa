"""A foreign set once read, and the folder of our own that it is written to."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from assistant.errors import EvaluationError
from assistant.evaluation.runs import line_of, write_text
from assistant.evaluation.sets.reading import SET_FILE, TOPICS_FILE, PostText, SetFile, SetReading
from assistant.evaluation.sets.rows import json_lines
from assistant.evaluation.sets.sources import PREFIX
from assistant.evaluation.topics import Topic

POSTS_FILE = "posts.jsonl"


class Imported(NamedTuple):
    """Topics of a foreign format, with the posts that the format brings along and what it said that topics do not hold."""

    about: SetFile
    topics: tuple[Topic, ...]
    posts: Mapping[str, PostText] = {}
    notes: Sequence[str] = ()


def write_set(found: Imported, out: Path) -> None:
    """Write a set folder. Raises EvaluationError where one stands already."""
    if (out / SET_FILE).exists():
        raise EvaluationError(f"{out} holds a set already", hint="name another folder")
    out.mkdir(parents=True, exist_ok=True)
    sources = (*found.about.sources, *([POSTS_FILE] if found.posts else []))
    about = found.about.model_copy(update={"sources": sources})
    if found.posts:
        rows = ({"id": name, "title": post.title, "body": post.body} for name, post in found.posts.items())
        write_text(out / POSTS_FILE, json_lines(rows))
    write_text(out / TOPICS_FILE, "".join(map(line_of, found.topics)))
    write_text(out / SET_FILE, toml_of(about))


def write_derived(reading: SetReading, name: str, topics: tuple[Topic, ...], out: Path) -> None:
    """Write a set folder of other topics about the posts of a set. Raises EvaluationError where one stands already."""
    sources = tuple(str(path) if str(path).startswith(PREFIX) else relative(path, out) for path in reading.set.sources)
    about = reading.about.model_copy(update={"name": name, "topics": (TOPICS_FILE,), "sources": sources})
    write_set(Imported(about, topics), out)


def relative(path: Path, folder: Path) -> str:
    """A path as a set in `folder` names it."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def toml_of(about: SetFile) -> str:
    """The text of a `set.toml`; what is as its default is left out, but for ids and task."""
    values = about.model_dump(mode="json", exclude_defaults=True) | {"ids": about.ids, "task": about.task}
    margins = values.pop("margins", {})
    lines = [f"{key} = {_toml(value)}\n" for key, value in values.items()]
    if margins:
        lines += ["\n[margins]\n", *(f"{_toml(key)} = {value}\n" for key, value in margins.items())]
    return "".join(lines)


def _toml(value: object) -> str:
    # A JSON text, list or truth is one of TOML too, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
