"""What holds a model's rewriting to the conversation: a rewriting that says what nobody said is worse than none.

Names, numbers and versions are compared as written, other words by their stems.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.conversation.phrases import CARRYING_ON, DENIED, INSTRUCTION, NEGATION
from assistant.conversation.reading import is_number, subject_words, without_opening
from assistant.language.terms import is_identifier, terms_of, tokens
from assistant.retrieval.question import Question
from assistant.types import Turn

LONGEST_REWRITING = 400
"""Characters. A hand-written standalone question of eval/conversations has 130 at most."""
KEPT_SHARE = 0.5
"""Share of the question's own words that have to be in the rewriting; the rest may be said in other words."""
STRANGE_SHARE = 0.6
"""Share of the rewriting's words that may be in neither the question nor the conversation: words such as “possible”."""
REACH = 3
"""Words after a negation in which the one stands that it denies."""
_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)
_SECOND_SENTENCE = re.compile(r"\?\s+\w")
_CLAUSE_END = re.compile(r"[,.;:?!()\n]")
_SENTENCE_START = re.compile(r"(?:\A|[.?!:]\s)[^\w]*\Z")


def objection(rewriting: str, question: str, history: Sequence[Turn]) -> str | None:
    """Why `rewriting` must not stand for `question`, asked after `history`; None where nothing speaks against it."""
    core = without_opening(question)
    turns = [question, *(turn.content for turn in history)]
    asked = [question, *(turn.content for turn in history if turn.role == "user")]
    said = _terms(turns)
    return next(
        (reason for fails, reason in (
            (not rewriting.strip(), "it was empty"),
            (len(rewriting) > LONGEST_REWRITING, "it was too long"),
            ("\n" in rewriting.strip() or rewriting.count("?") > 1 or bool(_SECOND_SENTENCE.search(rewriting)),
             "it was more than one question"),
            (bool(_ADDRESS.search(rewriting)) and not _ADDRESS.search(question), "it holds an address"),
            (not _instructions([rewriting]) <= _instructions(asked), "it gives an instruction"),
            (unchanged(rewriting, question), "it added nothing"),
            (not _terms(_exact(DENIED.sub(" ", core))) <= _terms([rewriting]), "it lost a name or a number of the question"),
            (not _terms(_named(rewriting)) <= said, "it holds a name or a number that nobody mentioned"),
            (_turned(rewriting, core, turns), "it denies what the question does not, or the other way round"),
            (_lost(rewriting, core) > 1 - KEPT_SHARE, "it asks something else"),
            (_strange(rewriting, said) > STRANGE_SHARE, "it speaks of something else"),
        ) if fails), None)  # fmt: skip


def unchanged(rewriting: str, question: str) -> bool:
    """Whether a rewriting says no more than the question, with or without the words that it opens with."""
    return _folded(rewriting) == _folded(question)


def _folded(text: str) -> str:
    return " ".join(CARRYING_ON.sub("", without_opening(text)).casefold().split()).rstrip(" ?.!")


def _instructions(texts: Sequence[str]) -> set[str]:
    return {match[0].casefold() for text in texts for match in INSTRUCTION.finditer(text)}


def _turned(rewriting: str, core: str, turns: Sequence[str]) -> bool:
    """Whether a word that the question denies is affirmed, or one is denied that nobody denied."""
    lost = (_denied(core, 1) & _terms([rewriting])) - _denied(rewriting, REACH)
    return bool(lost) or not _denied(rewriting, 1) <= set().union(*(_denied(turn, REACH) for turn in turns))


def _denied(text: str, most: int) -> set[str]:
    """Terms of the first `most` words that each negation of a text may mean: those with a content, within its clause."""
    found: set[str] = set()
    matches = list(tokens(text))
    # “Isn't it …?” asks the same as “Is it …?”.
    for at, match in enumerate(matches[1:], 1):
        if not NEGATION.fullmatch(match[0]):
            continue
        near = [after for after in matches[at + 1 : at + 1 + REACH] if not _CLAUSE_END.search(text, match.end(), after.start())]
        words = [after[0] for after in near if Question(after[0]).content_terms]
        found.update(term for word in words[:most] for term in terms_of(word))
    return found


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
