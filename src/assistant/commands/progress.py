"""Progress of a build on stderr: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.indexing.generation_writer import Progress

SECONDS_BETWEEN_LINES = 5.0
UNITS = {"reading": "posts", "chunks": "posts", "embedding": "chunks", "vectors": "chunks"}


@contextmanager
def reported(quiet: bool = False) -> Iterator[Progress]:
    """A progress callback that is shown while the block runs."""
    if quiet:
        yield lambda step, done, total: None
    elif sys.stderr.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb":
        with _bar() as progress:
            yield progress
    else:
        yield _Lines()


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
    )  # fmt: skip
    started: dict[str, float] = {}
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks = {}

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                started[step] = time.monotonic()
                tasks[step] = bar.add_task(step, total=total or None, rate="")
            bar.update(tasks[step], completed=done, total=total or None, rate=_rate(step, done, started[step]))

        yield progress


def _rate(step: str, done: int, started: float) -> str:
    seconds = time.monotonic() - started
    return f"{done / seconds:.0f} {UNITS.get(step, '')}/s" if seconds > 1 and done else ""


class _Lines:
    """A line at the beginning of each step, at its end, and every few seconds between."""

    def __init__(self) -> None:
        self._step = ""
        self._started = self._shown = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if step != self._step:
            self._step, self._started, self._shown = step, now, now
        elif (done < total or total == 0) and now - self._shown < SECONDS_BETWEEN_LINES:
            return
        self._shown = now
        print(f"{step}: {_amount(step, done, total)}{self._left(now, done, total)}", file=sys.stderr, flush=True)

    def _left(self, now: float, done: int, total: int) -> str:
        seconds = now - self._started
        if not (done and total and seconds > 1):
            return ""
        rate = done / seconds
        left = f", {(total - done) / rate:.0f} s left" if done < total else ""
        return f" ({rate:.0f} {UNITS.get(self._step, '')}/s{left})"


def _amount(step: str, done: int, total: int) -> str:
    if not total:
        return f"{done} {UNITS.get(step, '')}".strip() if done else "…"
    return f"{done} of {total} {UNITS.get(step, '')}".strip()
