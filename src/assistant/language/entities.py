"""Names and numbers in a post that are worth having as fields: versions, builds, error codes, API symbols and the like.

The kinds are those that developers search by. Each pattern is anchored on something only that kind has, so that an
entity is never a guess; what no pattern knows is still found by its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.types import Entity

_NUMBER = r"\d{1,4}(?:\.\d{1,5}){0,3}"
_SYSTEMS = r"macOS|Mac OS X|OS X|iOS|iPadOS|watchOS|tvOS|visionOS|Windows|Ubuntu|Debian|Fedora|Android|Linux|Darwin"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("feedback", re.compile(r"\b(?:FB|TB|rdar://)\d{6,10}\b")),
    ("technote", re.compile(r"\bTN\d{3,5}\b")),
    ("build", re.compile(r"\b\d{2}[A-Z]\d{2,5}[a-z]?\b")),
    # "macOS 26.4", "macOS Tahoe 26.5 beta 2": the system, at most one name between, the number.
    ("os_version", re.compile(rf"\b(?:{_SYSTEMS})(?: [A-Z][a-z]+)? ?v?{_NUMBER}(?: beta \d+)?\b")),
    ("version", re.compile(rf"\b[A-Z][A-Za-z+]{{1,30}} v?\d{{1,4}}\.{_NUMBER}\b")),
    ("error", re.compile(r"\b[A-Z]\w{2,60}(?:Domain|Error|Exception) [Cc]ode[ =:]{1,2}-?\d{1,10}\b")),
    ("error", re.compile(r"\b(?:errno|error|status|OSStatus|exit code|code)[ =:]{1,3}-?(?:0x[0-9A-Fa-f]{2,16}|\d{1,10})\b")),
    ("error_domain", re.compile(r"\b[A-Z]\w{2,60}ErrorDomain\b")),
    ("error", re.compile(r"\bE(?:PERM|NOENT|IO|ACCES|EXIST|INVAL|NOSPC|ROFS|NOTSUP|AGAIN|BUSY|NOTDIR|TIMEDOUT|CONNREFUSED)\b")),
    ("entitlement", re.compile(r"\b(?:com|org|net|io|dev|uk|de)(?:\.[a-z][A-Za-z0-9-]{0,40}){2,8}\b")),
    ("symbol", re.compile(r"\b(?=\w{4,80}\b)[A-Z]{2,5}[A-Z][a-z]\w*\b")),
    ("symbol", re.compile(r"\b(?=\w{4,80}\b)[A-Za-z][a-z0-9]+(?:[A-Z][a-z0-9]+)+\w*(?:\.\w{1,60}){0,3}(?:\([\w:]{0,80}\))?")),
    ("symbol", re.compile(r"\b[a-z][a-z0-9]{1,30}(?:_[a-z0-9]{1,30}){1,6}(?:\(\))?")),
)  # fmt: skip
MOST = 64
"""A pasted log holds thousands; the first ones of each post say what it is about."""


def _found(text: str) -> Iterator[Entity]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield Entity(kind, match[0])


def entities(text: str) -> tuple[Entity, ...]:
    """The distinct entities of a text, at most `MOST`, in order of kind and place."""
    return tuple(list(dict.fromkeys(_found(text)))[:MOST])
