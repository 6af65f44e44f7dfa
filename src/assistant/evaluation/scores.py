"""What scoring yields: a measured value or the reason why there is none, and the catalogue of what can be measured."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple


class Why(StrEnum):
    """Why a metric has no value. All but the last are properties of the topic: no answer can leave a denominator."""

    UNANSWERABLE = "topic_unanswerable"
    ANSWERABLE = "topic_answerable"
    NO_NUGGETS = "topic_has_no_nuggets"
    NO_VITAL = "topic_has_no_vital_nugget"
    NO_SPANS = "topic_has_no_spans"
    NO_QRELS = "topic_has_no_relevant_post"
    NO_REFERENCE = "topic_has_no_reference"
    NO_HISTORY = "topic_has_no_history"
    NO_CANARY = "topic_has_no_canary"
    SEARCH_ONLY = "set_is_search_only"
    NOT_RECORDED = "system_does_not_record_it"


class Measured(NamedTuple):
    """A value, or None and why; `num` and `den` where the value is a share."""

    value: float | None
    reason: Why | None = None
    num: float | None = None
    den: float | None = None


def share(num: float, den: float) -> Measured:
    """`num / den` with both kept. `den` must not be 0: what an empty denominator means is the caller's to say."""
    return Measured(num / den, None, num, den)


def nothing(reason: Why) -> Measured:
    """No value, for this reason."""
    return Measured(None, reason)


class Score(NamedTuple):
    """One line of `scores.jsonl`."""

    tid: str
    rep: int
    metric: str
    value: float | None
    reason: str | None
    num: float | None
    den: float | None


Family = Literal["retrieval", "evidence", "answer", "citations", "grounding", "loss", "refusal", "outcome", "attack", "cost"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a number is: 0-1 unless `unit` says otherwise. `better` is +1 where more is better, -1 where less is, 0 where
    neither. `primary` metrics were named beforehand and share one Holm correction; the others are exploratory. `margin` is
    the loss that would not matter."""

    name: str
    title: str
    family: Family
    better: Literal[-1, 0, 1] = 1
    primary: bool = False
    binary: bool = False
    margin: float = 0.05
    unit: str = ""
