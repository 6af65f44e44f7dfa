"""Secrets that are known by what stands before them: a name and a sign of assignment, a header, a user in an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain

from assistant.language.redaction.letters import aligned_lower
from assistant.language.redaction.standing_in import has_both, is_code, stands_for_a_secret
from assistant.language.segments import Span

_WORDS = (
    *(
        "pass",
        "pwd",
        "psk",
        "secret",
        "token",
        "key",
        "kennwort",
        "wachtwoord",
        "mdp",
        "contrase",
        "clave",
        "senha",
        "lösenord",
    ),
    *("has\u0142o", "parola", "парол", "密码", "密碼", "パスワード", "schlüssel"),
)
_PASSWORDS = (
    r"pass(?:word|wort|wd|phrase|code)|(?<![a-z])pass|pwd|psk|kennwort|wachtwoord|lösenord|has\u0142o|пароль|密[码碼]|パスワード|"
    r"mots?[ _-]?de[ _-]?passe|(?<![a-z])mdp|contrase(?:ñ|n)a|(?<![a-z])(?:clave|senha)|parola[ ]d'ordine"
)
_NAMES = (
    rf"{_PASSWORDS}|secret|token|(?:api|zugangs)[ _-]?(?:key|schlüssel)|"
    r"(?:access|account|app|application|auth|client|consumer|encryption|master|private|secret|service|shared|"
    r"signing|storage|subscription|write|read)[ _-]?(?:access[ _-]?)?key"
)
_ASSIGNED = re.compile(
    rf"""(?P<name>{_NAMES})\d?
    (?:
        [\\"'\[\])*]{{0,4}}[ \t]{{0,8}}(?:=>|:=|==?|:|\b(?:is|ist|lautet|est|es)[ \t])[ \t*]{{0,8}}   # password = …
      | </key>\s{{0,8}}<string> | ["'][ ]value=(?=["']) | >               # what lies in XML
      | [ \t]{{1,8}}(?=["'])                                             # #define PASSWORD "…"
    )""",
    re.VERBOSE,
)
_FLAG = re.compile(r"(?<!\S)--[a-z-]{0,30}?(?P<name>pass(?:word|phrase)|token|secret|key)[ \t]{1,4}")
_PASSWORD = re.compile(_PASSWORDS)
_QUOTED = re.compile(r"""(?:@|[brufL]{1,2})?\\?(?P<quote>["'`])(?P<v>(?:(?!(?P=quote))[^\n]){4,200}?)\\?(?P=quote)""")
_BARE = re.compile(r"""(?:(?:@|[brufL]{1,2})?\\?["'`](?=[^\s"'`]))?(?P<v>[^\s"'`<>]{6,200})""")
_NEXT = re.compile(r"(?:&(?:amp;)?|[?;,])[\w.\[\]-]{1,40}[=:]|\\[nrt]|\)\[|[;,]$")
"""Where the next parameter begins, or the next line of a text in quotes."""
_CLOSES = {")": "(", "]": "[", "}": "{"}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_PROMPT = frozenset(
    "a an and are at be can cannot characters do enter failed field for from has here if in incorrect invalid is it least "
    "long must new no not of old on or passcode passphrase password please repeat should that the this to too type user was "
    "with wrong you your".split()
)
"""Words of sentences about a password; a passphrase is drawn from a list of other ones."""

_AUTHORIZATION = re.compile(
    r"""(?:\bbearer[ \t]{0,4}\s?[ \t]{0,8}(?<=\s)
    |\bauthorization["']{0,2}[ \t]{0,4}[:=,]\s{0,4}["']?(?:basic|token|digest|apikey)\s{1,4})
    (?P<v>[a-z0-9._~+/=-]{12,4000}+)""",
    re.VERBOSE,
)
_IN_ADDRESS = re.compile(r"""://[^\s/:@"'<>]{0,64}+:(?P<v>[^\s/@"'<>█]{1,128}+(?:@[^\s/@"'<>█]{1,64}+)?)@(?=[\w\[])""")
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
        end = 0
        for match in chain(_ASSIGNED.finditer(lowered), _FLAG.finditer(lowered) if "--" in text else ()):
            if not match.end() < end and (span := _assigned(text, match)):
                end = span.end
                yield span
    for pattern, marks, is_secret in _PLACES:
        if any(mark in lowered for mark in marks):
            for match in pattern.finditer(lowered):
                span = Span(*match.span("v"))
                if is_secret(text[span.start : span.end]):
                    yield span


def _assigned(text: str, match: re.Match[str]) -> Span | None:
    words = bool(_PASSWORD.search(match["name"]))
    if quoted := _QUOTED.match(text, match.end()):
        return Span(*quoted.span("v")) if _is_secret(quoted["v"], words=words) else None
    if (bare := _BARE.match(text, match.end())) and has_both(bare["v"]) and not is_code(bare["v"]):
        value = _unquoted(bare["v"])
        if has_both(value) and _is_secret(value, words=False):
            return Span(bare.start("v"), bare.start("v") + len(value))
    return None


def _unquoted(value: str) -> str:
    """A value as far as it is one: up to the next parameter, without the stops and brackets of what it stands in."""
    if following := _NEXT.search(value):
        value = value[: following.start()]
    while value and (value[-1] in ".,:;*|\\" or (value[-1] in _CLOSES and _CLOSES[value[-1]] not in value)):
        value = value[:-1]
    return value


def _is_secret(value: str, *, words: bool) -> bool:
    """Whether an assigned value is a secret. `words`: a mere word, or several, may be one."""
    if len(value) < 6 or not any(map(str.isalnum, value)) or stands_for_a_secret(value) or is_code(value):
        return False
    if len(parts := value.split()) > 1:
        return words and (len(parts) > 2 or has_both(value)) and _PROMPT.isdisjoint(re.findall(r"\w+", value.lower()))
    return words or not _WORD.fullmatch(value)


def _is_mixed(value: str) -> bool:
    return value.endswith("=") or has_both(value)


def _is_password(value: str) -> bool:
    return len(value) >= 3 and not stands_for_a_secret(value) and not is_code(value)


_PLACES: tuple[tuple[re.Pattern[str], tuple[str, ...], Callable[[str], bool]], ...] = (
    (_AUTHORIZATION, ("bearer", "authorization"), _is_mixed),
    (_IN_ADDRESS, ("://",), _is_password),
    (_PARAMETER, ("?", "&"), _is_mixed),
    (_OPTION, ("curl",), _is_password),
    (_LOGIN, (" -p",), lambda value: _is_mixed(value) and _is_password(value)),
)
