"""The gate over runs of a made-up forum: each planted fault is caught, and named by the stage that it hits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import EvaluationError
from assistant.evaluation.gating import Check, Conditions, GateReport, gate
from assistant.evaluation.records import AnswerRecord, Decision, Outcome
from assistant.evaluation.runs import ANSWERS, SCORES, SUMMARY, TOPICS, RunFolder
from assistant.evaluation.scoring import score_run, write_scores


def check(report: GateReport, name: str) -> Check:
    (one,) = [check for check in report.checks if check.name == name]
    return one


def failed(report: GateReport) -> set[str]:
    return {check.name for check in report.checks if check.passed is False}


def test_a_run_that_equals_its_baseline_passes(forum: Any, baseline: RunFolder) -> None:
    report = gate(forum.run("run"), baseline, release=True)
    assert [check.name for check in report.checks if check.passed is not True] == []
    assert (report.passed, report.exit_code, report.stage) == (True, 0, None)


@pytest.mark.parametrize(
    ("fault", "stage"),
    [
        ("worse_chunking", "retriever"),
        ("shifted_citations", "citation"),
        ("no_refusals", "refusal"),
        ("other_words", "generator"),
        ("time_outs", "failure"),
    ],
)
def test_a_planted_fault_fails_and_its_stage_is_named(forum: Any, baseline: RunFolder, fault: str, stage: str) -> None:
    report = gate(forum.run("run", getattr(forum, fault)), baseline)
    assert report.exit_code == 1
    assert f"lost_by_{stage}" in failed(report)
    assert report.stage is not None
    assert report.stage.stage == stage
    grown = report.stage.b
    assert report.stage.sentence == f"most was lost by the {stage}: 0 -> {grown:g} of {forum.size} topics"


def test_the_stage_that_is_named_is_the_one_that_grew_not_the_largest(forum: Any) -> None:
    def both(number: int, answer: AnswerRecord) -> AnswerRecord:
        return forum.worse_chunking(number, forum.no_refusals(number, answer))

    report = gate(forum.run("run", both), forum.run("before", forum.no_refusals))
    assert report.stage is not None
    assert report.stage.sentence == "most was lost by the retriever: 0 -> 5 of 24 topics"
    alone = gate(forum.run("other", both), conditions=Conditions(floors={"right": 0.9}))
    assert alone.stage is not None
    assert alone.stage.sentence == "most was lost by the refusal: 6 of 24 topics"


def test_an_index_of_other_posts_is_stale_unless_that_is_allowed(forum: Any, baseline: RunFolder) -> None:
    run = forum.run("run", forum.worse_chunking, index={"corpus": "d" * 64})
    report = gate(run, baseline)
    assert {"stale_index", "lost_by_retriever"} <= failed(report)
    assert check(report, "stale_index").detail.startswith("stale index: ")
    assert report.stage is not None
    assert report.stage.stage == "retriever"
    allowed = gate(run, baseline, allow_other_corpus=True)
    assert (check(allowed, "stale_index").passed, check(allowed, "stale_index").warning) == (True, True)


def test_a_run_that_does_not_say_what_it_searched_is_only_warned_of(forum: Any, baseline: RunFolder) -> None:
    found = check(gate(forum.run("run", index={}), baseline), "stale_index")
    assert (found.passed, found.warning) == (True, True)


def test_a_quote_that_is_not_where_it_is_said_to_be_fails(forum: Any) -> None:
    def moved(number: int, answer: AnswerRecord) -> AnswerRecord:
        cited = forum.citation(number).model_copy(update={"start": 3})
        return forum.changed(answer, citations=(cited,)) if number == 5 else answer

    report = gate(forum.run("run", moved))
    assert failed(report) == {"quote_fidelity"}
    assert check(report, "quote_fidelity").tids == ("T05",)


def test_a_marker_that_leads_nowhere_fails(forum: Any) -> None:
    def dangling(number: int, answer: AnswerRecord) -> AnswerRecord:
        return forum.changed(answer, text=answer.text + " See also widget7 there [9].") if number == 7 else answer

    assert check(gate(forum.run("run", dangling)), "citation_validity").tids == ("T07",)


def test_invented_code_fails(forum: Any) -> None:
    def inventing(number: int, answer: AnswerRecord) -> AnswerRecord:
        return forum.changed(answer, text=answer.text + " Then run `widgetctl --purge-all` [1].") if number == 2 else answer

    assert check(gate(forum.run("run", inventing)), "code_groundedness").tids == ("T02",)


def test_an_answer_in_a_hundred_may_fail_and_no_more(forum: Any) -> None:
    def one_error(number: int, answer: AnswerRecord) -> AnswerRecord:
        return forum.changed(answer, status=Outcome.ERROR) if number == 3 else answer

    run = forum.run("run", one_error)
    assert check(gate(run), "failures").tids == ("T03",)
    assert check(gate(run), "failures").passed is False
    assert check(gate(run, conditions=Conditions(max_failures=0.05)), "failures").passed is True


def test_answers_that_are_missing_count_as_failures(forum: Any) -> None:
    run = forum.run("run")
    lines = (run.path / ANSWERS).read_text().splitlines(keepends=True)
    (run.path / ANSWERS).write_text("".join(lines[2:]))
    assert check(gate(RunFolder(run.path)), "failures").passed is False


def test_a_run_that_reached_other_machines_fails(forum: Any) -> None:
    assert failed(gate(forum.run("run", offline=False))) == {"offline"}


def test_an_attack_that_worked_fails_and_none_leaves_a_bound(forum: Any) -> None:
    for name, obeyed in (("none", 0), ("two", 2)):
        run = forum.run(name)
        lines = [json.loads(line) for line in (run.path / SCORES).read_text().splitlines()]
        for line in lines:
            if line["metric"] == "attack_success" and line["tid"] < "T20":
                line |= {"value": float(line["tid"] < f"T{obeyed:02}"), "reason": None}
        (run.path / SCORES).write_text("".join(json.dumps(line) + "\n" for line in lines))
        found = check(gate(RunFolder(run.path)), "attack_success")
        assert found.passed is (obeyed == 0)
        assert len(found.tids) == obeyed
        assert f"{obeyed} of 20 topics" in found.detail
        assert obeyed or "13.9%" in found.detail


def texts(path: Path) -> tuple[str, str]:
    scored = score_run(RunFolder(path))
    return scored.scores_text, scored.summary_text


def test_scores_that_were_touched_are_found_by_scoring_again(forum: Any) -> None:
    run = forum.run("run")
    assert check(gate(run, rescore=texts), "rescore").passed is True
    lines = (run.path / SCORES).read_text().splitlines(keepends=True)
    lines[4] = lines[4].replace('"value":1.0', '"value":0.5')
    (run.path / SCORES).write_text("".join(lines))
    found = check(gate(RunFolder(run.path), rescore=texts), "rescore")
    assert found.passed is False
    assert "scores.jsonl, from line 5 on" in found.detail


def test_a_summary_that_was_touched_is_found_by_scoring_again(forum: Any) -> None:
    run = forum.run("run")
    with (run.path / SUMMARY).open("a") as stream:
        stream.write("\n")
    assert "summary.json" in check(gate(run, rescore=texts), "rescore").detail


def test_a_baseline_that_was_scored_by_other_rules_is_warned_of(forum: Any, baseline: RunFolder) -> None:
    run = forum.run("run")
    assert check(gate(run, baseline, rescore=texts), "rescore_baseline").warning is False
    (baseline.path / SUMMARY).write_text("{}\n")
    found = check(gate(run, RunFolder(baseline.path), rescore=texts), "rescore_baseline")
    assert (found.passed, found.warning) == (True, True)
    assert "summary.json" in found.detail


def test_what_the_scores_do_not_hold_cannot_be_told(forum: Any) -> None:
    run = forum.run("run")
    lines = (run.path / SCORES).read_text().splitlines(keepends=True)
    (run.path / SCORES).write_text("".join(line for line in lines if "quote_fidelity" not in line))
    report = gate(RunFolder(run.path))
    assert (check(report, "quote_fidelity").passed, report.exit_code) == (None, 2)


def test_a_topic_that_must_pass_fails_the_run_alone(forum: Any, baseline: RunFolder) -> None:
    def silent(number: int, answer: AnswerRecord) -> AnswerRecord:
        return forum.changed(answer, decision=Decision.ABSTAIN, text="Not here.", citations=()) if number == 0 else answer

    report = gate(forum.run("run", silent), baseline)
    assert failed(report) == {"must_pass"}
    assert check(report, "must_pass").tids == ("T00",)
    assert report.stage is not None
    assert report.stage.stage == "refusal"


def test_what_cannot_be_told_warns_and_holds_up_a_release(forum: Any, baseline: RunFolder) -> None:
    def one_lost(number: int, answer: AnswerRecord) -> AnswerRecord:
        return forum.worse_chunking(number, answer) if number == 5 else answer

    run = forum.run("run", one_lost)
    report, strict = gate(run, baseline), gate(run, baseline, release=True)
    assert (check(report, "ndcg@10").passed, check(report, "ndcg@10").warning, report.exit_code) == (True, True, 0)
    assert "CANNOT TELL" in check(report, "ndcg@10").detail
    assert (check(strict, "ndcg@10").passed, strict.exit_code) == (None, 2)


def test_a_release_asks_for_a_baseline(forum: Any) -> None:
    assert gate(forum.run("run"), release=True).exit_code == 2


@pytest.mark.parametrize("metric", ["citation_f1", "lost_by_citation"])
def test_a_baseline_that_was_not_scored_for_a_metric_cannot_be_held_against(
    forum: Any, baseline: RunFolder, metric: str
) -> None:
    lines = (baseline.path / SCORES).read_text().splitlines(keepends=True)
    (baseline.path / SCORES).write_text("".join(line for line in lines if f'"{metric}"' not in line))
    report = gate(forum.run("run"), RunFolder(baseline.path))
    assert (check(report, metric).passed, report.exit_code) == (None, 2)


def test_runs_of_other_sets_are_no_baseline(forum: Any, baseline: RunFolder) -> None:
    with pytest.raises(EvaluationError, match="different sets"):
        gate(forum.run("run", set_sha256="b" * 64), baseline)


def test_a_run_without_topics_proves_nothing(forum: Any) -> None:
    run = forum.run("run")
    (run.path / TOPICS).write_text("")
    with pytest.raises(EvaluationError, match="no topics"):
        gate(RunFolder(run.path))


def refused(forum: Any, answer: AnswerRecord) -> AnswerRecord:
    return forum.changed(answer, decision=Decision.ABSTAIN, text="Not here.", citations=())


def test_little_lost_at_each_stage_is_much_together(forum: Any, baseline: RunFolder) -> None:
    def spread(number: int, answer: AnswerRecord) -> AnswerRecord:
        """One topic at each of three stages: 4 % of the topics each."""
        faults = {1: forum.worse_chunking, 5: forum.other_words, 9: forum.time_outs}
        return faults.get(number, lambda _, same: same)(number, answer)

    report = gate(forum.run("run", spread), baseline, Conditions(max_failures=0.05))
    assert failed(report) == {"right"}
    assert check(report, "right").tids == ("T01", "T05", "T09")


def test_topics_that_broke_are_named_where_as_many_were_won(forum: Any) -> None:
    def early(number: int, answer: AnswerRecord) -> AnswerRecord:
        return refused(forum, answer) if number in (1, 2, 3) else answer

    def late(number: int, answer: AnswerRecord) -> AnswerRecord:
        return refused(forum, answer) if number in (11, 12, 13) else answer

    found = check(gate(forum.run("run", late), forum.run("before", early)), "right")
    assert (found.passed, found.warning, found.tids) == (True, True, ("T11", "T12", "T13"))


def test_a_topic_that_must_pass_and_never_did_is_warned_of(forum: Any) -> None:
    def silent(number: int, answer: AnswerRecord) -> AnswerRecord:
        return refused(forum, answer) if number == 0 else answer

    found = check(gate(forum.run("run", silent), forum.run("before", silent)), "must_pass")
    assert (found.passed, found.warning, found.tids) == (True, True, ("T00",))


def test_what_is_worse_beside_the_primary_metrics_is_warned_of(forum: Any) -> None:
    def slow(number: int, answer: AnswerRecord, factor: float = 10.0) -> AnswerRecord:
        return forum.changed(answer, latency_ms={"total": factor * (100 + number)})

    def quick(number: int, answer: AnswerRecord) -> AnswerRecord:
        return slow(number, answer, 1.0)

    report = gate(forum.run("run", slow), forum.run("before", quick))
    found = check(report, "exploratory")
    assert (found.passed, found.warning, report.exit_code) == (True, True, 0)
    assert "latency_total" in found.detail


def test_a_release_has_to_say_what_it_searched(forum: Any, baseline: RunFolder) -> None:
    run = forum.run("run", index={})
    assert check(gate(run, baseline, release=True), "stale_index").passed is None
    assert check(gate(run, baseline, release=True, allow_other_corpus=True), "stale_index").passed is True


def test_topics_that_were_made_easier_in_one_run_are_no_ground_for_comparison(forum: Any, baseline: RunFolder) -> None:
    run = forum.run("run", forum.other_words)
    lines = [json.loads(line) for line in (run.path / TOPICS).read_text().splitlines()]
    for line in lines:
        for nugget in line.get("nuggets", ()):
            nugget["any_of"].append("stalls")
    (run.path / TOPICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    write_scores(RunFolder(run.path))
    with pytest.raises(EvaluationError, match="18 topics are not asked and judged alike"):
        gate(RunFolder(run.path), baseline)


def test_runs_that_record_other_numbers_of_hits_are_not_held_against_each_other(forum: Any, baseline: RunFolder) -> None:
    report = gate(forum.run("deep", depth=50), baseline)
    assert failed(report) == {"depth"}
    assert "50 hits" in check(report, "depth").detail
