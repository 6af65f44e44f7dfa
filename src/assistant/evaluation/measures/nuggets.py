"""Facts stated: nuggets by their surface forms, what must not be said, words of a reference answer.

Weighted recall counts a vital nugget 1 and an okay one .5 (TREC RAG's nuggets, Pradeep et al. 2024). An answer that
declines states nothing, so it scores 0 and stays in the mean.
"""

from __future__ import annotations

from assistant.evaluation.measures.case import Case, Measures, not_applying
from assistant.evaluation.measures.words import content_words
from assistant.evaluation.scores import Measured, Why, nothing, share

OKAY_WEIGHT = 0.5
_RECALLS = ("vital_recall", "nugget_recall", "weighted_nugget_recall", "all_vital")
NAMES = (*_RECALLS, "forbidden", "reference_recall", "length")


def measure(case: Case) -> Measures:
    """What the answer states of what it should, and of what it should not."""
    if case.facts.search_only:
        return not_applying(NAMES, Why.SEARCH_ONLY)
    return {
        **_recalls(case),
        "forbidden": Measured(float(case.forbidden), None, float(case.forbidden), float(len(case.topic.forbid))),
        "reference_recall": _reference_recall(case),
        "length": Measured(float(len(case.text))),
    }


def _recalls(case: Case) -> Measures:
    nuggets = case.topic.nuggets
    if reason := case.unanswerable or (None if nuggets else Why.NO_NUGGETS):
        return not_applying(_RECALLS, reason)
    weights = [1.0 if nugget.vital else OKAY_WEIGHT for nugget in nuggets]
    hits = [nugget.id in case.stated for nugget in nuggets]
    vital = [hit for nugget, hit in zip(nuggets, hits, strict=True) if nugget.vital]
    weighted = sum(weight for weight, hit in zip(weights, hits, strict=True) if hit)
    return {
        "nugget_recall": share(float(sum(hits)), float(len(hits))),
        "weighted_nugget_recall": share(weighted, sum(weights)),
        "vital_recall": share(float(sum(vital)), float(len(vital))) if vital else nothing(Why.NO_VITAL),
        "all_vital": Measured(float(all(vital))) if vital else nothing(Why.NO_VITAL),
    }


def _reference_recall(case: Case) -> Measured:
    """Share of the distinct content words of the reference answer that the answer has."""
    if reason := case.unanswerable:
        return nothing(reason)
    wanted = set(content_words(case.topic.reference or ""))
    if not wanted:
        return nothing(Why.NO_REFERENCE)
    had = set(content_words(case.reading.plain)) if case.answered else set()
    return share(float(len(wanted & had)), float(len(wanted)))
