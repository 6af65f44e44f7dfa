"""A question with typing errors to the words of the forum. What it became is shown to the user, never kept from them."""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.language.terms import is_plain_word, tokens
from assistant.retrieval.question import LONGEST_QUESTION

_SENTENCE_END = re.compile(r"(?:^|[.?!:])[\s\"'“‘(]*$")


def corrected(question: str, known: Callable[[str], bool], nearest: Callable[[str], str | None]) -> str:
    """`question` with each plain word that is not `known` replaced by the `nearest` one of the forum, where there is one.

    Names (capitalised inside a sentence), identifiers and short words stay as they are: a name that the forum lacks is the
    very sign that it has no answer.
    """
    if len(question) > LONGEST_QUESTION:
        return question
    pieces: list[str] = []
    end = 0
    for match in tokens(question):
        word = match[0]
        begins = bool(_SENTENCE_END.search(question[: match.start()]))
        if not is_plain_word(word) or (word[0].isupper() and not begins) or known(word.lower()):
            continue
        better = nearest(word.lower())
        if better is None:
            continue
        pieces += [question[end : match.start()], better.capitalize() if word[0].isupper() else better]
        end = match.end()
    return "".join([*pieces, question[end:]])
