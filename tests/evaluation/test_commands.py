"""`assistant eval` as a person uses it: one chain of commands over a few topics of the sample forum, and what goes wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assistant.cli import app
from assistant.evaluation.catalogue import PRIMARY
from assistant.evaluation.runs import ANSWERS, MANIFEST, POSTS, SCORES, SUMMARY, TOPICS

CHOSEN = ("S005", "S018", "S045", "S047", "S048", "S061")
"""Two known posts, a follow-up, two questions without an answer, an attack."""
BY_HASH = 9
"""Decimals of a score that do not hang on the order in which Python goes through a set, which is another in each process."""


def said(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture(scope="session")
def few(sample_posts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of a few topics of the sample, which names the sample's posts."""
    folder = tmp_path_factory.mktemp("few")
    lines = (sample_posts.parent / TOPICS).read_text(encoding="utf-8").splitlines()
    chosen = [line for line in lines if json.loads(line)["id"] in CHOSEN]
    (folder / TOPICS).write_text("".join(f"{line}\n" for line in chosen), encoding="utf-8")
    (folder / "set.toml").write_text(f'name = "few"\nsources = [{json.dumps(str(sample_posts))}]\n', encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def finished(few: Path, sample_index: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over the few topics, scored. Tests read it only."""
    out = tmp_path_factory.mktemp("runs") / "first"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSISTANT_CACHE_DIR", str(cache_dir))
        assert said("eval", "run", few, "--out", out, "--index", sample_index).exit_code == 0
    assert said("eval", "score", out).exit_code == 0
    return out


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """The run, to be spoilt."""
    return Path(shutil.copytree(finished, tmp_path / "copied"))


@pytest.fixture
def document(run: Callable[..., Any]) -> Callable[..., Any]:
    """The one JSON document that a command writes to stdout."""

    def read(*arguments: object, code: int = 0) -> Any:
        result = run("eval", *arguments, "--json")
        assert result.exit_code == code, result.stderr
        (line,) = result.stdout.splitlines()
        return json.loads(line)

    return read


def answers_of(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's answers without what no two runs share: times, and the last digits of scores."""
    text = (folder / ANSWERS).read_text(encoding="utf-8")
    lines = [json.loads(line, parse_float=lambda digits: round(float(digits), BY_HASH)) for line in text.splitlines()]
    return [{name: value for name, value in line.items() if name not in ("latency_ms", "cold")} for line in lines]


def test_the_chain_from_a_run_to_a_baseline(
    run: Callable[..., Any], document: Callable[..., Any], finished: Path, few: Path, sample_index: Path
) -> None:
    counts = document("run", few, "--out", "second", "--index", sample_index)
    assert counts == {"run": "second", "topics": len(CHOSEN), "answers": len(CHOSEN)}
    assert document("score", "second")["topics"] == len(CHOSEN)
    assert {metric["difference"] for metric in document("compare", finished, "second")["metrics"]
            if metric["family"] != "cost"} == {0}  # fmt: skip
    entry = document("bless", finished, "pinned", "--why", "the first", "--by", "ab")
    assert (entry["run_id"], entry["by"], entry["replaced"]) == ("first", "ab", None)
    gated = document("gate", "second", "--baseline", "pinned")
    assert (gated["passed"], gated["exit_code"], gated["stage"]) == (True, 0, None)
    assert [check["name"] for check in gated["checks"] if not check["passed"]] == []
    assert run("eval", "gate", "second", "--baseline", "pinned", "--junit", "junit.xml").stdout.startswith("Gate: passed")
    assert Path("junit.xml").is_file()


def test_a_run_against_itself_differs_in_nothing(document: Callable[..., Any], finished: Path) -> None:
    compared = document("compare", finished, finished)
    assert compared["identical"]
    assert {metric["metric"] for metric in compared["metrics"]} >= set(PRIMARY)
    for metric in compared["metrics"]:
        assert (metric["difference"], metric["p"], metric["p_adjusted"]) == (0, 1, 1), metric["metric"]
        assert (metric["wins"], metric["losses"], metric["unpaired"]) == (0, 0, 0), metric["metric"]
    assert compared["regressions"] == compared["improvements"] == []


def test_scoring_again_gives_the_same_bytes(run: Callable[..., Any], copied: Path) -> None:
    before = {name: (copied / name).read_bytes() for name in (SCORES, SUMMARY)}
    for name in before:
        (copied / name).unlink()
    assert run("eval", "score", copied).exit_code == 0
    assert {name: (copied / name).read_bytes() for name in before} == before


def test_scores_do_not_hang_on_the_hash_seed(run_process: Callable[..., Any], copied: Path) -> None:
    before = {name: (copied / name).read_bytes() for name in (SCORES, SUMMARY)}
    result = run_process("eval", "score", copied, "--json", env={"PYTHONHASHSEED": "7"})
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["topics"] == len(CHOSEN)
    assert {name: (copied / name).read_bytes() for name in before} == before


def test_a_report_is_for_the_terminal_for_a_pull_request_or_for_a_browser(
    run: Callable[..., Any], document: Callable[..., Any], finished: Path
) -> None:
    terminal, markdown = run("eval", "report", finished), run("eval", "report", finished, "--md")
    assert "Primary metrics" in terminal.stdout
    assert "\x1b" not in terminal.stdout
    assert "| ndcg@10" in markdown.stdout.replace("`", "")
    html = run("eval", "report", finished, finished, "--html", "report.html")
    assert (html.exit_code, html.stdout) == (0, "")
    assert "report.html" in html.stderr
    page = Path("report.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert all(name in page for name in CHOSEN)
    # It is whole: nothing is loaded from anywhere.
    assert 'src="http' not in page
    assert "<link" not in page
    assert document("report", finished)["topics"] == len(CHOSEN)
    assert document("report", finished, finished)["identical"]
    assert run("eval", "report", finished, "--md", "--json").exit_code == 2


def test_a_report_scores_a_run_that_is_not_scored_yet(run: Callable[..., Any], copied: Path) -> None:
    (copied / SCORES).unlink()
    (copied / SUMMARY).unlink()
    assert run("eval", "report", copied).exit_code == 0
    assert (copied / SUMMARY).is_file()


def test_a_set_is_validated_without_an_index(run: Callable[..., Any], document: Callable[..., Any], few: Path) -> None:
    found = document("validate", few)
    assert (found["topics"], found["counts"]["error"]) == (len(CHOSEN), 0)
    assert run("eval", "validate", few).stdout.rstrip().splitlines()[-1].startswith(f"few: {len(CHOSEN)} topics, 0 errors")


@pytest.mark.parametrize("form", ["beir", "trec", "mtrag", "squad", "nuggetizer"])
def test_what_is_exported_can_be_imported_and_asked(document: Callable[..., Any], few: Path, form: str) -> None:
    out = {"beir": "out", "trec": "out"}.get(form, "out.json" if form == "squad" else "out.jsonl")
    written = document("export", form, few, out)
    read = document("import", form, out, "imported")
    assert 0 < read["topics"] <= written["topics"] == len(CHOSEN)
    assert document("validate", "imported")["topics"] == read["topics"]


@pytest.mark.parametrize("form", ["trec", "ragas", "ragchecker"])
def test_a_run_is_exported_for_other_tools(document: Callable[..., Any], finished: Path, form: str) -> None:
    assert document("export", form, finished, "out")["topics"] == len(CHOSEN)
    assert Path("out").exists()


def test_power_is_read_off_two_runs_or_said(run: Callable[..., Any], document: Callable[..., Any], finished: Path) -> None:
    planned = document("power", "--topics", 50, "--sd", 0.2)
    assert planned["rows"][0]["topics"] == 50
    assert run("eval", "power", "--sd-from", finished, finished, "--metric", "no-such").exit_code == 2


def test_twins_are_written_beside_their_topics(document: Callable[..., Any], few: Path) -> None:
    assert document("counterfactual", few, "twins") == {"topics": 8, "path": "twins"}
    lines = [json.loads(line) for line in Path("twins", TOPICS).read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines][:2] == ["S005", "S005-without"]
    assert document("validate", "twins")["counts"]["error"] == 0


def test_variants_are_a_set_of_their_own(document: Callable[..., Any], few: Path) -> None:
    varied = document("vary", few, "varied")
    assert varied["topics"] == len(CHOSEN)
    assert varied["variants"] > 2 * len(CHOSEN)
    assert document("validate", "varied")["topics"] == varied["topics"] + varied["variants"]
    again = document("vary", few, "again")
    assert again["variants"] == varied["variants"]
    assert Path("again", TOPICS).read_bytes() == Path("varied", TOPICS).read_bytes()


def test_messages_go_to_stderr(run_process: Callable[..., Any], few: Path, sample_index: Path) -> None:
    result = run_process("eval", "run", few, "--out", "here", "--index", sample_index)
    assert result.returncode == 0
    assert "topics: " in result.stderr
    assert result.stdout == f"{len(CHOSEN)} answers in here; score them: assistant eval score here\n"


def refused(result: Any, code: int, *told: str) -> None:
    """The command failed with this code, a message with these words, and a hint; nothing on stdout, no traceback."""
    assert result.exit_code == code, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "\nhint: " in result.stderr
    assert "Traceback" not in result.stderr
    for words in told:
        assert words in result.stderr


def test_a_folder_that_is_used_is_left_alone(run: Callable[..., Any], copied: Path, few: Path, sample_index: Path) -> None:
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    refused(run("eval", "run", few, "--out", copied, "--index", sample_index), 2, "holds a run already", "--resume")
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before
    Path("letters").mkdir()
    Path("letters", "dear.txt").write_text("you")
    refused(run("eval", "run", few, "--out", "letters", "--index", sample_index), 2, "not empty")


def test_a_run_that_is_not_there_is_an_error(run: Callable[..., Any], finished: Path) -> None:
    refused(run("eval", "score", "nowhere"), 1, "nowhere")
    refused(run("eval", "compare", finished, "nowhere"), 1, "nowhere")
    refused(run("eval", "report", "nowhere"), 1, "nowhere")
    refused(run("eval", "bless", "nowhere", "pinned", "--why", "x"), 1, "nowhere")
    refused(run("eval", "gate", "nowhere"), 3, "nowhere")
    refused(run("eval", "gate", finished, "--baseline", "nowhere"), 3, "nowhere")


def test_a_run_that_is_not_scored_is_scored_to_be_compared_and_not_to_be_gated(
    run: Callable[..., Any], finished: Path, copied: Path
) -> None:
    (copied / SCORES).unlink()
    refused(run("eval", "gate", copied), 3, "not scored", f"assistant eval score {copied}")
    assert run("eval", "compare", finished, copied).exit_code == 0
    assert (copied / SCORES).read_bytes() == (finished / SCORES).read_bytes()


def test_scores_older_than_the_answers_are_made_anew(run: Callable[..., Any], finished: Path, copied: Path) -> None:
    lines = [json.loads(line) for line in (copied / ANSWERS).read_text(encoding="utf-8").splitlines()]
    for line in lines:
        line |= {"decision": "abstain", "text": "No.", "citations": []}
    (copied / ANSWERS).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    changed = json.loads(run("eval", "compare", finished, copied, "--json").stdout)
    assert next(row for row in changed["metrics"] if row["metric"] == "false_refusal")["b"] == 1


def test_a_run_that_is_not_whole_is_no_baseline(run: Callable[..., Any], copied: Path) -> None:
    lines = (copied / ANSWERS).read_text(encoding="utf-8").splitlines(keepends=True)
    (copied / ANSWERS).write_text("".join(lines[:-1]), encoding="utf-8")
    assert run("eval", "score", copied, "--partial").exit_code == 0
    refused(run("eval", "bless", copied, "pinned", "--why", "x"), 1, "not finished")
    assert not Path("pinned").exists()


def test_runs_of_different_sets_are_not_compared(
    run: Callable[..., Any], finished: Path, few: Path, sample_index: Path
) -> None:
    lines = (few / TOPICS).read_text(encoding="utf-8").splitlines(keepends=True)
    Path("one.jsonl").write_text(lines[0], encoding="utf-8")
    assert run("eval", "run", "one.jsonl", "--out", "other", "--index", sample_index).exit_code == 0
    assert run("eval", "score", "other").exit_code == 0
    refused(run("eval", "compare", finished, "other"), 1, "different sets")
    refused(run("eval", "gate", "other", "--baseline", finished), 3, "different sets")


def test_a_set_that_is_not_there_and_an_index_that_is_not_there_are_told_apart(run: Callable[..., Any], few: Path) -> None:
    refused(run("eval", "run", "nowhere", "--out", "r"), 1, "nowhere")
    refused(run("eval", "run", few, "--out", "r", "--index", "nowhere"), 4, "nowhere")
    refused(run("eval", "run", few, "--out", "r", "--with", "colour=red"), 2, "colour=red")
    refused(run("eval", "run", few, "--out", "r", "--with", "refuse_below=much"), 2, "refuse_below")
    assert not Path("r").exists()


def test_a_torn_line_is_named_with_its_place(run: Callable[..., Any], copied: Path) -> None:
    path = copied / ANSWERS
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[1][:40] + "\n", *lines[2:]]), encoding="utf-8")
    refused(run("eval", "score", copied), 1, f"{path}:2")
    refused(run("eval", "gate", copied), 3, f"{path}:2")


