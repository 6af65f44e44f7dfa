"""What a reply decided, read off its words, for systems that do not say it in a field.

Weak by nature: a detector of several hundred phrases found 22 of 97 refusals that people had written, and none of five
that models had. A figure that rests on it has to say so.
"""

from __future__ import annotations

import re

from assistant.evaluation.records import Decision
from assistant.language.segments import sentences

OPENING_SENTENCES = 2
_PHRASES = (
    r"\b(?:i|we) (?:do not|don't|did not|didn't|cannot|can't|could not|couldn't|am unable to|was unable to|have no)"
    r" (?:\w+ ){0,2}?(?:know|find|answer|see|locate|have|say|tell|determine|information|idea|help)\b",
    r"\b(?:posts?|threads?|sources?|documents?|context|passages?|information|forum|results?)\b[^.?!]{0,40}?"
    r"\b(?:do|does|did)(?: not|n't) (?:\w+ )?(?:contain|mention|say|cover|provide|include|address|answer|discuss|give)\b",
    r"\b(?:there is|there are|there's|i found|we found) (?:no|not any|nothing)\b[^.?!]{0,40}?"
    r"\b(?:information|posts?|threads?|answers?|mention|evidence|sources?|documents?|about|on)\b",
    r"\b(?:posts?|threads?|sources?|documents?|context|passages?|forum|results?)\b[^.?!]{0,40}?"
    r"\b(?:hold|have|contain|give|offer|provide)s? no (?:\w+ ){0,2}?(?:answers?|information|mention|details?|evidence)\b",
    r"^no (?:\w+ ){0,3}?(?:information|posts?|threads?|answers?|mention|evidence|sources?|documents?|results?)\b",
    r"\b(?:is|are|was|were)(?: not|n't) (?:\w+ )?(?:mentioned|covered|discussed|addressed|answered|specified)\b",
    r"\bunable to (?:find|answer|locate|determine|provide)\b",
    r"\b(?:not enough|insufficient) (?:information|context|evidence)\b",
    r"^(?:not found|unanswerable|unknown)\b",
)
_REFUSES = re.compile("|".join(_PHRASES))
_ASKS_BACK = re.compile(r"\b(?:which|what|where|could you|can you|do you|did you|are you|is it)\b[^?]*\?\W*$")


def worded_decision(text: str, cited: bool) -> Decision:
    """The decision that the words of a reply suggest; `cited` is whether it names a source."""
    folded = " ".join(text.casefold().replace("’", "'").split())
    spans = sentences(folded)
    if any(_REFUSES.search(folded[span.start : span.end]) for span in spans[:OPENING_SENTENCES]):
        return Decision.ABSTAIN
    if spans and not cited and _ASKS_BACK.search(folded[spans[-1].start :]):
        return Decision.CLARIFY
    return Decision.ANSWER
