"""Our rankings and judgements, read back by the field's own scorer, give our scores."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evaluation.measures.rankings import evaluate, shape_of
from assistant.evaluation.runs import RunFolder
from assistant.evaluation.scoring import Scoring, write_scores
from assistant.evaluation.scoring.trec import name_of

THREADS = {
    "ndcg_cut_10": "ndcg@10", "recall_1": "recall@1", "recall_3": "recall@3", "recall_5": "recall@5",
    "recall_10": "recall@10", "success_1": "success@1", "success_5": "success@5", "map": "ap",
}  # fmt: skip
POSTS = {"ndcg_cut_10": "post_ndcg@10", "recall_10": "post_recall@10", "success_1": "post_success@1"}


def made_run(folder: Path, ids: str, repeats: int = 1) -> Scoring:
    """A seeded run of 60 topics with graded judgements, hits of several posts a thread, empty rankings and odd names."""
    chance = random.Random(7)
    posts = [{"post": f"p {n}", "thread": f"t%{n // 3}", "source": f"s{n}~"} for n in range(40)]
    topics: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for number in range(60):
        judged = chance.sample(posts, chance.randint(1, 6))
        key = "post" if ids == "post" else "source"
        grades = {post[key]: chance.choice([0, 1, 1, 2, 3] if number % 2 else [0, 1]) for post in judged}
        threads = {post["thread"]: grades[post[key]] for post in judged} if ids == "post" else {}
        topics.append({
            "id": f"T {number}", "turns": [{"role": "user", "content": "What?"}], "answerable": True, "expect": "answer",
            "posts": grades, "threads": threads,
        })  # fmt: skip
        for rep in range(repeats):
            hits = chance.sample(posts, chance.choice([0, 5, 10, 30]))
            answers.append({"tid": f"T {number}", "rep": rep, "retrieved": [{**hit, "score": 1.0} for hit in hits]})
    manifest = {"run_id": "run 1", "set_name": "made", "set_sha256": "0", "ids": ids, "repeats": repeats}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for name, lines in (("topics", topics), ("answers", answers), ("posts", posts)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return write_scores(RunFolder(folder))


def rescored(folder: Path, run: str, qrels: str, names: dict[str, str]) -> dict[tuple[str, str], float]:
    """The scorer's figures by query and our name, 0 for a query without a ranking; judgements from which on a post counts
    are those of the query's own best grade, so binary measures are asked for at level 1 and 2."""
    with (folder / qrels).open() as lines:
        judged = pytrec_eval.parse_qrel(lines)
    with (folder / run).open() as lines:
        ranked = pytrec_eval.parse_run(lines)
    found = {}
    for level in (1, 2):
        of_level = {q: g for q, g in judged.items() if min(2, max(g.values())) == level}
        scored = pytrec_eval.RelevanceEvaluator(of_level, set(names), relevance_level=level).evaluate(ranked)
        for query in of_level:
            for theirs, ours in names.items():
                found[query, ours] = scored.get(query, {}).get(theirs, 0.0)
    return found


@pytest.mark.parametrize("ids", ["post", "source"])
@pytest.mark.parametrize("repeats", [1, 2])
@pytest.mark.parametrize(("run", "qrels", "names"), [("retrieval.trec", "qrels.txt", THREADS),
                                                     ("retrieval_post.trec", "qrels_post.txt", POSTS)])  # fmt: skip
def test_pytrec_eval_gives_our_scores_from_our_files(
    tmp_path: Path, ids: str, repeats: int, run: str, qrels: str, names: dict[str, str]
):
    scoring = made_run(tmp_path, ids, repeats)
    theirs = rescored(tmp_path, run, qrels, names)
    compared = 0
    for score in scoring.scores:
        if score.metric in names.values() and score.value is not None:
            query = name_of(score.tid) + (f"~{score.rep}" if score.rep else "")
            assert score.value == pytest.approx(theirs[query, score.metric], abs=1e-9)
            compared += 1
    assert compared > 40 * repeats * len(names)


def test_the_reciprocal_rank_of_the_first_ten_is_that_of_the_scorer_on_a_cut_run(tmp_path: Path):
    scoring = made_run(tmp_path, "post")
    text = (tmp_path / "retrieval.trec").read_text()
    cut = "".join(line + "\n" for line in text.splitlines() if int(line.split()[3]) <= 10)
    (tmp_path / "cut.trec").write_text(cut)
    theirs = rescored(tmp_path, "cut.trec", "qrels.txt", {"recip_rank": "rr@10"})
    ours = {(name_of(s.tid), "rr@10"): s.value for s in scoring.scores if s.metric == "rr@10" and s.value is not None}
    assert ours
    assert ours == pytest.approx({key: theirs[key] for key in ours}, abs=1e-9)


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("a ~%\t\u00a0é"), max_size=4), unique=True))
def test_names_stay_apart_and_hold_no_white_space(names: list[str]):
    encoded = [name_of(name) for name in names]
    assert len(set(encoded)) == len(names)
    assert all(name and not any(map(str.isspace, name)) and "~" not in name for name in encoded)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3), min_size=1), st.permutations("abcdefghxyz"))
def test_ndcg_is_its_formula(grades: dict[str, int], ranking: list[str]):
    if not any(grades.values()):
        return
    shape = shape_of(grades, ranking)
    gained = sum(grades.get(name, 0) / math.log2(rank + 1) for rank, name in enumerate(ranking[:10], 1))
    ideal = sum(grade / math.log2(rank + 1) for rank, grade in enumerate(sorted(grades.values(), reverse=True)[:10], 1))
    assert evaluate([shape])[shape]["ndcg@10"] == pytest.approx(gained / ideal, abs=1e-9)
