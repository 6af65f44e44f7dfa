"""Where the posts of a set lie. `shared:PATH` is below a folder of real data that is not part of the repository."""

from __future__ import annotations

from pathlib import Path

from assistant.errors import EvaluationError
from assistant.evaluation.topics import TopicSet

SHARED = "shared"
PREFIX = f"{SHARED}:"


def shared_beside(folder: Path) -> Path | None:
    """The folder `shared` beside `folder` or beside the nearest folder above it that has one."""
    place = folder.resolve()
    beside = (above.parent / SHARED for above in (place, *place.parents))
    return next((found for found in beside if found.is_dir()), None)


def located(source: str, folder: Path, shared: Path | None = None) -> Path:
    """The path that a source of a set in `folder` stands for. Without a shared folder `shared:PATH` stays as it is."""
    if not source.startswith(PREFIX):
        return folder / source
    base = shared or shared_beside(folder)
    return base / source.removeprefix(PREFIX) if base else Path(source)


def required_sources(topics: TopicSet) -> tuple[Path, ...]:
    """The sources that an index for the set is built from. Raises EvaluationError where there is none, or one is missing."""
    hint = "build an index of these posts yourself and name it: `--index DIR`"
    if not topics.sources:
        raise EvaluationError(f"the set {topics.name} does not say where its posts are", hint=hint)
    for path in topics.sources:
        if str(path).startswith(PREFIX):
            looked = f"no folder {SHARED!r} lies beside {topics.path.resolve()} or a folder above it"
            raise EvaluationError(
                f"the posts of {topics.name} are at {path}, and {looked}", hint=f"set ASSISTANT_SHARED, or {hint}"
            )
        if not path.exists():
            raise EvaluationError(f"the posts of {topics.name} should be at {path}, which does not exist", hint=hint)
    return topics.sources
