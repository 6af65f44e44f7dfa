"""Single topics of a comparison: which changed most, where they were lost, and parts of the set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.evaluation.catalogue import BY_NAME, PRIMARY
from assistant.evaluation.comparing.stages import Values, stage_of
from assistant.evaluation.comparing.types import Case, CaseValue, Transition
from assistant.evaluation.records import AnswerRecord
from assistant.evaluation.runs import RunFolder
from assistant.evaluation.scoring.means import terciles
from assistant.evaluation.topics import Topic

SHOWN = 10
"""Regressions, and improvements, that a comparison shows."""
SHOWN_AS = {"balanced_refusal": "refusal_right"}
"""Metrics with a weight that makes their mean over the whole set what it should be: of one topic, or of a part of the set,
they say nothing, and what stands here says what they would."""
OF_A_TOPIC = tuple(BY_NAME[SHOWN_AS.get(name, name)] for name in PRIMARY)
"""The primary metrics as they are said of single topics and of parts of the set."""


def changed(a: RunFolder, b: RunFolder, values_a: Values, values_b: Values) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """The topics that lost most, and those that won most, worst and best first; ties by id."""
    said_a, said_b = _first_answers(a), _first_answers(b)
    cases = []
    for topic in a.topics:
        shown = tuple(
            CaseValue(metric.name, values_a[metric.name][topic.id], values_b[metric.name][topic.id])
            for metric in OF_A_TOPIC
            if topic.id in values_a.get(metric.name, {}) and topic.id in values_b.get(metric.name, {})
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
    thirds = terciles([topic.lex_overlap for topic in topics])
    for name in sorted({third for third in thirds if third is not None}):
        yield "lex_overlap", name, [topic for topic, third in zip(topics, thirds, strict=True) if third == name]
