"""Names and words that stand in no post and not in the question: what a model made up, or was told by a post to say.

`masked` is for sentences that no cited words support, `stray` for those that cite nothing. A gap where a name stood is
better than an invented name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from functools import lru_cache

from assistant.answering.defusing.addresses import LEFT_OUT
from assistant.language.terms import TOKEN, is_identifier

GAP = "▯"
"""What stands where a name stood."""
LATIN = frozenset({"LATIN"})
SHARED = 0.34
"""Share of a sentence's content words that posts or question have to hold (0-1). Below it lie 14 of 245 right claims of
eval/support (test), and 243 of 245 when they are held against the post of another claim."""
_CODE = re.compile(r"(?P<mark>`+)[^`\n]+(?P=mark)(?!`)")
_FENCED = re.compile(r"^ {0,3}(?:```|~~~)")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*")
_ADDRESS = re.compile(rf"\bhttps?://[^\s<>\"'`()\[\]|\ue000-\uf8ff]+|{re.escape(LEFT_OUT)}")
_ALTERNATIVES = re.compile(r"[^\W\d_]+(?:/[^\W\d_]+)+")
_SPELLED = re.compile(r"\w(?:[-.·]\w){2,}")
_ABBREVIATED = frozenset("e.g i.e a.m p.m u.s etc a.k.a n.b p.s".split())
_ORDINAL = re.compile(r"\d|\d{1,2}(?:st|nd|rd|th)")
LONGEST_WORD = 22
"""Letters beyond which a run of small letters is no word but a code."""
# Words that frame what is said, beside those that carry no meaning: neither held nor lacking.
_FRAMING = frozenset(
    (
        "a about above according additionally after again agree agrees all also although always an and another answer "
        "answers any are as asked asks at based be because been before being below both brief briefly bug but by can "
        "cannot case cases cause causes check conclude conclusion confirm confirmed confirms contradict contradicts "
        "could depend depends describe describes detail details did difference different directly disagree disagrees "
        "do does doesn't doing don't done during each either else even every example examples explain explains "
        "explicitly few finally first fix fixed fixes following follows for forum found from furthermore get gets had "
        "has have having he help helpful helps hence her here here's his hope how however i i'm if in information "
        "instead into is isn't issue it it's its itself just know known last least less let let's like likely list "
        "lists made make makes many may maybe me mean means mention mentioned mentions might more moreover most much "
        "must my need needed needs neither next no nor not note now of off often on once one only option options or "
        "other others otherwise our out over overall own part passage passages people per perhaps person please point "
        "points possible post poster posts problem provided question questions rather reason reasons recommend "
        "recommended recommends replies reply report reported reports said same say says second see seem seems "
        "several shall she short should similar since situation so solution solutions some something sometimes state "
        "stated states step steps still such suggest suggested suggests sum summarize summary sure than thank thanks "
        "that the their them then there there's therefore these they thing things this those though thread three "
        "through thus to together too try two unclear under unknown until up us use used user users using version "
        "versions very want was way ways we well were what when where whether which while who whose why will with "
        "without work worked works would writes wrote yes yet you your"
    ).split()
)


@lru_cache(maxsize=1024)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return {"HIRAGANA": "CJK", "KATAKANA": "CJK", "FULLWIDTH": "LATIN"}.get(name.split(" ", 1)[0], name.split(" ", 1)[0])


def scripts_of(text: str) -> frozenset[str]:
    """The scripts that a text's letters are of, Latin always among them: names of products are in it everywhere."""
    return LATIN | {_script(letter) for letter in set(text) if letter.isalpha()}


def masked(text: str, known: Callable[[str], bool], scripts: Collection[str] | None = None) -> str:
    """The text with a `GAP` for each name that is not `known`: identifiers, numbers of two digits and more, words in capitals,
    addresses, codes, all that stands in code, and words of a script that is not among `scripts` (any, where None).

    A placeholder of a private code point is kept, as are addresses (`without_foreign` leaves those of posts) and punctuation.
    """
    if _FENCED.match(text):
        first, newline, rest = text.partition("\n")
        return first + newline + _gaps(rest, known, scripts, code=True)
    done, last = [], 0
    for match in _CODE.finditer(text):
        done += [_gaps(text[last : match.start()], known, scripts), _gaps(match[0], known, scripts, code=True)]
        last = match.end()
    return "".join([*done, _gaps(text[last:], known, scripts)])


def _gaps(text: str, known: Callable[[str], bool], scripts: Collection[str] | None, *, code: bool = False) -> str:
    def gap(match: re.Match[str]) -> str:
        token = match[0].rstrip("_")  # emphasis that ends here
        if _ALTERNATIVES.fullmatch(token) and not code:
            return TOKEN.sub(gap, token.replace("/", " / ")).replace(" / ", "/") + match[0][len(token) :]
        lacking = (code or _is_name(token) or _is_foreign(token, scripts)) and not known(token)
        return GAP + match[0][len(token) :] if lacking else match[0]

    def gaps(between: str) -> str:
        mailless = _MAIL.sub(lambda match: match[0] if known(match[0]) else GAP, between) if "@" in between else between
        return TOKEN.sub(gap, mailless)

    # An address that `without_foreign` has left is a post's own: with a gap in it, it would lead elsewhere.
    done, last = [], 0
    for match in _ADDRESS.finditer(text):
        done += [gaps(text[last : match.start()]), match[0]]
        last = match.end()
    return "".join([*done, gaps(text[last:])])


def _is_name(token: str) -> bool:
    """Whether a token is a name, a number or a code, and no word of the language."""
    if token.casefold() in _ABBREVIATED or _ORDINAL.fullmatch(token):
        return False
    letters = [part for part in re.split(r"[^\w]|_", token) if part]
    capitals = any(len(part) > 3 and part.isupper() for part in letters)
    long = any(len(part) > LONGEST_WORD and part.isascii() for part in letters)
    return capitals or long or is_identifier(token) or any(map(str.isdigit, token)) or _SPELLED.fullmatch(token) is not None


def _is_foreign(token: str, scripts: Collection[str] | None) -> bool:
    if scripts is None or token.isascii():
        return False
    return any(letter.isalpha() and _script(letter) not in scripts for letter in token)


def says_anything(text: str) -> bool:
    """Whether a sentence has a content word: “Sure!” and “I hope this helps.” have none."""
    return bool(_content_words(text))


def stray(text: str, known: Callable[[str], bool]) -> bool:
    """Whether hardly any content word of a sentence is `known`: fewer than `SHARED` of them, or there is none."""
    content = _content_words(text)
    return sum(map(known, content)) < SHARED * len(content) or not content


def _content_words(text: str) -> list[str]:
    """Words once each, as written: it is by its capitals that the parts of an identifier are told."""
    words = {match[0].casefold().replace("’", "'"): match[0] for match in TOKEN.finditer(text)}
    return [written for word, written in words.items() if word not in _FRAMING and (len(word) > 1 or word.isdigit())]
