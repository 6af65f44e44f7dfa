"""Whether a judge may be believed: its labels against those that people gave to the same items.

Only `yes` counts as positive. An item on which the judge failed counts as a wrong label: leaving it out would make a judge
look better for failing on what is hard.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from assistant.evaluation.judging.judgements import Judgement
from assistant.evaluation.records import Label
from assistant.evaluation.statistics import cohens_kappa, wilson_interval

FEWEST_LABELS = 60
LOWEST_KAPPA = 0.6
"""Where "substantial" agreement begins (Landis & Koch 1977): a convention, not a measurement of ours."""
Z = 1.959963984540054
Key = tuple[str, int, str, str]


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with how many it is of and its 95 % interval; all None where there was nothing to count."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Judge against people on `n` items: Cohen's kappa (-1..1, None where both always say the same), the rates of `missed`
    (people say yes, the judge does not) and `invented` (the reverse), the judge's share of yes over all its items, and
    that share corrected for both errors (Rogan & Gladen 1978), None where the judge is no better than chance."""

    n: int
    kappa: float | None
    missed: Rate
    invented: Rate
    apparent: Rate
    corrected: Rate


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a judge's column may decide about a release, and why or why not."""

    may: bool
    reason: str
    agreement: Agreement


def may_gate(judgements: Sequence[Judgement], labels: Iterable[Label]) -> Verdict:
    """Judge one column. Raises ValueError where the judgements are of several columns."""
    if len({judgement.column for judgement in judgements}) > 1:
        raise ValueError("judgements of several columns are not one judge's")
    found = agreement(judgements, labels)
    return Verdict(not (reason := _objection(judgements, found)), reason or _praise(found), found)


def _objection(judgements: Sequence[Judgement], found: Agreement) -> str:
    if any(judgement.self_judged for judgement in judgements):
        return "the judge is the model that gave the answers"
    if found.n < FEWEST_LABELS:
        return f"{found.n} of its items were labelled by people, {FEWEST_LABELS} are needed"
    if not found.missed.n or not found.invented.n:
        return f"people gave only one kind of label to these {found.n} items, so one of the error rates is not known"
    if found.kappa is None or found.kappa < LOWEST_KAPPA:
        kappa = "undefined" if found.kappa is None else f"{found.kappa:.2f}"
        return f"kappa is {kappa} over {found.n} items, {LOWEST_KAPPA} is needed"
    return ""


def _praise(found: Agreement) -> str:
    return f"kappa {found.kappa:.2f} over {found.n} items that people labelled"


def agreement(judgements: Sequence[Judgement], labels: Iterable[Label]) -> Agreement:
    """Counts of one column against the labels of people; labels that people disagree on, or are unsure of, are left out."""
    people = decided(labels)
    pairs = Counter((people[key], judgement.label == "yes") for judgement in judgements if (key := _key(judgement)) in people)
    # A judge that failed is wrong whatever people say.
    for judgement in judgements:
        if judgement.label is None and (key := _key(judgement)) in people:
            pairs[people[key], False] -= 1
            pairs[people[key], not people[key]] += 1
    both, missed, invented, neither = pairs[True, True], pairs[True, False], pairs[False, True], pairs[False, False]
    given = [judgement.label == "yes" for judgement in judgements if judgement.label is not None]
    apparent = rate(sum(given), len(given))
    return Agreement(
        both + missed + invented + neither,
        cohens_kappa(both, missed, invented, neither),
        rate(missed, both + missed),
        rate(invented, invented + neither),
        apparent,
        corrected(apparent, both, both + missed, neither, invented + neither),
    )


def decided(labels: Iterable[Label]) -> dict[Key, bool]:
    """What people said of each item: whether most of those who were sure said yes. Ties are left out."""
    votes: dict[Key, dict[str, bool]] = defaultdict(dict)
    for label in labels:
        key = label.tid, label.rep, label.about, label.item
        # A person's later label takes the place of an earlier one.
        if label.label == "unsure":
            votes[key].pop(label.by, None)
        else:
            votes[key][label.by] = label.label == "yes"
    counted = {key: (sum(given.values()), len(given)) for key, given in votes.items()}
    return {key: 2 * yes > n for key, (yes, n) in counted.items() if 2 * yes != n}


def _key(judgement: Judgement) -> Key:
    return judgement.tid, judgement.rep, judgement.about, judgement.item


def rate(hits: int, n: int) -> Rate:
    """A share with its Wilson interval."""
    if not n:
        return Rate(None, 0)
    return Rate(hits / n, n, *wilson_interval(hits, n))


def corrected(apparent: Rate, found: int, positives: int, passed: int, negatives: int) -> Rate:
    """The share of yes that the judge's share suggests, given how many of the `positives` it found and of the `negatives` it
    passed (Rogan & Gladen 1978), clipped to 0-1. The interval is that of Lang & Reiczigel 2014."""
    if apparent.value is None or not positives or not negatives:
        return Rate(None, 0)
    sensitivity, specificity = found / positives, passed / negatives
    if sensitivity + specificity <= 1:
        return Rate(None, 0)
    value = (apparent.value + specificity - 1) / (sensitivity + specificity - 1)
    low, high = _lang_reiczigel(apparent.value, apparent.n, sensitivity, positives, specificity, negatives)
    return Rate(_clipped(value), apparent.n, _clipped(low), _clipped(high))


def _lang_reiczigel(share: float, n: int, sensitivity: float, positives: int,
                    specificity: float, negatives: int) -> tuple[float, float]:  # fmt: skip
    p = (n * share + Z**2 / 2) / (n + Z**2)
    se = (positives * sensitivity + 1) / (positives + 2)
    sp = (negatives * specificity + 1) / (negatives + 2)
    gain = se + sp - 1
    if gain <= 0:
        return 0.0, 1.0
    middle = (p + sp - 1) / gain
    of_se, of_sp = se * (1 - se) / (positives + 2), sp * (1 - sp) / (negatives + 2)
    shift = 2 * Z**2 * (middle * of_se - (1 - middle) * of_sp)
    reach = Z / gain * sqrt(p * (1 - p) / (n + Z**2) + middle**2 * of_se + (1 - middle) ** 2 * of_sp)
    return middle + shift - reach, middle + shift + reach


def _clipped(value: float) -> float:
    return min(1.0, max(0.0, value))
