"""Secrets that are known by their own form, as their issuers document it. What says whose secret it was stays to be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from assistant.language.segments import Span

LONGEST_KEY = 20_000
"""Code points between the lines that open and close a private key, at most."""


class Form(NamedTuple):
    """A kind of secret that begins with one of `marks`; the group `v` of the pattern is what is masked.

    A pattern reads on from where it began but once: it starts where none of its own letters stands before it, or its
    mark cannot recur inside what it reads.
    """

    marks: tuple[str, ...]
    pattern: re.Pattern[str]


def _form(pattern: str, *marks: str) -> Form:
    return Form(marks, re.compile(pattern))


_FORMS = (
    _form(r"gh[pousr]_(?P<v>[A-Za-z0-9]{30,255})", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _form(r"github_pat_(?P<v>[A-Za-z0-9_]{22,255})", "github_pat_"),
    _form(r"(?<![\w-])gl(?:pat|rt|dt|cbt|ptt|oas|soat|ft|imt|agent)-(?P<v>[\w.-]{20,300})",
          "glpat-", "glrt-", "gldt-", "glcbt-", "glptt-", "gloas-", "glsoat-", "glft-", "glimt-", "glagent-"),
    _form(r"(?<![\w-])xox[a-z](?:\.xox[a-z])?-(?P<v>[A-Za-z0-9-]{10,300})", "xox"),
    _form(r"(?<![\w-])xapp-(?P<v>[A-Za-z0-9-]{10,300})", "xapp-"),
    _form(r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<v>[\w/]{20,200})", "hooks.slack.com/"),
    _form(r"/api/webhooks/(?P<v>\d{15,21}/[\w-]{40,120})", "/api/webhooks/"),
    _form(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)(?P<v>[A-Z0-9]{16})(?![A-Za-z0-9])", "AKIA", "ASIA", "ABIA", "ACCA"),
    _form(r"AIza(?P<v>[\w-]{35})", "AIza"),
    _form(r"GOCSPX-(?P<v>[\w-]{20,60})", "GOCSPX-"),
    _form(r"ya29\.(?P<v>[\w-]{20,500})", "ya29."),
    _form(r"(?<![A-Za-z0-9])[sr]k_(?:live|test)_(?P<v>[A-Za-z0-9]{10,250})", "sk_live_", "rk_live_", "sk_test_", "rk_test_"),
    _form(r"whsec_(?P<v>[A-Za-z0-9+/=]{24,100})", "whsec_"),
    _form(r"(?<![\w-])sk-(?:ant|proj|svcacct|admin|or)-(?P<v>[\w-]{20,300})", "sk-"),
    _form(r"(?<![\w-])sk-(?P<v>(?=[a-z-]{0,40}[A-Z0-9])[A-Za-z0-9]{20,200})(?![\w-])", "sk-"),
    _form(r"npm_(?P<v>[A-Za-z0-9]{36})", "npm_"),
    _form(r"pypi-(?P<v>AgE[\w-]{30,1000})", "pypi-AgE"),
    _form(r"rubygems_(?P<v>[a-f0-9]{48})", "rubygems_"),
    _form(r"(?<![\w.-])eyJ(?P<v>[\w-]{8,10000}+\.[\w-]{8,20000}+(?:\.[\w-]{0,4000}+){0,3})", "eyJ"),
    _form(r"(?<![\w.])SG\.(?P<v>[\w-]{16,32}\.[\w-]{32,64})", "SG."),
    _form(r"(?<![A-Za-z0-9])SK(?P<v>[0-9a-f]{32})(?![A-Za-z0-9])", "SK"),
    _form(r"(?<!\w)(?:hf|api_org)_(?P<v>[A-Za-z]{0,40}\d?[A-Za-z0-9]{29,80})(?!\w)", "hf_", "api_org_"),
    _form(r"dckr_(?:pat|oat)_(?P<v>[\w-]{20,64})", "dckr_"),
    _form(r"do[opr]_v1_(?P<v>[a-f0-9]{64})", "dop_v1_", "doo_v1_", "dor_v1_"),
    _form(r"shp(?:at|ca|pa|ss)_(?P<v>[a-fA-F0-9]{32})", "shpat_", "shpca_", "shppa_", "shpss_"),
    _form(r"(?<![\w-])(?:key-|dapi)(?P<v>[0-9a-f]{32})(?![\w-])", "key-", "dapi"),
    _form(r"(?<![\w-])(?:gsk_|xai-|pplx-|r8_|lin_api_|ntn_|sbp_|glsa_|glc_|sntrys_|sq0csp-)(?P<v>[\w+/=-]{30,300})",
          "gsk_", "xai-", "pplx-", "r8_", "lin_api_", "ntn_", "sbp_", "glsa_", "glc_", "sntrys_", "sq0csp-"),
    _form(r"(?<![\w.])hv[sbr]\.(?P<v>[\w-]{24,300})", "hvs.", "hvb.", "hvr."),
    _form(r"ATATT3(?P<v>[\w=-]{50,300})", "ATATT3"),
    _form(r"AGE-SECRET-KEY-1(?P<v>[A-Z0-9]{58})", "AGE-SECRET-KEY-1"),
)  # fmt: skip

_HOLDING = (
    _form(r"(?<!\d)\d{8,10}:(?P<v>AA[\w-]{33})(?![\w-])", ":AA"),
    _form(r"(?<![0-9a-f])(?P<v>[0-9a-f]{32})-us\d{1,2}(?!\w)", "-us"),
    _form(r"(?<![A-Za-z0-9+/])(?P<v>[A-Za-z0-9+/]{86}==)(?![A-Za-z0-9+/=])", "AccountKey", "SharedAccessKey", "account-key"),
)  # fmt: skip
"""The same, with the mark in the middle or near by."""

_REPEATED = re.compile(r"[^A-Za-z0-9]*([A-Za-z0-9*])(?:\1|[^A-Za-z0-9])*")
_OPENED = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_CLOSED = re.compile(r"-{4,5} ?(?:END|BEGIN) ")
# The rest of a key whose end was cut off: runs of base64, on lines of their own or quoted, or parted by the letters "\n".
_KEY_LINES = re.compile(r"(?:[\s>]{0,8}+(?:\\[rn])*+[A-Za-z0-9+/=]{24,}+)*+")


def known_forms(text: str) -> Iterator[Span]:
    """Values that have the form of a known kind of secret; one that is a single letter repeated (`ghp_xxxx`) is none."""
    begun = (match for form in _FORMS for mark in form.marks for match in _beginning(text, mark, form.pattern))
    held = (match for form in _HOLDING if any(mark in text for mark in form.marks) for match in form.pattern.finditer(text))
    for match in chain(begun, held):
        if not _REPEATED.fullmatch(match["v"]):
            yield Span(*match.span("v"))
    if "PRIVATE KEY" in text:
        yield from _private_keys(text)


def _beginning(text: str, mark: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    # Many times quicker than a search for the pattern, which looks at every letter.
    at = text.find(mark)
    while at >= 0:
        match = pattern.match(text, at)
        if match:
            yield match
        at = text.find(mark, match.end() if match else at + 1)


def _private_keys(text: str) -> Iterator[Span]:
    for opened in _OPENED.finditer(text):
        start = opened.end()
        closed = _CLOSED.search(text, start, start + LONGEST_KEY)
        rest = _KEY_LINES.match(text, start)
        end = closed.start() if closed and "END" in closed[0] else rest.end() if rest else start
        if end > start:
            yield Span(start, end)
