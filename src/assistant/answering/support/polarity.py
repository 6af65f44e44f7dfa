"""Whether two texts say the same of a thing or the opposite, by negations and antonyms (`opposites.txt`, one pair a line).

Words and their neighbourhood only, no grammar. What shares no word with the other text is not contradicted by it, so that a
paraphrase in other words passes; whether it is supported at all is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from assistant.language.terms import terms_of

_TOKEN = re.compile(r"[^\W_][\w]*(?:[.\-:/@+&'’][\w]+)*|[,;:()—–\n]|\.(?=\s)|=>|->")
_CLAUSE_ENDS = frozenset("but however while whereas although though because since which if unless nor so".split()) | frozenset(
    ",;:()—–\n."
)
_CUES = frozenset(
    "not no never cannot without nor neither none nothing nobody nowhere hardly barely unable impossible "
    "cant dont doesnt didnt isnt wont wasnt arent".split()
)
_WEAK_CUES = {"fail": "to", "failed": "to", "fails": "to", "failing": "to", "refuses": "to", "refused": "to", "instead": "of",
              "rather": "than", "stopped": "", "stops": "", "lacks": "", "lack": "", "lacking": "", "avoid": "", "avoids": "",
              "prevents": "", "prevent": "", "prevented": ""}  # fmt: skip
"""Words that deny what follows: always, or where the given word comes next."""
_NO_CUE_BEFORE = frozenset("only just merely simply necessarily sure more less later matter problem".split())
_CARRIED = frozenset(
    "yet even really any longer more always actually possible able still be been being have has had do does did "
    "can could will would should may might must to the a an of in on at for with by it is are was were that this its their "
    "your my our there as so too very also and or from me us you they he she i we get got gets all use used using seem "
    "seems".split()
)
"""Words that a negation reaches through."""
_AFTER = frozenset("nothing nobody none nowhere".split())
"""Negations that deny the word before them: "returns nothing"."""
REACH, BACKWARDS = 2, 3
"""Content words that a negation covers: behind it, and in front of "is not possible"."""
_NEGATIVE_PREFIX = re.compile(r"(?:un|in|im|ir|dis|non|mis)-?(?=[a-z]{4,})")


_PHRASES = tuple(
    (re.compile(phrase, re.IGNORECASE), words)
    for phrase, words in (
        (r"\b(?:is|are|was|were) (?:now )?against (?:the|our|its|their) (?:\w+ )?(?:rules?|polic(?:y|ies)|guidelines?|terms)\b",
         "is forbidden"),
        (r"\b(?:ma[dk]es?|making) no (?:\w+ )?difference\b|\b(?:has|had|have|with) no (?:\w+ )?effect\b"
         r"|\bchange[sd]? nothing\b|\b(?:ma[dk]e|makes?) it no better\b|\bto no avail\b", "did not help"),
        (r"\b(?:(?:does|do|did)(?: not|n['’]t)) make (?:a|any) (?:\w+ )?difference\b"
         r"|\b(?:(?:does|do|did)(?: not|n['’]t)) have (?:an|any) (?:\w+ )?effect\b", "did not help"),
        (r"\bgets? rid of\b|\bma[dk]es? \w+ go away\b", "cures"),
    )
)  # fmt: skip
"""Phrases that say by their whole what their words do not, and the words that do."""
_BEFORE_NOT = re.compile(r",(?=\s*not\b)")
"""Of "an array, not a flag" both halves are said of the same, and so make one clause."""
_CONTRAST = re.compile(r",\s*(?:and |but )?not (?!only\b|yet\b)(?:\w+ ){0,3}\w+(?=\s*[,.;:)]|\s*$)", re.IGNORECASE)
"""A thing set against the one before it: "an array, not a flag"."""
CONTRASTED = 3
"""Words before a contrast that have to stand in the evidence for it to be left out."""


class Word(NamedTuple):
    """A content word: what it comes down to (antonyms come down to the same), 1 or -1 for the side of the pair that it is on,
    whether a negation covers it, the number of its clause, and whether that holds an odd number of negations."""

    group: str
    side: int
    denied: bool
    clause: int
    odd: bool

    @property
    def sign(self) -> int:
        """1 or -1: what the word says in the end."""
        return -self.side if self.denied else self.side


def _stem(word: str) -> str:
    found = terms_of(word.strip("'’"))
    return found[0] if found else ""


@cache
def _sides() -> dict[str, tuple[str, int]]:
    sides: dict[str, tuple[str, int]] = {}
    for line in (files("assistant.answering.support") / "opposites.txt").read_text(encoding="utf-8").splitlines():
        good, bad = (part.split() for part in line.split(" | "))
        group = f"~{_stem(good[0])}"
        for words, sign in ((good, 1), (bad, -1)):
            for word in words:
                if stem := _stem(word):
                    sides.setdefault(stem, (group, sign))
    return sides


def _is_cue(word: str, following: str) -> bool:
    if word in _CUES or word.endswith(("n't", "n’t")):
        return following not in _NO_CUE_BEFORE
    wanted = _WEAK_CUES.get(word)
    return wanted is not None and (not wanted or following == wanted)


@dataclass
class _Scope:
    """Reads words from left to right and keeps what a negation still covers."""

    found: list[Word] = field(default_factory=list)
    clause: int = 0
    reach: int = 0
    odd: bool = False

    def deny(self, backwards: bool) -> None:
        """A negation: of what follows, or of the word before. Where two meet they cancel."""
        self.odd = not self.odd
        if backwards:
            self._flip(1)
        else:
            self.reach = 0 if self.reach else REACH

    def possible(self) -> None:
        """ "Changing it is not possible" denies what stands in front."""
        if self.reach:
            self._flip(BACKWARDS)

    def end_clause(self) -> None:
        for number, word in enumerate(self.found):
            if word.clause == self.clause:
                self.found[number] = word._replace(odd=self.odd)
        self.clause, self.reach, self.odd = self.clause + 1, 0, False

    def add(self, group: str, side: int) -> None:
        # "not in 6.2" denies what is in 6.2, not the number.
        negated = self.reach > 0 and not _numeric(group)
        self.found.append(Word(group, side, negated, self.clause, False))
        self.reach -= negated

    def _flip(self, most: int) -> None:
        for number in range(max(0, len(self.found) - most), len(self.found)):
            word = self.found[number]
            if word.clause == self.clause and not _numeric(word.group):
                self.found[number] = word._replace(denied=not word.denied)


def _numeric(group: str) -> bool:
    return any(map(str.isdigit, group))


@lru_cache(maxsize=1024)
def words(text: str) -> tuple[Word, ...]:
    """The content words of a text with the side on which each is said."""
    for phrase, plain in _PHRASES:
        text = phrase.sub(plain, text)
    tokens = [match[0].lower() for match in _TOKEN.finditer(_BEFORE_NOT.sub("", text))]
    scope = _Scope()
    for number, token in enumerate(tokens):
        following = tokens[number + 1] if number + 1 < len(tokens) else ""
        if token in _CLAUSE_ENDS:
            scope.end_clause()
        if not token[0].isalnum():
            continue
        if token == "and":  # noqa: S105 - a word of the text
            scope.reach = 0
        if token == "possible":  # noqa: S105
            scope.possible()
        if _is_cue(token, following):
            scope.deny(token in _AFTER)
            if token in _CUES or token not in _WEAK_CUES:
                continue
        if token in _CARRIED or not (stem := _stem(token)):
            continue
        scope.add(*_sides().get(stem, (stem, 1)))
    scope.end_clause()
    return tuple(scope.found)


def _unprefixed(own: Sequence[Word], others: frozenset[str]) -> list[Word]:
    """Words with a negative prefix as the opposite of the word without it, where the other text has that."""
    done = []
    for word in own:
        match = _NEGATIVE_PREFIX.match(word.group)
        root = word.group[match.end() :] if match else ""
        done.append(Word(root, -1, word.denied, word.clause, word.odd) if root in others else word)
    return done


def _groups(own: Sequence[Word]) -> frozenset[str]:
    return frozenset(word.group for word in own)


def _said_once(own: Sequence[Word]) -> dict[str, Word]:
    """The claim's words, those left out that it has on both sides."""
    sides: dict[str, set[int]] = {}
    for word in own:
        sides.setdefault(word.group, set()).add(word.sign)
    return {word.group: word for word in own if len(sides[word.group]) == 1}


