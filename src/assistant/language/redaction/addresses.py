"""E-mail addresses of people, as such and spelt out in words, told from what else has an `@`: hosts, packages, files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.language.segments import Span

_TOP = frozenset(
    (
        "com org net edu gov mil int info biz name pro coop aero museum mobi jobs email app dev cloud tech online site shop "
        "store xyz club live life world space website blog wiki news today company agency digital network systems solutions "
        "team group center academy institute foundation software engineering studio design media global international city "
        "berlin london paris tokyo wien hamburg bayern koeln nyc scot swiss cat eus gal google apple microsoft ai io "
        "рф рус бел срб укр бг москва 中国 中國 公司 网络 한국 ελ ею"
    ).split()
)
"""Endings of more than two letters that are common; each of two letters is taken for a country, but for endings of files."""
_FILES = frozenset("py sh so mm cc pl rb cs hs kt gz js ts md db vb el fs ml pm rs ps ko jl".split())
_NOT_A_PERSON = frozenset("example.com example.org example.net example.edu".split())
_RESERVED = frozenset("example test invalid localhost local lan internal home".split())
"""Names that lead nowhere (RFC 2606, RFC 6761, RFC 6762)."""

# Letters of alphabets, also those of scripts that are written without spaces; a name before the sign is of alphabets only.
_ALPHABETIC = "A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff"
_ANY = _ALPHABETIC + "\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_ENDING = r"[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,20}|[\u0370-\u1fff]{2,8}|[\u3400-\u9fff\uac00-\ud7a3]{2}"
_DOMAIN = rf"(?P<domain>(?:[{_ANY}][{_ANY}-]{{0,62}}+\.){{1,8}}(?:{_ENDING}))(?![{_ALPHABETIC}_-]|\.[{_ALPHABETIC}_]|@)"
_SIGN = r"@|%40|&\#(?:0{0,4}64|[xX]0{0,4}40);?|&commat;"
_ADDRESS = re.compile(
    rf"(?<![{_ALPHABETIC}_.+@-])(?P<local>[{_ALPHABETIC}_.+-]{{1,80}}+)\\{{0,2}}(?:{_SIGN}){_DOMAIN}", re.ASCII
)
# "name at host dot com", "name[at]host.com"; plainly "name at host.com" only in the brackets that lists write around it.
_AT = r"[ ]?(?:\(at\)|\[at\]|\{at\}|<at>)[ ]?"
_DOT = r"[ ]?(?:\(dot\)|\[dot\]|\{dot\}|<dot>)[ ]?|[ ]dot[ ]"
_LABELS = rf"(?:[A-Za-z0-9-]{{1,63}}+(?:{_DOT}|\.)){{1,5}}[A-Za-z]{{2,24}}(?![\w-])"
_IN_WORDS = re.compile(
    rf"""(?<![\w.+-])(?P<local>[\w.+-]{{1,80}}+)(?:
      {_AT}(?P<marked>{_LABELS})
    | [ ]at[ ](?P<dotted>(?:[A-Za-z0-9-]{{1,63}}+(?:{_DOT})){{1,5}}[A-Za-z]{{2,24}})(?![\w-])
    | [ ]at[ ](?P<provider>(?:g|google|hot|proton)mail\.com|(?:yahoo|outlook|icloud|gmx|web)(?:\.[a-z]{{2,3}}){{1,2}})(?!\w)
    )""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)  # fmt: skip
_BRACKETED = re.compile(
    rf"(?:<|mailto:|\[mailto:)(?P<local>[\w.+-]{{1,80}}+)[ ]at[ ]{_DOMAIN}(?=[>\]?\s])", re.ASCII | re.IGNORECASE
)
_A_WORD = frozenset(
    "a account accounts address addresses all am and are available be box docs email emails found here hosted is it look looks "
    "mail mails me meet now off on one or page reach see server site start the them there this up us used user "
    "users was you".split()
)
_REMOTE = re.compile(r"(?:://[^\s/@]{0,48}|\b(?:ssh|scp|sftp|rsync|mosh|sshfs|slogin|autossh|ssh-copy-id)\b[^\n]{0,48})$")
_PROMPT = re.compile(r":[~/\w\\.]|[ ][^\s\]]{1,120}\][ ]?[#$%]|[ ]?[#$%](?:\s|$)")
_BEFORE = 64
"""Code points before an address that are looked at."""


def addresses(text: str) -> Iterator[Span]:
    """Local part and domain of each e-mail address, without the sign between them; one spelt out in words is a single span.

    Left are documentation's own (example.com), logins on hosts (`ssh pi@host`, prompts, `git@host:path`), handles, packages
    with a version and names of files.
    """
    if any(sign in text for sign in ("@", "%40", "&#", "&commat;")):
        for match in _ADDRESS.finditer(text):
            if _is_domain(match["domain"]) and not _is_login(text, match):
                yield Span(*match.span("local"))
                yield Span(*match.span("domain"))
    lowered = text.lower()
    if " at " in lowered:
        yield from (Span(match.start("local"), match.end("domain")) for match in _BRACKETED.finditer(text))
    if " at " in lowered or "at)" in lowered or "at]" in lowered or "at}" in lowered or "at>" in lowered:
        for match in _IN_WORDS.finditer(text):
            domain = re.sub(r"[ ]?\W?dot\W?[ ]?", ".", match["marked"] or match["dotted"] or match["provider"], flags=re.I)
            if _is_domain(domain) and match["local"].lower() not in _A_WORD:
                yield Span(*match.span())


def _is_domain(domain: str) -> bool:
    """Whether mail could go there: a known ending, no version, no file, no name that is kept for examples."""
    labels = domain.lower().split(".")
    top = labels[-1]
    if ".".join(labels[-2:]) in _NOT_A_PERSON or top in _RESERVED:
        return False
    if top in _FILES and len(labels) == 2 and len(labels[0]) < 4:
        return False
    return (len(top) == 2 or top in _TOP or top.startswith("xn--")) and not labels[0].isdigit()


def _is_login(text: str, match: re.Match[str]) -> bool:
    """Whether it says who logs in on which host."""
    if match["local"] in {"git", "root", "pi"} and text[match.end() : match.end() + 1] == ":":
        return True
    return bool(_PROMPT.match(text, match.end()) or _REMOTE.search(text[max(0, match.start() - _BEFORE) : match.start()]))
