"""ask, search, show, chat."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands import surface
from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.retrieval.filters import Filters
    from assistant.settings import Settings
    from assistant.types import Answer, Hit

NO_ANSWER = 3

Batch = Annotated[str | None, typer.Option("--batch", help="Read JSON lines from this file (- for stdin), write JSON lines.")]
RefuseBelow = Annotated[
    float | None, typer.Option("--refuse-below", min=0.0, max=1.0, help="Confidence under which a question is refused.",
                               show_default=False)
]  # fmt: skip
Characters = Annotated[
    int | None,
    typer.Option("--max-characters", help="How much of the posts an answer quotes at most.", show_default=False),
]
Generator = Annotated[str | None, typer.Option("--generator", help="Who words the answer: extractive.", show_default=False)]


@surface.reporting
def ask(
    question: Annotated[str | None, typer.Argument(help="The question; - reads it from stdin.", show_default=False)] = None,
    batch: Batch = None,
    tag: surface.Tags = None,
    source: surface.Sources = None,
    since: surface.Since = None,
    unanswered: surface.Unanswered = False,
    refuse_below: RefuseBelow = None,
    max_characters: Characters = None,
    generator: Generator = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 when there is no answer.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say how the answer came about (on stderr).")] = False,
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Answer a question from the posts, with citations.

    Example: assistant ask "Which host changes does a macOS guest not see on a virtiofs share?"
    """
    settings = surface.settings_from(index=index, refuse_below=refuse_below, max_characters=max_characters, generator=generator)
    filters = surface.filters_from(tag, source, since, unanswered)
    if batch is not None:
        if _ask_batch(settings, batch, filters) and strict:
            raise typer.Exit(NO_ANSWER)
        return
    if question is None:
        raise UsageError(
            "there is no question", hint='ask one: `assistant ask "…"`, or `assistant ask -` to read it from stdin'
        )
    text = sys.stdin.read() if question == "-" else question
    answer = asyncio.run(_answer(settings, text.strip(), filters))
    _show_answer(answer, as_json, explain)
    if strict and answer.reply.status == "refused":
        raise typer.Exit(NO_ANSWER)


async def _answer(settings: Settings, question: str, filters: Filters) -> Answer:
    from assistant.pipeline import Assistant, answer_of

    return await answer_of(Assistant(settings), question, (), filters)


def _show_answer(answer: Answer, as_json: bool, explain: bool) -> None:
    from assistant.render import answer_json, answer_text

    if explain:
        times = answer.timings_ms
        typer.echo(
            f"understood as: {answer.standalone_question}\nconfidence: {answer.reply.confidence:.2f}\n"
            f"generation: {answer.provenance.generation}, retrieval {times.retrieve:.0f} ms, total {times.total:.0f} ms",
            err=True,
        )
    if as_json:
        surface.print_json(answer_json(answer))
    else:
        typer.echo(answer_text(answer, surface.painter()))


def _ask_batch(settings: Settings, path: str, filters: Filters) -> bool:
    """Answer a batch; whether any of its questions was refused."""
    from assistant.commands.batches import batch_lines
    from assistant.pipeline import Assistant, answer_of
    from assistant.render import answer_json

    assistant = Assistant(settings)

    async def run() -> bool:
        refused = False
        for line in batch_lines(path):
            answer = await answer_of(assistant, line.text("question"), line.history(), filters)
            refused = refused or answer.reply.status == "refused"
            surface.print_json({"id": line.values.get("id"), **answer_json(answer)})
        return refused

    return asyncio.run(run())


@surface.reporting
def search(
    query: Annotated[str | None, typer.Argument(help="Words, names, error codes, or a question.", show_default=False)] = None,
    k: Annotated[
        int | None, typer.Option("-k", min=1, max=1000, help="How many posts [default: 10].", show_default=False)
    ] = None,
    batch: Batch = None,
    tag: surface.Tags = None,
    source: surface.Sources = None,
    since: surface.Since = None,
    unanswered: surface.Unanswered = False,
    all_chunks: Annotated[bool, typer.Option("--all-chunks", help="Every post that was found, not one a thread.")] = False,
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Find posts: ranked, one a thread, each with the span that matches.

    Example: assistant search "NSPOSIXErrorDomain Code=1" -k 5
    """
    from assistant.pipeline import Assistant
    from assistant.render import hit_json, hits_text, one_line

    assistant = Assistant(surface.settings_from(index=index, k=k))
    filters = surface.filters_from(tag, source, since, unanswered)

    def found(words: str) -> list[Hit]:
        return assistant.search(words, None, filters, every_chunk=all_chunks)

    if batch is not None:
        _search_batch(batch, found)
        return
    if query is None:
        raise UsageError("there is nothing to search for", hint='say it: `assistant search "…"`')
    hits = found(query)
    understood = assistant.understood(query)
    if as_json:
        surface.print_json({"query": query, "understood": understood, "hits": [hit_json(hit) for hit in hits]})
    else:
        if understood != query:
            typer.echo(f"(understood as: {one_line(understood)})\n")
        typer.echo(hits_text(hits, surface.painter()))


def _search_batch(path: str, found: Callable[[str], list[Hit]]) -> None:
    from assistant.commands.batches import batch_lines
    from assistant.render import hit_json

    for line in batch_lines(path):
        hits = found(line.text("query"))
        surface.print_json({"id": line.values.get("id"), "hits": [hit_json(hit) for hit in hits]})


@surface.reporting
def show(
    post_id: Annotated[str, typer.Argument(help="A post_id, or a source_id that only one post has.")],
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Show one post: its canonical text and its fields.

    Example: assistant show p0123456789abcdef
    """
    from assistant.pipeline import Assistant
    from assistant.render import post_json, post_text

    post = Assistant(surface.settings_from(index=index)).post(post_id)
    if as_json:
        surface.print_json(post_json(post))
    else:
        typer.echo(post_text(post, surface.painter()))


@surface.reporting
def chat(
    index: surface.Index = None,
    no_history: Annotated[bool, typer.Option("--no-history", help="Do not keep what is typed.")] = False,
    debug: surface.Debug = False,
) -> None:
    """Ask and follow up, in a loop. /help lists what can be typed; Ctrl-D leaves.

    Example: assistant chat
    """
    from assistant.repl import Repl

    history = None if no_history else Path(typer.get_app_dir("assistant")) / "history"
    Repl(surface.settings_from(index=index), surface.painter(), history).run()
