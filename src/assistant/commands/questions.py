"""ask, search, show, chat."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.commands import surface
from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.pipeline import Searched
    from assistant.retrieval.filters import Filters
    from assistant.settings import Settings
    from assistant.types import Answer

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
Generator = Annotated[
    str | None,
    typer.Option(
        "--generator", help="Who words the answer: extractive, openai:MODEL or ollama:MODEL [default: extractive].",
        show_default=False,
    ),
]  # fmt: skip
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Server of the generator; an OpenAI-compatible one with its /v1.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Drop sentences that no cited words support.")]
StrictAsk = Annotated[
    bool, typer.Option("--strict", help="Drop sentences that no cited words support; exit with 3 when there is no answer.")
]


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
    base_url: BaseUrl = None,
    strict: StrictAsk = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say how the answer came about (on stderr).")] = False,
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Answer a question from the posts, with citations.

    [1] is a source. Where a model words the answer, ⟨…⟩ marks what no source says, ▯ stands for a name that no post has.

    Example: assistant ask "Which host changes does a macOS guest not see on a virtiofs share?"
    """
    settings = surface.settings_from(
        index=index, refuse_below=refuse_below, max_characters=max_characters, generator=generator, base_url=base_url,
        strict=strict or None,
    )  # fmt: skip
    filters = surface.filters_from(tag, source, since, unanswered)
    if batch is not None:
        _finish(_ask_batch(settings, batch, filters), settings)
        return
    if question is None:
        raise UsageError(
            "there is no question", hint='ask one: `assistant ask "…"`, or `assistant ask -` to read it from stdin'
        )
    text = (sys.stdin.read() if question == "-" else question).strip()
    answer = asyncio.run(_answer(settings, text, filters, as_json))
    if explain:
        _explain(answer)
    _finish([answer], settings)


async def _answer(settings: Settings, question: str, filters: Filters, as_json: bool) -> Answer:
    """The answer, written to stdout: as it comes, or as JSON at the end."""
    from assistant.pipeline import Assistant, answer_of
    from assistant.render import answer_json, told

    assistant = Assistant(settings)
    if as_json:
        answer = await answer_of(assistant, question, (), filters)
        surface.print_json(answer_json(answer))
        return answer
    return await told(assistant.ask(question, (), filters), question, surface.painter(), surface.write)


def _explain(answer: Answer) -> None:
    times, standalone, reply = answer.timings_ms, answer.standalone, answer.reply
    why = f" ({standalone.why})" if standalone.why else ""
    lines = [
        f"understood as: {standalone.text}",
        f"rewriting: {standalone.how.value.replace('_', ' ')}{why}",
        f"confidence: {reply.confidence:.2f}",
        f"generation: {answer.provenance.generation}",
        f"retrieval {times.retrieve:.0f} ms, first words {times.first_token:.0f} ms, total {times.total:.0f} ms",
    ]
    if answer.provenance.prompts:
        lines.append(f"{answer.generator}, prompts: {', '.join(used.label for used in answer.provenance.prompts)}")
    if reply.usage:
        cost = "" if reply.usage.cost is None else f", cost {reply.usage.cost:.6f}"
        lines.append(f"tokens: {reply.usage.prompt_tokens} read, {reply.usage.completion_tokens} written{cost}")
    typer.echo("\n".join(lines), err=True)


def _finish(answers: Sequence[Answer], settings: Settings) -> None:
    """Say on stderr which answers ended early, and leave with the exit code that this means."""
    cut = [answer.reply.cut_off for answer in answers if answer.reply.cut_off]
    for error in cut:
        typer.echo(f"{'error' if error.exit_code else 'warning'}: {error.message}\nhint: {error.hint}", err=True)
    if code := max((error.exit_code for error in cut), default=0):
        raise typer.Exit(code)
    if settings.strict and any(answer.reply.status == "refused" for answer in answers):
        raise typer.Exit(NO_ANSWER)


def _ask_batch(settings: Settings, path: str, filters: Filters) -> list[Answer]:
    """Answer a batch; those of its answers that were refused or cut off."""
    from assistant.commands.batches import batch_lines
    from assistant.pipeline import Assistant, answer_of
    from assistant.render import answer_json

    assistant = Assistant(settings)

    async def run() -> list[Answer]:
        wanting: list[Answer] = []
        for line in batch_lines(path):
            answer = await answer_of(assistant, line.text("question"), line.history(), filters)
            if answer.reply.status == "refused" or answer.reply.cut_off:
                wanting.append(answer)
            surface.print_json({"id": line.values.get("id"), **answer_json(answer)})
        return wanting

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

    def found(words: str) -> Searched:
        return assistant.searched(words, None, filters, every_chunk=all_chunks)

    if batch is not None:
        _search_batch(batch, found)
        return
    if query is None:
        raise UsageError("there is nothing to search for", hint='say it: `assistant search "…"`')
    searched = found(query)
    hits, understood = searched.hits, searched.understood
    if as_json:
        surface.print_json({"query": query, "understood": understood, "hits": [hit_json(hit) for hit in hits]})
    else:
        if understood != query:
            typer.echo(f"(understood as: {one_line(understood)})\n")
        typer.echo(hits_text(hits, surface.painter()))


def _search_batch(path: str, found: Callable[[str], Searched]) -> None:
    from assistant.commands.batches import batch_lines
    from assistant.render import hit_json

    for line in batch_lines(path):
        hits = found(line.text("query")).hits
        surface.print_json({"id": line.values.get("id"), "hits": [hit_json(hit) for hit in hits]})


@surface.reporting
def show(
    post_id: Annotated[str, typer.Argument(help="A post_id, or a source_id that only one post has.")],
    thread: Annotated[bool, typer.Option("--thread", help="The whole thread of the post, in its order.")] = False,
    index: surface.Index = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Show one post: its canonical text and its fields. With --thread all posts of its thread.

    Example: assistant show p0123456789abcdef
    """
    from assistant.pipeline import Assistant
    from assistant.render import post_json, post_text, thread_json, thread_text

    assistant = Assistant(surface.settings_from(index=index))
    if thread:
        posts = assistant.thread_of(post_id)
        shown, told = thread_text(posts, surface.painter()), thread_json(posts)
    else:
        post = assistant.post(post_id)
        shown, told = post_text(post, surface.painter()), post_json(post)
    if as_json:
        surface.print_json(told)
    else:
        typer.echo(shown)


@surface.reporting
def chat(
    generator: Generator = None,
    base_url: BaseUrl = None,
    strict: Strict = False,
    index: surface.Index = None,
    no_history: Annotated[bool, typer.Option("--no-history", help="Do not keep what is typed.")] = False,
    debug: surface.Debug = False,
) -> None:
    """Ask and follow up, in a loop. /help lists what can be typed; Ctrl-D leaves.

    Example: assistant chat
    """
    from assistant.repl import Repl

    history = None if no_history else Path(typer.get_app_dir("assistant")) / "history"
    settings = surface.settings_from(index=index, generator=generator, base_url=base_url, strict=strict or None)
    Repl(settings, surface.painter(), history).run()
