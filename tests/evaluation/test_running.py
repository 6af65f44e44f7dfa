"""A run: what is on disk after a crash, what is asked again, what a failure is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import EvaluationError, ServerUnreachable, UsageError
from assistant.evaluation.records import AnswerRecord, PostRecord, Retrieved
from assistant.evaluation.running import Plan, run
from assistant.evaluation.runs import ANSWERS, POSTS, RunFolder
from assistant.evaluation.systems.in_process import InProcess
from assistant.evaluation.systems.system import Observation, TimedOut
from assistant.evaluation.topics import Topic, TopicSet
from assistant.pipeline import Assistant
from assistant.settings import Settings


def topic(name: str, question: str = "What is it?", **more: Any) -> Topic:
    values = {"answerable": True, "expect": "answer", "threads": {"t1": 3}} | more
    return Topic.model_validate({"id": name, "turns": [{"role": "user", "content": question}], **values})


def topic_set(*topics: Topic) -> TopicSet:
    return TopicSet("made", Path("made"), topics)


class Scripted:
    """Answers at once; fails, or breaks the run off, where it is told to."""

    name = "scripted"

    def __init__(self, failing: dict[str, Exception] | None = None, breaks_at: int | None = None) -> None:
        self.asked: list[str] = []
        self._failing = failing or {}
        self._breaks_at = breaks_at

    def describe(self) -> dict[str, str]:
        return {"who": "nobody"}

    def close(self) -> None:
        pass

    async def ask(self, topic: Topic) -> Observation:
        if len(self.asked) == self._breaks_at:
            raise KeyboardInterrupt
        self.asked.append(topic.id)
        if topic.id in self._failing:
            raise self._failing[topic.id]
        post = PostRecord(post="p1", thread="t1", body="Words of a post.")
        record = AnswerRecord(
            tid=topic.id, input_sha=topic.input_sha, text="Words.", retrieved=(Retrieved(post="p1", thread="t1"),)
        )
        return Observation(record, (post,))


def asked(plan: Plan, system: Any, out: Path, **more: Any) -> RunFolder:
    return asyncio.run(run(plan, system, out, **more))


TOPICS = topic_set(topic("a"), topic("b"), topic("c"))


def test_each_topic_is_asked_as_often_as_the_plan_says(tmp_path: Path) -> None:
    done = asked(Plan(TOPICS, repeats=2), Scripted(), tmp_path / "r")
    assert [(answer.tid, answer.rep) for answer in done.answers] == [(t, r) for r in (0, 1) for t in "abc"]
    assert [answer.cold for answer in done.answers] == [True] + 5 * [False]
    assert list(done.posts) == ["p1"]


@pytest.mark.parametrize("breaks_at", range(6))
def test_a_run_broken_off_at_any_line_goes_on_to_the_same_files(tmp_path: Path, breaks_at: int) -> None:
    plan = Plan(TOPICS, repeats=2)
    asked(plan, Scripted(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        asked(plan, Scripted(breaks_at=breaks_at), tmp_path / "broken")
    # What a crash in the middle of a write leaves.
    with (tmp_path / "broken" / ANSWERS).open("a") as stream:
        stream.write('{"tid":"a","rep":')
    rest = Scripted()
    asked(plan, rest, tmp_path / "broken", resume=True)
    assert len(rest.asked) == 6 - breaks_at
    for name in (ANSWERS, POSTS):
        whole, broken = ((tmp_path / folder / name).read_text().replace(',"cold":true', "") for folder in ("whole", "broken"))
        assert broken == whole


def test_a_folder_with_a_run_is_not_written_over(tmp_path: Path) -> None:
    asked(Plan(TOPICS), Scripted(), tmp_path)
    with pytest.raises(UsageError, match="holds a run already"):
        asked(Plan(TOPICS), Scripted(), tmp_path)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="not empty"):
        asked(Plan(TOPICS), Scripted(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_run_of_other_topics_is_not_gone_on_with(tmp_path: Path) -> None:
    asked(Plan(TOPICS), Scripted(), tmp_path)
    with pytest.raises(EvaluationError, match="another set_sha256"):
        asked(Plan(topic_set(topic("a", "And now?"))), Scripted(), tmp_path, resume=True)


def test_failures_are_outcomes_and_the_others_are_still_asked(tmp_path: Path) -> None:
    failing = {"a": TimedOut("no answer within 1 s", hint=""), "b": ServerUnreachable("refused", hint="")}
    done = asked(Plan(TOPICS), Scripted(failing), tmp_path)
    assert [(answer.tid, answer.status.value, answer.error) for answer in done.answers] == [
        ("a", "timeout", "no answer within 1 s"), ("b", "error", "refused"), ("c", "ok", None),
    ]  # fmt: skip


def test_what_failed_is_asked_again_only_when_that_is_said(tmp_path: Path) -> None:
    asked(Plan(TOPICS), Scripted({"b": TimedOut("late", hint="")}), tmp_path)
    patient = Scripted()
    asked(Plan(TOPICS), patient, tmp_path, resume=True)
    assert patient.asked == []
    done = asked(Plan(TOPICS), patient, tmp_path, resume=True, again_failed=True)
    assert patient.asked == ["b"]
    assert sorted((answer.tid, answer.status.value) for answer in done.answers) == [("a", "ok"), ("b", "ok"), ("c", "ok")]


def test_a_failure_has_taken_its_time(tmp_path: Path) -> None:
    done = asked(Plan(TOPICS), Scripted({"a": TimedOut("late", hint="")}), tmp_path)
    assert done.answers[0].latency_ms["total"] >= 0


def test_a_server_that_is_not_there_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(ServerUnreachable):
        asked(Plan(TOPICS), Scripted({"a": ServerUnreachable("refused", hint="")}), tmp_path)
    assert RunFolder(tmp_path).answers == ()


def test_the_manifest_says_when_a_run_was_finished(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        asked(Plan(TOPICS), Scripted(breaks_at=1), tmp_path)
    assert RunFolder(tmp_path).manifest.ended is None
    assert asked(Plan(TOPICS), Scripted(), tmp_path, resume=True).manifest.ended is not None


def test_a_line_that_is_no_record_is_named_with_its_place(tmp_path: Path) -> None:
    done = asked(Plan(TOPICS), Scripted(), tmp_path)
    with (tmp_path / ANSWERS).open("a") as stream:
        stream.write(json.dumps({"tid": "d", "decision": "perhaps"}) + "\n")
    with pytest.raises(EvaluationError, match=r"answers\.jsonl:4: decision"):
        _ = RunFolder(done.path).answers


@pytest.fixture
def in_process(sample_index: Path) -> Callable[..., InProcess]:
    def made(timeout: float = 60.0, **more: Any) -> InProcess:
        return InProcess(Settings(index=sample_index), 10, timeout, **more)

    return made


ROTATED = "Why is the preview of my external camera rotated by 90 degrees?"


def test_the_pipeline_gives_what_ask_gives(tmp_path: Path, in_process: Callable[..., InProcess], sample: Assistant) -> None:
    system = in_process()
    done = asked(Plan(topic_set(topic("a", ROTATED)), index=tuple(system.index().items())), system, tmp_path)
    system.close()
    (answer,) = done.answers
    assert answer.decision.value == "answer"
    assert answer.citations
    for cited in answer.citations:
        assert done.posts[cited.post].body[cited.start : cited.end] == cited.quote
    hits = sample.search(ROTATED, 10)
    assert [found.post for found in answer.retrieved] == [hit.post.post_id for hit in hits]
    assert done.manifest.index["generation"] == sample.generation.manifest.generation


def test_what_a_refusal_held_back_is_recorded_beside_it(tmp_path: Path, in_process: Callable[..., InProcess]) -> None:
    system = in_process()
    lost = topic("a", "How do I get Bluetooth LE audio working on Corvid OS?", answerable=False, expect="abstain", threads={})
    (answer,) = asked(Plan(topic_set(lost)), system, tmp_path).answers
    system.close()
    assert answer.decision.value == "abstain"
    assert not answer.citations
    assert answer.withheld is not None
    assert answer.withheld.citations


def test_a_topic_without_its_thread_is_put_to_an_index_that_lacks_it(
    tmp_path: Path, in_process: Callable[..., InProcess], sample: Assistant
) -> None:
    thread = sample.search(ROTATED, 1)[0].post.thread_id
    twin = topic("b", ROTATED, answerable=False, expect="abstain", threads={}, without=[thread])
    system = in_process()
    whole, left_out = asked(Plan(topic_set(topic("a", ROTATED), twin)), system, tmp_path).answers
    system.close()
    assert thread in {found.thread for found in whole.retrieved}
    assert thread not in {found.thread for found in left_out.retrieved}


def test_the_last_turn_and_the_standalone_question_are_searched_too(
    tmp_path: Path, in_process: Callable[..., InProcess]
) -> None:
    turns = [{"role": "user", "content": ROTATED}, {"role": "assistant", "content": "…"},
             {"role": "user", "content": "And on the front one?"}]  # fmt: skip
    follow_up = topic("a", turns=turns, standalone=ROTATED)
    system = in_process()
    (answer,) = asked(Plan(topic_set(follow_up)), system, tmp_path).answers
    system.close()
    assert set(answer.rankings) == {"last_turn", "standalone"}
    assert answer.rankings["standalone"][0].post != answer.rankings["last_turn"][0].post


def test_search_only_answers_nothing(tmp_path: Path, in_process: Callable[..., InProcess]) -> None:
    system = in_process(search_only=True)
    (answer,) = asked(Plan(topic_set(topic("a", ROTATED))), system, tmp_path).answers
    system.close()
    assert answer.retrieved
    assert not answer.text


def test_a_question_that_takes_too_long_is_a_timeout_and_the_next_one_is_answered(
    tmp_path: Path, in_process: Callable[..., InProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    search = Assistant.search

    def slow(self: Assistant, query: str, *rest: Any, **more: Any) -> Any:
        if query == "slow":
            time.sleep(1.5)
        return search(self, query, *rest, **more)

    monkeypatch.setattr(Assistant, "search", slow)
    system = in_process(timeout=1.0, search_only=True)
    first, second = asked(Plan(topic_set(topic("a", "slow"), topic("b", ROTATED))), system, tmp_path).answers
    system.close()
    assert (first.status.value, second.status.value) == ("timeout", "ok")


def test_a_fault_of_the_program_is_an_error_of_one_topic(
    tmp_path: Path, in_process: Callable[..., InProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Assistant, query: str, *rest: Any, **more: Any) -> Any:
        return {}[query]

    monkeypatch.setattr(Assistant, "search", broken)
    system = in_process(search_only=True)
    (answer,) = asked(Plan(topic_set(topic("a", "x"))), system, tmp_path).answers
    system.close()
    assert (answer.status.value, answer.error) == ("error", "KeyError: 'x'")
