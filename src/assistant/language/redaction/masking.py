"""Texts with their secrets masked.

A mask is as long as what it hides, so every offset into a text stays what it was, and masking twice changes nothing.
Phone numbers, hashes, UUIDs and build numbers are left: nothing tells those that matter from those that do not.
"""

from __future__ import annotations

import re
from itertools import chain

from assistant.language.redaction.addresses import addresses
from assistant.language.redaction.apple import apple_ids
from assistant.language.redaction.forms import known_forms
from assistant.language.redaction.named import named_values
from assistant.language.segments import Span

MASK = "█"
"""Inert in Markdown and in a terminal, no part of a search term; the embedder reads a run of it as one word."""

REDACTION = "masked/1"
"""Name and version of what is masked; an index built by another one is rebuilt, not mixed."""
NOT_REDACTED = "none"

_VISIBLE = re.compile(r"\S")


def redaction_name(redact: bool) -> str:
    """Name of the redaction in force, as a recipe has it."""
    return REDACTION if redact else NOT_REDACTED


def secret_spans(text: str) -> list[Span]:
    """Where secrets stand in a text: in order, apart from each other, in code points. The `@` of an address lies between two.

    Takes time that grows as the text does, whatever the text.
    """
    found: list[Span] = []
    for span in sorted(chain(known_forms(text), named_values(text), apple_ids(text), addresses(text))):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(span.end, found[-1].end))
        else:
            found.append(span)
    return found


def masked(text: str) -> str:
    """The text with each character of its secrets but white space replaced by `MASK`: of the same length. Idempotent."""
    spans = secret_spans(text)
    if not spans:
        return text
    pieces, end = [], 0
    for span in spans:
        pieces += [text[end : span.start], _VISIBLE.sub(MASK, text[span.start : span.end])]
        end = span.end
    return "".join([*pieces, text[end:]])
