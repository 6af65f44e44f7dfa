"""Reports as text for a terminal of 80 columns or more: what decides first, every mean with its interval.

Text of topics and answers loses what a terminal obeys before it is laid out; colour is ours alone, and only if asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from assistant.evaluation.reporting import comparison_lines, run_lines
from assistant.evaluation.reporting.figures import UNKNOWN, at, one_line
from assistant.evaluation.reporting.layout import COLUMNS, dim, grid, laid_out
from assistant.evaluation.reporting.tables import losses, metric_rows, nugget_split, of_slices, slice_tables

HOLM = "Primary metrics, corrected together (Holm)"
EXPLORATORY = "Exploratory: where to look, not what to conclude (Benjamini-Hochberg)"
BY_KIND = "Exploratory, by kind of topic"
_SAID = {True: ("passed", "green"), False: ("FAILED", "red"), None: ("CANNOT TELL", "yellow")}
_URGENT = {False: 0, None: 1, True: 2}


def summary_text(summary: Mapping[str, Any], colour: bool = False, columns: int = COLUMNS) -> str:
    """A scored run (the object of `summary.json`), laid out for so many columns."""
    rows = metric_rows(summary)
    parts = [
        *run_lines.header(summary),
        *run_lines.means("Primary metrics", [row for row in rows if row.primary]),
        *run_lines.refusing(summary),
        *run_lines.paired(summary),
        *run_lines.bar("Where topics were lost", losses(summary)),
        *run_lines.bar("What became of the nuggets", nugget_split(summary)),
        *run_lines.evidence(summary),
        *run_lines.by_slice(slice_tables(summary)),
        *run_lines.times(summary),
        *run_lines.means("Exploratory", [row for row in rows if not row.primary]),
    ]
    return laid_out(parts, colour, columns)


def comparison_text(comparison: Mapping[str, Any], colour: bool = False, columns: int = COLUMNS) -> str:
    """Two runs (the object of `compare --json`). What only explores stands apart from what was asked beforehand."""
    rows = comparison.get("metrics") or []
    parts = [
        *comparison_lines.versus(comparison),
        *comparison_lines.verdicts(HOLM, [row for row in rows if row.get("primary")]),
        *comparison_lines.moves(comparison.get("transitions")),
        *comparison_lines.cases("Lost most", comparison.get("regressions")),
        *comparison_lines.cases("Won most", comparison.get("improvements")),
        *comparison_lines.verdicts(EXPLORATORY, [row for row in rows if not row.get("primary")], exploring=True),
        *comparison_lines.verdicts(BY_KIND, of_slices(comparison), "kind: metric", exploring=True),
    ]
    return laid_out(parts, colour, columns)


def gate_text(report: Mapping[str, Any], colour: bool = False, columns: int = COLUMNS) -> str:
    """Whether a run may pass (the object of `gate --json`): every check with what was found, those that failed first."""
    verdict, style = _SAID[report.get("passed")]
    run, baseline = at(report, "run", "run_id") or UNKNOWN, at(report, "baseline", "run_id") or "none"
    strict = " · a release: cannot tell does not pass" if report.get("release") else ""
    table = grid("", "check", "kind", "found")
    for check in sorted(report.get("checks") or [], key=lambda check: _URGENT[check.get("passed")]):
        kind = one_line(check.get("kind", "").replace("_", " "))
        table.add_row(_mark(check), one_line(check.get("name", "")), kind, _found(check))
    parts: list[RenderableType] = [
        Text(f"Gate: {verdict}", style=f"bold {style}"),
        dim(f"run {one_line(run)} · baseline {one_line(baseline)}{strict}"),
        Text(),
        table,
    ]
    if sentence := at(report, "stage", "sentence"):
        parts += [Text(), Text(one_line(sentence))]
    return laid_out(parts, colour, columns)


def _mark(check: Mapping[str, Any]) -> Text:
    said, style = _SAID[check.get("passed")]
    warned = check.get("warning") and check.get("passed") is not False
    return Text("warning", style="yellow") if warned else Text(said, style=style)


def _found(check: Mapping[str, Any]) -> str:
    tids: Sequence[str] = check.get("tids") or []
    named = ", ".join(one_line(tid) for tid in tids[:5])
    more = f" and {len(tids) - 5} more" if len(tids) > 5 else ""
    return one_line(check.get("detail") or "") + (f" ({named}{more})" if named else "")
