"""Dates as dumps write them -> ISO 8601. What is not surely a date is None; nothing is assumed about a missing zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_LONGEST = 64
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}
_ZONES = {  # RFC 2822 section 4.3; every other name says nothing sure about the offset
    **dict.fromkeys(("ut", "utc", "gmt", "z"), 0),
    **{"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7},
}
_PARTIAL_ISO = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2]))?")
_MAIL = re.compile(
    r"(?:[A-Za-z]{3,9}, *)?([0-9]{1,2})[ -]([A-Za-z]{3})[ -]([0-9]{4}|[0-9]{2}) ([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?"
    r"(?: ([+-][0-9]{4}|[A-Za-z]{1,5}))?(?: \([^()]{0,40}\))?"
)
_CTIME = re.compile(
    r"[A-Za-z]{3} ([A-Za-z]{3}) {1,2}([0-9]{1,2}) ([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?: ([A-Za-z]{1,5}))? ([0-9]{4})"
)
_SLASHES = re.compile(r"(?:[A-Za-z]{3,9}, )?([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?: - ([0-9]{1,2}):([0-9]{2}))?")


def iso_date(text: str) -> str | None:
    """ISO 8601 for a date in ISO, RFC 2822, ctime or the form `Thu, 30/08/2012 - 15:25`; None for anything else.

    ISO dates are kept as written, also partial ones (`2025-08`). Day comes before month in dates with slashes only
    where the weekday or a day over 12 proves it.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if text[:4].isdecimal() and text.isascii():
        return text if _is_iso(text) else None
    for form in (_from_mail, _from_ctime, _from_slashes):
        try:
            found = form(text)
        except ValueError:  # a shape that fits with a day or hour that does not exist
            return None
        if found is not None:
            return found
    return None


def _is_iso(text: str) -> bool:
    if _PARTIAL_ISO.fullmatch(text):
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "-" in text[:5]


def _from_mail(text: str) -> str | None:
    match = _MAIL.fullmatch(text)
    if match is None or match[2].lower() not in _MONTHS:
        return None
    day, month, year, hour, minute, second, zone = match.groups()
    clock = (int(hour), int(minute), int(second or 0))
    return _stamp((_full_year(year), _MONTHS[month.lower()], int(day)), clock, zone)


def _from_ctime(text: str) -> str | None:
    match = _CTIME.fullmatch(text)
    if match is None or match[1].lower() not in _MONTHS:
        return None
    month, day, hour, minute, second, zone, year = match.groups()
    return _stamp((int(year), _MONTHS[month.lower()], int(day)), (int(hour), int(minute), int(second)), zone)


def _from_slashes(text: str) -> str | None:
    match = _SLASHES.fullmatch(text)
    if match is None:
        return None
    day, month, year = int(match[1]), int(match[2]), int(match[3])
    weekday = text[:3].lower() if text[:1].isalpha() else None
    if weekday is None and day <= 12:  # 03/04/2012 alone could be either
        return None
    moment = datetime(year, month, day, int(match[4] or 0), int(match[5] or 0))
    if weekday is not None and _DAYS[moment.weekday()] != weekday:
        return None
    return moment.isoformat(timespec="minutes") if match[4] else moment.date().isoformat()


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (2000 if year < 50 else 1900)  # RFC 2822 section 4.3


def _stamp(day: tuple[int, int, int], clock: tuple[int, int, int], zone: str | None) -> str:
    hour, minute, second = clock
    if second == 60:  # a leap second, which has no place in datetime
        second = 59
    return datetime(*day, hour, minute, second, tzinfo=_offset(zone)).isoformat()


def _offset(zone: str | None) -> timezone | None:
    if zone is None or zone == "-0000":  # RFC 2822: "-0000" says that the local zone is not known
        return None
    if zone[0] in "+-":
        minutes = int(zone[1:3]) * 60 + int(zone[3:5])
        return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))
    hours = _ZONES.get(zone.lower())
    return None if hours is None else timezone(timedelta(hours=hours))
