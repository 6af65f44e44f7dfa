"""What a sentence may not get wrong: its numbers, its identifiers and code, its names, in a form that compares.

"1,000" is 1000, "two" is 2, "30s" is 30 and a unit, `v2.1` is 2.1; an identifier compares without regard to case. Whether
something is said of them is not looked at here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from assistant.language.terms import VERSION, is_identifier, tokens

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_UNIT = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)*)(?P<unit>ms|s|secs?|mins?|h|hrs?|d|[kmgt]i?b|[kmg]?hz|[kmg]|px|pt|x|st|nd|rd|th|v|w|mah|mm|cm|km|kg)",
    re.IGNORECASE,
)
_THOUSAND_FOLD = {"k": 1000, "m": 1_000_000}
_CODE = re.compile(r"`([^`\n]+)`")
_NAME = re.compile(r"(?<![\w`])[A-Z][\w+-]*(?:\s[A-Z][\w+-]*)*")
_LETTER_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")
_PLURAL = re.compile(r"[A-Z]{2,}s")
_ALTERNATIVES = re.compile(r"[^\W\d_]+(?:/[^\W\d_]+)+")
_WORDS = {
    word: number
    for number, several in {
        "0": "zero", "2": "two both twice pair couple", "3": "three thrice", "4": "four", "5": "five", "6": "six", "7": "seven",
        "8": "eight", "9": "nine", "10": "ten", "11": "eleven", "12": "twelve dozen", "13": "thirteen", "15": "fifteen",
        "20": "twenty", "30": "thirty", "40": "forty", "50": "fifty", "60": "sixty", "100": "hundred", "1000": "thousand",
        "1000000": "million",
    }.items()
    for word in several.split()
}  # fmt: skip
_LINKS = frozenset("a an and at by for from in of on or the to with".split())
_SETTING = re.compile(r"[^\s=:`]+[=:][^\s=:`]+")
# Of these a claim is held to; the others are said without counting, too ("a couple of", "both").
_COUNTING = frozenset(
    "two three four five six seven eight nine ten eleven twelve thirteen fifteen twenty thirty forty fifty sixty".split()
)
_NUMBER_WORD = re.compile(r"\b(?:" + "|".join(_WORDS) + r")\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Atoms:
    """Numbers in digits, counts in words (as digits too), identifiers and code in lower case, names as written."""

    numbers: frozenset[str]
    counts: frozenset[str]
    identifiers: frozenset[str]
    names: frozenset[str]


def _normal(number: str) -> list[str]:
    return [part.lstrip("0") or "0" if part.isdigit() else part for part in number.split(",")]


def _with_unit(token: str) -> list[str] | None:
    """The number in a token such as "30s" or "10k"; None where the token is something else."""
    match = _UNIT.fullmatch(token)
    if match is None:
        return None
    found = _normal(match["number"])
    fold = _THOUSAND_FOLD.get(match["unit"].lower())
    if fold and len(found) == 1 and found[0].isdigit():
        found.append(str(int(found[0]) * fold))
    return found


@lru_cache(maxsize=1024)
def atoms(claim: str) -> Atoms:
    """What `claim` may not get wrong."""
    identifiers = {" ".join(match[1].split()).lower() for match in _CODE.finditer(claim)}
    numbers: set[str] = set()
    text = _COMMA.sub("", _CODE.sub(" ` ", claim))
    for match in tokens(text):
        token = match[0]
        if VERSION.fullmatch(token):
            numbers.add(token.lower().lstrip("v"))
        elif (counted := _with_unit(token)) is not None:
            numbers.add(counted[-1])
        elif is_identifier(token) and not _PLURAL.fullmatch(token) and not _ALTERNATIVES.fullmatch(token):
            identifiers.add(token.lower().removesuffix("'s").removesuffix("’s"))
        else:
            numbers.update(part for number in _NUMBER.findall(token) for part in _normal(number))
    counts = {_WORDS[word] for match in _NUMBER_WORD.finditer(text) if (word := match[0].lower()) in _COUNTING}
    return Atoms(frozenset(numbers), frozenset(counts), frozenset(filter(None, identifiers)), frozenset(_names(text)))


def names_only(claim: str) -> bool:
    """Whether a text says nothing of anything: one word, or identifiers, code and numbers without any other word."""
    words = [match[0] for match in tokens(_SETTING.sub(" `1 ", _CODE.sub(" 1 ", claim)))]
    said = [word for word in words if word.lower() not in _LINKS]
    return len(said) == 1 or all(word[0].isdigit() or is_identifier(word) for word in said)


def _names(text: str) -> set[str]:
    found: set[str] = set()
    for match in _NAME.finditer(text):
        before = text[: match.start()].rstrip(" \t\"'“‘(*_")
        words = match[0].split()
        # The first word of a sentence is capitalised whatever it is; what follows it still is a name.
        kept = words if before and before[-1] not in ".?!:>|-" else [word for word in words[:1] if word.isupper()] + words[1:]
        found.update(word for word in kept if len(word) > 1 and not is_identifier(word) and not word[1:].isdigit())
    return found


class Held:
    """What a text holds that atoms can be looked up in."""

    def __init__(self, text: str) -> None:
        self._text = " ".join(text.split()).lower()
        self._numbers = set(_held_numbers(self._text)) | set(_held_numbers(_COMMA.sub("", self._text)))

    def number(self, number: str) -> bool:
        """Whether the number stands there, in digits or as a word."""
        return number in self._numbers

    def identifier(self, identifier: str) -> bool:
        """Whether the identifier stands there as a whole."""
        if identifier not in self._text and not _LETTER_DIGIT.search(identifier):
            return False
        pattern = r"[\s-]?".join(re.escape(part) for part in _LETTER_DIGIT.split(identifier))
        return bool(re.search(rf"(?<!\w){pattern}(?!\w)", self._text))

    def name(self, name: str) -> bool:
        """Whether the name stands there, as a word or the beginning of one."""
        lowered = name.lower().removesuffix("s") if len(name) > 3 else name.lower()
        return bool(re.search(rf"(?<!\w){re.escape(lowered)}", self._text))


def _held_numbers(text: str) -> list[str]:
    found: list[str] = []
    for match in _NUMBER.finditer(text):
        found.extend([match[0], *_normal(match[0])])
    for token in tokens(text):
        found.extend(_with_unit(token[0]) or ())
    found.extend(_WORDS[match[0]] for match in _NUMBER_WORD.finditer(text))
    return found
