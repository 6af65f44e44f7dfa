"""The answers of a run that are scored: each topic and repeat once, in the order of the topics, whatever order they
were written in."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.errors import EvaluationError
from assistant.evaluation.records import AnswerRecord
from assistant.evaluation.runs import ANSWERS, TOPICS, RunFolder
from assistant.evaluation.topics import Topic

Pair = tuple[Topic, AnswerRecord]


def pairs_of(folder: RunFolder, partial: bool) -> tuple[list[Pair], int]:
    """Topics with their answers in order, and how many there have to be.

    An answer to another question than the topic asks now (another `input_sha`) does not count. Raises EvaluationError
    for two topics of one id, an answer to no topic, two unlike answers to one topic and repeat and, unless `partial`,
    for a run that is not finished.
    """
    topics = _by_id(folder)
    repeats = folder.manifest.repeats
    wanted = len(topics) * repeats
    found = _by_topic(folder, topics, repeats)
    if len(found) < wanted and not partial:
        raise EvaluationError(
            f"{folder.path}: the run is not finished: {len(found)} of {wanted} answers",
            hint="finish it: `assistant eval run SET --out DIR --resume`, or score what there is: `--partial`",
        )
    if not found:
        raise EvaluationError(f"{folder.path}: there is no answer to score", hint="`assistant eval run SET --out DIR`")
    places = [(topic, rep) for topic in topics.values() for rep in range(repeats)]
    return [(topic, found[topic.id, rep]) for topic, rep in places if (topic.id, rep) in found], wanted


def _by_id(folder: RunFolder) -> dict[str, Topic]:
    topics = {topic.id: topic for topic in folder.topics}
    if len(topics) < len(folder.topics):
        ids = [topic.id for topic in folder.topics]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        raise EvaluationError(f"{folder.path / TOPICS}: two topics have the id {twice[0]!r}", hint="give each its own id")
    return topics


def _by_topic(folder: RunFolder, topics: dict[str, Topic], repeats: int) -> dict[tuple[str, int], AnswerRecord]:
    found: dict[tuple[str, int], AnswerRecord] = {}
    for record in folder.answers:
        place = f"{folder.path / ANSWERS}: the answer to {record.tid!r}, repeat {record.rep}"
        topic = topics.get(record.tid)
        if topic is None or not 0 <= record.rep < repeats:
            raise EvaluationError(f"{place}, is to nothing that this run asks", hint=f"remove the line from {ANSWERS}")
        if record.input_sha and record.input_sha != topic.input_sha:
            continue
        if found.setdefault((record.tid, record.rep), record) != record:
            raise EvaluationError(f"{place}, stands there twice and differs", hint=f"remove one of them from {ANSWERS}")
    return found


def topics_of(pairs: Sequence[Pair]) -> list[Topic]:
    """The distinct topics of the pairs, in order."""
    return list({topic.id: topic for topic, _ in pairs}.values())
