"""The parts of a run's report in a terminal, each a list of what rich lays out; empty where the run has nothing of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from assistant.evaluation.reporting.figures import UNKNOWN, at, count, interval, number, of, one_line, percent, short
from assistant.evaluation.reporting.layout import dim, grid, title
from assistant.evaluation.reporting.tables import MetricRow, Part, Rate, SliceTable, outcomes, quotes, refusal_pair

BAR = 60
"""Characters of a bar that stands for a whole."""
_SHADES = "█▓▒░▞▚"


def header(summary: Mapping[str, Any]) -> list[RenderableType]:
    """What was run over what, and how many answers came."""
    answered = [f"{part.count:,.0f} {part.title}" for part in outcomes(summary) if part.count]
    kinds = [f"{at(summary, kind):,} {kind}" for kind in ("answerable", "unanswerable") if at(summary, kind) is not None]
    sizes = [
        count(at(summary, key), noun) for key, noun in (("topics", "topic"), ("clusters", "cluster"), ("repeats", "repeat"))
    ]
    network = {True: ["offline"], False: ["online"]}.get(at(summary, "offline"), [])
    name = f"set {one_line(at(summary, 'set', 'name') or UNKNOWN)} ({short(at(summary, 'set', 'sha256'))})"
    lines = [" · ".join([name, *sizes, *network]), " · ".join([*kinds, *answered])]
    if at(summary, "partial"):
        lines.append(f"not finished: {of(at(summary, 'answers'), at(summary, 'wanted'))} answers")
    return [Text(f"Run {one_line(at(summary, 'run_id') or UNKNOWN)}", style="bold"), *(dim(line) for line in lines if line)]


def means(words: str, rows: Sequence[MetricRow]) -> list[RenderableType]:
    """Means with their intervals; topics without a value are counted by reason, never dropped in silence."""
    if not rows:
        return []
    table = grid("metric", "mean", "95 % CI", "N", "without a value", right=(1, 2, 3))
    for row in rows:
        why = ", ".join(f"{times} {reason}" for reason, times in row.missing)
        shown = (number(row.value, row.name), interval(row.low, row.high, row.name))
        table.add_row(one_line(row.name), *shown, str(row.n), dim(why))
    return [title(words), table]


def refusing(summary: Mapping[str, Any]) -> list[RenderableType]:
    """Both rates of error with their intervals, then how far confidence tells right from wrong."""
    rates = refusal_pair(summary)
    if not rates:
        return []
    names = ("precision", "recall", "f1", "balanced_accuracy")
    known = ", ".join(f"{name.replace('_', ' ')} {number(at(summary, 'refusal', name))}" for name in names)
    return [title("Refusing"), *(Text(_rate(rate)) for rate in rates), Text(f"refusals: {known}"), Text(_risk(summary))]


def paired(summary: Mapping[str, Any]) -> list[RenderableType]:
    """What became of twins without their thread, and of variants of a question."""
    lines = []
    if twins := at(summary, "pairs", "counterfactual"):
        lines.append(
            f"of {count(twins['pairs'], 'pair')} with and without the thread: {twins['both']} answered and then refused, "
            f"{twins['answered_only']} answered both times, {twins['declined_only']} refused both times, "
            f"{twins['neither']} the wrong way round"
        )
    if variants := at(summary, "pairs", "metamorphic"):
        lines.append(
            f"of {count(variants['pairs'], 'variant')}: {percent(variants['decision'])} decided as their original, "
            f"{percent(variants['nuggets'])} with the same nuggets"
        )
    return [title("Pairs"), *map(Text, lines)] if lines else []


def _rate(rate: Rate) -> str:
    return f"{rate.title}: {rate.k:g} of {rate.n} = {percent(rate.rate)} (95 % CI {interval(rate.low, rate.high)})"


def _risk(summary: Mapping[str, Any]) -> str:
    risk = at(summary, "risk") or {}
    if risk.get("aurc") is None:
        return f"no curve of risk: {one_line(risk.get('reason') or 'no confidence was recorded')}"
    return (
        f"AURC {number(risk['aurc'])} (excess {number(risk.get('e_aurc'))}), risk at coverage .8 "
        f"{number(risk.get('risk_at_coverage_0.8'))}, coverage at risk .05 {number(risk.get('coverage_at_risk_0.05'))}, "
        f"ECE {number(at(summary, 'reliability', 'ece'))}"
    )


def bar(words: str, parts: Sequence[Part]) -> list[RenderableType]:
    """Parts of a whole as one bar of characters with a legend. Each part has its own shade, colour or not."""
    if not parts:
        return []
    drawn = Text("".join(_SHADES[place % len(_SHADES)] * round(part.share * BAR) for place, part in enumerate(parts)))
    legend = grid("", "", "", "", right=(2, 3), header=False)
    for place, part in enumerate(parts):
        size = f"{part.count:,.0f}" if part.count == int(part.count) else number(part.count)
        legend.add_row(_SHADES[place % len(_SHADES)], part.title, size, percent(part.share))
    return [title(words), drawn, legend]


def evidence(summary: Mapping[str, Any]) -> list[RenderableType]:
    """What stands behind citations, what was invented, what planted instructions did."""
    lines = []
    if states := quotes(summary):
        lines.append("quotes: " + ", ".join(f"{part.count:,.0f} {part.title}" for part in states))
    if found := at(summary, "grounding"):
        floor = percent(at(found, "human_floor", "rate"))
        lines.append(f"names and numbers invented: {of(at(found, 'invented'), at(found, 'atoms'))} (gold answers: {floor})")
        lines.append(f"code-formatted ones invented: {of(at(found, 'code_invented'), at(found, 'code_atoms'))}")
    if planted := at(summary, "injections"):
        most = f"the true rate is at most {percent(planted.get('upper'))}"
        lines.append(f"planted instructions obeyed: {of(planted.get('k'), planted.get('n'))} ({most})")
    if (truth := at(summary, "truthfulness")) is not None:
        lines.append(f"truthfulness: {_penalties(truth)}")
    return [title("Evidence"), *(Text(line) for line in lines)] if lines else []


def _penalties(truth: Mapping[str, Any]) -> str:
    return ", ".join(f"{number(truth[penalty])} where wrong counts {one_line(penalty)}" for penalty in sorted(truth, key=len))


def by_slice(tables: Sequence[SliceTable]) -> list[RenderableType]:
    """Primary metrics by kind of topic."""
    return [part for table in tables for part in (title(f"By {table.title}"), _slice(table))]


def _slice(table: SliceTable) -> Table:
    names = (name.replace("_", "_\n", 1) if len(name) > 13 else name for name in table.metrics)
    shown = grid("", "N", *names, right=range(1, 2 + len(table.metrics)))
    for value, cells in table.rows:
        most = max((cell.n for cell in cells if cell), default=0)
        shown.add_row(value, str(most), *(number(cell.value, cell.name) if cell else UNKNOWN for cell in cells))
    return shown


def times(summary: Mapping[str, Any]) -> list[RenderableType]:
    """Latency, tokens and cost."""
    latency = at(summary, "latency_ms") or {}
    lines = [_time(name, latency[name]) for name in sorted(latency) if at(latency[name], "p50") is not None]
    return [title("Time"), *(Text(line) for line in lines)] if lines else []


def _time(name: str, found: Mapping[str, Any]) -> str:
    ms = "latency_total"
    between = interval(found.get("low"), found.get("high"), ms)
    tail = "" if between == UNKNOWN else f" (95 % CI {between})"
    return f"{one_line(name)}: half within {number(found['p50'], ms)} ms, 95 % within {number(found.get('p95'), ms)} ms{tail}"
