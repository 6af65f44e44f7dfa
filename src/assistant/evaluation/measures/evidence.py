"""Overlap of what was read and cited with the gold spans, in code points.

Spans are merged first, so that no character counts twice however the posts were cut: recall above 1 is what comes of
leaving that out. An answer that read or cited nothing has precision 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from assistant.evaluation.measures.case import Case, Measures, not_applying
from assistant.evaluation.scores import Measured, Why

Interval = tuple[int, int]
Intervals = Mapping[str, list[Interval]]
NAMES = (
    "context_precision", "context_recall", "context_f1", "cited_precision", "cited_recall", "cited_f1", "best_iou"
)  # fmt: skip


def merged(spans: Iterable[tuple[str, int, int]]) -> dict[str, list[Interval]]:
    """Disjoint intervals by post, in order, that cover just what the spans cover; empty spans cover nothing."""
    found: defaultdict[str, list[Interval]] = defaultdict(list)
    for post, start, end in sorted(spans):
        if end <= start:
            continue
        intervals = found[post]
        if intervals and start <= intervals[-1][1]:
            intervals[-1] = intervals[-1][0], max(end, intervals[-1][1])
        else:
            intervals.append((start, end))
    return dict(found)


def covered(intervals: Intervals) -> int:
    """How many code points there are in disjoint intervals."""
    return sum(end - start for spans in intervals.values() for start, end in spans)


def overlap(one: Intervals, other: Intervals) -> int:
    """How many code points two sets of disjoint intervals share."""
    return sum(
        max(0, min(end, last) - max(start, first))
        for post, spans in one.items()
        for start, end in spans
        for first, last in other.get(post, ())
    )


def precision_recall_f1(predicted: Intervals, gold: Intervals) -> tuple[Measured, Measured, Measured]:
    """Shares of disjoint intervals: of the predicted that is gold, of the gold that was predicted, harmonic mean (0-1).

    `gold` must not be empty; nothing predicted has precision 0.
    """
    common, size, wanted = overlap(predicted, gold), covered(predicted), covered(gold)
    precision = common / size if size else 0.0
    recall = common / wanted
    f1 = 2 * common / (size + wanted)
    return (
        Measured(precision, None, float(common), float(size)), Measured(recall, None, float(common), float(wanted)),
        Measured(f1),
    )  # fmt: skip


def best_iou(predicted: Iterable[tuple[str, int, int]], gold: Iterable[tuple[str, int, int]]) -> float:
    """Largest intersection over union of one predicted with one gold span (0-1)."""
    wanted = list(gold)
    best = 0.0
    for post, start, end in predicted:
        for other, first, last in wanted:
            common = min(end, last) - max(start, first)
            if post == other and common > 0:
                best = max(best, common / (max(end, last) - min(start, first)))
    return best


def measure(case: Case) -> Measures:
    """How what was read and what was cited meet the gold spans of the topic."""
    if reason := case.unanswerable or (None if case.topic.spans else Why.NO_SPANS):
        return not_applying(NAMES, reason)
    gold = [(span.post, span.start, span.end) for span in case.topic.spans]
    name = case.library.gold
    cited = [(name(span.post, span.source), span.start, span.end) for span in case.citations] if case.answered else []
    wanted = merged(gold)
    context = precision_recall_f1(merged((name(post), start, end) for post, start, end in case.context), wanted)
    quoted = precision_recall_f1(merged(cited), wanted)
    return dict(zip(NAMES, (*context, *quoted, Measured(best_iou(cited, gold))), strict=True))
