"""One HTML file about a run, or about two: nothing is fetched, nothing is run, everything can be followed by keyboard.

The file carries its style sheet and allows nothing else: the policy names the sheet by its hash, and there is no script.
Every topic is a section that the address names (`report.html#t-S001`); the sheet shows it alone. Text from data is stripped
of control characters and escaped at one place, the environment below.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from assistant import __version__
from assistant.evaluation.reporting import charts, figures, overview, tables
from assistant.evaluation.reporting.comparison_lines import needed
from assistant.evaluation.reporting.listing import TopicRow, filters, listed
from assistant.evaluation.reporting.overview import Side
from assistant.evaluation.reporting.pages import Page, anchor_of, answer_view
from assistant.evaluation.runs import RunFolder
from assistant.evaluation.topics import Topic
from assistant.language.controls import without_controls

PAGES = 500
"""Topics that get a section of their own: those that were lost or changed most. More make a file that browsers choke on."""
_TEMPLATES = "evaluation/reporting/templates"
_FILTERS = ("percent", "count", "short", "of", "one_line")
_NUMBERS = ("number", "signed", "interval", "p_value")


def report_html(
    run: RunFolder, other: RunFolder | None = None, comparison: Mapping[str, Any] | None = None, pages: int = PAGES
) -> str:
    """The report as one document. With `other`, `run` is A and `other` is B; `comparison` is what `compare --json` gives.

    Equal folders give equal text. Raises EvaluationError where a run is not scored.
    """
    sides = [Side("a", run)] + ([Side("b", other)] if other is not None else [])
    anchors = {topic.id: anchor_of(topic, number) for number, topic in enumerate(run.topics, start=1)}
    rows = listed(sides, anchors)
    shown, left_out = rows[:pages], len(rows) - min(len(rows), pages)
    linked = {row.topic.id: row.anchor for row in shown}
    made = list(_pages(shown, sides))
    found = filters(shown)
    environment = _environment()
    style = environment.get_template("style.css.j2").render(filters=[one.name for one in found])
    return environment.get_template("report.html.j2").render(
        style=Markup(style),  # noqa: S704 - our own style sheet, with names of our own
        policy=_policy(style), sides=sides, two=len(sides) > 1, comparison=comparison or {},
        topics=run.topics, anchors=linked, rows=shown, filters=found, pages=made, left_out=left_out,
        plots=overview.topic_plots(sides, linked), reach=_reach(comparison or {}), moves=_moves(comparison or {}),
        version=__version__,
    )  # fmt: skip


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("assistant", _TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=_inert,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.globals.update(
        charts=charts, overview=overview, tables=tables, needed=needed, at=figures.at, losses=tables.LOSSES, split=tables.SPLIT
    )
    environment.filters.update({name: getattr(figures, name) for name in _FILTERS}, named=figures.title)
    environment.filters.update({name: _typeset(getattr(figures, name)) for name in _NUMBERS}, breaking=_breaking)
    return environment


def _typeset(show: Callable[..., str]) -> Callable[..., str]:
    """The same number with a minus sign as wide as a plus."""
    return lambda *values, **options: show(*values, **options).replace("-", "−")


def _breaking(name: str) -> Markup:
    """A name that a line may break behind its underscores."""
    return Markup("_<wbr>").join(name.split("_"))


def _inert(value: object) -> object:
    """What an expression of a template gives, without characters that a browser obeys. Escaping follows."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return without_controls(value)
    return value


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _reach(comparison: Mapping[str, Any]) -> float:
    """How far from 0 the drawings of differences go: one scale for all primary metrics."""
    rows = [row for row in comparison.get("metrics") or [] if row.get("primary")]
    ends = [abs(float(row[key])) for row in rows for key in ("low", "high", "difference") if row.get(key) is not None]
    return min(1.0, max([0.05, *ends]) * 1.05)


def _moves(comparison: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [move for move in comparison.get("transitions") or [] if move["from"] != move["to"]]


def _pages(rows: Sequence[TopicRow], sides: Sequence[Side]) -> Iterator[Page]:
    for number, row in enumerate(rows):
        before = rows[number - 1].anchor if number else ""
        after = rows[number + 1].anchor if number + 1 < len(rows) else ""
        yield _page(row.topic, sides, row.anchor, before, after)


def _page(topic: Topic, sides: Sequence[Side], anchor: str, before: str, after: str) -> Page:
    views = tuple(
        answer_view(case, side.style, side.stage(topic.id), anchor) for side in sides if (case := side.case(topic)) is not None
    )
    names = [name for name in tables.TOPIC_METRICS if any(topic.id in side.values.get(name, {}) for side in sides)]
    values = tuple((name, tuple(side.values.get(name, {}).get(topic.id) for side in sides)) for name in names)
    return Page(anchor, topic, views, values, before, after)
