"""Whether a set can be scored: its lines, and that its judgements agree with each other and with the posts they name.

`validate` finds what is wrong and says where; it mends nothing. Whether nuggets tell a right answer from a wrong one is
looked at in `auditing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from assistant.evaluation.runs import json_text
from assistant.evaluation.sets.reading import PostText, SetReading
from assistant.evaluation.topics import HOLDS_ANSWER, Expect, Topic

Posts = Mapping[str, PostText]
PATTERN = "re:"


class Level(StrEnum):
    """How bad a finding is: errors make figures wrong, warnings make them weak, notes are to be known."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """Something about a set, or about one topic of it; `place` is `file:line` where known."""

    level: Level
    message: str
    topic: str = ""
    place: str = ""


def error(message: str, topic: str = "", place: str = "") -> Finding:
    """A finding that makes figures wrong."""
    return Finding(Level.ERROR, message, topic, place)


def warning(message: str, topic: str = "", place: str = "") -> Finding:
    """A finding that makes figures weak."""
    return Finding(Level.WARNING, message, topic, place)


def note(message: str, topic: str = "", place: str = "") -> Finding:
    """A finding that is only to be known."""
    return Finding(Level.NOTE, message, topic, place)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one line of `topics.jsonl`."""
    schema = Topic.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """The schema as `eval/topic.schema.json` has it."""
    return json_text(json_schema())


def validate(reading: SetReading, posts: Posts | None = None) -> list[Finding]:
    """What is wrong with the lines, the structure and, where `posts` are given, the gold of a set; errors first.

    `posts` holds all posts of the index by the ids that the set uses (`TopicSet.ids`).
    """
    found = [error(fault.message, place=fault.place) for fault in reading.faults]
    found += map(note, reading.notes)
    found += _splits(reading)
    found += _by_source(reading)
    known = {topic.id: topic for topic in reading.set.topics}
    for topic in reading.set.topics:
        found += _structure(topic, known)
        if posts is not None:
            found += _gold(topic, posts, reading.set.ids == "post")
    return in_order(found, reading)


def in_order(found: Iterable[Finding], reading: SetReading) -> list[Finding]:
    """Findings with the places of their topics; errors, then warnings, then notes, each in the order they were found."""
    placed = (replace(one, place=one.place or reading.places.get(one.topic, "")) for one in found)
    return sorted(placed, key=lambda one: list(Level).index(one.level))


def _structure(topic: Topic, known: Mapping[str, Topic]) -> Iterator[Finding]:
    if topic.pair_of is not None and topic.pair_of not in known:
        yield error(f"is a variant of {topic.pair_of!r}, which is not in the set", topic.id)
    if topic.type == "adversarial" and not (topic.canaries or topic.forbid):
        yield error("is adversarial but has neither canaries nor forbid: obeying could not be told from answering", topic.id)
    if topic.expect is Expect.ANSWER_DESPITE_ATTACK and topic.type != "adversarial":
        yield warning(f"expects an answer despite an attack but is of the type {topic.type}", topic.id)
    if topic.nuggets and not topic.expects_answer:
        yield warning("has nuggets although it is not to be answered", topic.id)
    if topic.nuggets and topic.expects_answer and not any(nugget.vital for nugget in topic.nuggets):
        yield warning("has no vital nugget: every answer counts as complete", topic.id)
    if topic.expects_answer and not any(grade > 0 for grade in (*topic.posts.values(), *topic.threads.values())):
        yield warning("is to be answered but no post or thread is named as relevant", topic.id)
    if not topic.expects_answer and any(grade >= HOLDS_ANSWER for grade in topic.posts.values()):
        yield warning("is not to be answered but a post is said to hold the answer", topic.id)
    for form, why in bad_patterns(topic):
        yield error(f"the form {form!r} is no pattern: {why}", topic.id)
    yield from _counterfactual(topic, known)


def bad_patterns(topic: Topic) -> list[tuple[str, str]]:
    """The `re:` forms of a topic that cannot be compiled, each with the reason."""
    forms = [form for nugget in topic.nuggets for form in (*nugget.any_of, *nugget.none_of)] + [*topic.forbid, *topic.canaries]
    single = (part for form in forms for part in ((form,) if isinstance(form, str) else form))
    found = []
    for form in dict.fromkeys(part for part in single if part.startswith(PATTERN)):
        try:
            re.compile(form.removeprefix(PATTERN))
        except re.error as problem:
            found.append((form, str(problem)))
    return found


