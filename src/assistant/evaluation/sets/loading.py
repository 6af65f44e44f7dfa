"""From a name to a set. Accepted are

- a folder with `set.toml`, or with `topics.jsonl` alone;
- one file of topics; a `set.toml` beside it gives everything but the name;
- a BEIR folder (`corpus.jsonl`, `queries.jsonl`, `qrels/*.tsv`, plain or gzip);
- a CLAP NQ folder (a BEIR folder with `answers.jsonl`).

`SET#NAME` picks the qrels file of that name, or the topics of that split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from assistant.errors import EvaluationError
from assistant.evaluation.sets.beir import load_beir
from assistant.evaluation.sets.clapnq import ANSWERS, load_clapnq
from assistant.evaluation.sets.reading import SET_FILE, TOPICS_FILE, SetFile, SetReading, read_topics, set_file
from assistant.evaluation.sets.rows import either
from assistant.evaluation.sets.sources import located
from assistant.evaluation.topics import TopicSet

FORMS = f"a set is a folder with {SET_FILE}, a file of topics, or a BEIR folder: see eval/README.md"


def load_set(spec: str | Path, *, shared: Path | None = None) -> TopicSet:
    """The set that `spec` names. Raises EvaluationError with file and line.

    `shared` is the folder of real data; by default it is sought beside the set and beside the folders above it.
    Whether sources exist is not looked at: see `sources.required_sources`.
    """
    return read_set(spec, shared=shared).faultless()


def read_set(spec: str | Path, *, shared: Path | None = None) -> SetReading:
    """As `load_set`, but faults in single lines are collected. Raises EvaluationError for a set that cannot be read at all."""
    path, part = _parted(spec)
    if path.is_file():
        about = set_file(path.parent / SET_FILE) if (path.parent / SET_FILE).is_file() else SetFile()
        return _of_split(_own(path.parent, about, [path], path.name.removesuffix(".gz").removesuffix(".jsonl"), shared), part)
    if not path.is_dir():
        raise EvaluationError(f"there is no {path}", hint=FORMS)
    if (path / SET_FILE).is_file() or (path / TOPICS_FILE).is_file():
        about = set_file(path / SET_FILE) if (path / SET_FILE).is_file() else SetFile()
        files = [path / name for name in about.topics]
        return _of_split(_own(path, about, files, about.name or path.resolve().name, shared), part)
    if either(path, ANSWERS) and not part:
        return load_clapnq(path)
    if (path / "qrels").is_dir():
        return load_beir(path, part)
    raise EvaluationError(f"{path} holds no topics: neither {SET_FILE} nor {TOPICS_FILE} nor qrels", hint=FORMS)


def _parted(spec: str | Path) -> tuple[Path, str]:
    whole = Path(spec)
    if "#" not in str(spec) or whole.exists():
        return whole, ""
    path, _, part = str(spec).rpartition("#")
    return Path(path), part


def _own(folder: Path, about: SetFile, files: Sequence[Path], name: str, shared: Path | None) -> SetReading:
    topics, places, faults = read_topics(files)
    if not topics and not faults:
        raise EvaluationError(f"{files[0] if files else folder} holds no topic", hint=FORMS)
    sources = tuple(located(source, folder, shared) for source in about.sources)
    margins = tuple(sorted(about.margins.items()))
    found = TopicSet(name, folder, topics, about.ids, about.task, sources, margins)
    return SetReading(found, about, places, faults)


def _of_split(reading: SetReading, split: str) -> SetReading:
    """The same with the topics of one split only; all of them where no split is named."""
    if not split:
        return reading
    topics = tuple(topic for topic in reading.set.topics if topic.split == split)
    if not topics:
        raise EvaluationError(f"no topic of {reading.set.name} is of the split {split!r}", hint="splits are dev and test")
    return replace(reading, set=replace(reading.set, name=f"{reading.set.name}#{split}", topics=topics))
