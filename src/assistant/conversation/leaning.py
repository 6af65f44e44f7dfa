"""Whether a question leans on the turns before it: rules over tables of phrases, each with the reason that it gives.

The rules know words, not meanings. Where no phrase tells they go by how much subject of its own a question has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from assistant.conversation.phrases import (
    ADDS,
    BARE_PREDICATE,
    BEFORE_THAT,
    CARRYING_ON,
    CHANGE,
    CORRECTION,
    DENIED,
    ELLIPSIS,
    EXPLETIVE,
    FIRST_PERSON,
    FOLLOWS_UP,
    INTRODUCES,
    KNOWN_THING,
    NO_SUBJECT,
    OPENING,
    PAST,
    POINTS_BACK,
    RETURN,
)
from assistant.language.terms import is_identifier, terms_of, tokens
from assistant.retrieval.question import LONGEST_QUESTION, Question
from assistant.types import Rewriting

Rarity = Callable[[str], float]

# Read off the dev.jsonl files of eval/conversations, and off the questions of eval/real/dev*.jsonl and eval/sample with
# another conversation in front of them.
ENOUGH_WORDS = 4
"""Words of its own from which on a question has a subject."""
ENOUGH_STRANGE_WORDS = 3
"""The same for words none of which the conversation has had."""
ENOUGH_RARITY = 1.5
"""What these are to add up to, of 1 each: common words alone are an ellipsis."""
OWN_WORDS = 2
"""Telling words from which on a question that begins with “and” may have a subject of its own, if the conversation has had
none of them. One is as often a part of what was spoken of."""
OWN_RARITY = 1.0
"""What these are to add up to."""
AMPLE_WORDS = 7
"""Words of its own from which on a question has a subject even if a word points back or it begins with “and”."""
FEW_WORDS = 4
"""Words of its own up to which “the …” is a thing that was spoken of, where the question brings in nothing of its own."""
FEW_WORDS_OF_A_STORY = 5
"""The same for what happened: “did”, “was”."""
TELLING = 0.4
"""Rarity from which on a word that the last answer or question had shows that they are still spoken of."""
WORDS_OF_A_THING = 3
"""Words of its own before a backward word from which on that word means one of them."""
_NUMBER = re.compile(r"v?\d+(?:[.,]\d+)*", re.IGNORECASE)
_CLAUSE_END = re.compile(r"\s*(?:[,.;:?!)]|\Z)")


@dataclass(frozen=True)
class Exchange:
    """What the user asked and what the assistant said then."""

    asked: str
    answer: str = ""

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms that it spoke of."""
        return frozenset(Question(f"{self.asked}\n{self.answer}").content_terms)


@dataclass(frozen=True)
class Leaning:
    """How far a question leans on what was said: `how` is NEW_SUBJECT, CARRIED, or AS_ASKED where its words do not tell.

    `core` is the question without thanks, announcements and the like, and without “and” where nothing is carried;
    `returns_to` are words that name an earlier subject; `points`: it speaks of something that was said, which may be a name
    in the answer; `own`: it has words that may be a subject, none of which the conversation had.
    """

    how: Rewriting
    why: str
    core: str
    returns_to: str | None = None
    points: bool = False
    own: bool = False


@dataclass(frozen=True)
class _Read:
    """A question, the terms of the user's turns, of all that was said, and of the last question and its answer."""

    text: str
    known: frozenset[str]
    told: frozenset[str]
    last: frozenset[str]
    rarity: Rarity

    @cached_property
    def words(self) -> tuple[str, ...]:
        return subject_words(self.text)

    @cached_property
    def new_names(self) -> bool:
        new = (word for word in self.words if not self.known.issuperset(terms_of(word)))
        return any(is_identifier(word) and not is_number(word) for word in new)

    def has_subject(self) -> bool:
        words = [word for word in self.words if not is_number(word)]
        if len(words) >= ENOUGH_WORDS or self.new_names:
            return True
        strange = all(self.known.isdisjoint(terms_of(word)) for word in words)
        return strange and len(words) >= ENOUGH_STRANGE_WORDS and sum(map(self._rarity_of, words)) >= ENOUGH_RARITY

    @cached_property
    def own(self) -> bool:
        """Whether its telling words may be a subject, none of which the conversation has had."""
        telling = [word for word in self.words if not is_number(word) and self._rarity_of(word) >= TELLING]
        strange = all(self.told.isdisjoint(terms_of(word)) for word in telling)
        return strange and len(telling) >= OWN_WORDS and sum(map(self._rarity_of, telling)) >= OWN_RARITY

    @property
    def may_change(self) -> bool:
        """Whether it opens as people open a follow-up and another subject: its words do not tell which of them it is."""
        if not CARRYING_ON.match(self.text) or (ADDS.match(self.text) and len(self.words) < ENOUGH_WORDS):
            return False
        known = KNOWN_THING.search(self.text) and len(self.words) < ENOUGH_STRANGE_WORDS and not self.new_names
        return self.own and not known

    def _rarity_of(self, word: str) -> float:
        return max(map(self.rarity, terms_of(word)), default=0.0)

    @property
    def ample(self) -> bool:
        return len(self.words) >= AMPLE_WORDS or (self.new_names and len(self.words) >= ENOUGH_WORDS)

    @property
    def speaks_on(self) -> bool:
        """Whether a telling word is one of the last question or of its answer."""
        shared = self.last.intersection(term for word in self.words for term in terms_of(word))
        return not self.new_names and any(self.rarity(term) >= TELLING for term in shared)

    @property
    def asks_about_something_told(self) -> bool:
        """Whether a short question takes something for known, or asks what happened, and brings in nothing of its own."""
        if self.new_names or FIRST_PERSON.search(self.text):
            return False
        known = KNOWN_THING.search(self.text) and not INTRODUCES.search(self.text)
        happened = PAST.search(self.text)
        return bool((known and len(self.words) <= FEW_WORDS) or (happened and len(self.words) <= FEW_WORDS_OF_A_STORY))

    @cached_property
    def points(self) -> bool:
        """Whether a word points to something that the question has not named before it."""
        text = EXPLETIVE.sub(lambda match: "_" * len(match[0]), self.text)
        own = (match.end() for match in tokens(self.text) if _is_subject(match[0]))
        named_at = next(islice(own, WORDS_OF_A_THING - 1, None), len(self.text))
        places = [match.start() for match in POINTS_BACK.finditer(text)] + _pronouns_that(text)
        return any(place <= named_at for place in places)


