"""Retrieval: the field's measures through ir-measures, on threads and on posts, and the nuggets that were found.

A thread's rank is that of its first post. Only topics that expect an answer and have a relevant post or thread count; one
for which nothing was found scores 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from assistant.evaluation.measures.case import Case, Measures, not_applying
from assistant.evaluation.measures.rankings import NAMES, Shape, evaluate, shape_of
from assistant.evaluation.records import Retrieved
from assistant.evaluation.scores import Measured, Why, nothing, share

Ranking = tuple[str, ...]
Grades = Mapping[str, int]

OF_POSTS = {"ndcg@10": "post_ndcg@10", "recall@10": "post_recall@10", "success@1": "post_success@1"}
REWRITES = ("standalone", "last_turn")


def post_ranking(case: Case, hits: Iterable[Retrieved]) -> Ranking:
    """Posts by the judgements' names, each at its first rank."""
    return tuple(dict.fromkeys(case.library.gold(hit.post, hit.source) for hit in hits))


def thread_ranking(case: Case, hits: Iterable[Retrieved]) -> Ranking:
    """Threads at the rank of their first post; posts where the judgements know posts of a source only."""
    if by_posts(case):
        return post_ranking(case, hits)
    return tuple(dict.fromkeys(hit.thread for hit in hits))


def by_posts(case: Case) -> bool:
    """Whether a topic is judged by posts of a source alone, so that a post is its own thread."""
    return case.library.ids == "source" and not case.topic.threads


def post_grades(case: Case) -> Grades:
    """Judgements of posts; a negative grade is 0."""
    return {name: max(0, grade) for name, grade in case.topic.posts.items()}


def thread_grades(case: Case) -> Grades:
    """Judgements of threads, those of posts where there are no others."""
    return post_grades(case) if by_posts(case) else {name: max(0, grade) for name, grade in case.topic.threads.items()}


def _reason(case: Case, grades: Grades) -> Why | None:
    if not case.topic.expects_answer:
        return Why.UNANSWERABLE
    return None if any(grades.values()) else Why.NO_QRELS


class _Shapes:
    """The shapes of one answer's rankings, None or the reason where they do not apply."""

    def __init__(self, case: Case) -> None:
        threads, posts = thread_grades(case), post_grades(case)
        self.no_threads, self.no_posts = _reason(case, threads), _reason(case, posts)
        self.threads = None if self.no_threads else shape_of(threads, thread_ranking(case, case.retrieved))
        self.posts = None if self.no_posts else shape_of(posts, post_ranking(case, case.retrieved))
        self.rewrites: dict[str, Shape | Why] = {}
        for name in REWRITES:
            reason = self.no_threads or _no_rewrite(case, name)
            ranking = thread_ranking(case, case.record.rankings.get(name, ()))
            self.rewrites[name] = reason or shape_of(threads, ranking)

    def all(self) -> Iterator[Shape]:
        """Those that have to be scored."""
        yield from (shape for shape in (self.threads, self.posts, *self.rewrites.values()) if isinstance(shape, Shape))


def _no_rewrite(case: Case, name: str) -> Why | None:
    if not case.topic.history:
        return Why.NO_HISTORY
    if name == "standalone" and not case.topic.standalone:
        return Why.NO_REFERENCE
    return None if name in case.facts.rankings else Why.NOT_RECORDED


def measure_all(cases: Sequence[Case]) -> list[Measures]:
    """The retrieval measures of all answers, in their order; scored together, since the scorer is quick only that way."""
    shapes = [_Shapes(case) for case in cases]
    scored = evaluate(shape for of_case in shapes for shape in of_case.all())
    by_shape = {shape: {name: Measured(value) for name, value in found.items()} for shape, found in scored.items()}
    return [_of_case(case, of_case, by_shape) for case, of_case in zip(cases, shapes, strict=True)]


def _of_case(case: Case, shapes: _Shapes, scored: Mapping[Shape, Measures]) -> Measures:
    threads = scored[shapes.threads] if shapes.threads else not_applying(NAMES, shapes.no_threads or Why.NO_QRELS)
    posts = scored[shapes.posts] if shapes.posts else not_applying(NAMES, shapes.no_posts or Why.NO_QRELS)
    own = threads["ndcg@10"].value or 0.0
    gains = {name: _gain(own, shape, scored) for name, shape in shapes.rewrites.items()}
    loss = gains["standalone"]
    return {
        **threads,
        **{ours: posts[name] for name, ours in OF_POSTS.items()},
        "nugget_coverage@5": _coverage(case, 5),
        "nugget_coverage@10": _coverage(case, 10),
        "rewrite_loss": loss if loss.value is None else Measured(0.0 - loss.value),
        "rewrite_gain": gains["last_turn"],
    }


def _gain(own: float, other: Shape | Why, scored: Mapping[Shape, Measures]) -> Measured:
    """nDCG@10 of the system's own question less that of another wording of it."""
    return Measured(own - (scored[other]["ndcg@10"].value or 0.0)) if isinstance(other, Shape) else nothing(other)


def _coverage(case: Case, k: int) -> Measured:
    """Share of the nuggets whose gold words stand in the first `k` posts: the most that an answer from them can state."""
    if not case.topic.expects_answer:
        return nothing(Why.UNANSWERABLE)
    if not case.topic.nuggets:
        return nothing(Why.NO_NUGGETS)
    found = sum(rank is not None and rank <= k for rank in case.nugget_ranks)
    return share(float(found), float(len(case.topic.nuggets)))
