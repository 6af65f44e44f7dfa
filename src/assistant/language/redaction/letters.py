"""Texts as the patterns read them: what a reader does not see left out, letters in their plain form, offsets kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from assistant.language.controls import SEQUENCE
from assistant.language.segments import Span

_UNSEEN = frozenset({"Cf", "Cc", "Co", "Mn", "Me", "Zl", "Zp"})
"""General categories of what is shown to nobody or has no width of its own; the fillers below are letters by name only."""
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_QUOTES = dict.fromkeys("“”„‟«»", '"') | dict.fromkeys("‘’‚‛", "'")


class Plain(NamedTuple):
    """A text in plain letters; `offsets[i]` is where its letter `i` stands in the text as written, None where nothing moved."""

    text: str
    offsets: Sequence[int] | None

    def written(self, span: Span) -> Span:
        """The same place in the text as written, with what is not seen inside it."""
        if self.offsets is None:
            return span
        return Span(self.offsets[span.start], self.offsets[span.end - 1] + 1)


def aligned_lower(text: str) -> str:
    """The text in lower case, code point for code point: the one letter that would become two is taken for an `I`."""
    return text.replace("\u0130", "I").lower()


def plain(text: str) -> Plain:
    """The text without escape sequences and invisible characters, with an ASCII letter or sign for what is a form of one.

    Full-width and mathematical letters, small and typographic signs become what they look like (NFKC, one for one); white
    space stays white space.
    """
    if text.isascii() and text.isprintable():
        return Plain(text, None)
    forms = {letter: form for letter in set(text) if (form := _form(letter)) != letter}
    hidden = [match.span() for match in SEQUENCE.finditer(text)] if "\x1b" in text or "\x9b" in text else []
    if not hidden and all(forms.values()):
        return Plain(text.translate({ord(letter): form for letter, form in forms.items()}), None)
    escaped = {at for start, end in hidden for at in range(start, end)}
    offsets = [at for at, letter in enumerate(text) if at not in escaped and forms.get(letter, letter)]
    return Plain("".join([forms.get(text[at], text[at]) for at in offsets]), offsets)


@lru_cache(maxsize=4096)
def _form(letter: str) -> str:
    """What is read for a letter; nothing for one that is not seen."""
    if letter in "\n\t":
        return letter
    if letter in _FILLERS or unicodedata.category(letter) in _UNSEEN:
        return ""
    form = _QUOTES.get(letter) or unicodedata.normalize("NFKC", letter)
    return form if len(form) == 1 and form.isascii() and form.isspace() == letter.isspace() else letter
