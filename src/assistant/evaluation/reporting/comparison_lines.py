"""The parts of a comparison in a terminal: verdicts, what moved between the stages, the topics that changed most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from assistant.evaluation.reporting.figures import (
    UNKNOWN,
    at,
    count,
    interval,
    number,
    one_line,
    p_value,
    short,
    signed,
    spoken,
)
from assistant.evaluation.reporting.layout import dim, grid, title

VERDICTS = {"BETTER": "green", "WORSE": "red", "NO WORSE": "cyan", "CANNOT TELL": "yellow"}
"""The words of a verdict with the colour that they may have."""
LONGEST = 72
Row = Mapping[str, Any]


def versus(comparison: Row) -> list[RenderableType]:
    """Which two runs, over what, and in what they differ."""
    a, b = (one_line(at(comparison, side, "run_id") or UNKNOWN) for side in "ab")
    sizes = [count(comparison.get("topics"), "topic"), count(comparison.get("clusters"), "cluster")]
    name = f"set {one_line(at(comparison, 'set', 'name') or UNKNOWN)} ({short(at(comparison, 'set', 'sha256'))})"
    lines = [" · ".join([name, *sizes, f"test: {one_line(comparison.get('test') or UNKNOWN)}"])]
    lines += [_difference(one) for one in comparison.get("differs") or []]
    if comparison.get("identical"):
        lines.append("every value of every topic is the same in both")
    return [Text(f"A {a}\nB {b}", style="bold"), *(dim(line) for line in lines)]


def _difference(one: Row) -> str:
    return f"{one_line(one.get('field', ''))}: {_said(one.get('a'))} -> {_said(one.get('b'))}"


def _said(value: object) -> str:
    return UNKNOWN if value is None else one_line(value, 40)


def verdicts(words: str, rows: Sequence[Row], label: str = "metric", *, exploring: bool = False) -> list[RenderableType]:
    """One line a metric: A, B, their difference with its interval, the corrected p value and the verdict. Where one only
    explores, metrics in which no topic differs are named and no more."""
    alike = [row for row in rows if exploring and same(row)]
    rows = [row for row in rows if not (exploring and same(row))]
    if not rows and not alike:
        return []
    table = grid(label, "A", "B", "B-A", "95 % CI", "p adj", "verdict", "w/t/l", right=(1, 2, 3, 4, 5, 6, 7))
    table.columns[6].justify = "left"
    for row in rows:
        _add(table, row)
    tail = _needed_briefly(rows) if exploring else _needed(rows)
    quiet = [dim(f"Without any difference: {', '.join(_label(row) for row in alike)}.")] if alike else []
    return [title(words), *([table] if rows else []), *tail, *quiet]


def same(row: Row) -> bool:
    """Whether no topic differs in a metric."""
    return row.get("difference") == 0 and not row.get("wins") and not row.get("losses")


def _label(row: Row) -> str:
    name = one_line(row.get("metric", ""))
    return f"{one_line(row['slice'])}: {name}" if row.get("slice") is not None else name


def _add(table: Table, row: Row) -> None:
    verdict = one_line(row.get("verdict") or UNKNOWN)
    kind = str(row.get("metric", ""))
    between = interval(row.get("low"), row.get("high"), kind, difference=True)
    topics = "/".join(UNKNOWN if row.get(key) is None else f"{row[key]}" for key in ("wins", "ties", "losses"))
    table.add_row(
        _label(row), number(row.get("a"), kind), number(row.get("b"), kind), signed(row.get("difference"), kind), between,
        p_value(row.get("p_adjusted")), Text(verdict, style=VERDICTS.get(verdict, "")), topics,
    )  # fmt: skip


def _needed(rows: Sequence[Row]) -> list[RenderableType]:
    """What it would take to tell, where these topics cannot."""
    return [dim(sentence) for row in rows if (sentence := needed(row))]


def _needed_briefly(rows: Sequence[Row]) -> list[RenderableType]:
    known = [f"{_label(row)} {row['needed_topics']:,}" for row in rows if needed(row) and row.get("needed_topics") is not None]
    return [dim(f"Topics with which a loss of the margin would show: {', '.join(known)}.")] if known else []


def needed(row: Row) -> str:
    """The sentence behind CANNOT TELL: with how many topics a loss that matters would show. Empty for any other verdict."""
    if row.get("verdict") != "CANNOT TELL":
        return ""
    known = f"{one_line(row.get('metric', ''))}: cannot tell from {count(row.get('n'), 'topic')}"
    if row.get("needed_topics") is None:
        seen = row.get("needed_for_difference")
        return f"{known}." if seen is None else f"{known}; the difference that was seen would show with {seen:,}."
    margin = number(row.get("margin"), str(row.get("metric", "")))
    return f"{known}; a loss of {margin} would show with {row['needed_topics']:,}."


def moves(transitions: Sequence[Row] | None) -> list[RenderableType]:
    """Topics that changed the stage at which they were lost."""
    moved = [move for move in transitions or [] if move.get("from") != move.get("to")]
    if not moved:
        return []
    table = grid("from", "to", "topics", "which", right=(2,))
    for move in moved:
        tids = [one_line(tid) for tid in move.get("tids") or []]
        more = f" and {len(tids) - 6} more" if len(tids) > 6 else ""
        table.add_row(
            one_line(move["from"]), one_line(move["to"]), str(move.get("topics", len(tids))), ", ".join(tids[:6]) + more
        )
    return [title("Topics that moved"), table]


def cases(words: str, found: Sequence[Row] | None) -> list[RenderableType]:
    """Topics that changed most: the question, and both answers where they first differ."""
    if not found:
        return []
    lines: list[RenderableType] = [title(words)]
    for case in found:
        head = f"{one_line(case.get('tid', ''))}  {signed(case.get('change'))}  {one_line(case.get('type') or '')}  "
        lines.append(Text(head + one_line(case.get("question") or "", LONGEST), overflow="ellipsis", no_wrap=True))
        for side, text in zip("ab", parted(case.get("text_a"), case.get("text_b")), strict=True):
            stage = one_line(case.get(f"stage_{side}") or UNKNOWN)
            lines.append(Text(f"  {side.upper()} {stage}: {text}", style="dim", overflow="ellipsis", no_wrap=True))
    return lines


def parted(a: str | None, b: str | None, longest: int = LONGEST) -> tuple[str, str]:
    """Both texts on one line each, cut so that the first word in which they differ is seen."""
    left, right = (one_line(spoken(text or "(nothing)")).split(" ") for text in (a, b))
    same = 0
    while same < min(len(left), len(right)) and left[same] == right[same]:
        same += 1
    start = max(0, same - 4) if same > 8 else 0
    first, second = (("… " if start else "") + " ".join(words[start:]) for words in (left, right))
    return one_line(first, longest), one_line(second, longest)