def _pronouns_that(text: str) -> list[int]:
    """Where `that` stands for something."""
    found: list[int] = []
    before = None
    for match in tokens(text):
        word = match[0].lower()
        if word == "that" and (before is None or before in BEFORE_THAT or _CLAUSE_END.match(text, match.end())):
            found.append(match.start())
        before = word
    return found


def is_number(word: str) -> bool:
    """True for a number and a version: they say which one of a thing, not what thing."""
    return bool(_NUMBER.fullmatch(word))


def _is_subject(word: str) -> bool:
    return word.lower() not in NO_SUBJECT and bool(Question(word).content_terms)


def subject_words(text: str) -> tuple[str, ...]:
    """The distinct words of a text that can name a subject, in their order."""
    return tuple(dict.fromkeys(match[0] for match in tokens(text[:LONGEST_QUESTION]) if _is_subject(match[0])))


def without_opening(question: str) -> str:
    """A question without thanks and the like before it; empty where it says nothing else."""
    opening = OPENING.match(question[:LONGEST_QUESTION])
    return question[opening.end() :].strip() if opening else question.strip()


def leaning(question: str, before: Sequence[Exchange], rarity: Rarity) -> Leaning:
    """How far `question` leans on the exchanges `before` it, oldest first, at least one."""
    core = without_opening(question)
    known = frozenset(term for exchange in before for term in Question(exchange.asked).terms)
    told = frozenset(term for exchange in before for term in exchange.terms)
    if change := CHANGE.match(core[:LONGEST_QUESTION]):
        rest = core[change.end() :]
        read = _Read(rest[:LONGEST_QUESTION], known, told, before[-1].terms, rarity)
        if read.words and (read.has_subject() or not read.points):
            return Leaning(Rewriting.NEW_SUBJECT, "says that the subject is another", rest)
    if (back := RETURN.match(core[:LONGEST_QUESTION])) and not told.isdisjoint(Question(back["about"]).content_terms):
        return Leaning(Rewriting.CARRIED, "goes back to an earlier subject", core, back["about"], points=True)
    if correction := CORRECTION.match(core[:LONGEST_QUESTION]):
        rest = DENIED.sub("", core[correction.end() :]).strip(" ,.;:")
        return Leaning(Rewriting.CARRIED, "corrects the question before", rest or core)
    return _by_words(_Read(core[:LONGEST_QUESTION], known, told, before[-1].terms, rarity), core)


def _by_words(read: _Read, core: str) -> Leaning:
    opens = bool(FOLLOWS_UP.match(read.text)) and not read.ample
    bare = len(read.words) < ENOUGH_STRANGE_WORDS and bool(BARE_PREDICATE.search(read.text))
    rules = (
        (read.points and not read.ample, Rewriting.CARRIED, "a word points back"),
        (opens and not read.may_change, Rewriting.CARRIED, "opens as a follow-up"),
        (bare, Rewriting.CARRIED, "does not say with what"),
        (opens and read.may_change, Rewriting.AS_ASKED, "opens as a follow-up, but has words of its own"),
        (read.speaks_on and not read.ample, Rewriting.CARRIED, "speaks on of what was said last"),
        (read.asks_about_something_told, Rewriting.CARRIED, "takes something for known"),
        (read.has_subject(), Rewriting.NEW_SUBJECT, "has a subject of its own"),
        (bool(ELLIPSIS.search(read.text)), Rewriting.CARRIED, "leaves out what it compares with"),
        (True, Rewriting.CARRIED, "names no subject of its own"),
    )
    how, why = next((how, why) for applies, how, why in rules if applies)
    points = read.points or read.speaks_on or read.asks_about_something_told
    if how is not Rewriting.CARRIED:
        core = CARRYING_ON.sub("", core)
    return Leaning(how, why, core, points=points, own=read.own and not read.points)
