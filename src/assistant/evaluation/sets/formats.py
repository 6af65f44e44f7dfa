"""Sets and runs from and to the formats of other projects, by name. What a format cannot hold comes back as notes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assistant.errors import EvaluationError, UsageError
from assistant.evaluation.runs import RunFolder
from assistant.evaluation.sets.auditing import Stated
from assistant.evaluation.sets.beir import export_beir, load_beir
from assistant.evaluation.sets.imported import Imported, relative, write_set
from assistant.evaluation.sets.mtrag import export_mtrag, import_mtrag
from assistant.evaluation.sets.nuggetizer import export_nuggetizer, import_nuggetizer
from assistant.evaluation.sets.ragas import export_ragas, export_ragchecker
from assistant.evaluation.sets.reading import PostText
from assistant.evaluation.sets.squad import export_squad, import_squad
from assistant.evaluation.sets.trec import export_trec, import_trec
from assistant.evaluation.topics import TopicSet

IMPORTS = ("beir", "trec", "mtrag", "squad", "nuggetizer")
EXPORTS = ("beir", "trec", "mtrag", "squad", "nuggetizer", "ragas", "ragchecker")


def import_set(form: str, path: Path, out: Path) -> list[str]:
    """Read a foreign set and write it as a set folder of ours; notes on what was left out.

    Raises UsageError for an unknown format, EvaluationError with file and line for what cannot be read.
    """
    if form == "beir":
        found = _of_beir(path, out)
    elif form in IMPORTS:
        readers = {"trec": import_trec, "mtrag": import_mtrag, "squad": import_squad, "nuggetizer": import_nuggetizer}
        found = readers[form](path)
    else:
        raise UsageError(f"there is no import from {form!r}", hint=f"formats are {', '.join(IMPORTS)}")
    if not found.topics:
        raise EvaluationError(f"{path} holds no topic", hint=f"is it of the format {form}?")
    write_set(found, out)
    return list(found.notes)


def _of_beir(path: Path, out: Path) -> Imported:
    folder, _, name = str(path).partition("#") if not path.exists() else (str(path), "", "")
    reading = load_beir(Path(folder), name)
    topics = reading.faultless()
    sources = tuple(relative(source, out) for source in topics.sources)
    return Imported(
        reading.about.model_copy(update={"name": topics.name, "sources": sources}), topics.topics, notes=reading.notes
    )


def export_set(
    form: str,
    topics: TopicSet,
    out: Path,
    *,
    run: RunFolder | None = None,
    posts: Mapping[str, PostText] | None = None,
    stated: Stated,
) -> list[str]:
    """Write a set, or a run over it, in a foreign format; notes on what it cannot hold. Existing files are replaced.

    `out` is a folder for `beir` and `trec`, else a file. `posts` are the texts by the ids that the set uses. Raises
    UsageError for an unknown format or one that needs a run or posts which are not given.
    """
    if form not in EXPORTS:
        raise UsageError(f"there is no export to {form!r}", hint=f"formats are {', '.join(EXPORTS)}")
    if form in ("ragas", "ragchecker"):
        if run is None:
            raise UsageError(f"{form} rows are made of answers", hint="name the folder of a run instead of a set")
        return (export_ragas if form == "ragas" else export_ragchecker)(run, out, posts or {})
    if form == "squad":
        if posts is None:
            raise UsageError("a SQuAD file holds the posts too", hint="name the index that has them: `--index DIR`")
        return export_squad(topics, out, posts)
    if form == "beir":
        return export_beir(topics, out, posts)
    if form == "trec":
        return export_trec(topics, out, run)
    if form == "mtrag":
        return export_mtrag(topics, out, run, posts)
    return export_nuggetizer(topics, out, run, stated)


def set_of(run: RunFolder) -> TopicSet:
    """The set as a run has it."""
    manifest = run.manifest
    return TopicSet(
        manifest.set_name, run.path, run.topics, manifest.ids, manifest.task, margins=tuple(sorted(manifest.margins.items()))
    )
