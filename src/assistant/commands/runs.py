"""eval run: topics to a folder of answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from assistant.commands import surface
from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.evaluation.records import PostRecord
    from assistant.evaluation.systems.system import System
    from assistant.evaluation.topics import TopicSet
    from assistant.settings import Settings

SEARCH_DEPTH, ASK_DEPTH = 100, 10

Set = Annotated[
    str, typer.Argument(help="A folder with set.toml, a file of topics, a BEIR or CLAP NQ folder; SET#SPLIT takes a part.")
]
Out = Annotated[Path, typer.Option("--out", help="Folder to write the run in.")]
Config = Annotated[Path | None, typer.Option("--config", help="TOML file of settings to run with.", show_default=False)]
Changes = Annotated[
    list[str] | None, typer.Option("--with", help="NAME=VALUE of a setting to run with; may be said again.", show_default=False)
]
Shared = Annotated[
    Path | None, typer.Option("--shared", help="Folder of data that sets name as shared:…", envvar="ASSISTANT_SHARED",
                              show_default=False)
]  # fmt: skip


@surface.reporting
def run(
    topics: Set,
    out: Out,
    index: surface.Index = None,
    config: Config = None,
    changes: Changes = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="How often to ask each topic.")] = 1,
    depth: Annotated[
        int | None,
        typer.Option("--depth", min=1, max=1000, help="Hits to record [default: 10, search only 100].", show_default=False),
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for one topic.")] = 120.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was broken off.")] = False,
    again_failed: Annotated[
        bool, typer.Option("--again-failed", help="With --resume: ask again what ended in an error or a time-out.")
    ] = False,
    api: Annotated[str | None, typer.Option("--api", help="Ask this server's HTTP API instead.", show_default=False)] = None,
    chat: Annotated[
        str | None, typer.Option("--chat", help="Ask this OpenAI-compatible server (with its /v1) instead.", show_default=False)
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Model to ask for with --chat.")] = "",
    shared: Shared = None,
    as_json: surface.Json = False,
    debug: surface.Debug = False,
) -> None:
    """Put every topic of a set to the assistant and write down what it did, line by line.

    Without --index, the posts that the set itself names are indexed first.

    Example: assistant eval run eval/sample --out runs/today
    """
    from assistant.commands.progress import reported
    from assistant.evaluation.preparing import settings_for
    from assistant.evaluation.running import Plan, require_free
    from assistant.evaluation.running import run as run_plan
    from assistant.evaluation.sets.loading import load_set

    require_free(out, resume=resume)
    chosen = load_set(topics, shared=shared)
    settings = settings_for(config, changes or (), {"index": index})
    if api or chat:
        asked = _served(chosen, settings, api, chat, model, depth, timeout)
    else:
        asked = in_process(chosen, settings, depth, timeout, as_json)
    plan = Plan(chosen, repeats, asked.depth, asked.about, asked.offline)
    try:
        with reported(as_json) as progress:
            done = asyncio.run(run_plan(plan, asked.system, out, resume=resume, again_failed=again_failed, progress=progress))
    finally:
        asked.system.close()
    counts = {"run": str(out), "topics": len(chosen.topics), "answers": len(done.answers)}
    if as_json:
        surface.print_json(counts)
    else:
        typer.echo(f"{counts['answers']} answers in {out}; score them: assistant eval score {out}")


class Asked(NamedTuple):
    """A system that was made ready for a set, with what the manifest says of it."""

    system: System
    about: tuple[tuple[str, str], ...]
    depth: int
    offline: bool


def in_process(topics: TopicSet, settings: Settings, depth: int | None, timeout: float, quiet: bool) -> Asked:
    """The pipeline, on the index that the settings name, else on one of the set's own posts."""
    from assistant.evaluation.systems.in_process import InProcess

    deep = depth or _depth(topics)
    settings = _with_index(topics, settings, quiet)
    system = InProcess(settings, deep, timeout, search_only=topics.task == "search")
    missing, named = system.missing(topics.topics)
    if missing:
        typer.echo(
            f"note: {missing} of {named} posts and threads that the topics name are not in this index"
            + ("; is it the one they are about?" if missing > named / 2 else ""),
            err=True,
        )
    offline = settings.embedder == "minilm" and settings.generator == "extractive"
    return Asked(system, tuple(system.index().items()), deep, offline)


def _with_index(topics: TopicSet, settings: Settings, quiet: bool) -> Settings:
    """The settings as they are where they name an index, else with one of the set's own posts."""
    from assistant.commands.progress import reported
    from assistant.evaluation.preparing import indexed

    if not topics.sources or "index" in settings.model_fields_set:
        return settings
    with reported(quiet) as progress:
        return indexed(topics, settings, progress)


def _depth(topics: TopicSet) -> int:
    return SEARCH_DEPTH if topics.task == "search" else ASK_DEPTH


def _served(
    topics: TopicSet, settings: Settings, api: str | None, chat: str | None, model: str, depth: int | None, timeout: float
) -> Asked:
    from assistant.evaluation.systems.chat_completions import ChatCompletions
    from assistant.evaluation.systems.endpoints import Endpoint
    from assistant.llm.addresses import is_loopback

    if api and chat:
        raise UsageError("--api and --chat name two systems", hint="name one of them")
    if any(topic.without for topic in topics.topics):
        raise UsageError(
            "the set has topics that need an index without some threads, which a server cannot be asked for",
            hint="run it in process: leave out --api and --chat",
        )
    deep = depth or _depth(topics)
    if api:
        return Asked(Endpoint(api, depth=deep, task=topics.task, total_seconds=timeout), (), deep, is_loopback(api))
    if not model:
        raise UsageError("--chat needs a model to ask for", hint="name it: `--model NAME`")
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    posts = _known_posts(topics, settings)
    return Asked(ChatCompletions(str(chat), model, posts, api_key=key, total_seconds=timeout), (), deep, is_loopback(str(chat)))


def _known_posts(topics: TopicSet, settings: Settings) -> list[PostRecord]:
    """Every post of the index: what a server's sources may mean."""
    from assistant.evaluation.systems.system import post_record
    from assistant.pipeline import Assistant
    from assistant.render import post_json

    assistant = Assistant(_with_index(topics, settings, quiet=False))
    posts = assistant.generation.posts.posts(range(assistant.generation.manifest.posts))
    assistant.close()
    return [post_record(post_json(post)) for post in posts]
