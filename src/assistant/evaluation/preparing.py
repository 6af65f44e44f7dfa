"""What a set is put to: settings changed for one run, and an index of the set's own sources where none is named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.errors import UsageError
from assistant.evaluation.sets.sources import required_sources
from assistant.evaluation.topics import TopicSet
from assistant.settings import Settings, load
from assistant.types import Parts

Progress = Callable[[str, int, int], None]


def settings_for(config: Path | None, changes: Sequence[str], flags: Mapping[str, Any]) -> Settings:
    """Settings in force, changed by a TOML file, then by `name=value` texts, then by flags.

    A list is written with commas (`without=pairs,exact`). Raises UsageError, SettingsError.
    """
    values: dict[str, Any] = dict(_file(config)) if config else {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals or name not in Settings.model_fields:
            raise UsageError(
                f"{change!r} changes no setting", hint=f"write NAME=VALUE with a name of: {', '.join(Settings.model_fields)}"
            )
        values[name] = [part for part in value.split(",") if part] if name == "without" else value
    return load(values | {name: value for name, value in flags.items() if value is not None})


def _file(path: Path) -> Mapping[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}", hint="name a TOML file of settings, as assistant.toml is one") from error


def index_of(topics: TopicSet, settings: Settings, threads_off: Parts) -> Path:
    """Folder of the index of a set's own sources, made with these parts switched off: one for each such combination."""
    named = [str(path.resolve()) for path in topics.sources] + sorted(threads_off) + [settings.embedder]
    named += [] if settings.redact else ["unmasked"]
    digest = hashlib.sha256("\n".join(named).encode()).hexdigest()[:12]
    # Sets about the same posts share their index.
    return Path(settings.cache_dir) / "sets" / f"{topics.sources[0].name.split('.')[0]}-{digest}"


def _take_over_vectors(folder: Path) -> None:
    """Begin a new index with what one of the same name has embedded: made with other parts, it holds most of the same texts."""
    from assistant.indexing.embedding_cache import copy_cache
    from assistant.indexing.generations import IndexFolder

    name = folder.name.rpartition("-")[0]
    others = sorted(other for other in folder.parent.glob(f"{name}-*") if IndexFolder(other).cache.exists())
    if not folder.exists() and others:
        copy_cache(IndexFolder(others[0]).cache, IndexFolder(folder).cache)


def indexed(topics: TopicSet, settings: Settings, progress: Progress) -> Settings:
    """Settings that name an index of the set's own sources, built or brought up to date.

    Raises EvaluationError for a set without sources, and what building raises.
    """
    from assistant.indexing.build import build
    from assistant.indexing.embedders import embedder_from
    from assistant.indexing.generations import IndexFolder
    from assistant.types import INDEX_PARTS

    sources = required_sources(topics)
    folder = index_of(topics, settings, settings.without & INDEX_PARTS)
    _take_over_vectors(folder)
    build(
        IndexFolder(folder), embedder_from(settings), [str(path) for path in sources],
        without=settings.without, redact=settings.redact, progress=progress,
    )  # fmt: skip
    return settings.model_copy(update={"index": folder})
