"""Whether words occur in a text: folding, surface forms of nuggets, and boundaries that are safe for names and numbers.

"2.4" occurs neither in "2.4.1" nor in "12.4", "--no-dma" not in "--no-dma-x", "config" not in "config_file".
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from assistant.errors import EvaluationError
from assistant.evaluation.topics import Form, Nugget

_TYPOGRAPHY = str.maketrans({**dict.fromkeys("‘’‛ʼ", "'"), **dict.fromkeys("“”„‟", '"'), **dict.fromkeys("‐‑‒–−", "-")})
PATTERN = "re:"


def fold(text: str) -> str:
    """NFKC, case folded, white space folded, typographic quotes and hyphens as on a keyboard, no backticks."""
    text = text.replace("`", "")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_TYPOGRAPHY).casefold()
        return " ".join(text.split())
    return " ".join(text.lower().split())


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _begins(words: str, text: str, start: int) -> bool:
    """Whether what stands before leaves the words whole: no letter, no part of a number, no further dash of a flag."""
    before, first = text[start - 1 : start], words[0]
    if not before or not (_is_word(first) or first == "-"):
        return True
    if _is_word(before) or (first == "-" and before == "-"):
        return False
    if not first.isdigit() or before not in ".," or not text[max(0, start - 2) : start - 1].isdigit():
        return True
    # "12" of "4,12" is a number of a list, "000" of "12,000" is not.
    return before == "," and not (words[:3].isdigit() and len(words[:3]) == 3 and not words[3:4].isdigit())


def _ends(words: str, text: str, end: int) -> bool:
    """Whether what stands behind leaves the words whole."""
    after, last = text[end : end + 1], words[-1]
    if not after or not _is_word(last):
        return True
    if _is_word(after) or (words[0] == "-" and after == "-" and _is_word(text[end + 1 : end + 2] or " ")):
        return False
    return not (last.isdigit() and number_goes_on(text, end))


def number_goes_on(text: str, end: int) -> bool:
    """Whether a number that ends here does not: a point and a digit follow, or a comma and three of them."""
    if text[end : end + 1] == ".":
        return text[end + 1 : end + 2].isdigit()
    thousands = text[end + 1 : end + 4]
    return text[end : end + 1] == "," and len(thousands) == 3 and thousands.isdigit()


def stands_in(words: str, folded: str) -> bool:
    """Whether folded words, at least one character, stand whole in a folded text."""
    start = folded.find(words)
    while start >= 0:
        if _begins(words, folded, start) and _ends(words, folded, start + len(words)):
            return True
        start = folded.find(words, start + 1)
    return False


@lru_cache(maxsize=65_536)
def _words_of(form: str) -> str:
    return fold(form)


@lru_cache(maxsize=65_536)
def _pattern_of(form: str) -> re.Pattern[str]:
    try:
        return re.compile(form[len(PATTERN) :].translate(_TYPOGRAPHY), re.IGNORECASE)
    except re.error as error:
        raise EvaluationError(
            f"the form {form!r} is no pattern: {error}", hint="correct it in the set: `assistant eval validate SET`"
        ) from error


def occurs(form: Form, folded: str) -> bool:
    """Whether a surface form stands in a folded text: words, `re:` a pattern, or several forms all of which have to.

    Raises EvaluationError for a pattern that cannot be compiled.
    """
    if not isinstance(form, str):
        return bool(form) and all(occurs(part, folded) for part in form)
    if form.startswith(PATTERN):
        return _pattern_of(form).search(folded) is not None
    words = _words_of(form)
    return bool(words) and stands_in(words, folded)


def marks_of(form: Form) -> str:
    """A form of marks only ("!["), else nothing: it is about what a reader's program would do, not about words."""
    marks_only = isinstance(form, str) and not form.startswith(PATTERN) and not any(map(str.isalnum, form))
    return str(form) if marks_only else ""


def states(nugget: Nugget, folded: str) -> bool:
    """Whether a folded text states a nugget: one of its forms occurs and no form that vetoes it does."""
    return any(occurs(form, folded) for form in nugget.any_of) and not any(occurs(form, folded) for form in nugget.none_of)
