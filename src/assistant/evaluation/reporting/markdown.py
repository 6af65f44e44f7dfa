"""Reports as Markdown for a comment on a pull request: short, and nothing in it that data could make active.

What Markdown or HTML obeys is escaped in every word that comes from data. What is long stands in a `<details>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assistant.evaluation.catalogue import BY_NAME
from assistant.evaluation.reporting import tables
from assistant.evaluation.reporting.comparison_lines import needed, parted, same
from assistant.evaluation.reporting.figures import (
    UNKNOWN,
    at,
    count,
    interval,
    number,
    of,
    one_line,
    p_value,
    percent,
    short,
    signed,
)
from assistant.evaluation.reporting.tables import MetricRow, Part

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")
# A site makes links, mentions and references of these after the escapes are gone: a space without width parts them.
_LINKED = re.compile(r"(?<=://)|(?<=www\.)|(?<=[@#])", re.IGNORECASE)
Row = Mapping[str, Any]


def escaped(text: object, longest: int | None = None) -> str:
    """Words of data as inert Markdown on one line: no link, image, tag, table cell, mention or address comes of them."""
    return _LINKED.sub("\u200b", _ACTIVE.sub(r"\\\1", one_line(text, longest)))


def _code(metric: str) -> str:
    """The name of a metric: as code where it is one of ours."""
    return f"`{metric}`" if metric in BY_NAME else escaped(metric)


def summary_markdown(summary: Row) -> str:
    """A scored run (the object of `summary.json`)."""
    rows = tables.metric_rows(summary)
    network = {True: " · offline", False: " · online"}.get(at(summary, "offline"), "")
    head = [f"### Run {escaped(at(summary, 'run_id') or UNKNOWN)}", "", _set(summary) + network, ""]
    parts = [
        *_means([row for row in rows if row.primary]),
        *_refusals(summary),
        *_list("Where topics were lost", tables.losses(summary)),
        *_list("What became of the nuggets", tables.nugget_split(summary)),
        *_list("Quotes", tables.quotes(summary)),
        *_grounding(summary),
        *_folded("By kind of topic", _slices(summary)),
        *_folded("Exploratory metrics", _means([row for row in rows if not row.primary])),
    ]
    return _joined([*head, *parts])


def comparison_markdown(comparison: Row) -> str:
    """Two runs (the object of `compare --json`). The verdicts on the primary metrics stand first."""
    rows = comparison.get("metrics") or []
    primary, others = ([row for row in rows if bool(row.get("primary")) is wanted] for wanted in (True, False))
    a, b = (escaped(at(comparison, side, "run_id") or UNKNOWN) for side in "ab")
    head = [f"### {b} against {a}", "", f"A is {a}, B is {b}. {_set(comparison)}", ""]
    if comparison.get("identical"):
        head += ["Every value of every topic is the same in both.", ""]
    parts = [
        *_verdicts(primary),
        *[f"- {escaped(sentence)}" for row in primary if (sentence := needed(row))],
        "",
        *_folded("What differs", _differs(comparison)),
        *_folded("Topics that moved", _moves(comparison)),
        *_folded("Lost most", _cases(comparison.get("regressions") or [])),
        *_folded("Won most", _cases(comparison.get("improvements") or [])),
        *_folded("Exploratory: where to look, not what to conclude", _verdicts([row for row in others if not same(row)])),
        *_folded("Exploratory, by kind of topic", _verdicts([row for row in tables.of_slices(comparison) if not same(row)])),
    ]
    return _joined([*head, *parts])


def _joined(lines: Iterable[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _set(document: Row) -> str:
    sizes = f"{count(at(document, 'topics'), 'topic')} · {count(at(document, 'clusters'), 'cluster')}"
    return f"Set {escaped(at(document, 'set', 'name') or UNKNOWN)} ({escaped(short(at(document, 'set', 'sha256')))}) · {sizes}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> list[str]:
    """A table whose first `words` columns are text and whose others are numbers."""
    found = [f"| {' | '.join(row)} |" for row in rows]
    if not found:
        return []
    rule = [":--"] * words + ["--:"] * (len(head) - words)
    return [f"| {' | '.join(head)} |", f"| {' | '.join(rule)} |", *found, ""]


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>", ""] if lines else []


def _means(rows: Sequence[MetricRow]) -> list[str]:
    return _table(("metric", "mean", "95 % CI", "N", "without a value"), (_mean(row) for row in rows))


def _mean(row: MetricRow) -> tuple[str, ...]:
    why = ", ".join(f"{times} {escaped(reason)}" for reason, times in row.missing)
    return (_code(row.name), number(row.value, row.name), interval(row.low, row.high, row.name), str(row.n), why)


def _refusals(summary: Row) -> list[str]:
    rates = tables.refusal_pair(summary)
    cells = ((rate.title, of(rate.k, rate.n), percent(rate.rate), interval(rate.low, rate.high)) for rate in rates)
    return _table(("refusing", "topics", "rate", "95 % CI"), cells)


def _list(title: str, parts: Sequence[Part]) -> list[str]:
    shown = ", ".join(f"{escaped(part.title)} {part.count:,.0f} ({percent(part.share)})" for part in parts if part.count)
    return [f"**{title}**: {shown}", ""] if shown else []


def _grounding(summary: Row) -> list[str]:
    found = at(summary, "grounding")
    if not found:
        return []
    floor = percent(at(found, "human_floor", "rate"))
    code = of(at(found, "code_invented"), at(found, "code_atoms"))
    invented = f"{of(at(found, 'invented'), at(found, 'atoms'))} (gold answers: {floor}), code-formatted {code}"
    return [f"**Names and numbers invented**: {invented}", ""]


def _slices(summary: Row) -> list[str]:
    lines = []
    for table in tables.slice_tables(summary):
        rows = ((escaped(value), *_slice(cells)) for value, cells in table.rows)
        lines += _table((table.title, "N", *(_code(metric) for metric in table.metrics)), rows)
    return lines


def _slice(cells: Sequence[MetricRow | None]) -> tuple[str, ...]:
    most = max((cell.n for cell in cells if cell), default=0)
    return (str(most), *(number(cell.value, cell.name) if cell else UNKNOWN for cell in cells))


def _verdicts(rows: Sequence[Row]) -> list[str]:
    return _table(("metric", "A", "B", "B-A", "95 % CI", "p adj", "verdict", "w/t/l"), (_verdict(row) for row in rows))


def _verdict(row: Row) -> tuple[str, ...]:
    kind = str(row.get("metric", ""))
    name = _code(kind) if row.get("slice") is None else f"{escaped(row['slice'])}: {_code(kind)}"
    topics = "/".join(UNKNOWN if row.get(key) is None else f"{row[key]}" for key in ("wins", "ties", "losses"))
    values = (number(row.get("a"), kind), number(row.get("b"), kind), signed(row.get("difference"), kind))
    between = interval(row.get("low"), row.get("high"), kind, difference=True)
    verdict = f"**{escaped(row.get('verdict') or UNKNOWN)}**"
    return (name, *values, between, p_value(row.get("p_adjusted")).replace("<", "&lt;"), verdict, topics)


def _differs(comparison: Row) -> list[str]:
    differences = comparison.get("differs") or []
    rows = ((escaped(one.get("field", "")), _said(one.get("a")), _said(one.get("b"))) for one in differences)
    return _table(("field", "A", "B"), rows, words=3)


def _said(value: object) -> str:
    return UNKNOWN if value is None else escaped(value, 60)


def _moves(comparison: Row) -> list[str]:
    moved = [move for move in comparison.get("transitions") or [] if move["from"] != move["to"]]
    return _table(("from", "to", "which", "topics"), (_move(move) for move in moved), words=3)


def _move(move: Row) -> tuple[str, ...]:
    ends = (tables.LOSSES.get(move[key], escaped(move[key])) for key in ("from", "to"))
    tids = move.get("tids") or []
    return (*ends, ", ".join(escaped(tid) for tid in tids[:8]), str(move.get("topics", len(tids))))


def _cases(cases: Sequence[Row]) -> list[str]:
    lines = []
    for case in cases:
        question = escaped(case.get("question") or "", 120)
        lines.append(f"- {escaped(case.get('tid', ''))} {signed(case.get('change'))}: {question}")
        for side, text in zip("AB", parted(case.get("text_a"), case.get("text_b"), 160), strict=True):
            lines.append(f"  - {side}, {escaped(case.get(f'stage_{side.lower()}') or UNKNOWN)}: {escaped(text)}")
    return lines
