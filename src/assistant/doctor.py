"""Is all well? Each check says what was found, and what mends it if it is bad."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AssistantError, IndexUnusable
from assistant.indexing.build import known_roots
from assistant.indexing.embedders import embedder_from
from assistant.indexing.generation import open_in_force
from assistant.indexing.generations import IndexFolder
from assistant.indexing.manifest import Recipe
from assistant.indexing.minilm import processors
from assistant.llm.addresses import is_loopback, shown
from assistant.llm.choosing import model_from
from assistant.settings import Settings

PROBE = "Does the embedder answer?"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `exit_code` is 0 for a good one."""

    check: str
    ok: bool
    found: str
    mend: str = ""
    exit_code: int = 0


def examine(settings: Settings) -> Iterator[Finding]:
    """All checks, each even when one before it failed."""
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("python", _python),
        ("embedder", _embedder),
        ("cache", _cache),
        ("index", _index),
        ("sources", _sources),
        ("generator", _generator),
    )
    for name, check in checks:
        try:
            yield Finding(name, True, check(settings))
        except AssistantError as error:
            yield Finding(name, False, error.message, error.hint, error.exit_code)
        except OSError as error:
            yield Finding(name, False, str(error), "check the path, its permissions and the space left", 1)


def _python(settings: Settings) -> str:
    return f"{sys.version.split()[0]}, {processors()} processors"


def _embedder(settings: Settings) -> str:
    embedder = embedder_from(settings)
    dimension = embedder.embed([PROBE]).shape[1]
    return f"{embedder.fingerprint}, {dimension} dimensions"


def _cache(settings: Settings) -> str:
    folder = Path(settings.cache_dir)
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise AssistantError(
            f"{folder} cannot be written", hint="set another: `ASSISTANT_CACHE_DIR`, or cache_dir in assistant.toml"
        )
    return str(folder)


def _index(settings: Settings) -> str:
    generation = open_in_force(
        IndexFolder(Path(settings.index)),
        Recipe.of(embedder_from(settings).fingerprint, settings.without, redact=settings.redact),
    )
    manifest = generation.manifest
    generation.close()
    if not manifest.posts:
        raise IndexUnusable(
            f"{manifest.generation}: the index is empty, no question can be answered from it",
            hint="name files or folders with posts: `assistant index PATH`; `assistant index --explain PATH` says what is read",
        )
    return f"{manifest.generation}: {manifest.posts} posts, {manifest.threads} threads, {manifest.chunks} chunks"


def _generator(settings: Settings) -> str:
    model = model_from(settings)
    if model is None:
        return "extractive: the posts are quoted, nothing leaves this machine"
    address = settings.base_url or ""
    if settings.openai_api_key and address.startswith("http:") and not is_loopback(address):
        raise AssistantError(
            f"the key, questions and posts go to {shown(address)} unencrypted",
            hint="use its https:// address, or reach it through a tunnel to this machine",
        )
    return f"{model.name}, a window of {asyncio.run(model.window())} tokens"


def _sources(settings: Settings) -> str:
    roots = known_roots(IndexFolder(Path(settings.index)))
    missing = [root for root in roots if not Path(root).exists()]
    if missing:
        raise AssistantError(
            f"{len(missing)} of {len(roots)} sources are gone, the first is {missing[0]}",
            hint=f"bring it back, or drop it with its posts: `assistant sources remove {missing[0]}`",
        )
    return f"{len(roots)} known, all there"
