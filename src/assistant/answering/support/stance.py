"""How a thing is said: who says it, stated or asked, for sure or supposed, of all or of some.

What a sentence says about who said it ("The poster reports that") is no content that a post would have to hold.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from assistant.answering.support.polarity import words
from assistant.language.segments import sentences

_WHO = (
    r"(?:the|one|another|an?|some|several|other)\s+(?:\w+\s+)?(?:posters?|users?|authors?|repl(?:y|ies)|comment(?:er|ator)?s?"
    r"|developers?|posts?|threads?|members?|people|person|answers?|questions?|op)"
)
_SAYS = (
    r"(?:says?|said|reports?|reported|mentions?|mentioned|notes?|noted|states?|stated|explains?|explained|writes?|wrote|claims?"
    r"|claimed|points?\s+out|pointed\s+out|observes?|observed|describes?|described|adds?|added|confirms?|confirmed|finds?|found)"
)
_ATTRIBUTION = re.compile(
    r"^\W*(?:in\s+(?:a|one|another|the)\s+(?:reply|post|comment|thread|answer)\s*,\s*)?"
    rf"(?:{_WHO}|(?:he|she|they|someone|somebody))\s+(?:also\s+)?{_SAYS}(?:\s+that)?\b"
    rf"|^\W*(?:according\s+to|as\s+(?:reported|described|noted|explained)\s+(?:by|in))\s+{_WHO}\s*,?"
    rf"|,?\s*according\s+to\s+{_WHO}(?=\W*$)|^\W*in\s+{_WHO}\s*,"
    r"|\bthe\s+(?:original\s+)?(?:poster|author|op)(?:['’]s)?\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?[\"')\]]*\s*$"
    r"|^\W*(?:does|do|did|is|are|was|has|have|can|could|would|should|will|why|how|what|which|who|when|where)\b(?=[^.!]*\?)"
    r"|\b(?:wonder(?:s|ed|ing)? (?:if|whether|why|how)|(?:any|some)(?:one|body) knows?|not sure (?:if|whether|how|why)"
    r"|(?:do not|don['’]t) (?:yet )?know\b|is there (?:a|any) way|asks? (?:if|whether|how|why|about)|whether or not|no idea"
    r"|(?:have|has) not (?:yet )?(?:verified|tested|tried|checked)|(?:haven|hasn)['’]t (?:verified|tested|tried|checked)"
    r"|never tested|would like to know|unclear|can(?:not|['’]t) tell|question is)\b",
    re.IGNORECASE,
)
_WISHES = re.compile(
    r"\b(?:i|we|i['’]d|we['’]d|i['’]m|we['’]re|i am|we are|been) (?:\w+ )?(?:would like|['’]?d like|like|want(?:ed)?|trying"
    r"|tried|wish|need) to\b(?![^.!?]*(?:,|;|:|\band\b|\bbut\b|\bso\b))|\bdid any(?:one|body)\b|\bhas any(?:one|body)\b",
    re.IGNORECASE,
)
_ASKING = re.compile(r"\b(?:ask(?:s|ed|ing)?|want(?:s|ed)?|wish(?:es|ed)?|tr(?:y|ies|ied|ying)|questions?)\b|\?", re.IGNORECASE)
"""Words of a claim that itself says that something was asked or tried."""
_ASKS_OF_IT = re.compile(
    r"^\W*(?:is|was|does|did|has|isn['’]t|would|could|can|will|should)\s+(?:that|this|it|there|any(?:one|body))\b[^.!?]{0,80}\?"
    r"|^\W*(?:an? )?\w+\?",
    re.IGNORECASE,
)
_ASKS_WHETHER_TRUE = re.compile(
    r"^\W*(?:is|was|isn['’]t|can|could)\s+(?:that|this|it)\s+(?:so|right|true|correct|possible|the case|be|work\w*)\b"
    r"|^\W*(?:did|has)\s+any(?:one|body)\s+(?:\w+\s+)?(?:tr(?:y|ied)|test(?:ed)?|do|done|check(?:ed)?)\b"
    r"|^\W*(?:does|would|could|will|did|can)\s+(?:that|this|it)\s+(?:\w+\s+)?work\b",
    re.IGNORECASE,
)
_BINDING = tuple(
    (re.compile(rf"\b(?:{said})\b", re.IGNORECASE), re.compile(rf"\b(?:{like})\b", re.IGNORECASE))
    for said, like in (
        (r"recommend\w*|advis\w+|best practice|preferred", r"recommend\w*|advis\w+|suggest\w*|should|better|best|prefer\w*"
         r"|ought|must|have to|has to|please|need\w*|(?:do not|don['’]t|never|always) \w+|said to|told"),
        (r"must|mandatory|obligatory|required", r"must|mandatory|required?|requires|requirement|need\w*|ha(?:s|ve|d) to"
         r"|necessary|only|without|unless|never|always|else|otherwise|first|until|do not|don['’]t|cannot|can['’]t|please|should"
         r"|missing|lacks?|lacking"),
        (r"official\w*", r"official\w*|docs?|documentation|documented|staff|support|vendor"),
        (r"guarante\w+", r"guarante\w+|promise[sd]?|ensure[sd]?|always|never"),
        (r"only|solely|exclusively", r"only|solely|exclusively|just|sole|except|unless|until|nothing|no other|limited|alone"
         r"|restricted|without|not|no|merely|single|one|but|\w+n['’]t|neither|none|instead"),
        (r"never", r"never|not|\w+n['’]t|no|cannot|nothing|none|neither|without|zero|stopped|gone|away|always"),
    )
)  # fmt: skip
"""Words of a claim that bind, and of which some like has to stand in what supports it."""
_IMPERATIVE = re.compile(
    r"(?:^|[.;:!,]\s+|\b(?:then|and|please|or)\s+)(?:set|call|use|store|add|put|delete|remove|run|open|install|update|upgrade"
    r"|enable|disable|turn|make|check|try|pass|move|write|mount|restart|reset|do|keep|wait|close|give|take|go|choose|change"
    r"|start|stop|avoid|replace|clear|create|select|switch|raise|lower|return|send|register|build)\b",
    re.IGNORECASE,
)
_HEDGES = re.compile(
    r"\b(?:i (?:think|guess|believe|suspect|assume|suppose)|thinks?|guess(?:es)?|believes?|suspects?|assumes?|supposes?"
    r"|maybe|perhaps|might|may(?! \d)|could be|could have|seems?|seemed|seemingly|probably|likely|possibly|apparently"
    r"|presumably|supposedly|allegedly|rumou?r\w*|afaik|iirc|imho|not (?:quite )?sure|unsure|no proof|unconfirmed"
    r"|unverified|should be|is said|are said|said to|suggests?|plans?|planned|planning|hope(?:s|fully)?|expects?(?: to)?"
    r"|will try|looks like|sounds like|appears to|promised?|announced?|considers?|considering|not (?:yet )?verified"
    r"|not confirmed|wonders?)\b",
    re.IGNORECASE,
)
_ALWAYS = re.compile(
    r"\b(?:all(?! but)|any|every|each|always|never|everyone|everybody|whatever|in general|completely|altogether|no matter)\b",
    re.IGNORECASE,
)
_EACH = re.compile(r"\b(?:per|once|twice|whole|both|forever|nothing|none|no)\b", re.IGNORECASE)
_TELL = r"(?:told|advised|asked|informed|reminded|warned|(?:recommended|suggested|announced) to)"
_TOLD = re.compile(
    rf"\b(?:poster|author|op)\b (?:\w+ )?{_TELL} (?:the )?(?P<hearer>\w+)"
    rf"|\b(?P<teller>\w+) (?:\w+ )?{_TELL} the (?:poster|author|op)\b",
    re.IGNORECASE,
)
_SPOKE = r"\W{0,3}(?:\w+ )?(?:replied|answered|says|said|writes|wrote|explained|suggested|recommends?|told|confirmed)\b"


DEMANDS = 2
"""The first of `_BINDING` that an instruction bears out, too."""


def content_of(claim: str) -> str:
    """A sentence without the words that say who said it."""
    return _ATTRIBUTION.sub(" ", claim)


@lru_cache(maxsize=1024)
def _sentences(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    cut = (text[start:end] for start, end in sentences(text))
    return tuple((sentence, frozenset(word.group for word in words(sentence))) for sentence in cut)


def core_of(claim: str, evidence: str) -> str:
    """The sentence of `evidence` that shares most words with `claim`; the first of several."""
    groups = frozenset(word.group for word in words(claim))
    found = _sentences(evidence)
    return max(found, key=lambda item: len(item[1] & groups))[0] if found else evidence


def asked_only(claim: str, evidence: str, after: str = "") -> bool:
    """Whether `evidence`, behind which `after` stands, asks or wishes what `claim` states, or says that it is not known."""
    if _ASKS.search(claim) or _ASKING.search(claim) or _HEDGES.search(claim):
        return False
    core = core_of(claim, evidence)
    return bool(_ASKS.search(core) or _WISHES.search(core)) or _asked_behind(claim, evidence, core, after)


def _asked_behind(claim: str, evidence: str, core: str, after: str) -> bool:
    """Whether the sentence behind `core` asks whether that is so, or for what the claim says beyond it."""
    cut = [sentence for sentence, _ in _sentences(f"{evidence}\n{after}")]
    following = next((next_one for one, next_one in pairwise(cut) if one == core), "")
    if not _ASKS_OF_IT.search(following):
        return False
    groups = [frozenset(word.group for word in words(text)) for text in (claim, core, following)]
    return bool(_ASKS_WHETHER_TRUE.search(following) or (groups[0] & groups[2]) - groups[1])


def binds(claim: str, evidence: str) -> bool:
    """Whether `claim` recommends, demands or warrants what `evidence` only says."""
    return any(
        said.search(claim) and not like.search(evidence) and not (number < DEMANDS and _IMPERATIVE.search(evidence))
        for number, (said, like) in enumerate(_BINDING)
    )


def supposed_only(claim: str, evidence: str) -> bool:
    """Whether `evidence` supposes what `claim` states as certain."""
    return bool(_HEDGES.search(core_of(claim, evidence))) and not _HEDGES.search(claim)


def widened(claim: str, evidence: str) -> bool:
    """Whether `claim` says of all what `evidence` says of something."""
    core = core_of(claim, evidence)
    return bool(_ALWAYS.search(claim)) and not _ALWAYS.search(core) and not _EACH.search(core)


def other_speaker(claim: str, post: str) -> bool:
    """Whether `claim` has the poster tell somebody what that one tells in the post, or the other way round."""
    match = _TOLD.search(claim)
    if match is None:
        return False
    if match["hearer"]:
        name = rf"\b{re.escape(match['hearer'])}\b"
        spoke = rf"{name}{_SPOKE}|\b(?:reply|answer|comment)\w* (?:by|from) .{{0,20}}{name}"
    else:
        spoke = rf"@{re.escape(match['teller'])}\b"
    return bool(re.search(spoke, post, re.IGNORECASE))
