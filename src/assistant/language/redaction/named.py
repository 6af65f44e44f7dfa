"""Secrets that are known by what stands before them: a name and a sign of assignment, a header, a user in an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain

from assistant.language.redaction.letters import aligned_lower
from assistant.language.segments import Span

_WORDS = ("pass", "pwd", "psk", "secret", "token", "key")
_NAMES = (
    r"pass(?:word|wd|phrase|code)|(?<![a-z])pass|pwd|psk|secret|token|api[ _-]?key|"
    r"(?:access|account|app|application|auth|client|consumer|encryption|master|private|secret|service|shared|"
    r"signing|storage|subscription|write|read)[ _-]?(?:access[ _-]?)?key"
)
_ASSIGNED = re.compile(
    rf"""(?P<name>{_NAMES})\d?
    (?:
        [\\"'\[\])]{{0,3}}[ \t]{{0,8}}(?:=>|:=|==?|:|\bis[ \t])[ \t]{{0,8}}      # password = …, "password": …, password is …
      | </key>\s{{0,8}}<string> | ["'][ ]value=(?=["']) | >               # what lies in XML
      | [ \t]{{1,8}}(?=["'])                                             # #define PASSWORD "…"
    )""",
    re.VERBOSE,
)
_FLAG = re.compile(r"(?<!\S)--[a-z-]{0,30}?(?P<name>pass(?:word|phrase)|token|secret|key)[ \t]{1,4}")
_QUOTED = re.compile(r"""\\?(?P<quote>["'`])(?P<v>[^"'`\s<>\\]{4,200})\\?(?P=quote)""")
_BARE = re.compile(r"""(?=\S{0,60}?[0-9])[^\s"'`<>,;&(){}\[\]|\\]{6,200}""")
_PASSWORD = re.compile(r"pass|pwd|psk")

# What is written in place of a secret, and what code has there.
_STANDS_FOR = (
    "xxx ** ... … █ • example placeholder changeme password passwd passphrase passcode pwd secret token apikey api_key api-key "
    "dummy username string redacted hidden undefined :: -> ${ {{ %("
).split()
_BEGINS = re.compile(
    r"(?:your|my|the|some|any|new|old|enter|insert|change|put|add|no|use)[_ -]?[a-z]|0x|[$%/~@#<{\\]|https?:|file:|"
    r"[a-z_][\w.]*\(|%[sd](?!\w)"
)
_CODE_NAME = re.compile(r"[A-Z][A-Z_]+\d*|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|(?:[a-z]+[A-Z]\w*|\w+_\w+)Key\w*")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_LETTER = re.compile("[A-Za-z]")
_DIGIT = re.compile("[0-9]")
_TYPES = frozenset("string text hidden number boolean integer object optional required none null true false nil".split())

_AUTHORIZATION = re.compile(
    r"""(?:\bbearer[ \t]{1,4}|\bauthorization["']{0,2}[ \t]{0,4}[:=,][ \t]{0,4}["']?(?:basic|token|digest|apikey)[ \t]{1,4})
    (?P<v>[a-z0-9._~+/=-]{12,4000}+)""",
    re.VERBOSE,
)
_IN_ADDRESS = re.compile(r"""://[^\s/:@"'<>]{0,64}+:(?P<v>[^\s/@"'<>█]{3,128}+)@(?=[\w\[])""")
_PARAMETER = re.compile(r"[?&](?:sig|signature|auth|appid|app_id|x-amz-signature|session|code)=(?P<v>[\w%.~+/=-]{16,2000}+)")
_LOGIN = re.compile(
    r"""\b(?:sshpass|unlock-keychain|docker[ ]login|mysql|twine[ ]upload|smbclient)\b[^\n]{0,80}?
    [ ]-p[ ]{0,2}["']?(?P<v>[^\s"']{6,128})""",
    re.VERBOSE,
)
_OPTION = re.compile(r"""\bcurl\b[^\n]{0,120}?[ ](?:-u|--user)[ ]{1,4}["']?[^\s:"']{1,64}:(?P<v>[^\s"']{4,128})""")


def named_values(text: str) -> Iterator[Span]:
    """Values that are said to be a secret, but for those that only stand for one (`YOUR_KEY`, `${TOKEN}`, `getPassword()`)."""
    lowered = aligned_lower(text)
    if any(word in lowered for word in _WORDS):
        for match in chain(_ASSIGNED.finditer(lowered), _FLAG.finditer(lowered) if "--" in text else ()):
            if span := _assigned(text, match):
                yield span
    for pattern, marks, is_secret in _PLACES:
        if any(mark in lowered for mark in marks):
            for match in pattern.finditer(lowered):
                span = Span(*match.span("v"))
                if is_secret(text[span.start : span.end]):
                    yield span


def _assigned(text: str, match: re.Match[str]) -> Span | None:
    if quoted := _QUOTED.match(text, match.end()):
        if _is_secret(quoted["v"], words=bool(_PASSWORD.search(match["name"]))):
            return Span(*quoted.span("v"))
    elif bare := _BARE.match(text, match.end()):
        value = bare[0].rstrip(".:!?")
        if len(value) >= 6 and _has_both(value) and _is_secret(value, words=False):
            return Span(bare.start(), bare.start() + len(value))
    return None


def _is_secret(value: str, *, words: bool) -> bool:
    """Whether an assigned value is a secret. `words`: a mere word may be one."""
    if _only_stands_for(value) or _CODE_NAME.fullmatch(value) or value.lower() in _TYPES:
        return False
    return words and len(value) >= 6 if _WORD.fullmatch(value) else len(value) >= 6 and any(map(str.isalnum, value))


def _only_stands_for(value: str) -> bool:
    lowered = value.lower()
    if any(stand_in in lowered for stand_in in _STANDS_FOR) or _BEGINS.match(lowered):
        return True
    return lowered in {"pass", "user", "key"} or len(set(value)) < 3


def _has_both(value: str) -> bool:
    return bool(_DIGIT.search(value) and _LETTER.search(value))


def _is_mixed(value: str) -> bool:
    return value.endswith("=") or _has_both(value)


_PLACES: tuple[tuple[re.Pattern[str], tuple[str, ...], Callable[[str], bool]], ...] = (
    (_AUTHORIZATION, ("bearer", "authorization"), _is_mixed),
    (_IN_ADDRESS, ("://",), lambda value: not _only_stands_for(value)),
    (_PARAMETER, ("?", "&"), _is_mixed),
    (_OPTION, ("curl",), lambda value: not _only_stands_for(value)),
    (_LOGIN, (" -p",), lambda value: _is_mixed(value) and not _only_stands_for(value)),
)