def _nearest(evidence: Sequence[Word], wanted: frozenset[str]) -> dict[str, Word]:
    """For each wanted word the one of the evidence in whose clause most wanted words stand, at least `SHARED` (all of them,
    where fewer are wanted); none where it stands there on both sides."""
    shared: dict[int, set[str]] = {}
    for word in evidence:
        if word.group in wanted:
            shared.setdefault(word.clause, set()).add(word.group)
    least = min(SHARED, len(wanted))
    found: dict[str, list[Word]] = {}
    for word in evidence:
        if word.group in wanted and len(shared[word.clause]) >= least:
            found.setdefault(word.group, []).append(word)
    nearest = {}
    for group, several in found.items():
        most = max(len(shared[word.clause]) for word in several)
        best = [word for word in several if len(shared[word.clause]) == most]
        if len({word.sign for word in best}) == 1:
            nearest[group] = best[0]
    return nearest


SHARED = 2
"""Words that a clause must share with a claim to be about the same."""


def conflict(claim: str, evidence: str) -> float:
    """How much of a clause of `claim` the evidence has in a clause that says the opposite (share of its words, 0-1).

    Of the words of the clause that either side denies, more are said on opposite sides than on the same. Two clauses that
    both deny once are on the same side, whichever word they deny.
    """
    as_written = words(evidence)
    as_said = words(_without_contrast(claim, as_written))
    ours, theirs = _unprefixed(as_said, _groups(as_written)), _unprefixed(as_written, _groups(as_said))
    said = _said_once(ours)
    balance: dict[int, int] = {}
    shared: dict[int, float] = {}
    for group, other in _nearest(theirs, _groups(ours)).items():
        if (own := said.get(group)) is None:
            continue
        opposite = own.sign != other.sign and (own.side != other.side or own.odd != other.odd)
        agreeing = not opposite and (own.denied or other.denied)
        balance[own.clause] = balance.get(own.clause, 0) + opposite - agreeing
        if opposite:
            shared[own.clause] = max(shared.get(own.clause, 0.0), _overlap(ours, own.clause, theirs, other.clause))
    return max((shared[clause] for clause, value in balance.items() if value > 0), default=0.0)


def _without_contrast(claim: str, evidence: Sequence[Word]) -> str:
    """A claim without ", not a B" behind an A that the evidence affirms: what it says of B by the way denies nothing."""
    match = _CONTRAST.search(claim)
    if match is None:
        return claim
    before = words(claim[: match.start()])[-CONTRASTED:]
    affirmed = {(word.group, word.sign) for word in evidence}
    kept = bool(before) and all((word.group, word.sign) in affirmed for word in before[-1:])
    shared = sum((word.group, word.sign) in affirmed for word in before)
    return claim[: match.start()] + claim[match.end() :] if kept and 2 * shared >= len(before) else claim


def _overlap(ours: Sequence[Word], our_clause: int, theirs: Sequence[Word], their_clause: int) -> float:
    wanted = {word.group for word in ours if word.clause == our_clause}
    return len(wanted & {word.group for word in theirs if word.clause == their_clause}) / len(wanted)
