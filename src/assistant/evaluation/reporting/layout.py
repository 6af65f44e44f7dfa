"""Text laid out for a terminal with rich: words are never markup, and without colour not one escape sequence is written."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

COLUMNS = 100
"""Width that is laid out for where none is given. Nothing needs more, and all of it can be read at 80."""


def laid_out(parts: Sequence[RenderableType], colour: bool, columns: int = COLUMNS) -> str:
    """The parts below each other, without spaces at the ends of lines."""
    stream = StringIO()
    # Markup, emoji and highlighting are off: "[red]" and ":smile:" of a post are words.
    console = Console(
        file=stream, width=max(columns, 40), force_terminal=colour, color_system="standard" if colour else None,
        no_color=not colour, markup=False, emoji=False, highlight=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    for part in parts:
        # A text that is printed loses its own rules for long lines, so they are said again.
        whole = isinstance(part, Text) and bool(part.no_wrap)
        console.print(part, no_wrap=whole, overflow="ellipsis" if whole else None)
    return "\n".join(line.rstrip() for line in stream.getvalue().split("\n")).strip("\n")


def title(words: str) -> Padding:
    """A heading, after an empty line."""
    return Padding(Text(words, style="bold"), (1, 0, 0, 0))


def dim(words: str) -> Text:
    """What is there for the record."""
    return Text(words, style="dim")


def grid(*columns: str, right: Sequence[int] = (), header: bool = True) -> Table:
    """A table without lines. Columns named in `right` hold numbers: aligned right and never broken."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim", show_header=header)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place in right else "left", no_wrap=place in right, overflow="fold")
    return table