def spoilt(run: Callable[..., Any], folder: Path, name: str, rubbish: bytes) -> None:
    """Whatever reads the file of this name says so; what does not need it does its work."""
    (folder / name).write_bytes(rubbish)
    for command in (["compare", folder, folder], ["gate", folder], ["report", folder]):
        result = run("eval", *command)
        assert "Traceback" not in result.stderr
        if result.exit_code:
            assert name in result.stderr + result.stdout
    assert run("eval", "gate", folder).exit_code in (1, 3)


@pytest.mark.parametrize("name", [MANIFEST, TOPICS, POSTS, SCORES, SUMMARY])
def test_rubbish_in_any_file_of_a_run_is_an_error_that_names_it(run: Callable[..., Any], copied: Path, name: str) -> None:
    spoilt(run, copied, name, b'{"a": \x00]\n')


@pytest.mark.parametrize("name", [
    MANIFEST, TOPICS, POSTS, SCORES, SUMMARY,
])  # fmt: skip
def test_a_file_of_a_run_that_is_not_utf8_is_an_error_that_names_it(run: Callable[..., Any], copied: Path, name: str) -> None:
    spoilt(run, copied, name, b'{"\xff": 1}\n')


@pytest.mark.parametrize(("key", "mistyped"), [("answerable", "answreable"), ("nuggets", "nugets"), ("canaries", "canary")])
def test_a_mistyped_key_is_named_with_file_and_line(
    run: Callable[..., Any], few: Path, tmp_path: Path, key: str, mistyped: str
) -> None:
    folder = Path(shutil.copytree(few, tmp_path / "mistyped"))
    path = folder / TOPICS
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    number = next(number for number, line in enumerate(lines, start=1) if f'"{key}": ' in line)
    lines[number - 1] = lines[number - 1].replace(f'"{key}": ', f'"{mistyped}": ', 1)
    path.write_text("".join(lines), encoding="utf-8")
    refused(run("eval", "run", folder, "--out", "r"), 1, f"{path}:{number}: ", f"{mistyped}: there is no such key")
    result = run("eval", "validate", folder, "--json")
    assert result.exit_code == 1
    assert f"{path}:{number}" in [finding["place"] for finding in json.loads(result.stdout)["findings"]]


