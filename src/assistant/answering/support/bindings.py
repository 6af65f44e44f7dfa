"""What a number in a sentence is said of, and whether a post says it of another one.

No grammar: what stands near to a word says what it is of. A number or version whose neighbours stand nearer to another one in
the post has probably been mixed up with it.
"""

from __future__ import annotations

import math
import re
from bisect import bisect
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, pairwise
from typing import NamedTuple

from assistant.language.segments import sentences
from assistant.language.terms import is_identifier, terms_of, tokens

NEAR_CLAIM, NEAR_EVIDENCE = 4.0, 4.0
"""Words over which nearness falls to 1/e."""
SENTENCE = 6
"""What a sentence end counts in words, `MARK` what a comma or another mark does."""
MARK = 1
_SMALL = frozenset("has have had its from than does do can when which while also only so my your our their i we you".split())
_MARKS = re.compile(r"[,;:()\n]| - |->|=>")


LONGEST = 8000
"""Characters of a post that are looked at; a pasted log behind them has more numbers than any claim could mix up."""


class Placed(NamedTuple):
    """A content word: its term, its place counted in words and marks, and the kind of thing it names ("" for a plain word)."""

    term: str
    place: int
    kind: str


def _kind(token: str) -> str:
    if re.fullmatch(r"v?\d+(?:\.\d+)+", token):
        return "version"
    if token[0].isdigit():
        return "number"
    if is_identifier(token):
        return "identifier"
    return ""


@lru_cache(maxsize=512)
def placed(text: str) -> tuple[Placed, ...]:
    """The content words of a text in order."""
    found: list[Placed] = []
    place = 0
    text = text[:LONGEST]
    for start, end in sentences(text):
        last = start
        for match in tokens(text[start:end]):
            place += 1 + MARK * len(_MARKS.findall(text[last : start + match.start()]))
            last = start + match.end()
            kind = _kind(match[0])
            if match[0].lower() not in _SMALL and (term := next(iter(terms_of(match[0])), "")):
                found.append(Placed(term, place, kind))
        place += SENTENCE
    return tuple(found)


def _fit(place: int, context: Sequence[tuple[str, float]], at: dict[str, list[int]]) -> float:
    """How well what stands near to a place is what stands near to a word of the claim."""
    total = 0.0
    for term, weight in context:
        if term in at:
            places = at[term]
            number = bisect(places, place)
            distance = min(abs(place - other) for other in places[max(0, number - 1) : number + 1])
            total += weight * math.exp(-distance / NEAR_EVIDENCE)
    return total


def _context(word: Placed, claim: Sequence[Placed]) -> list[tuple[str, float]]:
    nearest: dict[str, float] = {}
    for other in claim:
        if other.term != word.term:
            weight = math.exp(-abs(other.place - word.place) / NEAR_CLAIM)
            nearest[other.term] = max(weight, nearest.get(other.term, 0.0))
    return list(nearest.items())


def _places(text: Sequence[Placed]) -> dict[str, list[int]]:
    at: dict[str, list[int]] = {}
    for word in text:
        at.setdefault(word.term, []).append(word.place)
    return at


def rival(claim: str, evidence: str) -> float:
    """How much better (0-1) another number or version of the evidence fits a place in the claim than its own."""
    ours, theirs = placed(claim), placed(evidence)
    at = _places(theirs)
    own = {word.term for word in ours}
    worst = 0.0
    for word in ours:
        if word.kind not in ("version", "number") or word.term not in at:
            continue
        context = _context(word, ours)
        mine = max(_fit(place, context, at) for place in at[word.term])
        others = [_fit(other.place, context, at) for other in theirs if other.kind == word.kind and other.term not in own]
        best = max(others, default=0.0)
        if best > mine:
            worst = max(worst, (best - mine) / best)
    return worst


def exchanged(claim: str, evidence: str) -> bool:
    """Whether two numbers of the claim, both in the evidence, fit much better there with their places in the claim exchanged
    than as it says them."""
    ours = placed(claim)
    at = _places(placed(evidence))
    numbers = [word for word in ours if word.kind in ("version", "number") and word.term in at]
    for one, other in combinations(numbers, 2):
        if one.kind == other.kind and one.term != other.term:
            rest = [word for word in ours if word.term not in (one.term, other.term)]
            said, swapped = (
                sum(max(_fit(place, _context(word, rest), at) for place in at[term]) for word, term in pairs)
                for pairs in (((one, one.term), (other, other.term)), ((one, other.term), (other, one.term)))
            )
            if swapped - said > CLEARLY * swapped:
                return True
    return False


CLEARLY = 0.25
"""What the other order of two numbers has to gain (0-1) before it counts."""


def company(claim: str, evidence: str) -> float:
    """Share (0-1) of the claim's neighbouring words, both of them in the evidence, that are near to each other there too; 1
    where there are none."""
    at = _places(placed(evidence))
    ours = placed(claim)
    shared = [(at[one.term], at[other.term]) for one, other in pairwise(ours) if one.term in at and other.term in at]
    near = sum(any(abs(a - b) <= COMPANY for a in first for b in second) for first, second in shared)
    return near / len(shared) if shared else 1.0


COMPANY = 3
"""Words and marks within which two words are neighbours."""
