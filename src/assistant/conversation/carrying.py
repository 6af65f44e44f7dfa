"""The rules' way: telling words and names of the turn that a question leans on are put behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from assistant.conversation.leaning import Leaning, leaning
from assistant.conversation.reading import TELLING, Exchange, Rarity, asks_nothing, subject_words, without_opening
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


Judged = Callable[[str], bool]
"""What is said of a question, without thanks before it."""


def nothing(text: str) -> bool:
    """What is known of a question where nobody can tell: not that it is so."""
    return False


def standalone(
    question: str, history: Sequence[Turn], rarity: Rarity, about_posts: Judged = nothing, strange: Judged = nothing
) -> Standalone:
    """`question` with what it takes from the conversation; unchanged where it stands by itself, or may do.

    `rarity` (0-1) tells words that carry a subject from words that all posts hold; `about_posts` is true of a question for
    posts by their fields, `strange` of one whose words are none: both stand by themselves unless they point back. Only
    names are taken from what the assistant said, and only where a word of the question points back and the user named
    nothing. Where the words do not tell, `leans_on` is set and the text as asked: it is searched as it is, beside what the
    question before found.
    """
    now = Exchange(question, about_posts=about_posts(without_opening(question)), strange=strange(without_opening(question)))
    return _standalone(now, _exchanges(history, about_posts, strange), rarity)


def has_own_words(question: str, history: Sequence[Turn], rarity: Rarity) -> bool:
    """Whether `question` has words that may be a subject, none of which the conversation had, and none that points back."""
    before = _exchanges(history)
    return bool(before) and leaning(Exchange(question), before, rarity).own


def _standalone(now: Exchange, before: Sequence[Exchange], rarity: Rarity) -> Standalone:
    if asks_nothing(now.asked, first=not before):
        return Standalone(now.asked, empty=True)
    if not before:
        return Standalone(now.asked)
    leans = leaning(now, before, rarity)
    if leans.how is Rewriting.NEW_SUBJECT or leans.alone:
        return Standalone(leans.core, leans.how, leans.why)
    if leans.how is Rewriting.AS_ASKED:
        # To search it as it is costs a follow-up less than the old subject costs a new one, as long as both are found.
        return Standalone(leans.core, leans.how, leans.why, _standalone(before[-1], before[:-1], rarity).text)
    if leans.loose:
        before = [exchange for exchange in before if not exchange.not_here]
    return _carried(now.asked, leans, before, rarity)


def _exchanges(history: Sequence[Turn], about_posts: Judged = nothing, strange: Judged = nothing) -> list[Exchange]:
    """The last exchanges in which the user asked something, oldest first, cut to `LONGEST_QUESTION` characters a turn."""
    found: list[Exchange] = []
    for turn in history:
        content = turn.content[:LONGEST_QUESTION]
        if turn.role == "user" and not asks_nothing(content, first=not found):
            found.append(Exchange(content))
        elif turn.role == "assistant" and found and not found[-1].answer:
            found[-1] = Exchange(found[-1].asked, content)
    kept = found[-LONGEST_CHAIN:]
    cores = [without_opening(exchange.asked) for exchange in kept]
    return [
        replace(exchange, about_posts=about_posts(core), strange=strange(core))
        for exchange, core in zip(kept, cores, strict=True)
    ]


def _carried(question: str, leans: Leaning, before: Sequence[Exchange], rarity: Rarity) -> Standalone:
    upto = _place(leans, before, rarity) if before else 0
    subject = _subject(before[:upto], leans.core, rarity)
    while not subject and upto > 1 and not (leans.points and _names(before[upto - 1].answer, leans.core)):
        # “Which thread is the newest?” names none, and what was spoken of before it still is.
        upto -= 1
        subject = _subject(before[:upto], leans.core, rarity)
    if before and leans.points and not any(map(is_identifier, subject)):
        # Where the user named something, “it” is that.
        subject = list(dict.fromkeys([*subject, *_names(before[upto - 1].answer, leans.core)]))
    if not subject:
        return Standalone(question, Rewriting.NEW_SUBJECT, "nothing before it names a subject")
    earlier = _standalone(before[upto - 1], before[: upto - 1], rarity)
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
    words = [word for exchange in _chain(before, rarity) for word in subject_words(without_opening(exchange.asked))]
    known = set(Question(question).terms)
    replaced = [form for form in (_is_version, str.isdecimal) if any(form(match[0]) for match in tokens(question))]
    carried = dict.fromkeys(words)
    telling = [word for word in carried if _tells(word, known, rarity) and not any(form(word) for form in replaced)]
    kept = set(sorted(telling, key=lambda word: -max(map(rarity, terms_of(word))))[:CARRIED_WORDS])
    return [word for word in telling if word in kept]


def _chain(before: Sequence[Exchange], rarity: Rarity) -> Sequence[Exchange]:
    """The exchanges that have the subject of the last one, oldest first. Of those that the posts hold nothing on only the
    oldest counts, and only where there is no other: what was tried in vain is no part of a subject."""
    first = len(before) - 1
    while first > 0 and leaning(before[first], before[:first], rarity).how is Rewriting.CARRIED:
        first -= 1
    chain = before[max(0, first) :]
    return [exchange for exchange in chain if not exchange.not_here] or chain[:1]


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
