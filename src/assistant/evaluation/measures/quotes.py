"""Quotes held against the posts: word for word at their place, or which way they are not.

A quote is what a citation carries as such; quotation marks in the text of an answer decide nothing.
"""

from __future__ import annotations

import re
from enum import StrEnum

from assistant.evaluation.measures.library import Library
from assistant.evaluation.measures.wordings import fold
from assistant.evaluation.records import Cited


class Quote(StrEnum):
    """What became of a quote: at its place in its post word for word, or which way it is not.

    `displaced` stands in its post but elsewhere than its offsets say, `misattributed` in another post only, of `stitched`
    all words stand in the post but not together. A `dangling` citation or marker leads to no post.
    """

    FOUND = "found"
    DISPLACED = "displaced"
    MISATTRIBUTED = "misattributed"
    STITCHED = "stitched"
    NOT_FOUND = "not_found"
    DANGLING = "dangling"
    EMPTY = "empty"


def quote_state(cited: Cited, library: Library) -> Quote:
    """The state of a citation's quote, by code points of the canonical body. A span of 0 to 0 was not recorded."""
    body = library.body(cited.post)
    if body is None:
        return Quote.DANGLING
    if not cited.quote.strip():
        return Quote.EMPTY
    if 0 <= cited.start < cited.end and body[cited.start : cited.end] == cited.quote:
        return Quote.FOUND
    if cited.quote in body:
        return Quote.FOUND if cited.start == cited.end == 0 else Quote.DISPLACED
    if library.has_words(cited.quote):
        return Quote.MISATTRIBUTED
    words = re.findall(r"\w+", fold(cited.quote))
    return Quote.STITCHED if words and set(words) <= set(re.findall(r"\w+", library.folded(cited.post))) else Quote.NOT_FOUND
