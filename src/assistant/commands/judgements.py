"""eval judge: a language model on what the rules leave open."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands import surface
from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.evaluation.judging.agreement import Rate
    from assistant.evaluation.judging.cassettes import Cassettes
    from assistant.evaluation.judging.columns import Column
    from assistant.evaluation.judging.judge import Judge


@surface.reporting
def judge(
    run: Annotated[Path, typer.Argument(help="Folder of the run.")],
    model: Annotated[str, typer.Option("--model", help="Model that judges; not the one that wrote the answers.")],
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="OpenAI-compatible server of the judge, with its /v1.", show_default=False)
    ] = None,
    cassettes: Annotated[
        Path | None,
        typer.Option("--cassettes", help="Folder of recordings [default: cassettes in the run].", show_default=False),
    ] = None,
    replay_only: Annotated[bool, typer.Option("--replay-only", help="Ask no server; a missing recording is an error.")] = False,
    allow_self: Annotated[bool, typer.Option("--allow-self", help="Let a model judge its own answers.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for one judgement.")] = 180.0,
    index: surface.Unasked = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Let a language model label what the rules leave open: facts said in other words, doubtful support, questions back.

    Its labels stand in judgements.jsonl, apart from all scores. A judge whose labels people have not checked gates nothing.

    Example: assistant eval judge runs/today --base-url http://127.0.0.1:11434/v1 --model qwen3:8b
    """
    from assistant.commands.progress import reported
    from assistant.evaluation.judging.cassettes import Cassettes
    from assistant.evaluation.judging.columns import judge_run, judges_itself
    from assistant.evaluation.runs import RunFolder

    folder = RunFolder(run)
    recordings = Cassettes(cassettes or run / "cassettes", replay_only)
    chosen = _judge(model, base_url, recordings, timeout)
    if judges_itself(folder.manifest, model) and allow_self:
        typer.echo(f"warning: {model} judges its own answers", err=True)
    with reported(as_json) as report:
        columns = asyncio.run(
            judge_run(folder, chosen, allow_self=allow_self, progress=lambda done, total: report("judging", done, total))
        )
    if as_json:
        surface.print_json({"run": str(run), "columns": [column.as_json() for column in columns]})
    else:
        typer.echo("\n\n".join(_text(column) for column in columns))


def _judge(model: str, base_url: str | None, recordings: Cassettes, timeout: float) -> Judge:
    from assistant.evaluation.judging.judge import Judge
    from assistant.evaluation.systems.chat_client import ChatServer
    from assistant.llm.addresses import base_url_of

    if recordings.replay_only:
        return Judge(model, None, recordings)
    if base_url is None:
        raise UsageError("there is no server to ask", hint="name one with --base-url, or say --replay-only")
    secret = surface.settings_from().openai_api_key
    key = secret.get_secret_value() if secret else None
    return Judge(model, ChatServer(base_url_of(base_url), key, total_seconds=timeout), recordings)


def _text(column: Column) -> str:
    counts, found = column.counts, column.verdict.agreement
    lines = [
        column.name,
        f"  {sum(counts.values())} items: " + ", ".join(f"{name} {number}" for name, number in counts.items()),
        f"  share of yes {_rate(found.apparent)}, corrected for the judge's errors {_rate(found.corrected)}",
        f"  against {found.n} labels: yes missed {_rate(found.missed)}, yes invented {_rate(found.invented)}",
        f"  {'may gate' if column.verdict.may else 'must not gate'}: {column.verdict.reason}",
    ]
    return "\n".join(lines)


def _rate(rate: Rate) -> str:
    if rate.value is None or rate.low is None or rate.high is None:
        return "not known"
    return f"{rate.value:.2f} ({rate.low:.2f} to {rate.high:.2f}, N {rate.n})"
