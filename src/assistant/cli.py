"""The command line: which commands there are. Each imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant import __version__
from assistant.commands import (
    comparisons,
    experiments,
    judgements,
    keys,
    mcp,
    questions,
    reports,
    runs,
    scores,
    serving,
    sources,
    topic_sets,
    upkeep,
)

app = typer.Typer(
    help="Ask a forum: answers from its posts alone, each sentence tied to the words it rests on.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("index")(sources.index_command)
app.command("ask")(questions.ask)
app.command("search")(questions.search)
app.command("show")(questions.show)
app.command("chat")(questions.chat)
app.command("serve")(serving.serve)
app.command("mcp")(mcp.mcp)
app.add_typer(keys.key_app, name="key")
app.add_typer(sources.sources_app, name="sources")
app.command("doctor")(upkeep.doctor)
app.command("verify")(upkeep.verify)
app.add_typer(upkeep.config_app, name="config")

eval_app = typer.Typer(no_args_is_help=True, help="Find out how good answers are, and whether a change helped.")
eval_app.command("run")(runs.run)
eval_app.command("score")(scores.score)
eval_app.command("compare")(comparisons.compare)
eval_app.command("gate")(comparisons.gate)
eval_app.command("bless")(comparisons.bless)
eval_app.command("report")(reports.report)
eval_app.command("power")(comparisons.power)
eval_app.command("validate")(topic_sets.validate)
eval_app.command("schema")(topic_sets.schema)
eval_app.command("import")(topic_sets.import_command)
eval_app.command("export")(topic_sets.export_command)
eval_app.command("vary")(topic_sets.vary)
eval_app.command("ablate")(experiments.ablate)
eval_app.command("counterfactual")(experiments.counterfactual)
eval_app.command("calibrate")(experiments.calibrate)
eval_app.command("label")(topic_sets.label)
eval_app.command("judge")(judgements.judge)
app.add_typer(eval_app, name="eval")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"assistant {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """Entry point of the `assistant` script."""
    app()


if __name__ == "__main__":
    main()
