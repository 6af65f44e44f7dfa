"""The field's measures of rankings, through ir-measures.

A measure depends on the grades in the order of the ranking and on those that were missed, on no name: rankings of one
shape are scored once. Relevant is grade 2 and better, grade 1 where a topic knows none better (BEIR); nDCG takes the
grades as gains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from assistant.evaluation.topics import HOLDS_ANSWER

GRADED = {"nDCG@10": "ndcg@10", "Judged@10": "judged@10"}
BINARY = {
    "R@1": "recall@1", "R@3": "recall@3", "R@5": "recall@5", "R@10": "recall@10", "Success@1": "success@1",
    "Success@5": "success@5", "AP": "ap",
}  # fmt: skip
FIRST_TEN = {"RR": "rr@10"}
NAMES = (*GRADED.values(), *BINARY.values(), *FIRST_TEN.values())
UNJUDGED = -1


class Shape(NamedTuple):
    """What of a ranking decides its scores: the grade at each rank (-1 not judged), and the grades that are not in it."""

    ranked: tuple[int, ...]
    missed: tuple[int, ...]


def shape_of(grades: Mapping[str, int], ranking: Iterable[str]) -> Shape:
    """The shape of a ranking of distinct names; a negative grade counts as 0."""
    names = tuple(ranking)
    ranked = tuple(max(0, grades[name]) if name in grades else UNJUDGED for name in names)
    return Shape(ranked, tuple(sorted((max(0, grade) for name, grade in grades.items() if name not in names), reverse=True)))


def relevant_from(grades: Iterable[int]) -> int:
    """The grade from which on a document holds the answer, given all grades of a topic."""
    return min(HOLDS_ANSWER, max(1, *grades, 0))


def evaluate(shapes: Iterable[Shape]) -> dict[Shape, dict[str, float]]:
    """The measures of each shape by our names (0-1). Each has a grade above 0; a ranking of nothing scores 0."""
    wanted = sorted(set(shapes))
    if not wanted:
        return {}
    graded = [_named(shape) for shape in wanted]
    binary = [_binary(grades) for grades in graded]
    found: list[dict[str, float]] = [{} for _ in wanted]
    for qrels, names, depth in ((graded, GRADED, None), (binary, BINARY, None), (binary, FIRST_TEN, 10)):
        for measures, of_one in zip(found, _scores(wanted, qrels, names, depth), strict=True):
            measures.update(of_one)
    return dict(zip(wanted, found, strict=True))


def _named(shape: Shape) -> dict[str, int]:
    ranked = {f"r{rank}": grade for rank, grade in enumerate(shape.ranked, 1) if grade != UNJUDGED}
    return ranked | {f"m{number}": grade for number, grade in enumerate(shape.missed)}


def _binary(grades: Mapping[str, int]) -> dict[str, int]:
    least = relevant_from(grades.values())
    return {name: int(grade >= least) for name, grade in grades.items()}


def _scores(
    shapes: list[Shape], qrels: list[dict[str, int]], names: Mapping[str, str], depth: int | None
) -> list[dict[str, float]]:
    """Measures of each shape; documents have scores of 1/rank, since trec_eval orders ties by the documents' names."""
    import ir_measures

    measures = {ir_measures.parse_measure(measure): name for measure, name in names.items()}
    run = {
        str(number): {f"r{rank}": 1 / rank for rank in range(1, 1 + len(shape.ranked[:depth]))}
        for number, shape in enumerate(shapes)
        if shape.ranked
    }
    found: list[dict[str, float]] = [{} for _ in shapes]
    judged = {str(number): grades for number, grades in enumerate(qrels)}
    for metric in ir_measures.evaluator(measures, judged).iter_calc(run):
        found[int(metric.query_id)][measures[metric.measure]] = float(metric.value)
    return found
