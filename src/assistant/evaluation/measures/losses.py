"""Where an answer was lost: each topic to one stage, each nugget to what was found and what was said of it.

A topic is lost to the first stage that failed it: failure, retriever, refusal, generator, citation; or it is right. The
four shares of the nuggets add up to 1.
"""

from __future__ import annotations

from enum import StrEnum

from assistant.evaluation.measures.case import Case, Measures, not_applying
from assistant.evaluation.scores import Measured, Why, share
from assistant.evaluation.topics import Nugget

LEAST_SUPPORTED = 0.5
"""Share of the sentences in need of support below which an answer is lost to its citations."""

SPLIT = ("nugget_used", "nugget_lost_by_retriever", "nugget_lost_by_generator", "nugget_self_knowledge")


class Stage(StrEnum):
    """What became of a topic."""

    RIGHT = "right"
    RETRIEVER = "retriever"
    REFUSAL = "refusal"
    GENERATOR = "generator"
    CITATION = "citation"
    FAILURE = "failure"


METRIC_OF = {stage: "right" if stage is Stage.RIGHT else f"lost_by_{stage.value}" for stage in Stage}
_SEARCH_STAGES = (Stage.RIGHT, Stage.RETRIEVER, Stage.FAILURE)


def _read(case: Case, nugget: Nugget) -> bool:
    """Whether the answerer read a part of a gold span of the nugget."""
    name = case.library.gold
    return any(
        name(seen.post) == span.post and seen.start < span.end and span.start < seen.end
        for span in case.gold_spans(nugget)
        for seen in case.seen
    )


def nugget_split(case: Case) -> Measures:
    """Shares of the topic's nuggets: found and stated, neither, found only, stated only. They add up to 1."""
    nuggets = case.topic.nuggets
    if reason := case.unanswerable or (None if nuggets else Why.NO_NUGGETS):
        return not_applying(SPLIT, reason)
    counts = dict.fromkeys(SPLIT, 0)
    for nugget, rank in zip(nuggets, case.nugget_ranks, strict=True):
        found, said = rank is not None or _read(case, nugget), nugget.id in case.stated
        name = (SPLIT[0] if said else SPLIT[2]) if found else (SPLIT[3] if said else SPLIT[1])
        counts[name] += 1
    return {name: share(float(count), float(len(nuggets))) for name, count in counts.items()}


def stage_of(case: Case, measures: Measures) -> Stage:
    """The stage that a topic of an ask set was lost at, given its other measures."""
    if case.failed:
        return Stage.FAILURE
    if not case.topic.expects_answer:
        return Stage.REFUSAL if case.answered else Stage.RIGHT
    # Where no ranking is recorded, what a refusal found is not known: it is the refusal that is seen.
    blind = case.declined and not case.facts.retrieved and not case.facts.seen
    if (case.good_posts or case.good_threads) and not case.found_gold and not blind:
        return Stage.RETRIEVER
    if case.declined:
        return Stage.REFUSAL
    if case.worth < 1:
        return Stage.GENERATOR
    return Stage.CITATION if _badly_cited(measures) else Stage.RIGHT


def _badly_cited(measures: Measures) -> bool:
    broken = any((measures[name].value or 0.0) < 1 for name in ("citation_validity", "quote_fidelity"))
    return broken or measures["correct_source"].value == 0 or (measures["citation_recall"].value or 0.0) < LEAST_SUPPORTED


def stages(case: Case, measures: Measures) -> Measures:
    """1 for the stage that the topic belongs to, 0 for all others. In a set of searches only recall decides."""
    if not case.facts.search_only:
        stage = stage_of(case, measures)
        return {metric: Measured(float(one is stage)) for one, metric in METRIC_OF.items()}
    found = measures["recall@10"]
    if found.value is None:
        return not_applying(METRIC_OF.values(), found.reason or Why.NO_QRELS)
    stage = Stage.FAILURE if case.failed else Stage.RIGHT if found.value > 0 else Stage.RETRIEVER
    applying = {METRIC_OF[one]: Measured(float(one is stage)) for one in _SEARCH_STAGES}
    return not_applying(METRIC_OF.values(), Why.SEARCH_ONLY) | applying
