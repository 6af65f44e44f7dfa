"""What a question asks for, beyond its subject: a number, a version, a reason, what somebody said in reply."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from assistant.language.terms import is_identifier, tokens
from assistant.retrieval.question import LONGEST_QUESTION

_QUANTITY = re.compile(
    r"\b(?:how (?:many|much|often|long|big|large|far|fast|old|few|small|frequently)"
    r"|what (?:number|size|percentage|amount|year|date)|which (?:number|version|release|build|year|date)"
    r"|version|limit|seconds|minutes|hours|days|megabytes|gigabytes|(?:error |exit |status )?code)\b",
    re.IGNORECASE,
)
_RESOLUTION = re.compile(
    r"\b(?:did (?:apple|anyone|anybody|somebody|someone|they|staff|support|the (?:team|vendor|maintainers?))"
    r"|official(?:ly)? (?:answer|reply|said|say|confirm)|what did .{2,40} (?:answer|reply|say|recommend)"
    r"|fixed in|what (?:fixed|cured|cures|solved|resolved)|root cause|(?:was|been|got) (?:resolved|solved)"
    r"|accepted answer"
    r"|was the (?:fix|cause|solution|answer)|which (?:fix|solution))\b",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\b(?:still|gone|final|public release|any ?more|any longer|fixed|solved|ended?|bring back|brought back|back again"
    r"|go(?:es)? away|went away|since then|meanwhile|by now|newer|latest)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:which (?:posts|threads|people|developers|apps|teams|users|other)|who else|both|two|three|several|all the"
    r"|compare|each of|what are the|other (?:people|reports|threads|posts)|anyone else)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_DOTTED = re.compile(r"(?<![\w.])v?(\d+(?:\.\d+){1,3})(?![\w])")
_SYSTEM = (
    r"(?:macOS|iOS|iPadOS|watchOS|tvOS|visionOS|Xcode|Windows|Android|Ubuntu|Debian|Fedora|Python|Java|Node|[A-Z]\w*OS|OS)"
)
_NAMED_MAJOR = re.compile(rf"\b{_SYSTEM}\s?(?:[A-Z][a-z]+\s)?(\d{{1,2}})\b(?!\.\d)")
_NUMBERED = re.compile(r"\b[A-Z][a-z]+ (\d{1,4})\b(?!\.\d)")
_NAME = re.compile(r"[A-Z][\w+-]*(?:\s[A-Z][\w+-]*)*")

# What is asked for, by the words that ask, and what a text must hold to be able to say it.
_KINDS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(asks, re.IGNORECASE), re.compile(holds))
    for asks, holds in (
        (
            r"\b(?:which|what|exact)\b[^?,]{0,30}\b(?:version|release|beta|build)s?\b",
            r"(?<![\w.])v?\d+(?:\.\d+)+|\b[Bb]eta \d|\b\d{2}[A-Z]\d{2,5}[a-z]?\b"
            rf"|\b{_SYSTEM}\s?(?:[A-Z][a-z]+\s)?\d",
        ),
        (
            r"\b(?:error|exit|status|numeric|result|return) ?(?:code|number|value)s?\b|\bnumeric error\b|\berrno\b",
            r"\b(?:[Ee]rror|[Cc]ode|errno|[Ss]tatus)\b\W{0,3}-?\d|\b0x[0-9A-Fa-f]+|\bE[A-Z]{3,}\b|\B-\d{3,}",
        ),
        (
            r"\bhow (?:long|many (?:milli)?seconds|many minutes|many hours|many days|often|frequently|fast|quick\w*)\b",
            r"(?i)\d\s?(?:ms|s|sec|seconds?|min|minutes?|h|hours?|days?|weeks?|months?|years?)\b|\bdecade|=\s?\d"
            r"|\b(?:one|two|three|four|five|ten|several|few|couple|every|each|once|twice|daily|hourly)\b",
        ),
        (
            r"\bhow (?:much (?:memory|ram|space|disk)|big|large)\b|\bwhat size\b|\b(?:mega|giga|kilo)?bytes\b",
            r"(?i)\d\s?(?:[kmgt]i?b|bytes?|%)|\b\d[\d,.]*\b",
        ),
        (r"\bhow many\b", r"(?i)\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozens?|several|single)\b"),
        (
            r"\b(?:feedback|ticket|bug|radar|issue) (?:id|number|report number)s?\b",
            r"\b(?:FB|TB|rdar://)\d{5,}|\b[A-Z]{2,8}-\d{2,}\b|#\d{2,}",
        ),
        (
            r"\b(?:which|what)\b[^?,]{0,25}\b(?:models?|devices?|hardware|phone|machine)\b",
            r"(?:iPhone|iPad|Pixel|Galaxy|MacBook|Mac|Surface|ThinkPad|Raspberry)\s?(?:Air|Pro|mini|Pi)?\s?\w?\d"
            r"|\b(?:Intel|M\d|ARM64|Apple silicon|x86)\b|\b[A-Z]+-?\d{2,}\b",
        ),
        (
            r"^\W*when\b|\b(?:what|which) (?:date|day|year|month)\b",
            r"(?i)\b(?:19|20)\d\d\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\b(?:when|after|since"
            r"|before|while|during|until|ago|yesterday|week|month|if|once)\b",
        ),
    )
)


def versions(text: str) -> frozenset[str]:
    """Version numbers in a text: dotted ones, and a single number behind the name of a system or tool."""
    return frozenset(_DOTTED.findall(text)) | frozenset(_NAMED_MAJOR.findall(text))


def numbers(text: str) -> frozenset[str]:
    """All numbers in a text, as written."""
    return frozenset(_NUMBER.findall(text))


def version_met(wanted: str, held: frozenset[str]) -> bool:
    """Whether a text that holds these versions speaks of the wanted one: itself, or a later digit of it."""
    return any(version == wanted or version.startswith(f"{wanted}.") for version in held)


@dataclass(frozen=True)
class Asked:
    """Signs of what would count as an answer to `text`."""

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text[:LONGEST_QUESTION])

    @cached_property
    def quantity(self) -> bool:
        """A number, version, size, date or code is asked for."""
        return bool(_QUANTITY.search(self.text))

    @cached_property
    def resolution(self) -> bool:
        """What came of a problem is asked for: the fix, the cause, somebody's reply."""
        return bool(_RESOLUTION.search(self.text))

    @cached_property
    def several(self) -> bool:
        """More than one post is asked for."""
        return bool(_SEVERAL.search(self.text))

    @cached_property
    def versions(self) -> frozenset[str]:
        """Versions that the question is about."""
        return versions(self.text)

    @cached_property
    def numbered(self) -> frozenset[str]:
        """Numbers behind a name, as in "Sonoma 14": a release, a model or a code that has no dots."""
        return frozenset(_NUMBERED.findall(self.text))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names in the question: identifiers, and runs of capitalised words inside a sentence; versions left out."""
        found = [match[0] for match in tokens(self.text) if is_identifier(match[0])]
        for match in _NAME.finditer(self.text):
            before = self.text[: match.start()].rstrip(" \t\"'“‘(")
            words = match[0].split()
            # The first word of a sentence is capitalised whatever it is; what follows it still is a name.
            found.append(" ".join(words if before and before[-1] not in ".?!" else words[1:]))
        return tuple(dict.fromkeys(name for name in found if len(name) > 1 and not _DOTTED.fullmatch(name)))

    def later_than(self, text: str) -> bool:
        """Whether things are otherwise in some version is asked ("still", "gone", "final"), in words not in `text`."""
        if not self.versions:
            return False
        words = [match[0].lower() for match in _LATER.finditer(self.text)]
        lowered = text.lower()
        return bool(words) and not any(re.search(rf"\b{re.escape(word)}\b", lowered) for word in words)

    def unmet_by(self, text: str) -> bool:
        """A kind of thing is asked for (a version, a code, a time, a size, a device) of which `text` holds none.

        What the question itself says is no answer to it, so that is taken out of `text` first.
        """
        holds = next((holds for asks, holds in _KINDS if asks.search(self.text)), None)
        if holds is None:
            return False
        known = self.versions | numbers(self.text)
        return not holds.search(_NUMBER.sub(lambda match: " " if match[0] in known else match[0], text))
