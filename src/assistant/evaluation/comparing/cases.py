"""Single topics of a comparison: which changed most, where they were lost, and parts of the set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.evaluation.catalogue import BY_NAME, PRIMARY
from assistant.evaluation.comparing.stages import Values, stage_of
from assistant.evaluation.comparing.types import Case, CaseValue, Transition
from assistant.evaluation.records import AnswerRecord
from assistant.evaluation.runs import RunFolder
from assistant.evaluation.topics import Topic

SHOWN = 10
"""Regressions, and improvements, that a comparison shows."""
TERCILES = ("1 few words shared", "2 some words shared", "3 many words shared")


def changed(a: RunFolder, b: RunFolder, values_a: Values, values_b: Values) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """The topics that lost most, and those that won most, worst and best first; ties by id."""
    said_a, said_b = _first_answers(a), _first_answers(b)
    cases = []
    for topic in a.topics:
        shown = tuple(
            CaseValue(name, values_a[name][topic.id], values_b[name][topic.id])
            for name in PRIMARY
            if topic.id in values_a.get(name, {}) and topic.id in values_b.get(name, {})
        )
        change = sum(BY_NAME[one.metric].better * (one.b - one.a) for one in shown) / len(shown) if shown else 0.0
        if change:
            stages = stage_of(values_a, topic.id), stage_of(values_b, topic.id)
            cases.append(_case(topic, change, shown, stages, (said_a.get(topic.id), said_b.get(topic.id))))
    worst = sorted((case for case in cases if case.change < 0), key=lambda case: (case.change, case.tid))
    best = sorted((case for case in cases if case.change > 0), key=lambda case: (-case.change, case.tid))
    return tuple(worst[:SHOWN]), tuple(best[:SHOWN])


def _case(
    topic: Topic,
    change: float,
    shown: tuple[CaseValue, ...],
    stages: tuple[str, str],
    said: tuple[AnswerRecord | None, AnswerRecord | None],
) -> Case:
    first, second = said
    return Case(
        tid=topic.id,
        type=topic.type,
        question=topic.question,
        change=change,
        metrics=shown,
        stage_a=stages[0],
        stage_b=stages[1],
        text_a=first.text if first else "",
        text_b=second.text if second else "",
        decision_a=first.decision.value if first else None,
        decision_b=second.decision.value if second else None,
    )


def _first_answers(run: RunFolder) -> dict[str, AnswerRecord]:
    """The answer of the first repeat to each topic."""
    return {answer.tid: answer for answer in sorted(run.answers, key=lambda answer: -answer.rep)}


def transitions(topics: Sequence[Topic], values_a: Values, values_b: Values) -> tuple[Transition, ...]:
    """Topics by the stage that lost them in A and in B, most topics first."""
    moves: dict[tuple[str, str], list[str]] = {}
    for tid in sorted(topic.id for topic in topics):
        moves.setdefault((stage_of(values_a, tid), stage_of(values_b, tid)), []).append(tid)
    ordered = sorted(moves.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(Transition(before, after, tuple(tids)) for (before, after), tids in ordered)


def parts(topics: Sequence[Topic]) -> Iterator[tuple[str, str, list[Topic]]]:
    """Parts of a set with what they are divided by: types of topics, terciles of the words shared with the best post."""
    for kind in sorted({topic.type for topic in topics}):
        yield "type", kind, [topic for topic in topics if topic.type == kind]
    overlaps = sorted(topic.lex_overlap for topic in topics if topic.lex_overlap is not None)
    if not overlaps:
        return
    bounds = [overlaps[len(overlaps) // 3], overlaps[2 * len(overlaps) // 3]]
    for number, name in enumerate(TERCILES):
        within = [topic for topic in topics if _tercile(topic.lex_overlap, bounds) == number]
        if within:
            yield "lex_overlap", name, within


def _tercile(overlap: float | None, bounds: Sequence[float]) -> int | None:
    return None if overlap is None else sum(overlap >= bound for bound in bounds)
