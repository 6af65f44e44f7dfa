"""Scoring a run: a pure function of its files, quick, whole, and not to be won by silly systems."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from assistant.commands.scores import score
from assistant.errors import EvaluationError
from assistant.evaluation.catalogue import BY_NAME, METRICS
from assistant.evaluation.runs import RunFolder
from assistant.evaluation.scores import Why
from assistant.evaluation.scoring import Scoring, score_run, write_scores

WORDS = "relay socket cache volume mount tunnel battery signing profile index journal buffer thread sandbox beacon".split()


def facts(number: int) -> tuple[str, str]:
    """Two sentences of a post, no two posts alike."""
    word = WORDS[number % len(WORDS)]
    return (
        f"The {word} service number {number + 100} needs flag --keep-{word}-{number} before it starts.",
        f"Since release {number}.4.1 the {word} daemon writes to /var/lib/{word}{number} by default.",
    )


def post(number: int) -> dict[str, Any]:
    first, second = facts(number)
    body = f"Ünrelated “opening” line 𝕏 here.\n{first} {second} Some closing words follow."
    return {"post": f"p{number}", "thread": f"t{number}", "title": f"About {WORDS[number % len(WORDS)]}", "body": body}


def place(number: int, sentence: str) -> dict[str, Any]:
    start = post(number)["body"].index(sentence)
    return {"post": f"p{number}", "start": start, "end": start + len(sentence)}


def topic(number: int) -> dict[str, Any]:
    """Topics 0-11 can be answered; 12-19 cannot."""
    question = [{"role": "user", "content": f"How is the {WORDS[number % len(WORDS)]} set up?"}]
    if number >= 12:
        return {"id": f"T{number}", "type": "unanswerable", "turns": question, "answerable": False, "expect": "abstain"}
    first, second = facts(number)
    word = WORDS[number % len(WORDS)]
    return {
        "id": f"T{number}", "turns": question, "answerable": True, "expect": "answer", "cluster": f"c{number // 2}",
        "threads": {f"t{number}": 3}, "posts": {f"p{number}": 3}, "reference": f"{first} {second}",
        "spans": [place(number, first), place(number, second)], "lex_overlap": number / 20,
        "nuggets": [
            {"id": "a", "any_of": [f"--keep-{word}-{number}"], "spans": [0]},
            {"id": "b", "importance": "okay", "any_of": [f"{number}.4.1"], "spans": [1]},
        ],
    }  # fmt: skip


TOPICS = [topic(number) for number in range(20)]
ALL_POSTS = [post(number) for number in range(20)]


def cited(label: int, number: int, sentence: str) -> dict[str, Any]:
    return {"n": label, "thread": f"t{number}", "quote": sentence, **place(number, sentence)}


def hits(number: int) -> list[dict[str, Any]]:
    order = [number, *(n for n in range(20) if n != number)][:10]
    return [{"post": f"p{n}", "thread": f"t{n}", "start": 0, "end": 20} for n in order]


def oracle(number: int) -> dict[str, Any]:
    """Knows what can be answered, and answers with the gold spans."""
    if number >= 12:
        return {"decision": "abstain", "confidence": 0.0, "text": "The posts stored here do not answer this."}
    first, second = facts(number)
    citations = [cited(1, number, first), cited(2, number, second)]
    return {
        "decision": "answer", "confidence": 1.0, "text": f"> {first} [1]\n>\n> {second} [2]", "citations": citations,
        "seen": [place(number, first), place(number, second)],
    }  # fmt: skip


def always_abstain(number: int) -> dict[str, Any]:
    return {"decision": "abstain", "confidence": 0.5, "text": "The posts stored here do not answer this."}


def never_abstain(number: int) -> dict[str, Any]:
    return {**oracle(number % 12), "confidence": 1.0}


def copy_post(number: int) -> dict[str, Any]:
    body = post(number)["body"]
    whole = {"n": 1, "post": f"p{number}", "thread": f"t{number}", "start": 0, "end": len(body), "quote": body}
    return {"decision": "answer", "confidence": 1.0, "text": body + " [1]", "citations": [whole], "seen": []}


def cite_everything(number: int) -> dict[str, Any]:
    answer = oracle(number % 12)
    every = [cited(label, n, facts(n)[0]) for label, n in enumerate(range(12), 1)]
    markers = "".join(f"[{label}]" for label in range(1, 13))
    return {**answer, "text": f"{facts(number % 12)[0]} {markers}", "citations": every}


def crashes(number: int) -> dict[str, Any]:
    return {**oracle(number), "status": "error", "error": "it broke"}


def answers_of(system: Any) -> list[dict[str, Any]]:
    return [{"tid": f"T{n}", "retrieved": hits(n), "latency_ms": {"total": 5.0 + n}, **system(n)} for n in range(20)]


def write(folder: Path, answers: list[dict[str, Any]], topics: list[dict[str, Any]] = TOPICS, **manifest: Any) -> RunFolder:
    folder.mkdir(parents=True, exist_ok=True)
    head = {"run_id": "r1", "set_name": "made", "set_sha256": "0", "topics": len(topics), **manifest}
    (folder / "manifest.json").write_text(json.dumps(head))
    for name, lines in (("topics", topics), ("answers", answers), ("posts", ALL_POSTS)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return RunFolder(folder)


def means(folder: Path, system: Any) -> dict[str, Any]:
    metrics = score_run(write(folder, answers_of(system))).summary["metrics"]
    return {name: found["mean"] for name, found in metrics.items()}


def test_every_metric_has_a_value_or_a_reason_for_every_answer(tmp_path: Path):
    scoring = score_run(write(tmp_path, answers_of(oracle)))
    assert [(s.tid, s.metric) for s in scoring.scores] == [(t["id"], m.name) for t in TOPICS for m in METRICS]
    assert all((s.value is None) == (s.reason in set(Why)) for s in scoring.scores)


@pytest.mark.parametrize("system", [oracle, always_abstain, never_abstain, copy_post, cite_everything, crashes])
def test_shares_lie_between_nought_and_one(tmp_path: Path, system: Any):
    scoring = score_run(write(tmp_path, answers_of(system)))
    shares = [s for s in scoring.scores if not BY_NAME[s.metric].unit and s.value is not None]
    assert shares
    assert [s for s in shares if not 0 <= (s.value or 0) <= 1] == []


LESS_IS_BETTER = [m.name for m in METRICS if m.better == -1 and not m.unit]
MORE_IS_BETTER = [m.name for m in METRICS if m.better == 1 and m.name not in ("rewrite_gain", "reference_recall")]


def test_the_gold_answer_is_right_on_everything(tmp_path: Path):
    found = means(tmp_path, oracle)
    assert {n: found[n] for n in MORE_IS_BETTER if found[n] is not None and found[n] < 0.999} == {}
    assert {n: found[n] for n in LESS_IS_BETTER if found[n]} == {}
    assert found["reference_recall"] > 0.99


SILLY = {
    always_abstain: {"weighted_nugget_recall", "citation_f1", "balanced_refusal", "correct_source", "truthfulness", "right"},
    never_abstain: {"balanced_refusal", "false_answer", "truthfulness", "brier", "right"},
    copy_post: {"cited_precision", "balanced_refusal", "truthfulness"},
    cite_everything: {"citation_precision", "citation_f1", "correct_source", "cited_precision", "balanced_refusal"},
    crashes: {"groundedness", "weighted_nugget_recall", "citation_f1", "balanced_refusal", "truthfulness", "ndcg@10", "brier"},
}


@pytest.mark.parametrize(("system", "lost"), list(SILLY.items()), ids=lambda value: getattr(value, "__name__", ""))
def test_a_silly_system_wins_nothing_and_loses_where_it_is_silly(tmp_path: Path, system: Any, lost: set[str]):
    best, found = means(tmp_path / "oracle", oracle), means(tmp_path / "silly", system)
    for metric in METRICS:
        ours, theirs = best[metric.name], found[metric.name]
        if metric.better and ours is not None and theirs is not None and metric.family != "cost":
            assert metric.better * theirs <= metric.better * ours + 1e-9, metric.name
    assert [name for name in sorted(lost) if abs(found[name] - best[name]) < 0.2] == []


def test_a_failure_is_wrong_and_counted_apart(tmp_path: Path):
    summary = score_run(write(tmp_path, answers_of(crashes))).summary
    assert summary["outcomes"] == {"ok": 0, "timeout": 0, "error": 20}
    assert summary["losses"]["failure"] == 20
    assert summary["truthfulness"] == {"-1": -1, "-2": -2, "-4": -4}


def test_losses_name_one_stage_a_topic_and_nuggets_split_into_four(tmp_path: Path):
    answers = answers_of(oracle)
    answers[0] |= {"retrieved": [], "decision": "abstain", "citations": [], "seen": []}
    answers[1] |= {"decision": "abstain", "citations": [], "seen": []}
    answers[2] |= {"text": "It is set up well. [1]", "citations": answers[2]["citations"][:1]}
    answers[3] |= {"text": facts(3)[0] + " " + facts(3)[1], "citations": []}
    answers[4] |= {"status": "timeout"}
    answers[13] |= {"decision": "answer"}
    scoring = score_run(write(tmp_path, answers))
    lost = {"right": 14, "retriever": 1, "refusal": 2, "generator": 1, "citation": 1, "failure": 1}
    assert scoring.summary["losses"] == lost
    split = [s for s in scoring.scores if s.metric.startswith("nugget_") and BY_NAME[s.metric].family == "loss"]
    for name in {s.tid for s in split if s.value is not None}:
        assert sum(s.value or 0 for s in split if s.tid == name) == pytest.approx(1)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path):
    folder = write(tmp_path, answers_of(oracle))
    write_scores(folder)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {"scores.jsonl", "summary.json", "retrieval.trec", "retrieval_post.trec", "qrels.txt"} < set(before)
    write_scores(RunFolder(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_answers_posts_and_keys_changes_nothing(tmp_path: Path, chance: random.Random):
    answers = answers_of(oracle) + [{**answer, "rep": 1} for answer in answers_of(never_abstain)]
    expected = score_run(write(tmp_path / "a", answers, repeats=2))
    shuffled = [dict(sorted(answer.items(), key=lambda _: chance.random())) for answer in answers]
    chance.shuffle(shuffled)
    folder = write(tmp_path / "b", shuffled, repeats=2)
    lines = (tmp_path / "b" / "posts.jsonl").read_text().splitlines(keepends=True)
    chance.shuffle(lines)
    (tmp_path / "b" / "posts.jsonl").write_text("".join(lines))
    assert _texts(score_run(folder)) == _texts(expected)


def _texts(scoring: Scoring) -> tuple[Any, ...]:
    return scoring.scores_text, scoring.summary_text, dict(scoring.trec)


def test_the_order_of_topics_changes_no_score(tmp_path: Path):
    one = score_run(write(tmp_path / "a", answers_of(oracle)))
    other = score_run(write(tmp_path / "b", answers_of(oracle), topics=TOPICS[::-1]))
    assert sorted(one.scores_text.splitlines()) == sorted(other.scores_text.splitlines())
    for name, found in one.summary["metrics"].items():
        assert other.summary["metrics"][name]["mean"] == pytest.approx(found["mean"]), name


def test_a_run_that_is_not_finished_is_said_to_be_and_scored_only_when_asked(tmp_path: Path):
    folder = write(tmp_path, answers_of(oracle)[:7])
    with pytest.raises(EvaluationError, match="7 of 20"):
        score_run(folder)
    summary = score_run(folder, partial=True).summary
    assert (summary["partial"], summary["answers"], summary["wanted"], summary["topics"]) == (True, 7, 20, 7)


def test_an_answer_to_a_question_that_was_changed_since_does_not_count(tmp_path: Path):
    answers = answers_of(oracle)
    answers[3]["input_sha"] = "another"
    with pytest.raises(EvaluationError, match="19 of 20"):
        score_run(write(tmp_path, answers))


@pytest.mark.parametrize("change", [{"tid": "T99"}, {"rep": 1}, {"text": "Otherwise."}])
def test_an_answer_to_nothing_or_two_that_differ_are_an_error(tmp_path: Path, change: dict[str, Any]):
    answers = answers_of(oracle)
    with pytest.raises(EvaluationError, match=r"answers\.jsonl"):
        score_run(write(tmp_path, [*answers, {**answers[0], **change}]))


def test_a_set_of_searches_has_retrieval_and_no_more(tmp_path: Path):
    summary = score_run(write(tmp_path, answers_of(oracle), task="search")).summary
    assert summary["metrics"]["ndcg@10"]["mean"] == 1
    assert summary["metrics"]["refusal_right"]["none"] == {"set_is_search_only": 20}
    assert summary["losses"] == {"right": 12, "retriever": 0, "refusal": 0, "generator": 0, "citation": 0, "failure": 0}


def test_repeats_are_averaged_and_compared(tmp_path: Path):
    answers = answers_of(oracle) + [{**answer, "rep": 1} for answer in answers_of(never_abstain)]
    summary = score_run(write(tmp_path, answers, repeats=2)).summary
    assert summary["metrics"]["refusal_right"]["mean"] == pytest.approx((12 + 8 / 2) / 20)
    assert summary["repeatability"] == {"topics": 20, "decision": 12 / 20, "nuggets": 12 / 20}


def test_variants_are_held_against_what_they_vary(tmp_path: Path):
    same = {**TOPICS[0], "id": "V0", "pair_of": "T0"}
    without = {**TOPICS[12], "id": "V1", "pair_of": "T1", "without": ["t1"]}
    answers = [*answers_of(oracle), {"tid": "V0", **oracle(0)}, {"tid": "V1", **oracle(12)}]
    pairs = score_run(write(tmp_path, answers, topics=[*TOPICS, same, without])).summary["pairs"]
    assert pairs["metamorphic"] == {"pairs": 1, "decision": 1, "nuggets": 1}
    assert pairs["counterfactual"] == {"pairs": 1, "both": 1, "answered_only": 0, "declined_only": 0, "neither": 0}


def test_offsets_are_code_points_whatever_the_characters(tmp_path: Path):
    body = "Line one.\r\n𝕏𝕏 über “the” cache: ｆｕｌｌ width.\r\nUse --keep-relay-0 now."
    start = body.index("Use")
    folder = write(tmp_path, answers_of(oracle))
    posts = [*ALL_POSTS[1:], {**ALL_POSTS[0], "body": body}]
    answers = answers_of(oracle)
    span = {"post": "p0", "start": start, "end": len(body)}
    answers[0] |= {
        "text": "Use --keep-relay-0 now. [1]",
        "citations": [{"n": 1, "quote": body[start:], **span}],
        "seen": [span],
    }
    topics = [{**TOPICS[0], "spans": [{**span, "nuggets": ["a"]}], "nuggets": TOPICS[0]["nuggets"][:1]}, *TOPICS[1:]]
    topics[0]["nuggets"] = [{**topics[0]["nuggets"][0], "spans": [0]}]
    write(tmp_path, answers, topics=topics)
    (tmp_path / "posts.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in posts))
    found = {s.metric: s.value for s in score_run(RunFolder(folder.path)).scores if s.tid == "T0"}
    assert [found[name] for name in ("quote_fidelity", "cited_f1", "citation_f1", "best_iou", "groundedness")] == [1] * 5


def test_the_human_floor_is_what_gold_answers_invent(tmp_path: Path):
    topics = [{**TOPICS[0], "reference": "Use --keep-relay-0 and 77 more."}, *TOPICS[1:]]
    floor = score_run(write(tmp_path, answers_of(oracle), topics=topics)).summary["grounding"]["human_floor"]
    assert (floor["n"], floor["invented"]) == (12, 1)
    assert floor["rate"] == 1 / floor["atoms"]


def test_the_command_writes_the_scores_and_says_what_is_wrong(tmp_path: Path):
    app = typer.Typer()
    app.command()(score)
    write(tmp_path / "run", answers_of(oracle))
    done = CliRunner().invoke(app, [str(tmp_path / "run"), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == RunFolder(tmp_path / "run").summary
    assert "made" in CliRunner().invoke(app, [str(tmp_path / "run")]).stdout
    missing = CliRunner().invoke(app, [str(tmp_path / "none")])
    assert (missing.exit_code, "hint:" in missing.output) == (1, True)


def test_scores_are_read_back_whatever_ids_are_named_like_and_a_torn_line_is_named(tmp_path: Path):
    awkward = ['x","metric":"y', "a\u2028b", '\\","metric":', "é{}"]
    topics = [{**topic(n), "id": name} for n, name in enumerate(awkward)]
    answers = [{"tid": name, "retrieved": hits(n), **oracle(n)} for n, name in enumerate(awkward)]
    written = write_scores(write(tmp_path, answers, topics)).scores
    assert RunFolder(tmp_path).scores == written
    assert {one.tid for one in written} == set(awkward)
    path = tmp_path / "scores.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    more = lines[1].replace("}", ',"x":1}')
    for broken in (lines[1][:-20] + "\n", '{"tid":"x","rep":0}\n', '{"rep":0,"metric":"ap"}\n', "[]\n", more):
        path.write_text(lines[0] + broken)
        with pytest.raises(EvaluationError, match=r"scores\.jsonl:2: not a score"):
            _ = RunFolder(tmp_path).scores
    path.write_text(json.dumps(dict(reversed(json.loads(lines[0]).items()))) + "\n")
    assert RunFolder(tmp_path).scores == written[:1]