def test_the_gate_tells_failed_from_unsure_from_unusable(run: Callable[..., Any], copied: Path) -> None:
    assert run("eval", "gate", copied).exit_code == 0
    assert run("eval", "gate", copied, "--release").exit_code == 2
    Path("gate.toml").write_text("[floors]\nright = 0.99\n")
    assert run("eval", "gate", copied, "--gates", "gate.toml").exit_code == 1
    Path("gate.toml").write_text("[floors]\nrihgt = 0.99\n")
    refused(run("eval", "gate", copied, "--gates", "gate.toml"), 3, "rihgt")


def killed_at(lines: int, out: Path, *arguments: object, cwd: Path) -> int:
    """Start a run and kill it when it has written so many answers; how many it had written."""
    command = [sys.executable, "-m", "assistant.cli", *map(str, arguments)]
    started = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while written(out) < lines and started.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(started.pid, signal.SIGKILL)
    finally:
        started.wait(timeout=30)
    assert started.returncode == -signal.SIGKILL
    return written(out)


def written(out: Path) -> int:
    path = out / ANSWERS
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_run_that_was_killed_goes_on_to_the_same_answers(
    run: Callable[..., Any], finished: Path, few: Path, sample_index: Path, tmp_path: Path
) -> None:
    arguments = ("eval", "run", few, "--out", tmp_path / "killed", "--index", sample_index)
    before = killed_at(2, tmp_path / "killed", *arguments, cwd=tmp_path)
    assert 2 <= before < len(CHOSEN)
    refused(run("eval", "score", tmp_path / "killed"), 1, "--partial")
    refused(run(*arguments), 2, "holds a run already")
    assert run(*arguments, "--resume").exit_code == 0
    assert answers_of(tmp_path / "killed") == answers_of(finished)
    assert sorted((tmp_path / "killed" / POSTS).read_text().splitlines()) == sorted((finished / POSTS).read_text().splitlines())
    manifest = json.loads((tmp_path / "killed" / MANIFEST).read_text())
    assert manifest["ended"] is not None
