"""What holds a model's rewriting to the conversation: a rewriting that says what nobody said is worse than none.

Names, numbers and versions are compared as written, other words by their stems.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.conversation.leaning import is_number, subject_words, without_opening
from assistant.conversation.phrases import DENIED
from assistant.language.terms import is_identifier, terms_of, tokens
from assistant.retrieval.question import Question

LONGEST_REWRITING = 400
"""Characters. A hand-written standalone question of eval/conversations has 130 at most."""
KEPT_SHARE = 0.5
"""Share of the question's own words that have to be in the rewriting; the rest may be said in other words."""
STRANGE_SHARE = 0.6
"""Share of the rewriting's words that may be in neither the question nor the conversation: words such as “possible”."""
_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:\A|[.?!:]\s)[^\w]*\Z")


def objection(rewriting: str, question: str, turns: Sequence[str]) -> str | None:
    """Why `rewriting` must not stand for `question`, asked after `turns`; None where nothing speaks against it."""
    core = without_opening(question)
    said = _terms([question, *turns])
    return next(
        (reason for fails, reason in (
            (not rewriting.strip(), "it was empty"),
            (len(rewriting) > LONGEST_REWRITING, "it was too long"),
            ("\n" in rewriting.strip() or rewriting.count("?") > 1, "it was more than one question"),
            (bool(_ADDRESS.search(rewriting)) and not _ADDRESS.search(question), "it holds an address"),
            (_folded(rewriting) == _folded(core), "it added nothing"),
            (not _terms(_exact(DENIED.sub(" ", core))) <= _terms([rewriting]), "it lost a name or a number of the question"),
            (not _terms(_named(rewriting)) <= said, "it holds a name or a number that nobody mentioned"),
            (_lost(rewriting, core) > 1 - KEPT_SHARE, "it asks something else"),
            (_strange(rewriting, said) > STRANGE_SHARE, "it speaks of something else"),
        ) if fails), None)  # fmt: skip


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(" ?.!")


def _terms(texts: Sequence[str]) -> set[str]:
    return {term for text in texts for match in tokens(text) for term in terms_of(match[0])}


def _exact(text: str) -> list[str]:
    """The words of a text that mean nothing unless they are exact: names made up for machines, numbers, versions."""
    return [match[0] for match in tokens(text) if is_identifier(match[0]) or is_number(match[0])]


def _named(text: str) -> list[str]:
    """The same, and words with a capital letter inside a sentence."""
    return [*_exact(text), *_capitalised(text)]


def _capitalised(text: str) -> Iterator[str]:
    for match in tokens(text):
        inside = not _SENTENCE_START.search(text[: match.start()])
        if inside and match[0][0].isupper() and Question(match[0]).content_terms:
            yield match[0]


def _lost(rewriting: str, core: str) -> float:
    """Share (0-1) of the question's own words that the rewriting lacks; 0 where it has none."""
    has = set(Question(rewriting).terms)
    own = [set(terms_of(word)) for word in subject_words(core)]
    return sum(has.isdisjoint(word) for word in own) / len(own) if own else 0.0


def _strange(rewriting: str, said: set[str]) -> float:
    """Share (0-1) of the rewriting's words that nobody said; 1 where it has no words."""
    words = [set(terms_of(word)) for word in subject_words(rewriting)]
    return sum(said.isdisjoint(word) for word in words) / len(words) if words else 1.0
