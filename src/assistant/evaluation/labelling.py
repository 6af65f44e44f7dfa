"""What a person says of the items of answers, and how far the deterministic scores agree with it.

Three kinds of item: is this nugget stated, does what is cited support the sentence, is the answer right as a whole. What
the scores say is never shown with an item. Post text in it is as the post has it: whoever shows it neutralises it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from assistant.evaluation.measures.case import Case, Facts
from assistant.evaluation.measures.citations import supports_alone
from assistant.evaluation.measures.library import Library
from assistant.evaluation.records import Decision, Label
from assistant.evaluation.runs import RunFolder
from assistant.evaluation.sets.nuggetizer import wording
from assistant.evaluation.statistics import cohens_kappa, wilson_interval
from assistant.evaluation.topics import Expect

KEYS: dict[str, Literal["yes", "partly", "no", "unsure"]] = {"y": "yes", "p": "partly", "n": "no", "u": "unsure"}
BACK, QUIT = "b", "q"
HELP = "y yes, p partly, n no, u unsure, b back, q quit"

About = Literal["nugget", "support", "answer"]
ABOUT: tuple[About, ...] = ("nugget", "support", "answer")
Key = tuple[str, int, About, str]


@dataclass(frozen=True)
class Item:
    """Something to be judged: what is asked about `statement`, the conversation, and what it is held against.

    `verdict` is what the scores say of it.
    """

    tid: str
    rep: int
    about: About
    item: str
    asks: str
    conversation: str
    statement: str
    against: str
    verdict: bool

    @property
    def key(self) -> Key:
        """What a label names it by."""
        return self.tid, self.rep, self.about, self.item


def items_of(run: RunFolder) -> list[Item]:
    """All items of the answers of a run, in its order, and of the questions back that a topic wants. Other refusals have
    none: what they did is a field. Raises EvaluationError."""
    library = Library(run.posts, run.manifest.ids)
    facts = Facts.of(run.topics, run.answers)
    topics = {topic.id: topic for topic in run.topics}
    cases = (Case(topics[answer.tid], answer, library, facts) for answer in run.answers if answer.tid in topics)
    return [item for case in cases for item in (_items(case) if case.answered else _question_back(case))]


def _items(case: Case) -> Iterator[Item]:
    for nugget in case.topic.nuggets if case.topic.expects_answer else ():
        yield _item(case, "nugget", nugget.id, "Is this stated?", wording(nugget), case.text, nugget.id in case.stated)
    for cited in case.citations:
        if cited.sentence:
            asks, held = "Does the quote support the sentence?", supports_alone(case, cited)
            yield _item(case, "support", str(cited.n), asks, cited.sentence, cited.quote, held)
    right = case.worth == 1 if case.topic.expects_answer else False
    yield _item(
        case, "answer", "", "Is the answer right, and all of it that matters?", case.text, case.topic.reference or "", right
    )


def _question_back(case: Case) -> Iterator[Item]:
    """A question back where one is wanted. The scores take every one for right: whether it asks for what is missing is for
    people, and a judge, to say."""
    if case.topic.expect is Expect.CLARIFY and not case.failed and case.record.decision is Decision.CLARIFY:
        yield _item(case, "answer", "", "Does this ask for what is missing?", case.text, case.topic.reference or "", True)


def _item(case: Case, about: About, item: str, asks: str, statement: str, against: str, verdict: bool) -> Item:
    turns = "\n".join(f"{turn.role}: {turn.content}" for turn in case.topic.turns)
    return Item(case.topic.id, case.record.rep, about, item, asks, turns, statement, against, verdict)


def labels_of(run: RunFolder) -> list[Label]:
    """The labels of a run, the last one of each person for each item. Raises EvaluationError."""
    return list({(label.tid, label.rep, label.about, label.item, label.by): label for label in run.labels()}.values())


def unlabelled(items: Iterable[Item], labels: Iterable[Label], by: str, about: Sequence[About] = ABOUT) -> list[Item]:
    """The items of these kinds that this person has not labelled yet."""
    done = {(label.tid, label.rep, label.about, label.item) for label in labels if label.by == by}
    return [item for item in items if item.about in about and item.key not in done]


def steps(queue: Sequence[Item], typed: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Walk through a queue: yields the place of an item and the key that was typed for it, or `""` when it is to be shown.

    Ends with the queue, with `q`, or where nothing more is typed. `b` goes back; anything else shows the item again.
    """
    place = 0
    while place < len(queue):
        yield place, ""
        line = next(typed, QUIT).strip().lower()[:1]
        if line == QUIT:
            return
        if line == BACK:
            place = max(0, place - 1)
        elif line in KEYS:
            yield place, line
            place += 1


class Rate(NamedTuple):
    """How often, of how many, with a 95 % Wilson interval, which is None of none."""

    hits: int
    n: int
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Agreement:
    """The scores against people, for one kind of item. `partly` counts as no; what people are unsure of is left out.

    `kappa` is Cohen's (1960), None where both always say the same one thing. `false_yes` is of items that people deny.
    """

    about: About
    n: int
    agree: Rate
    kappa: float | None
    false_yes: Rate
    false_no: Rate


def agreement(items: Iterable[Item], labels: Iterable[Label]) -> list[Agreement]:
    """How far the verdicts of items agree with labels, by kind; a kind without labels is left out."""
    verdicts: Mapping[Key, bool] = {item.key: item.verdict for item in items}
    pairs: dict[About, list[tuple[bool, bool]]] = {}
    for label in labels:
        key = (label.tid, label.rep, label.about, label.item)
        if label.label != "unsure" and key in verdicts:
            pairs.setdefault(label.about, []).append((label.label == "yes", verdicts[key]))
    return [_agreement(about, pairs[about]) for about in ABOUT if about in pairs]


def _agreement(about: About, pairs: Sequence[tuple[bool, bool]]) -> Agreement:
    counts = Counter(pairs)
    agreed = cohens_kappa(counts[True, True], counts[True, False], counts[False, True], counts[False, False])
    denied, granted = [verdict for person, verdict in pairs if not person], [verdict for person, verdict in pairs if person]
    return Agreement(
        about, len(pairs), _rate(person == verdict for person, verdict in pairs), agreed,
        _rate(denied), _rate(not verdict for verdict in granted),
    )  # fmt: skip


def _rate(outcomes: Iterable[bool]) -> Rate:
    found = list(outcomes)
    return Rate(sum(found), len(found), wilson_interval(sum(found), len(found)) if found else None)
