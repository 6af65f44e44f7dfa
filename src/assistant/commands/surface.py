"""What all commands share: options, settings from flags, errors as messages, JSON on stdout."""

from __future__ import annotations

import functools
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from assistant.errors import AssistantError

if TYPE_CHECKING:
    from assistant.render import Painter
    from assistant.retrieval.filters import Filters
    from assistant.settings import Settings

P = ParamSpec("P")
INTERRUPTED = 130
WIDEST = 120

Index = Annotated[Path | None, typer.Option("--index", help="Folder of the index [default: index].", show_default=False)]
Unasked = Annotated[
    Path | None, typer.Option("--index", help="Taken as by every command; this one asks no index.", hidden=True)
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout; messages go to stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only posts with this tag; may be said again.")]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Only posts whose file's path holds this text.")]
Since = Annotated[str | None, typer.Option("--since", help="Only posts written on or after this date (2026, 2026-03-31).")]
Unanswered = Annotated[bool, typer.Option("--unanswered", help="Only threads to which no reply is known.")]


def reporting(command: Callable[P, None]) -> Callable[P, None]:
    """Turn errors into a message on stderr and the exit code of the contract; a traceback only with --debug."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except AssistantError as error:
            _maybe_traceback(kwargs)
            typer.echo(f"error: {error.message}\nhint: {error.hint}", err=True)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # The reader of our output has gone; Python would complain once more when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except (OSError, UnicodeError) as error:
            _maybe_traceback(kwargs)
            typer.echo(
                f"error: {error}\nhint: check the path, its permissions and the space left; `assistant doctor`", err=True
            )
            raise typer.Exit(1) from None

    return run


def reading_runs(command: Callable[P, None]) -> Callable[P, None]:
    """A command that reads whole runs: without the collector of cycles until all of it is let go of."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from assistant.evaluation.runs import no_collection

        with no_collection():
            command(*args, **kwargs)

    return run


def _maybe_traceback(kwargs: dict[str, Any]) -> None:
    if kwargs.get("debug"):
        traceback.print_exc()


def settings_from(**flags: Any) -> Settings:
    """Settings in force, given this command's flags (None: not said)."""
    from assistant.settings import load

    return load(flags)


def filters_from(tags: list[str] | None, sources: list[str] | None, since: str | None, unanswered: bool) -> Filters:
    """The filters that the options say. Raises UsageError for a date that is none."""
    from assistant.retrieval.filters import Filters

    return Filters(tuple(tags or ()), tuple(sources or ()), since, unanswered)


def print_json(document: object) -> None:
    """One JSON document on one line of stdout, in ASCII: what a terminal would obey stands there as an escape."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def write(text: str) -> None:
    """Text to stdout at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def coloured() -> bool:
    """Whether stdout is a terminal that wants colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def columns() -> int:
    """How many columns a table may take: those of the terminal, up to what an eye can follow."""
    return min(shutil.get_terminal_size((100, 24)).columns, WIDEST)


def painter() -> Painter:
    """Colours for stdout if it is a terminal that wants them."""
    from assistant.render import Painter

    return Painter(coloured())
