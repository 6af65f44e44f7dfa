"""Counterfactual pairs: an answerable topic beside its twin, whose threads are left out of the index and which is to be
refused. What one loses by refusing too much and by refusing too little is then seen on the same questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from assistant.errors import EvaluationError
from assistant.evaluation.sets.imported import write_derived
from assistant.evaluation.sets.reading import SetReading
from assistant.evaluation.topics import HOLDS_ANSWER, Expect, Topic, TopicSet

SUFFIX = "-without"


def gold_threads(topic: Topic) -> tuple[str, ...]:
    """The threads that the answer may rest on, in order of their names."""
    if not topic.threads:
        return ()
    enough = min(HOLDS_ANSWER, max(topic.threads.values()))
    return tuple(sorted(thread for thread, grade in topic.threads.items() if grade >= enough > 0))


def counterfactual(topics: TopicSet, thread_of: Mapping[str, str] | None = None) -> TopicSet:
    """The answerable topics that name threads, each followed by its twin.

    `thread_of` gives the thread of a post for sets whose topics name posts only. That no other thread answers is not known
    from the judgements: posts that nobody judged may.
    """
    twins = tuple(topic for original in topics.topics for topic in _pair(with_threads(original, thread_of or {})))
    return replace(topics, name=f"{topics.name}-counterfactual", topics=twins)


def write_counterfactual(reading: SetReading, out: Path, thread_of: Mapping[str, str] | None = None) -> int:
    """Write a set folder with the pairs of a set; how many topics. Raises EvaluationError."""
    pairs = counterfactual(reading.faultless(), thread_of)
    if not pairs.topics:
        raise EvaluationError(
            f"no answerable topic of {reading.set.name} names a thread", hint="where topics name posts only, say `--index DIR`"
        )
    write_derived(reading, pairs.name, pairs.topics, out)
    return len(pairs.topics)


def with_threads(topic: Topic, thread_of: Mapping[str, str]) -> Topic:
    """The topic with the threads of its posts, where its judgements name posts only."""
    if topic.threads or not topic.posts:
        return topic
    threads: dict[str, int] = {}
    for post, grade in topic.posts.items():
        if post in thread_of:
            threads[thread_of[post]] = max(grade, threads.get(thread_of[post], 0))
    return topic.model_copy(update={"threads": threads})


def _pair(topic: Topic) -> Iterator[Topic]:
    gold = gold_threads(topic)
    if not topic.expects_answer or not gold or topic.without:
        return
    yield topic
    kept = ("turns", "standalone", "tags", "split", "lex_overlap")
    yield Topic(
        id=topic.id + SUFFIX,
        type="unanswerable",
        kind="counterfactual",
        answerable=False,
        expect=Expect.ABSTAIN,
        cluster=topic.cluster_id,
        without=gold,
        pair_of=topic.id,
        provenance={"method": f"counterfactual:{topic.id}"},
        **{name: getattr(topic, name) for name in kept},
    )
