"""What a question asks for, as far as its words show: terms, identifiers, versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant.language.terms import VERSION, is_identifier, plain_terms, terms, terms_of, tokens

_QUESTION_WORDS = frozenset(
    (
        "what which who whom whose when where why how does do did is are was were can could would should will has have "
        "had anyone anybody someone somebody there any ever get got getting i my me we our you your it its"
    ).split()
)
LONGEST_QUESTION = 2000
"""Characters of a question that are looked at for what it asks or how it is spelt; more is a pasted log."""
SHORTEST_IDENTIFIER = 5
"""Characters; shorter names of letters and digits (p53, IL6, M4) mean many things."""


@dataclass(frozen=True)
class Question:
    """A question as typed, analysed once. `text` stands by itself: follow-ups are resolved before.

    `plain` analyses as an index does that was made without `Part.IDENTIFIERS`.
    """

    text: str
    plain: bool = False

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """Search terms, as the lexical index has them."""
        return tuple(plain_terms(self.text) if self.plain else terms(self.text))

    @cached_property
    def content_terms(self) -> tuple[str, ...]:
        """Distinct terms that say what the question is about: without question words and pronouns."""
        return tuple(dict.fromkeys(term for word in self._content_words() for term in self._terms_of(word)))

    @cached_property
    def plain_terms(self) -> tuple[str, ...]:
        """Content terms of the words that are no identifiers."""
        words = (word for word in self._content_words() if not is_identifier(word))
        return tuple(dict.fromkeys(term for word in words for term in self._terms_of(word)))

    def _terms_of(self, word: str) -> Sequence[str]:
        return plain_terms(word) if self.plain else terms_of(word)

    def _content_words(self) -> Iterator[str]:
        return (match[0] for match in tokens(self.text) if match[0].lower() not in _QUESTION_WORDS)

    @cached_property
    def identifiers(self) -> tuple[str, ...]:
        """Names made up for a machine, whole and in lower case: symbols, domains, versions, codes."""
        return tuple(dict.fromkeys(
            match[0].lower().lstrip("v") if VERSION.fullmatch(match[0]) else match[0].lower()
            for match in tokens(self.text)
            if is_identifier(match[0]) and len(match[0]) >= SHORTEST_IDENTIFIER
        ))  # fmt: skip
