"""Rankings and judgements in the form of trec_eval, so that any scorer of the field can check ours.

`tid Q0 document rank score run`: scores are 1/rank, which strictly decrease, since trec_eval orders ties by the names of
documents. White space in a name is percent-encoded; a repeat after the first is a query of its own, `tid~1`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote

from assistant.evaluation.measures.case import Case
from assistant.evaluation.measures.retrieval import Grades, Ranking, post_grades, post_ranking, thread_grades, thread_ranking
from assistant.evaluation.runs import POST_RUN, THREAD_RUN

QRELS, POST_QRELS = "qrels.txt", "qrels_post.txt"
_UNSAFE = re.compile(r"[\s%~\x00-\x1f]")


@lru_cache(maxsize=65_536)
def name_of(text: str) -> str:
    """A name without white space; different texts have different names."""
    return _UNSAFE.sub(lambda match: quote(match[0], safe=""), text).replace("~", "%7E") or "%"


def query_of(case: Case) -> str:
    """The query's name: the topic's id, with the repeat where it is not the first."""
    return name_of(case.topic.id) + (f"~{case.record.rep}" if case.record.rep else "")


def trec_files(cases: Sequence[Case], run_id: str) -> Mapping[str, str]:
    """The text of the four files by their names."""
    return {
        THREAD_RUN: _run(cases, lambda case: thread_ranking(case, case.retrieved), name_of(run_id)),
        POST_RUN: _run(cases, lambda case: post_ranking(case, case.retrieved), name_of(run_id)),
        QRELS: _qrels(cases, thread_grades),
        POST_QRELS: _qrels(cases, post_grades),
    }


def _run(cases: Sequence[Case], ranking_of: Callable[[Case], Ranking], run_id: str) -> str:
    lines = []
    tails: list[str] = []
    for case in cases:
        head, ranking = query_of(case) + " Q0 ", ranking_of(case)
        while len(tails) < len(ranking):
            rank = len(tails) + 1
            tails.append(f" {rank} {1 / rank:.9f} {run_id}\n")
        lines += [head + name_of(name) + tail for name, tail in zip(ranking, tails, strict=False)]
    return "".join(lines)


def _qrels(cases: Sequence[Case], grades_of: Callable[[Case], Grades]) -> str:
    """Judgements of the topics that expect an answer: for the others no ranking is right."""
    lines = []
    for case in cases:
        if case.topic.expects_answer:
            query = query_of(case)
            lines += [f"{query} 0 {name_of(name)} {grade}\n" for name, grade in sorted(grades_of(case).items())]
    return "".join(lines)
