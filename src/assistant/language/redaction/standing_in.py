"""What is written in place of a secret, and what code has there: told from a secret by the whole value, not by a part of it."""

from __future__ import annotations

import re

MASK = "█"
"""Inert in Markdown and in a terminal, no part of a search term; the embedder reads a run of it as one word."""

_WORDS = (
    "password passwort passwd passphrase passcode pass pwd psk secret token api apikey key bearer credential example "
    "sample placeholder change changeme dummy fake string text username user hidden redacted removed undefined your "
    "my here access account application app authorization auth client consumer encryption private public service "
    "shared storage value db wifi wlan network read write real"
).split()
"""Words of placeholders, also run together: `yourApiKey`."""
_SMALL = (
    "a an and any current default empty enter for from id in insert is it me name new nil no none not null object of old "
    "optional put replace required some that the this to use with integer number boolean true false confirm repeat please"
).split()
"""Words that only stand between others."""


def _either(words: list[str]) -> str:
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


# Possessive: what one word took is not tried again, else the time would grow with the number of ways to part a value.
_MADE_OF_WORDS = re.compile(rf"[\W_]*+(?:(?:(?:{_either(_WORDS)})++s?|(?:{_either(_SMALL)}|x{{3,}}|\d)(?![a-z0-9]))[\W_]*+)++")
_BEGINS = re.compile(r"your[A-Za-z_ .-]*|(?i:my|the|some|any|new|old|no)[_-][\W_A-Za-z]*|(?i:enter|insert|put|add|use)[_ -]\D*")
_FILLED = re.compile(r"[xX]{4,}|[*.…•?_-]{3,}")
_CODE = re.compile(
    r"""0x[0-9A-Fa-f]{1,16}$ | \$[{(] | \$[A-Za-z_]+\d?(?:->|\[|::|\.|$) | \{ | %[({]? [A-Za-z_$\d]{0,40} [)}]?[sd@%]$
    | ~?/(?:[^/]*/|[^A-Z]*$|[^\d]*$) | ~ | \.{1,2}/ | (?:https?|file): | [@\#<][A-Za-z_{<]*[>}]?$ | <
    | [&?][\w.-]{1,40}= | [+.,&][ ]?\$?[A-Za-z_][\w.>-]*[ ]?[+.,&]$
    | [A-Za-z_][A-Za-z_.:>-]*(?:\d{1,3}[A-Za-z_]*)?(?:\.\w{1,40})?[(\[](?:$|.*[)\]]|[^(\[]*,)""",
    re.VERBOSE,
)
_NAME = re.compile(
    r"_*[A-Z]+(?:[_-]+[A-Z]+)*_*\d? | [A-Za-z_]+\d?(?:(?:\.|::|->|\?\.)[A-Za-z_]+\d?)+ | [A-Za-z_]+_?Key[A-Za-z_]*\d?",
    re.VERBOSE,
)
_SHOWN = re.compile(r"[^\W_]")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")


def stands_for_a_secret(value: str) -> bool:
    """Whether a value only holds the place of a secret: made of placeholder words, filled up with one letter, or masked.

    One with digits among letters of both cases is never taken for such.
    """
    if MASK in value or len(set(value)) < 3:
        return True
    if _FILLED.search(value) and len(_SHOWN.findall(_FILLED.sub("", value))) < max(6, len(value) / 2):
        return True
    if is_mixed_thoroughly(value):
        return False
    return bool(_MADE_OF_WORDS.fullmatch(value.lower()) or _BEGINS.fullmatch(value))


def is_code(value: str) -> bool:
    """Whether a value is an expression, a variable, a path or an address, and so says where the secret is to be had."""
    return bool(_CODE.match(value) or _NAME.fullmatch(value))


def has_both(value: str) -> bool:
    """Whether there are digits and letters, of any script."""
    return bool(_DIGIT.search(value) and _LETTER.search(value))


def is_mixed_thoroughly(value: str) -> bool:
    """Whether there are digits, capitals and small letters."""
    return bool(_DIGIT.search(value)) and any(map(str.isupper, value)) and any(map(str.islower, value))
