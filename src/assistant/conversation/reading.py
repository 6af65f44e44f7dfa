"""A question read beside what was said before it: which of its words name a subject, and which point back.

What follows from that is decided in `leaning`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from assistant.conversation.phrases import (
    ADDS,
    BEFORE_THAT,
    CARRYING_ON,
    EXPLETIVE,
    FIRST_PERSON,
    FIRST_TO_THE_ASSISTANT,
    GIBBERISH,
    INTRODUCES,
    KNOWN_THING,
    NO_SUBJECT,
    NOT_HERE,
    OF_A_NAME,
    OPENING,
    PAST,
    POINTS_BACK,
    STANDS_FOR,
    TO_THE_ASSISTANT,
)
from assistant.language.terms import is_identifier, terms_of, tokens
from assistant.retrieval.question import LONGEST_QUESTION, Question

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
    """What the user asked and what the assistant said then.

    `about_posts`: the question asks for posts by their fields; `strange`: its words are none, and the posts have them neither.
    """

    asked: str
    answer: str = ""
    about_posts: bool = False
    strange: bool = False

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms that it spoke of. A refusal lists the nearest titles, of which nobody spoke."""
        return frozenset(Question(self.asked if self.not_here else f"{self.asked}\n{self.answer}").content_terms)

    @cached_property
    def not_here(self) -> bool:
        """Whether the answer was that the posts do not hold one: what was asked is no subject to carry on with."""
        return bool(NOT_HERE.match(self.answer))


@dataclass(frozen=True)
class Read:
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

    @cached_property
    def of_a_name(self) -> bool:
        """Whether it says of what its thing is, by a name that nobody has mentioned."""
        return any(self.told.isdisjoint(terms_of(match[match.lastindex or 0])) for match in OF_A_NAME.finditer(self.text))

    def has_subject(self) -> bool:
        words = [word for word in self.words if not is_number(word)]
        if len(words) >= ENOUGH_WORDS or self.new_names or self.of_a_name:
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
        if self.new_names or self.of_a_name or FIRST_PERSON.search(self.text):
            return False
        known = KNOWN_THING.search(self.text) and not INTRODUCES.search(self.text)
        happened = PAST.search(self.text)
        return bool((known and len(self.words) <= FEW_WORDS) or (happened and len(self.words) <= FEW_WORDS_OF_A_STORY))

    @cached_property
    def points(self) -> bool:
        """Whether a word points to something that the question has not named before it."""
        return self._points_by(POINTS_BACK)

    @property
    def stands_for(self) -> bool:
        """The same by a pronoun: “the last post” and the like are no pointers where posts are asked for."""
        return self._points_by(STANDS_FOR)

    def _points_by(self, pattern: re.Pattern[str]) -> bool:
        text = EXPLETIVE.sub(lambda match: "_" * len(match[0]), self.text)
        own = (match.end() for match in tokens(self.text) if _is_subject(match[0]))
        named_at = next(islice(own, WORDS_OF_A_THING - 1, None), len(self.text))
        places = [match.start() for match in pattern.finditer(text)] + _pronouns_that(text)
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


def is_gibberish(word: str) -> bool:
    """True for a word that nobody can say, such as keys struck at random. That posts and vocabulary lack a word tells less:
    they lack “downsides” too, which asks about what was said."""
    return bool(GIBBERISH.search(word)) and not any(map(str.isdigit, word))


def _is_subject(word: str) -> bool:
    return word.lower() not in NO_SUBJECT and bool(Question(word).content_terms)


def subject_words(text: str) -> tuple[str, ...]:
    """The distinct words of a text that can name a subject, in their order."""
    return tuple(dict.fromkeys(match[0] for match in tokens(text[:LONGEST_QUESTION]) if _is_subject(match[0])))


def without_opening(question: str) -> str:
    """A question without thanks and the like before it; empty where it says nothing else."""
    opening = OPENING.match(question[:LONGEST_QUESTION])
    return question[opening.end() :].strip() if opening else question.strip()


def asks_nothing(question: str, *, first: bool) -> bool:
    """Whether there is nothing in a question that could be looked up: no word but greetings, thanks and the like, or words
    put to the assistant itself. `first`: nothing was asked before it."""
    core = without_opening(question)
    to_us = TO_THE_ASSISTANT.match(core) or (first and FIRST_TO_THE_ASSISTANT.match(core))
    return bool(to_us) or not any(map(str.isalnum, core))
