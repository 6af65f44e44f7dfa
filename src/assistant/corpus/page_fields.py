"""What a forum page prints in its number columns: counts (`12`, `1,204`, `3.1k`), ages (`9h`, `2w`) and months."""

from __future__ import annotations

import re

LONGEST_COUNT = 12
LONGEST_AGE = 8

_COUNT = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,2}|([0-9]{1,4})(?:\.([0-9]{1,2}))?([kKmM]))")
_AGE = re.compile(r"[0-9]{1,3}(?:s|m|h|d|w|mo|y)|([A-Z][a-z]{2}) [\u2018\u2019']([0-9]{2})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_AGE_STARTS = frozenset("0123456789JFMASOND")
_SCALE = {"k": 1_000, "m": 1_000_000}


def count_of(text: str) -> int | None:
    """The number that a count column shows, None for anything else. `3.3k` is 3300, exactly."""
    if len(text) <= 9 and text.isdecimal() and text.isascii():
        return int(text)
    match = _COUNT.fullmatch(text) if len(text) <= LONGEST_COUNT else None
    if match is None:
        return None
    whole, fraction, unit = match.groups()
    if unit is None:
        return int(text.replace(",", ""))
    scale = _SCALE[unit.lower()]
    digits = fraction or ""
    return int(whole) * scale + (int(digits) * scale // 10 ** len(digits) if digits else 0)


def is_age(text: str) -> bool:
    """Whether an activity column could show this: an age such as `47m`, or a month such as `Aug '25`."""
    if not text or text[0] not in _AGE_STARTS:
        return False
    match = _AGE.fullmatch(text) if len(text) <= LONGEST_AGE else None
    return match is not None and (match[1] is None or match[1] in _MONTHS)


def month_of(text: str) -> str | None:
    """`2025-08` for `Aug '25`; None for a relative age, which is no date without knowing when the page was stored."""
    match = _AGE.fullmatch(text) if len(text) <= LONGEST_AGE else None
    if match is None or match[1] not in _MONTHS:
        return None
    return f"20{match[2]}-{_MONTHS.index(match[1]) + 1:02}"
