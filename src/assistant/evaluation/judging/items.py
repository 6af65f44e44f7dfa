"""What is put to a judge: only what the rules of the scores leave open.

Facts whose wordings do not occur in an answer, claims whose words stand in what is cited to a middling share, and
questions asked back where one is wanted. What a person ruled out by a wording (`none_of`) is not put again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.evaluation.judging.judge import Task
from assistant.evaluation.measures.case import Case, Facts
from assistant.evaluation.measures.library import Library
from assistant.evaluation.measures.reading import Reading
from assistant.evaluation.measures.wordings import occurs
from assistant.evaluation.measures.words import content_words
from assistant.evaluation.records import Cited, Decision
from assistant.evaluation.runs import RunFolder
from assistant.evaluation.sets.nuggetizer import wording
from assistant.evaluation.topics import Expect

UNDECIDED = (0.4, 0.8)
"""Share of a claim's words, by rarity, between which their standing in the cited text decides little."""

About = Literal["nugget", "support", "answer"]
ABOUT: dict[Task, About] = {"nugget": "nugget", "support": "support", "clarify": "answer"}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be labelled: `item` is the nugget's id, the citation's number or empty; `material` what is shown."""

    task: Task
    tid: str
    rep: int
    item: str
    material: dict[str, str]


def items_of(run: RunFolder, tasks: Sequence[Task]) -> list[Item]:
    """Everything in a run that these tasks are about, in the order of its answers. Raises EvaluationError."""
    topics = {topic.id: topic for topic in run.topics}
    library = Library(run.posts, run.manifest.ids)
    facts = Facts.of(run.topics, run.answers, run.manifest.task == "search")
    makers = {"nugget": missed_nuggets, "support": undecided_support, "clarify": questions_back}
    cases = [Case(topics[record.tid], record, library, facts) for record in run.answers if record.tid in topics]
    return [item for task in tasks for case in cases for item in makers[task](case)]


def missed_nuggets(case: Case) -> Iterator[Item]:
    """Nuggets of an answered topic that no wording of theirs was found for."""
    if not case.answered or not case.topic.expects_answer:
        return
    for nugget in case.topic.nuggets:
        vetoed = any(occurs(form, case.reading.folded) for form in nugget.none_of)
        if nugget.id not in case.stated and not vetoed:
            material = {"question": _asked(case), "fact": wording(nugget), "answer": case.reading.plain}
            yield Item("nugget", case.topic.id, case.record.rep, nugget.id, material)


def undecided_support(case: Case) -> Iterator[Item]:
    """Citations of an answer whose claim stands in what they show to a share between .4 and .8. The judge sees what a person
    who labels sees: claim and quotation."""
    for cited in case.citations if case.answered else ():
        share = coverage(case, cited)
        if share is not None and UNDECIDED[0] <= share <= UNDECIDED[1]:
            material = {"question": _asked(case), "sentence": Reading(cited.sentence).plain, "passage": cited.quote}
            yield Item("support", case.topic.id, case.record.rep, str(cited.n), material)


def coverage(case: Case, cited: Cited) -> float | None:
    """Share (0-1, by rarity) of the content words of a citation's claim that stand in what a reader of it sees; None where
    it has no claim, the claim no content words, or the citation leads nowhere."""
    words = set(content_words(Reading(cited.sentence).plain))
    if not words or case.library.body(cited.post) is None:
        return None
    terms = case.library.window(cited.post, cited.start, cited.end).terms
    rarity = case.library.rarity
    return rarity.weight(sorted(words & terms)) / rarity.weight(sorted(words))


def questions_back(case: Case) -> Iterator[Item]:
    """Replies that ask back where the topic wants that."""
    if case.topic.expect is Expect.CLARIFY and not case.failed and case.record.decision is Decision.CLARIFY:
        material = {"conversation": _asked(case), "reply": case.text}
        yield Item("clarify", case.topic.id, case.record.rep, "", material)


def _asked(case: Case) -> str:
    """The question; with its conversation where there is one."""
    if not case.topic.history:
        return case.topic.question
    return json.dumps([{"role": turn.role, "content": turn.content} for turn in case.topic.turns], ensure_ascii=False)
