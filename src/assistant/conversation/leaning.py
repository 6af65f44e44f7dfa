"""Whether a question leans on the turns before it: rules over tables of phrases, each with the reason that it gives.

The rules know words, not meanings. Where no phrase tells they go by how much subject of its own a question has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.conversation.phrases import BARE_PREDICATE, CARRYING_ON, CHANGE, CORRECTION, DENIED, ELLIPSIS, FOLLOWS_UP, RETURN
from assistant.conversation.reading import (
    ENOUGH_STRANGE_WORDS,
    Exchange,
    Rarity,
    Read,
    is_number,
    subject_words,
    without_opening,
)
from assistant.retrieval.question import LONGEST_QUESTION, Question
from assistant.types import Rewriting

ALIKE = 0.75
"""Share of the terms of two questions that both have, from which on one repeats the other. The questions
of eval/conversations/*/dev.jsonl repeat none, whatever this is from .4 up: it is a guess that they do not speak against."""
LOOSE = ("speaks of a thing as if it had been mentioned", "names no subject of its own")
"""Reasons to carry a subject that show no more than a want of words."""


@dataclass(frozen=True)
class Leaning:
    """How far a question leans on what was said: `how` is NEW_SUBJECT, CARRIED, or AS_ASKED where its words do not tell.

    `core` is the question without thanks, announcements and the like, and without “and” where nothing is carried;
    `returns_to` are words that name an earlier subject; `points`: it speaks of something that was said, which may be a name
    in the answer; `own`: it has words that may be a subject, none of which the conversation had; `loose`: it is carried for
    want of words only, and leans on nothing that was refused; `alone`: it stands by itself as it was asked.
    """

    how: Rewriting
    why: str
    core: str
    returns_to: str | None = None
    points: bool = False
    own: bool = False
    loose: bool = False
    alone: bool = False


def leaning(now: Exchange, before: Sequence[Exchange], rarity: Rarity) -> Leaning:
    """How far the question of `now` leans on the exchanges `before` it, oldest first, at least one."""
    core = without_opening(now.asked)
    known = frozenset(term for exchange in before for term in Question(exchange.asked).terms)
    told = frozenset(term for exchange in before for term in exchange.terms)
    if change := CHANGE.match(core[:LONGEST_QUESTION]):
        rest = core[change.end() :]
        read = Read(rest[:LONGEST_QUESTION], known, told, before[-1].terms, rarity)
        if read.words and (read.has_subject() or not read.points):
            return Leaning(Rewriting.NEW_SUBJECT, "says that the subject is another", rest)
    if (back := RETURN.match(core[:LONGEST_QUESTION])) and not told.isdisjoint(Question(back["about"]).content_terms):
        return Leaning(Rewriting.CARRIED, "goes back to an earlier subject", core, back["about"], points=True)
    if correction := CORRECTION.match(core[:LONGEST_QUESTION]):
        rest = DENIED.sub("", core[correction.end() :]).strip(" ,.;:")
        return Leaning(Rewriting.CARRIED, "corrects the question before", rest or core)
    read = Read(core[:LONGEST_QUESTION], known, told, before[-1].terms, rarity)
    if alone := _alone(read, now, before):
        return Leaning(Rewriting.AS_ASKED, alone, core, alone=True)
    return _by_words(read, core)


def _alone(read: Read, now: Exchange, before: Sequence[Exchange]) -> str:
    """Why a question stands by itself whatever was said; empty where nothing tells that it does."""
    opens = bool(FOLLOWS_UP.match(read.text))
    if now.about_posts and not opens and not read.stands_for:
        return "asks about the posts themselves"
    leans = opens or read.points
    if now.strange and not leans and not read.speaks_on:
        return "has no word that means anything here"
    # Who repeats a whole story repeats the “it” in it too.
    return "repeats an earlier question" if (not leans or read.has_subject()) and _repeats(read, before) else ""


def _repeats(read: Read, before: Sequence[Exchange]) -> bool:
    """Whether it says the same as the first question of its kind, which leaned on nothing."""
    at = next((at for at, earlier in enumerate(before) if _alike(read.text, without_opening(earlier.asked))), None)
    return at is not None and (at == 0 or leaning(before[at], before[:at], read.rarity).how is not Rewriting.CARRIED)


def _alike(text: str, other: str) -> bool:
    words, others = subject_words(text), subject_words(other)
    if not words or set(filter(is_number, words)) != set(filter(is_number, others)):
        return False
    terms, known = set(Question(text).content_terms), set(Question(other).content_terms)
    return len(terms & known) >= ALIKE * len(terms | known)


def _by_words(read: Read, core: str) -> Leaning:
    opens = bool(FOLLOWS_UP.match(read.text)) and not read.ample
    bare = len(read.words) < ENOUGH_STRANGE_WORDS and bool(BARE_PREDICATE.search(read.text))
    rules = (
        (read.points and not read.ample, Rewriting.CARRIED, "has a word such as “it” that points back"),
        (opens and not read.may_change, Rewriting.CARRIED, "begins like a follow-up"),
        (bare, Rewriting.CARRIED, "does not say what it is about"),
        (opens and read.may_change, Rewriting.AS_ASKED, "begins like a follow-up, but has words of its own"),
        (read.speaks_on and not read.ample, Rewriting.CARRIED, "mentions something of the last question or answer"),
        (read.asks_about_something_told, Rewriting.CARRIED, LOOSE[0]),
        (read.has_subject(), Rewriting.NEW_SUBJECT, "has a subject of its own"),
        (bool(ELLIPSIS.search(read.text)), Rewriting.CARRIED, "compares with something that it leaves out"),
        (True, Rewriting.CARRIED, LOOSE[1]),
    )
    how, why = next((how, why) for applies, how, why in rules if applies)
    points = read.points or read.speaks_on or read.asks_about_something_told
    if how is not Rewriting.CARRIED:
        core = CARRYING_ON.sub("", core)
    return Leaning(how, why, core, points=points, own=read.own and not read.points, loose=why in LOOSE)
