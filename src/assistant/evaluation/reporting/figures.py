"""Numbers and words in the one form that all reports share.

Ratios stand without their leading zero and with three places, so that columns align; unknown is a dash, never 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assistant.evaluation.catalogue import BY_NAME
from assistant.evaluation.scores import Why
from assistant.language.controls import without_controls

UNKNOWN = "–"
_ESCAPED = re.compile(r"\\([\[\]<\\`&#>*+=~|.)-])")
_PLACES = {"ms": 0, "characters": 0, "tokens": 0, "money": 4}

REASONS: dict[str, str] = {
    Why.UNANSWERABLE: "not answerable", Why.ANSWERABLE: "answerable", Why.NO_NUGGETS: "no nuggets",
    Why.NO_VITAL: "no vital nugget", Why.NO_SPANS: "no gold spans", Why.NO_QRELS: "no relevant post",
    Why.NO_REFERENCE: "no reference answer", Why.NO_HISTORY: "no history", Why.NO_CANARY: "no planted instruction",
    Why.SEARCH_ONLY: "search only", Why.NOT_RECORDED: "not recorded by the system",
}  # fmt: skip
"""Why a metric has no value, as a reader says it."""


def at(document: Any, *path: str) -> Any:
    """The value at a path of keys, None where any of them is missing or null."""
    for key in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document


def spoken(text: str) -> str:
    """Text of an answer without the backslashes that keep Markdown from obeying a quotation."""
    return _ESCAPED.sub(r"\1", text)


def one_line(text: object, longest: int | None = None) -> str:
    """Harmless text of one line: no control characters, white space folded, at most `longest` characters."""
    folded = " ".join(without_controls(str(text)).split())
    return folded if longest is None or len(folded) <= longest else folded[: longest - 1].rstrip() + "…"


def number(value: float | None, metric: str = "") -> str:
    """A value of a metric: `.812`, `1.000`, `1,204` for milliseconds and their like."""
    if value is None:
        return UNKNOWN
    known = BY_NAME.get(metric)
    places = _PLACES.get(known.unit, 3) if known else 3
    places = 1 if places == 0 and 0 < abs(value) < 10 else places
    shown = f"{value:,.{places}f}"
    if float(shown.replace(",", "")) == 0:
        shown = shown.lstrip("-")
    if places != 3:
        return shown
    return shown.replace("0.", ".", 1) if shown.startswith(("0.", "-0.")) else shown


def signed(value: float | None, metric: str = "") -> str:
    """A difference with its sign; nothing that rounds to 0 has one."""
    shown = number(value, metric)
    return f"+{shown}" if value is not None and value > 0 and any(digit in shown for digit in "123456789") else shown


def interval(low: float | None, high: float | None, metric: str = "", *, difference: bool = False) -> str:
    """Both ends of an interval, or a dash."""
    if low is None or high is None:
        return UNKNOWN
    show = signed if difference else number
    return f"{show(low, metric)} … {show(high, metric)}"


def percent(value: float | None) -> str:
    """A share as a whole per cent; one place below 10 %, where it matters."""
    if value is None:
        return UNKNOWN
    return f"{value:.1%}" if 0 < value < 0.1 else f"{value:.0%}"


def p_value(value: float | None) -> str:
    """A p value to three places, `<.001` below."""
    return "<.001" if value is not None and value < 0.001 else number(value)


def count(value: float | None, noun: str, plural: str | None = None) -> str:
    """`1 topic`, `3 topics`, `– topics`."""
    shown = UNKNOWN if value is None else f"{value:,.0f}"
    return f"{shown} {noun if value == 1 else plural or noun + 's'}"


def short(sha: object) -> str:
    """The first twelve characters of a hash."""
    return one_line(sha or UNKNOWN)[:12]


def title(metric: str) -> str:
    """What a metric is, in words; its name where the catalogue does not have it."""
    known = BY_NAME.get(metric)
    return known.title if known else one_line(metric)


def of(part: float | None, whole: float | None) -> str:
    """`3 of 40`, with a dash for what is unknown."""
    return " of ".join(UNKNOWN if value is None else f"{value:,.0f}" for value in (part, whole))
