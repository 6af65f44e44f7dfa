"""Twins: the same question with its answer left out of the index, which is then not found, and is to be refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.evaluation.records import AnswerRecord, Decision
from assistant.evaluation.running import Plan, run
from assistant.evaluation.sets.counterfactual import SUFFIX, counterfactual, gold_threads, with_threads
from assistant.evaluation.sets.loading import load_set
from assistant.evaluation.systems.in_process import InProcess
from assistant.evaluation.systems.observing import Observing
from assistant.evaluation.topics import Expect, Topic, TopicSet
from assistant.settings import Settings

ASKED = ("S015", "S016", "S021", "S046")
"""Three that must be answered, one of them from two threads, and a follow-up: with what answers them in reach, all are."""


def topic(**values: Any) -> Topic:
    asked = {"id": "a", "turns": [{"role": "user", "content": "What?"}], "answerable": True, "expect": "answer"}
    return Topic.model_validate(asked | values)


def test_gold_is_what_holds_an_answer_or_else_the_best_there_is() -> None:
    assert gold_threads(topic(threads={"t3": 3, "t1": 2, "t2": 1, "t0": 0})) == ("t1", "t3")
    assert gold_threads(topic(threads={"t1": 1, "t2": 1, "t0": 0})) == ("t1", "t2")
    assert gold_threads(topic(threads={"t0": 0})) == ()
    assert gold_threads(topic()) == ()


def test_a_topic_of_posts_gets_the_threads_of_its_posts_with_their_best_grade() -> None:
    found = with_threads(topic(posts={"p1": 1, "p2": 3, "p3": 2, "elsewhere": 3}), {"p1": "t", "p2": "t", "p3": "u"})
    assert found.threads == {"t": 3, "u": 2}
    kept = topic(threads={"t": 3}, posts={"p1": 1})
    assert with_threads(kept, {"p1": "other"}) is kept


def test_what_has_no_answer_to_leave_out_has_no_twin() -> None:
    unanswerable = topic(id="u", answerable=False, expect="abstain", threads={"t": 1})
    topics = (unanswerable, topic(id="n"), topic(id="w", threads={"t": 3}, without=["x"]), topic(id="y", threads={"t": 3}))
    assert [one.id for one in counterfactual(TopicSet("made", Path("made"), topics)).topics] == ["y", "y" + SUFFIX]


@pytest.fixture(scope="session")
def sample_set(sample_posts: Path) -> TopicSet:
    return load_set(sample_posts.parent)


def test_every_answerable_topic_of_the_sample_has_a_twin(sample_set: TopicSet) -> None:
    twins = {one.id: one for one in counterfactual(sample_set).topics}
    answerable = [one for one in sample_set.topics if one.expects_answer]
    assert list(twins) == [name for one in answerable for name in (one.id, one.id + SUFFIX)]
    for original in answerable:
        twin = twins[original.id + SUFFIX]
        assert (twin.expect, twin.answerable, twin.pair_of) == (Expect.ABSTAIN, False, original.id)
        assert (twin.turns, twin.cluster_id) == (original.turns, original.cluster_id)
        assert set(twin.without) == {name for name, grade in original.threads.items() if grade >= 2}
        # What would be judged against the posts that were left out is not asked for.
        assert not (twin.spans or twin.nuggets or twin.posts or twin.threads or twin.must_pass)
        assert twin.input_sha != original.input_sha


@pytest.fixture(scope="session")
def pairs(
    sample_set: TopicSet, sample_index: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Topic, AnswerRecord]]:
    """The answers to a few topics of the sample and to their twins, by id."""
    few = replace(sample_set, topics=tuple(one for one in sample_set.topics if one.id in ASKED))
    twins = counterfactual(few)
    system = InProcess(Settings(index=sample_index, cache_dir=cache_dir), 10, timeout=60.0)
    try:
        done = asyncio.run(run(Plan(twins), system, tmp_path_factory.mktemp("twins") / "run"))
    finally:
        system.close()
    topics = {one.id: one for one in twins.topics}
    assert len(done.answers) == 2 * len(ASKED)
    return {answer.tid: (topics[answer.tid], answer) for answer in done.answers}


@pytest.mark.parametrize("name", ASKED)
def test_the_threads_of_a_twin_are_nowhere_in_its_answer(pairs: dict[str, tuple[Topic, AnswerRecord]], name: str) -> None:
    _, whole = pairs[name]
    twin, without = pairs[name + SUFFIX]
    assert set(twin.without) & {found.thread for found in whole.retrieved}
    rankings = [without.retrieved, *without.rankings.values()]
    assert all(rankings)
    assert not set(twin.without) & {found.thread for ranking in rankings for found in ranking}
    assert not set(twin.without) & {cited.thread for cited in without.citations}
    assert without.withheld is None or not set(twin.without) & {cited.thread for cited in without.withheld.citations}


def test_a_twin_is_less_sure_of_itself(pairs: dict[str, tuple[Topic, AnswerRecord]]) -> None:
    confidences = {name: answer.confidence or 0.0 for name, (_, answer) in pairs.items()}
    assert all(confidences[name + SUFFIX] < confidences[name] for name in ASKED)
    assert pairs["S021"][1].decision is Decision.ANSWER
    assert pairs["S021" + SUFFIX][1].decision is Decision.ABSTAIN


def test_what_is_observed_without_a_thread_is_what_an_index_without_it_shows(
    sample_set: TopicSet, sample_index: Path, cache_dir: Path
) -> None:
    (known,) = (one for one in sample_set.topics if one.id == "S021")
    observing = Observing(Settings(index=sample_index, cache_dir=cache_dir))
    try:
        whole, without = observing(known, ()), observing(known, gold_threads(known))
        threads = observing.threads()
    finally:
        observing.close()
    assert whole is not None
    assert without is not None
    assert without.closeness < whole.closeness
    assert with_threads(known.model_copy(update={"threads": {}}), threads).threads == known.threads
