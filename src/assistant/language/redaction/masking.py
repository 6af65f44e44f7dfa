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
from assistant.language.redaction.letters import plain
from assistant.language.redaction.named import named_values
from assistant.language.redaction.standing_in import MASK
from assistant.language.segments import Span

REDACTION = "masked/2"
"""Name and version of what is masked; an index built by another one is rebuilt, not mixed."""
NOT_REDACTED = "none"

_VISIBLE = re.compile(r"\S")


def redaction_name(redact: bool) -> str:
    """Name of the redaction in force, as a recipe has it."""
    return REDACTION if redact else NOT_REDACTED


def secret_spans(text: str) -> list[Span]:
    """Where secrets stand in a text: in order, apart from each other, in code points. The `@` of an address lies between two.

    Secrets are sought in what a reader sees: invisible characters inside one neither hide it nor stay. Takes time that
    grows as the text does, whatever the text.
    """
    found: list[Span] = []
    seen = plain(text)
    searched = (search(seen.text) for search in (known_forms, named_values, apple_ids, addresses))
    for span in sorted(map(seen.written, chain.from_iterable(searched))):
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
