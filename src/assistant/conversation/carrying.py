"""The rules' way: telling words and names of the turn that a question leans on are put behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant.conversation.leaning import TELLING, Exchange, Leaning, Rarity, leaning, subject_words, without_opening
from assistant.language.terms import VERSION, is_identifier, terms_of, tokens
from assistant.retrieval.question import LONGEST_QUESTION, Question
from assistant.types import Rewriting, Standalone, Turn

CARRIED_WORDS = 12
CARRIED_NAMES = 3
"""Names that are taken from an answer. It quotes posts at length, and most of its names are beside the point."""
SHORTEST_NAME = 4
"""Characters of a name that is taken from an answer: “2d” and “3x” are none."""
LONGEST_CHAIN = 8
"""Questions that are looked back at."""


def standalone(question: str, history: Sequence[Turn], rarity: Rarity) -> Standalone:
    """`question` with what it takes from the conversation; unchanged where it stands by itself, or may do.

    `rarity` (0-1) tells words that carry a subject from words that all posts hold. Only names are taken from what the
    assistant said, and only where a word of the question points back and the user named nothing. Where the words do not
    tell, `leans_on` is set and the text as asked: it is searched as it is, beside what the question before found.
    """
    return _standalone(question, _exchanges(history), rarity)


def has_own_words(question: str, history: Sequence[Turn], rarity: Rarity) -> bool:
    """Whether `question` has words that may be a subject, none of which the conversation had, and none that points back."""
    before = _exchanges(history)
    return bool(before) and leaning(question, before, rarity).own


def _standalone(question: str, before: Sequence[Exchange], rarity: Rarity) -> Standalone:
    if not before or not without_opening(question):
        return Standalone(question)
    leans = leaning(question, before, rarity)
    if leans.how is Rewriting.NEW_SUBJECT:
        return Standalone(leans.core, leans.how, leans.why)
    if leans.how is Rewriting.AS_ASKED:
        # To search it as it is costs a follow-up less than the old subject costs a new one, as long as both are found.
        return Standalone(leans.core, leans.how, leans.why, _standalone(before[-1].asked, before[:-1], rarity).text)
    return _carried(question, leans, before, rarity)


def _exchanges(history: Sequence[Turn]) -> list[Exchange]:
    """The last exchanges in which the user asked something, oldest first, cut to `LONGEST_QUESTION` characters a turn."""
    found: list[Exchange] = []
    for turn in history:
        content = turn.content[:LONGEST_QUESTION]
        if turn.role == "user" and without_opening(content):
            found.append(Exchange(content))
        elif turn.role == "assistant" and found and not found[-1].answer:
            found[-1] = Exchange(found[-1].asked, content)
    return found[-LONGEST_CHAIN:]


def _carried(question: str, leans: Leaning, before: Sequence[Exchange], rarity: Rarity) -> Standalone:
    upto = _place(leans, before, rarity)
    subject = _subject(before[:upto], leans.core, rarity)
    if leans.points and not any(map(is_identifier, subject)):
        # Where the user named something, “it” is that.
        subject = list(dict.fromkeys([*subject, *_names(before[upto - 1].answer, leans.core)]))
    if not subject:
        return Standalone(question, Rewriting.NEW_SUBJECT, "nothing before it names a subject")
    earlier = _standalone(before[upto - 1].asked, before[: upto - 1], rarity)
    return Standalone(f"{leans.core} ({' '.join(subject)})", Rewriting.CARRIED, leans.why, earlier.text)


def _place(leans: Leaning, before: Sequence[Exchange], rarity: Rarity) -> int:
    """Up to which of the exchanges (1-based) the question leans: the one that it says it goes back to, else the last,
    or one before it if only that one spoke of a telling word of the question."""
    wanted = set(Question(leans.returns_to or " ".join(subject_words(leans.core))).content_terms)

    def shared(terms: Iterable[str]) -> float:
        # In an order that is the same in each process: the sum of floats hangs on it.
        return sum(map(rarity, sorted(wanted.intersection(terms))))

    def nearness(at: int) -> tuple[float, float, int]:
        return shared(Question(before[at].asked).terms), shared(before[at].terms), at

    best = max(range(len(before)), key=nearness)
    if leans.returns_to is None and (shared(before[-1].terms) > 0 or shared(before[best].terms) < TELLING):
        return len(before)
    return best + 1


def _subject(before: Sequence[Exchange], question: str, rarity: Rarity) -> list[str]:
    """The telling words of the last question, and of those before it while it leaned on them itself, in their order."""
    carried: list[str] = []
    for at in range(len(before) - 1, -1, -1):
        carried = list(dict.fromkeys([*subject_words(without_opening(before[at].asked)), *carried]))
        if at == 0 or leaning(before[at].asked, before[:at], rarity).how is not Rewriting.CARRIED:
            break
    known = set(Question(question).terms)
    replaced = [form for form in (_is_version, str.isdecimal) if any(form(match[0]) for match in tokens(question))]
    telling = [word for word in carried if _tells(word, known, rarity) and not any(form(word) for form in replaced)]
    kept = set(sorted(telling, key=lambda word: -max(map(rarity, terms_of(word))))[:CARRIED_WORDS])
    return [word for word in telling if word in kept]


def _is_version(word: str) -> bool:
    return bool(VERSION.fullmatch(word))


def _tells(word: str, known: set[str], rarity: Rarity) -> bool:
    terms = terms_of(word)
    return bool(terms) and not known.issuperset(terms) and max(map(rarity, terms)) > 0.0


def _names(answer: str, question: str) -> list[str]:
    """The first names in an answer that the question does not have. Titles listed by a refusal are no part of an answer."""
    answer = "\n".join(line for line in answer.splitlines() if not line.startswith("- “"))
    known = {match[0] for match in tokens(question)}
    names = dict.fromkeys(match[0] for match in tokens(answer) if is_identifier(match[0]) and len(match[0]) >= SHORTEST_NAME)
    return [name for name in names if name not in known and not _is_version(name)][:CARRIED_NAMES]