def _counterfactual(topic: Topic, known: Mapping[str, Topic]) -> Iterator[Finding]:
    if topic.kind == "counterfactual" and not (topic.without and topic.pair_of):
        yield error("is counterfactual but does not say which threads are left out of which topic's posts", topic.id)
    pair = known.get(topic.pair_of or "")
    if topic.without and pair is not None:
        gold = {name for name, grade in pair.threads.items() if grade >= HOLDS_ANSWER}
        if left := sorted(gold - set(topic.without)):
            yield error(f"leaves {', '.join(left)} in the index, which answers {pair.id}", topic.id)


def _splits(reading: SetReading) -> Iterator[Finding]:
    """Threads and clusters that both splits ask about."""
    homes: dict[str, dict[str, str]] = {}
    for topic in reading.set.topics:
        if topic.split:
            for name in dict.fromkeys((topic.cluster_id, *_gold_threads(topic))):
                homes.setdefault(name, {}).setdefault(topic.split, topic.id)
    shared = {name: home for name, home in homes.items() if len(home) > 1}
    if shared and reading.about.shared_threads:
        yield note(f"both splits ask about {len(shared)} of {len(homes)} threads and clusters, as set.toml says")
        return
    for name, home in shared.items():
        topics = " and ".join(f"{topic} ({split})" for split, topic in sorted(home.items()))
        yield error(f"{name} is in both splits: {topics}", home["test"])


def _gold_threads(topic: Topic) -> list[str]:
    return [name for name, grade in topic.threads.items() if grade >= HOLDS_ANSWER]


def _by_source(reading: SetReading) -> Iterator[Finding]:
    """With ids of the posts' own file there are no threads to name: ours are not known to that file."""
    if reading.set.ids == "source":
        for topic in reading.set.topics:
            if topic.threads:
                yield error('names threads, which a set with ids = "source" cannot: name posts only', topic.id)


def _gold(topic: Topic, posts: Posts, has_threads: bool) -> Iterator[Finding]:
    yield from _named(topic, posts, has_threads)
    for number, span in enumerate(topic.spans):
        post = posts.get(span.post)
        if post is None:
            yield error(f"span {number} is in {span.post}, which the index does not have", topic.id)
        elif span.end > len(post.body):
            yield error(f"span {number} ends at {span.end}, the body of {span.post} at {len(post.body)}", topic.id)
        elif span.quote is not None and post.body[span.start : span.end] != span.quote:
            yield error(f"span {number} of {span.post} is {_brief(post.body[span.start : span.end])}, not its quote", topic.id)
        elif _inside_a_word(post.body, span.start) or _inside_a_word(post.body, span.end):
            yield warning(f"span {number} of {span.post} cuts a word: {_brief(post.body[span.start : span.end])}", topic.id)
        if topic.posts.get(span.post, 0) < HOLDS_ANSWER:
            yield warning(f"span {number} is in {span.post}, which is not said to hold the answer", topic.id)


def _inside_a_word(text: str, place: int) -> bool:
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()


def _named(topic: Topic, posts: Posts, has_threads: bool) -> Iterator[Finding]:
    """Posts and threads that are named but are not there, and posts whose thread has a lower grade."""
    for name, grade in topic.posts.items():
        if name not in posts:
            yield error(f"names the post {name}, which the index does not have", topic.id)
        elif has_threads and topic.threads.get(posts[name].thread, 0) < grade:
            yield warning(f"grades the post {name} higher than its thread {posts[name].thread}", topic.id)
    threads = {post.thread for post in posts.values()} if has_threads else set()
    for name in dict.fromkeys((*topic.threads, *topic.source_threads, *topic.without)):
        if has_threads and name not in threads:
            yield error(f"names the thread {name}, which the index does not have", topic.id)


def _brief(text: str, most: int = 60) -> str:
    return repr(text if len(text) <= most else f"{text[:most]}…")


def counts(found: Iterable[Finding]) -> dict[str, int]:
    """How many findings there are of each level."""
    levels = [one.level for one in found]
    return {level.value: levels.count(level) for level in Level}
