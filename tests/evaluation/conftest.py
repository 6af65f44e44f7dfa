"""A made-up forum of widgets with a set of topics, and runs over it: good ones, and ones with a planted fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.evaluation.records import AnswerRecord, Cited, Decision, Outcome, PostRecord, Retrieved, RunManifest
from assistant.evaluation.runs import ANSWERS, MANIFEST, POSTS, TOPICS, RunFolder, line_of
from assistant.evaluation.scoring import write_scores
from assistant.evaluation.topics import Topic

ANSWERABLE = 18
Fault = Callable[[int, AnswerRecord], AnswerRecord]


def body(number: int) -> str:
    return f"The widget{number} stalls at boot. Setting limit{number} to {100 + number} cures the stall of widget{number}."


def topic(number: int) -> Topic:
    asked = {"id": f"T{number:02}", "turns": [{"role": "user", "content": f"What cures the stall of widget{number}?"}]}
    if number >= ANSWERABLE:
        return Topic.model_validate({**asked, "type": "unanswerable", "answerable": False, "expect": "abstain"})
    start = body(number).index("Setting")
    gold = {"post": f"p{number:02}", "start": start, "end": len(body(number)), "nuggets": ["n"]}
    return Topic.model_validate(
        {
            **asked, "answerable": True, "expect": "answer", "must_pass": number == 0, "posts": {f"p{number:02}": 3},
            "threads": {f"th{number:02}": 3}, "spans": [gold], "nuggets": [{"id": "n", "any_of": [f"limit{number}"]}],
        }
    )  # fmt: skip


def found(*numbers: int) -> tuple[Retrieved, ...]:
    return tuple(
        Retrieved(post=f"p{number:02}", thread=f"th{number:02}", end=len(body(number)), score=1 / (1 + rank))
        for rank, number in enumerate(numbers)
    )


class MadeForum:
    """Writes runs of 24 topics, 18 of them answerable, into a folder. A fault turns the answer to a topic into another."""

    size = 24

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, name: str, fault: Fault = lambda number, answer: answer, **manifest: Any) -> RunFolder:
        """A scored run; `manifest` says what was recorded otherwise."""
        path = self._folder / name
        path.mkdir()
        made = {"run_id": name, "set_name": "made", "set_sha256": "a" * 64, "index": {"corpus": "c" * 64}, **manifest}
        (path / MANIFEST).write_text(RunManifest.model_validate(made).model_dump_json())
        posts = [
            PostRecord(post=f"p{number:02}", thread=f"th{number:02}", title=f"widget{number}", body=body(number))
            for number in range(self.size)
        ]
        answers = [fault(number, self.good(number)) for number in range(self.size)]
        (path / TOPICS).write_text("".join(line_of(topic(number)) for number in range(self.size)))
        (path / POSTS).write_text("".join(map(line_of, posts)))
        (path / ANSWERS).write_text("".join(map(line_of, answers)))
        write_scores(RunFolder(path))
        return RunFolder(path)

    def good(self, number: int) -> AnswerRecord:
        """What has to be said to a topic."""
        if number < ANSWERABLE:
            return self.said(number, number)
        text = "Nothing in these posts answers that."
        return AnswerRecord(tid=f"T{number:02}", confidence=0.1, text=text, retrieved=found(number))

    def said(self, number: int, about: int) -> AnswerRecord:
        """An answer to a topic out of the post of another, or of its own."""
        cited = self.citation(about)
        return AnswerRecord(
            tid=f"T{number:02}", decision=Decision.ANSWER, confidence=0.9, text=f"{cited.quote[:-1]} [1].",
            citations=(cited,), retrieved=found(about, (about + 1) % self.size),
        )  # fmt: skip

    def citation(self, number: int) -> Cited:
        """The words that answer a topic, as cited."""
        start = body(number).index("Setting")
        quote, end = body(number)[start:], len(body(number))
        return Cited(n=1, post=f"p{number:02}", thread=f"th{number:02}", start=start, end=end, quote=quote, sentence=quote)

    def changed(self, answer: AnswerRecord, **fields: Any) -> AnswerRecord:
        """The answer with other fields."""
        return answer.model_copy(update=fields)

    def hit(self, number: int) -> bool:
        """Topics that a planted fault hits: five of those that have an answer, and not the one that must pass."""
        return 0 < number < ANSWERABLE and number % 4 == 1

    def worse_chunking(self, number: int, answer: AnswerRecord) -> AnswerRecord:
        """The right post is no longer found; another is answered from."""
        return self.said(number, (number + 3) % ANSWERABLE) if self.hit(number) else answer

    def shifted_citations(self, number: int, answer: AnswerRecord) -> AnswerRecord:
        """Each sentence carries the citation of the next one."""
        return self.changed(answer, citations=(self.citation(number + 1),)) if number < ANSWERABLE else answer

    def no_refusals(self, number: int, answer: AnswerRecord) -> AnswerRecord:
        """What the posts do not answer is answered all the same."""
        return answer if number < ANSWERABLE else self.said(number, number - 3)

    def other_words(self, number: int, answer: AnswerRecord) -> AnswerRecord:
        """The right post is found and cited, but not what answers."""
        quote = body(number).partition(".")[0] + "."
        cited = self.citation(number).model_copy(update={"start": 0, "end": len(quote), "quote": quote, "sentence": quote})
        return self.changed(answer, text=f"{quote[:-1]} [1].", citations=(cited,)) if self.hit(number) else answer

    def time_outs(self, number: int, answer: AnswerRecord) -> AnswerRecord:
        """Some topics get no answer."""
        return AnswerRecord(tid=answer.tid, status=Outcome.TIMEOUT, error="no answer") if self.hit(number) else answer


@pytest.fixture
def forum(tmp_path: Path) -> MadeForum:
    return MadeForum(tmp_path)


@pytest.fixture
def baseline(forum: MadeForum) -> RunFolder:
    return forum.run("baseline")
