"""Ids of Apple's developer teams and devices: ten letters and digits are a team only where something says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.language.redaction.letters import aligned_lower
from assistant.language.segments import Span

_WORDS = ("team", "subject.ou", "ou=", "ou =", "prefix", "seed")
_TEAM = r"(?P<v>[A-Z0-9]{10})(?![A-Za-z0-9_])"
_NAMED = re.compile(
    r"""(?:\bteam[ _-]?(?:id|identifier|prefix)
    |development_team|subject\.ou|\bou|\bapp[ _-]?id(?:entifier)?[ _-]?prefix|\bseed[ _-]?id)
    (?P<by>(?:</?\w{1,8}>|\bis\b|[\s"'\])(:=,]){1,12}+)""",
    re.VERBOSE,
)
_TEAM_ONLY = re.compile(r"\bteam[\"']?[ \t]{0,4}[:=][ \t\"']{0,6}")
_SIGNING = re.compile(
    r"codesign|code sign|signing|provision|certificate|entitlement|notari|developer id|apple (?:development|distribution)|xcode"
)
_VALUE = re.compile(_TEAM)
_IDENTITY = re.compile(
    rf"""(?:Developer[ ]ID[ ]\w{{4,12}}|Apple[ ](?:Development|Distribution)|i(?:Phone|OS)[ ](?:Developer|Distribution)
    |Mac[ ](?:App[ ]Distribution|Installer[ ]Distribution|Developer(?:[ ]\w{{4,12}})?)):[^\n]{{1,80}}?\({_TEAM}\)""",
    re.VERBOSE,
)
_REVERSED = re.compile(r"(?<=[A-Z0-9])\.(?:(?:group\.)?(?:com|org|net|edu|app|dev|[a-z]{2})\.[A-Za-z]|\*)")
_PREFIX = re.compile(rf"(?<![A-Za-z0-9._-]){_TEAM}")
_DEVICE = re.compile(r"(?<![0-9A-Fa-f-])(?P<v>0000[0-9A-F]{4}-[0-9A-F]{16})(?![0-9A-Fa-f-])")
_NAMED_DEVICE = re.compile(
    r"\budid\b\W{0,5}(?:is\W{1,3})?(?P<v>[0-9a-f]{40}|[0-9a-f]{8}-[0-9a-f]{16}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b"
)
_SIGN = re.compile("[:=>]")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[A-Z]")


def apple_ids(text: str) -> Iterator[Span]:
    """Team and device ids."""
    lowered = aligned_lower(text)
    for said in _NAMED.finditer(lowered) if any(word in lowered for word in _WORDS) else ():
        if (match := _VALUE.match(text, said.end())) and _is_team(match["v"], certain=bool(_SIGN.search(said["by"]))):
            yield Span(*match.span("v"))
    if "team" in lowered and _SIGNING.search(lowered):
        for said in _TEAM_ONLY.finditer(lowered):
            if (match := _VALUE.match(text, said.end())) and _is_team(match["v"], certain=False):
                yield Span(*match.span("v"))
    if ": " in text and "(" in text:
        yield from (Span(*match.span("v")) for match in _IDENTITY.finditer(text) if _is_team(match["v"], certain=True))
    for dot in _REVERSED.finditer(text):
        if (match := _PREFIX.match(text, max(0, dot.start() - 10))) and _is_team(match["v"], certain=False):
            yield Span(*match.span("v"))
    if "0000" in text:
        yield from (Span(*match.span("v")) for match in _DEVICE.finditer(text))
    if "udid" in lowered:
        yield from (Span(*match.span("v")) for match in _NAMED_DEVICE.finditer(lowered) if len(set(match["v"])) > 3)


def _is_team(value: str, *, certain: bool) -> bool:
    """Whether ten letters and digits are an id and no word or stand-in; `certain`: what stands before leaves no other way."""
    if len(set(value)) < 3 or "TEAM" in value:
        return False
    return certain or bool(_DIGIT.search(value) and _LETTER.search(value))
