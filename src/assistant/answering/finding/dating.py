"""Which of two dates is the later, where that can be told."""

from __future__ import annotations

from datetime import datetime, timedelta

DATE = len("2025-03-01")
ZONES = timedelta(hours=26)
"""As far apart as two clocks can be that show the same time: from UTC+14 to UTC-12."""


def surely_later(one: str | None, other: str | None) -> bool:
    """Whether the first of two dates in ISO 8601, whole or in part (`2025-08`), is surely after the second.

    Where only one names its zone, they have to be further apart than zones can be; of a date without a time only what both have
    counts.
    """
    if one is None or other is None:
        return False
    if min(len(one), len(other)) <= DATE:
        shared = min(len(one), len(other), DATE)
        return one[:shared] > other[:shared]
    try:
        first, second = datetime.fromisoformat(one), datetime.fromisoformat(other)
    except ValueError:
        return one[:DATE] > other[:DATE]
    if (first.tzinfo is None) == (second.tzinfo is None):
        return first > second
    return first.replace(tzinfo=None) - second.replace(tzinfo=None) > ZONES
