"""Floors, rates and the file that says them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.errors import EvaluationError
from assistant.evaluation.comparing import compare
from assistant.evaluation.gating import Check, Conditions, GateReport, conditions_beside, gate, read_conditions
from assistant.evaluation.runs import RunFolder


def check(report: GateReport, name: str) -> Check:
    (one,) = [check for check in report.checks if check.name == name]
    return one


def test_a_floor_is_held_against_the_lower_bound_not_the_mean(forum: Any) -> None:
    run = forum.run("run", forum.worse_chunking)
    mean = compare(run, run).metric("ndcg@10")
    assert mean is not None
    floors = {"ndcg@10": mean.a - 0.01}
    found = check(gate(run, conditions=Conditions(floors=floors)), "floor:ndcg@10")
    assert found.passed is False
    assert "more topics would tell" in found.detail
    assert check(gate(run, conditions=Conditions(floors={"ndcg@10": 0.4})), "floor:ndcg@10").passed is True


def test_a_floor_of_what_should_be_low_is_held_against_the_upper_bound(forum: Any) -> None:
    run = forum.run("run", forum.no_refusals)
    conditions = Conditions(floors={"false_refusal": 0.0}, rates={"false_answer": 0.9})
    assert check(gate(run, conditions=conditions), "floor:false_refusal").passed is True
    assert check(gate(run, conditions=conditions), "floor:false_answer").passed is False


def test_a_rate_of_few_topics_is_not_as_good_as_it_looks(forum: Any) -> None:
    run = forum.run("run")
    assert check(gate(run, conditions=Conditions(rates={"false_answer": 0.1})), "floor:false_answer").passed is False
    assert check(gate(run, conditions=Conditions(rates={"false_answer": 0.4})), "floor:false_answer").passed is True


def test_a_floor_that_no_topic_has_a_value_for_cannot_be_told(forum: Any) -> None:
    report = gate(forum.run("run"), conditions=Conditions(floors={"cost": 0.1}))
    assert (check(report, "floor:cost").passed, report.passed, report.exit_code) == (None, None, 2)


def test_the_wire_can_be_set(forum: Any, baseline: RunFolder) -> None:
    run = forum.run("run", forum.other_words)
    assert check(gate(run, baseline), "lost_by_generator").passed is False
    assert check(gate(run, baseline, Conditions(max_lost=0.5)), "lost_by_generator").passed is True


def test_gate_files_are_read_from_the_baselines_folder_then_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "baseline"
    folder.mkdir()
    assert conditions_beside(folder) == Conditions()
    (tmp_path / "gate.toml").write_text('max_lost = 0.1\n[floors]\n"ndcg@10" = 0.5\n')
    assert conditions_beside(folder) == Conditions(max_lost=0.1, floors={"ndcg@10": 0.5})
    (folder / "gate.toml").write_text("max_lost = 0.2\n")
    assert conditions_beside(folder).max_lost == 0.2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[floors]\n"ndcg@1" = 0.5\n', "no metric 'ndcg@1', did you mean 'ndcg@10'"),
        ("[floors]\nlength = 5\n", "neither more nor less of 'length'"),
        ("[rates]\ngroundedness = 0.5\n", "not a 0/1 metric"),
        ("max_losst = 0.1\n", "max_losst"),
        ("max_lost = 3\n", "max_lost"),
        ("[floors\n", "gate.toml"),
    ],
)
def test_a_gate_file_with_a_mistake_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "gate.toml").write_text(text)
    with pytest.raises(EvaluationError, match=message):
        read_conditions(tmp_path / "gate.toml")
