"""What is done with a gate's report and a run that is good: JUnit, JSON, the ledger, and the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer
from typer.testing import CliRunner

from assistant.commands import comparisons
from assistant.errors import EvaluationError, UsageError
from assistant.evaluation.comparing import compare
from assistant.evaluation.gating import Check, Conditions, GateReport, bless, gate, junit_text
from assistant.evaluation.runs import ANSWERS, MANIFEST, POSTS, SCORES, SUMMARY, TOPICS, RunFolder


def failed(report: GateReport) -> set[str]:
    return {check.name for check in report.checks if check.passed is False}


def test_junit_has_a_case_for_each_check_and_survives_odd_names(forum: Any, baseline: RunFolder) -> None:
    report = gate(forum.run("run", forum.other_words), baseline, Conditions(floors={"cost": 1.0}))
    suite = ElementTree.fromstring(junit_text(report)).find("testsuite")
    assert suite is not None
    assert [case.get("name") for case in suite] == [check.name for check in report.checks]
    assert len(suite.findall("testcase/failure")) == int(suite.get("failures", "")) == len(failed(report))
    assert len(suite.findall("testcase/skipped")) == int(suite.get("skipped", "")) == 1
    assert "most was lost by the generator" in (suite.findall("testcase/failure")[0].text or "")
    odd = Check("a\x00b<&>\x1b", report.checks[0].kind, False, "\ud800 \x08 ]]>", tids=("\x01",))
    text = junit_text(GateReport(report.run, None, report.set, False, (odd,), None, ()))
    assert ElementTree.fromstring(text).find("testsuite/testcase/failure") is not None


def test_the_json_of_a_gate_says_all(forum: Any, baseline: RunFolder) -> None:
    report = gate(forum.run("run", forum.worse_chunking), baseline)
    document = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert (document["passed"], document["exit_code"], document["stage"]["stage"]) == (False, 1, "retriever")
    assert {check["kind"] for check in document["checks"]} == {"invariant", "non_regression"}
    assert [loss["stage"] for loss in document["losses"]] == ["retriever", "refusal", "generator", "citation", "failure"]
    assert document["losses"][0] == {"stage": "retriever", "metric": "lost_by_retriever", "a": 0, "b": 5, "n": forum.size}


def test_blessing_copies_the_run_and_writes_down_who_and_why(forum: Any, tmp_path: Path, baseline: RunFolder) -> None:
    run = forum.run("better")
    (run.path / "report.html").write_text("a report")
    target = tmp_path / "pinned"
    bless(baseline, target, why="the first", by="ab", at="2026-11-21T10:00:00+00:00")
    (target / "gate.toml").write_text("max_lost = 0.2\n")
    entry = bless(run, target, why=" cuts sentences rightly ", by="cd", at="2026-11-21T11:00:00+00:00")
    assert (entry.replaced, entry.why) == ("baseline", "cuts sentences rightly")
    for name in (MANIFEST, TOPICS, ANSWERS, POSTS, SCORES, SUMMARY):
        assert (target / name).read_bytes() == (run.path / name).read_bytes()
    assert sorted(path.name for path in target.iterdir()) == sorted(
        [MANIFEST, TOPICS, ANSWERS, POSTS, SCORES, SUMMARY, "gate.toml", "ledger.jsonl"]
    )
    ledger = [json.loads(line) for line in (target / "ledger.jsonl").read_text().splitlines()]
    assert [(line["run_id"], line["by"], line["why"]) for line in ledger] == [
        ("baseline", "ab", "the first"),
        ("better", "cd", "cuts sentences rightly"),
    ]
    assert gate(run, RunFolder(target)).passed is True


@pytest.mark.parametrize("why", ["", "  \n"])
def test_a_baseline_is_not_replaced_without_a_reason(tmp_path: Path, baseline: RunFolder, why: str) -> None:
    with pytest.raises(UsageError, match="without a reason"):
        bless(baseline, tmp_path / "pinned", why=why, by="ab", at="2026-11-21")
    assert not (tmp_path / "pinned").exists()


def test_a_run_that_is_not_scored_is_not_blessed(tmp_path: Path, baseline: RunFolder) -> None:
    (baseline.path / SCORES).unlink()
    with pytest.raises(EvaluationError, match=r"has no scores\.jsonl"):
        bless(baseline, tmp_path / "pinned", why="x", by="ab", at="2026-11-21")
    with pytest.raises(UsageError, match="is the run itself"):
        bless(baseline, baseline.path, why="x", by="ab", at="2026-11-21")


def called(*words: object) -> Any:
    app = typer.Typer()
    for name in ("compare", "gate", "bless", "power"):
        app.command(name)(getattr(comparisons, name))
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_gate_command_exits_with_what_the_gate_found(forum: Any, tmp_path: Path, baseline: RunFolder) -> None:
    bad, junit = forum.run("bad", forum.worse_chunking), tmp_path / "junit.xml"
    passed = called("gate", baseline.path, "--baseline", baseline.path, "--release", "--json")
    assert (passed.exit_code, json.loads(passed.stdout)["passed"]) == (0, True)
    result = called("gate", bad.path, "--baseline", baseline.path, "--junit", junit)
    assert result.exit_code == 1
    assert "most was lost by the retriever: 0 -> 5" in result.stdout
    assert ElementTree.parse(junit).getroot().tag == "testsuites"
    assert called("gate", baseline.path, "--release").exit_code == 2


def test_the_gate_command_exits_with_3_for_what_it_cannot_read(forum: Any, tmp_path: Path, baseline: RunFolder) -> None:
    assert called("gate", tmp_path / "nowhere").exit_code == 3
    assert called("gate", baseline.path, "--gates", tmp_path / "none.toml").exit_code == 3
    other = forum.run("other", set_sha256="b" * 64)
    result = called("gate", other.path, "--baseline", baseline.path)
    assert result.exit_code == 3
    assert "different sets" in result.stderr
    assert "hint: " in result.stderr


def test_the_gate_command_scores_again(baseline: RunFolder) -> None:
    with (baseline.path / SUMMARY).open("a") as stream:
        stream.write(" ")
    result = called("gate", baseline.path, "--json")
    assert result.exit_code == 1
    assert [check["name"] for check in json.loads(result.stdout)["checks"] if check["passed"] is False] == ["rescore"]


def test_the_compare_command_gives_the_contracts_json_and_text(forum: Any, tmp_path: Path, baseline: RunFolder) -> None:
    run = forum.run("run", forum.worse_chunking)
    document = json.loads(called("compare", baseline.path, run.path, "--json").stdout)
    assert document == json.loads(json.dumps(compare(baseline, run).to_json()))
    assert "ndcg@10" in called("compare", baseline.path, run.path, "--out", tmp_path / "note.md").stdout
    assert "ndcg@10" in (tmp_path / "note.md").read_text()
    assert called("compare", baseline.path, run.path, "--test", "sign").exit_code == 2


def test_the_bless_command_names_who_and_when(tmp_path: Path, baseline: RunFolder) -> None:
    result = called("bless", baseline.path, tmp_path / "pinned", "--why", "first", "--by", "ab", "--json")
    assert result.exit_code == 0
    (line,) = (tmp_path / "pinned" / "ledger.jsonl").read_text().splitlines()
    assert json.loads(line)["by"] == "ab"
    assert called("bless", baseline.path, tmp_path / "pinned").exit_code == 2


def test_the_power_command_reads_the_deviation_off_two_runs(forum: Any, baseline: RunFolder) -> None:
    run = forum.run("run", forum.worse_chunking)
    result = called("power", "--sd-from", baseline.path, run.path, "--metric", "ndcg@10", "--json")
    document, compared = json.loads(result.stdout), compare(baseline, run).metric("ndcg@10")
    assert compared is not None
    assert [row["topics"] for row in document["rows"]] == [compared.n]
    assert list(document["rows"][0]["by_sd"].values()) == [pytest.approx(compared.detectable)]
    assert document["sd"] == pytest.approx(compared.sd)
    assert "50 topics" in called("power", "--topics", 50, "--sd", 0.2).stdout
    assert called("power", "--sd", 0.2, "--sd-from", baseline.path, run.path).exit_code == 2
