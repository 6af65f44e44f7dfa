"""Search terms of a text: words stemmed, identifiers whole *and* in parts.

`NEPacketTunnelFlow` gives `nepackettunnelflow` and the parts `ne packet tunnel flow`; `26.4.1` stays whole beside
`26.4`; `com.apple.developer` gives its labels too. A question that spells an identifier out in words still meets it,
and one that names it exactly meets it best, since the whole is rarer than its parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

# Runs of word characters, joined by punctuation that occurs inside names, versions, paths and error codes.
TOKEN = re.compile(r"[^\W_][\w]*(?:[.\-:/@+&'’][\w]+)*", re.UNICODE)
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\dA-Za-z_]+", re.UNICODE)
_LABEL = re.compile(r"[^\W_]+(?:['’][a-z]+)?", re.UNICODE)
VERSION = re.compile(r"v?\d+(?:\.\d+)+", re.IGNORECASE)
_MIXED = re.compile(r"[a-z][A-Z]|[A-Z]{2,}[a-z]|[A-Za-z]\d|\d[A-Za-z]|_")
_POSSESSIVE = re.compile(r"['’]s?$")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CJK_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|[^\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")

# The classic Lucene stop words: with them bm25s reproduces the published level of SciFact.
STOP_WORDS = frozenset(
    (
        "a an and are as at be but by for if in into is it no not of on or such that the their then there these they "
        "this to was will with"
    ).split()
)
_WORD = re.compile(r"\w\w+")
LONGEST_TOKEN = 120
MOST_KEPT = 16_384
"""Words whose terms are kept: most of what a forum says, and a bound to what a server holds that reads it for weeks."""
SHORTEST_WORD = 5
"""Letters from which on a word can be told from a typing error of another."""


@cache
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")


@lru_cache(maxsize=MOST_KEPT)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


def is_identifier(token: str) -> bool:
    """True for a name that somebody made up for a machine: mixed case, digits among letters, dots, underscores."""
    return bool(_MIXED.search(token) or VERSION.fullmatch(token) or re.search(r"\w[.:/_@]\w", token))


def is_plain_word(token: str) -> bool:
    """True for a word of five letters and more in one script's letters, written small or with a capital first letter."""
    return len(token) >= SHORTEST_WORD and token.isalpha() and token[1:].islower() and not _CJK.search(token)


def tokens(text: str) -> Iterator[re.Match[str]]:
    """The tokens of a text as written, left to right, each with its offsets."""
    return TOKEN.finditer(text)


def _cjk_bigrams(label: str) -> Iterator[str]:
    # Scripts without spaces have no words to match; overlapping pairs of characters are the usual stand-in.
    yield from (label[i : i + 2] for i in range(max(1, len(label) - 1)))


def _plain(word: str) -> Iterator[str]:
    lowered = _POSSESSIVE.sub("", word.lower())
    if lowered and lowered not in STOP_WORDS:
        yield _stem(lowered)


def _prefixes(version: str) -> Iterator[str]:
    numbers = version.lower().lstrip("v").split(".")
    yield from (".".join(numbers[:size]) for size in range(2, len(numbers)))


def terms_of(token: str) -> tuple[str, ...]:
    """The terms of one token of `tokens`: the stem of a word; an identifier whole, then its parts."""
    return _terms_of(token[:LONGEST_TOKEN])


@lru_cache(maxsize=MOST_KEPT)
def _terms_of(token: str) -> tuple[str, ...]:
    if VERSION.fullmatch(token):
        return (token.lower().lstrip("v"), *_prefixes(token))
    if _CJK.search(token) and not _CJK_RUN.fullmatch(token):
        # Names beside a script without spaces: each run of one script is a token of its own.
        return tuple(
            dict.fromkeys(term for run in _CJK_RUN.findall(token) for term in terms_of(run.strip(".-:/@+&'’_")) if run)
        )
    labels = _LABEL.findall(token)
    found: list[str] = []
    if len(labels) > 1 or _MIXED.search(token):
        found.append(token.lower())
    for label in labels:
        if _CJK.search(label):
            found.extend(_cjk_bigrams(label))
            continue
        parts = _PART.findall(label) if _MIXED.search(label) else [label]
        for part in parts:
            found.extend(_plain(part))
        if len(parts) > 1 and len(labels) > 1:
            found.append(label.lower())
    return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)


def plain_terms(text: str) -> list[str]:
    """Stems of the words of two characters and more, as the published baselines have them: identifiers are no case apart."""
    return [term for match in _WORD.finditer(text) for term in _plain(match[0])]


def terms(text: str) -> list[str]:
    """Search terms of a text, in order, repeated as often as they occur."""
    found: list[str] = []
    for match in TOKEN.finditer(text):
        found.extend(terms_of(match[0]))
    return found
