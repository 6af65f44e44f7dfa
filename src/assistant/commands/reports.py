"""eval report: a scored run, or two, for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.commands import surface
from assistant.commands.scores import scored
from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.evaluation.runs import RunFolder


@surface.reporting
@surface.reading_runs
def report(
    run: Annotated[Path, typer.Argument(help="Folder of the run.")],
    other: Annotated[
        Path | None, typer.Argument(help="Folder of a second run of the same set: it is B, the first is A.", show_default=False)
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write one self-contained HTML file here.", show_default=False)
    ] = None,
    markdown: Annotated[bool, typer.Option("--md", help="Write Markdown, as for a pull request.")] = False,
    pages: Annotated[int, typer.Option("--pages", min=0, help="Topics that have a section of their own in HTML.")] = 500,
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Show a run, or two against each other: in the terminal, as Markdown, or as an HTML file with a page for each topic.

    Example: assistant eval report runs/today --html report.html
    """
    if sum((html is not None, markdown, as_json)) > 1:
        raise UsageError("more than one of --html, --md and --json was given", hint="ask for one of them")
    first, second = scored(run), None if other is None else scored(other)
    comparison = None if second is None else _compared(first, second)
    if html is not None:
        _write_html(html, first, second, comparison, pages)
    elif markdown:
        from assistant.evaluation.reporting.markdown import comparison_markdown, summary_markdown

        typer.echo(summary_markdown(first.summary) if comparison is None else comparison_markdown(comparison), nl=False)
    elif as_json:
        surface.print_json(first.summary if comparison is None else comparison)
    else:
        typer.echo(_terminal(first, comparison))


def _compared(first: RunFolder, second: RunFolder) -> dict[str, Any]:
    from assistant.evaluation.comparing import compare

    return compare(first, second).to_json()


def _terminal(first: RunFolder, comparison: dict[str, Any] | None) -> str:
    from assistant.evaluation.reporting.terminal import comparison_text, summary_text

    columns, colour = surface.columns(), surface.coloured()
    return summary_text(first.summary, colour, columns) if comparison is None else comparison_text(comparison, colour, columns)


def _write_html(path: Path, first: RunFolder, second: RunFolder | None, comparison: dict[str, Any] | None, pages: int) -> None:
    from assistant.evaluation.reporting.html import report_html
    from assistant.evaluation.runs import write_text

    write_text(path, report_html(first, second, comparison, pages))
    typer.echo(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)", err=True)
