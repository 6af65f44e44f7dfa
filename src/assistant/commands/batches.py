"""Batches: JSON lines in, JSON lines out, in order, one process. A bad line is an error that names file and line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from assistant.errors import UsageError
from assistant.types import Turn


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One object of a batch, and where it stands."""

    place: str
    values: dict[str, Any]

    def text(self, name: str) -> str:
        """A value that must be text. Raises UsageError."""
        value = self.values.get(name)
        if not isinstance(value, str):
            raise UsageError(f"{self.place}: {name!r} is {value!r}, not text", hint=f'write {{"id": "1", "{name}": "…"}}')
        return value

    def history(self) -> tuple[Turn, ...]:
        """The turns before the question. Raises UsageError."""
        turns = self.values.get("history") or []
        try:
            return tuple(Turn(str(turn["role"]), str(turn["content"])) for turn in turns)
        except (TypeError, KeyError) as error:
            raise UsageError(
                f"{self.place}: history is not a list of turns ({error})",
                hint='write "history": [{"role": "user", "content": "…"}]',
            ) from error


@contextmanager
def _opened(path: str) -> Iterator[TextIO]:
    if path == "-":
        yield sys.stdin
        return
    try:
        with Path(path).open(encoding="utf-8-sig") as stream:
            yield stream
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 ({error.reason} at byte {error.start})", hint="save it as UTF-8") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})", hint="name a file of JSON lines, or -") from error


def batch_lines(path: str) -> Iterator[BatchLine]:
    """The objects of a batch file, `-` for stdin. Raises UsageError with file and line."""
    with _opened(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            place = f"{path}:{number}"
            try:
                values = json.loads(line)
            except ValueError as error:
                raise UsageError(f"{place}: not JSON ({error})", hint="write one JSON object a line") from error
            if not isinstance(values, dict):
                raise UsageError(f"{place}: not a JSON object", hint="write one JSON object a line")
            yield BatchLine(place, values)
