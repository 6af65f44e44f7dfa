"""Which of several media types a client would rather have, by its Accept header (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

JSON = "application/json"
EVENTS = "text/event-stream"
HTML = "text/html"


def preferred(accept: str, offered: Sequence[str]) -> str:
    """The offered type that `accept` rates highest, the first of several; the first as well where it wants none of them.

    A range that names a type more exactly counts before one that is wider. What cannot be read as a range counts nothing.
    """
    ranges = [parsed for part in accept.split(",") if (parsed := _range(part))]
    ratings = [_rating(kind, ranges) for kind in offered]
    return offered[ratings.index(max(ratings))]


def _range(part: str) -> tuple[str, float] | None:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((value for key, _, value in (each.partition("=") for each in parameters) if key.strip() == "q"), "1")
    try:
        rated = float(weight)
    except ValueError:
        return None
    return (name, rated) if "/" in name and 0.0 <= rated <= 1.0 else None


def _rating(kind: str, ranges: Sequence[tuple[str, float]]) -> float:
    for name in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        rated = [weight for range_name, weight in ranges if range_name == name]
        if rated:
            return max(rated)
    return 0.0
