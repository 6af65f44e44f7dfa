"""CLAP NQ (https://github.com/primeqa/clapnq): questions with gold passages, supporting sentences and a gold answer.

A supporting sentence becomes a span of its passage's canonical body. One that does not stand there as given is left out
and counted, in the topic's provenance and in a note. The passage of an unanswerable question is on its subject: grade 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from assistant.corpus import canonical, read
from assistant.errors import EvaluationError
from assistant.evaluation.sets.reading import SetFile, SetReading, topic_at
from assistant.evaluation.sets.rows import JsonObject, either, field, listed, objects
from assistant.evaluation.topics import Expect, GoldSpan, Topic, TopicSet
from assistant.types import RawPost

ANSWERS = "answers.jsonl"
HOLDS, SUBJECT = 3, 1


def load_clapnq(folder: Path) -> SetReading:
    """The set of a CLAP NQ folder. Raises EvaluationError."""
    answers, corpus = either(folder, ANSWERS), either(folder, "corpus.jsonl")
    if answers is None or corpus is None:
        raise EvaluationError(f"{folder} holds no {ANSWERS} or no corpus.jsonl", hint="a CLAP NQ folder has both")
    bodies = bodies_of([corpus])
    places: dict[str, str] = {}
    topics = []
    for place, row in objects(answers):
        topic = _topic(row, bodies, place)
        if topic.id in places:
            raise EvaluationError(f"{place}: question {topic.id!r} stands already at {places[topic.id]}", hint="keep one")
        places[topic.id] = place
        topics.append(topic)
    found = TopicSet(folder.resolve().name, folder, tuple(topics), "source", "ask", (corpus,))
    return SetReading(found, SetFile(ids="source"), places, (), _notes(topics))


def bodies_of(paths: Iterable[Path]) -> dict[str, str]:
    """Canonical body of each post of these sources that has an id, by that id, as an index stores it."""
    found = read([str(path) for path in paths])
    return {item.source_id: canonical(item.body) for item in found if isinstance(item, RawPost) and item.source_id}


def _notes(topics: Iterable[Topic]) -> tuple[str, ...]:
    lost = sum(topic.provenance.get("unlocated", 0) for topic in topics)
    return (f"{lost} supporting sentences do not stand in their passage as given and are left out",) if lost else ()


def _topic(row: JsonObject, bodies: Mapping[str, str], place: str) -> Topic:
    tid, question = field(row, "query_id", str, place), field(row, "question", str, place)
    passages = [str(name) for name in listed(row, "gold_passages", place)]
    if not field(row, "answerable", bool, place):
        return topic_at(
            place, question, id=tid, type="unanswerable", kind="near_miss", answerable=False, expect=Expect.ABSTAIN,
            posts=dict.fromkeys(passages, SUBJECT), provenance={"method": "CLAP NQ"},
        )  # fmt: skip
    outputs = [output for output in listed(row, "output", place) if isinstance(output, dict)]
    spans, lost = _spans(outputs, passages, bodies, place)
    reference = next((output["answer"] for output in outputs if output.get("answer")), None)
    return topic_at(
        place, question, id=tid, answerable=True, expect=Expect.ANSWER, posts=dict.fromkeys(passages, HOLDS), spans=spans,
        reference=reference, provenance={"method": "CLAP NQ", **({"unlocated": lost} if lost else {})},
    )  # fmt: skip


def _spans(
    outputs: Iterable[Mapping[str, Any]], passages: Iterable[str], bodies: Mapping[str, str], place: str
) -> tuple[tuple[GoldSpan, ...], int]:
    """The spans of what all annotators selected, each once and in order, and how many sentences were not found."""
    wanted = [(name, bodies.get(name, "")) for name in passages]
    sentences = dict.fromkeys(text for output in outputs for text in listed(dict(output), "selected_sentences", place))
    found: set[tuple[str, int, int]] = set()
    lost = 0
    for sentence in sentences:
        words = canonical(str(sentence)).strip()
        name, start = next(((name, body.find(words)) for name, body in wanted if words and words in body), ("", -1))
        if start < 0:
            lost += 1
        else:
            found.add((name, start, start + len(words)))
    return tuple(GoldSpan(post=name, start=start, end=end) for name, start, end in sorted(found)), lost
