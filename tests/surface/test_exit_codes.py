"""Exit codes of the contract, each provoked, and messages that say what happened and what mends it."""

from __future__ import annotations

import ast
import inspect
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import assistant
from assistant import errors
from assistant.errors import AssistantError
from assistant.indexing.generations import IndexFolder

SRC = Path(assistant.__file__).parent
NONSENSE = "Which flour did Zanzibar Quux of Utrecht buy for the wedding cake in 1911?"


def test_an_answer_is_0(run, sample_index):
    assert run("ask", "Which stage refuses the mount point with Code=37?", "--index", sample_index).exit_code == 0


def test_a_refusal_is_0_and_3_where_strict_was_said(run, sample_index):
    assert run("ask", NONSENSE, "--index", sample_index).exit_code == 0
    assert run("ask", NONSENSE, "--index", sample_index, "--strict").exit_code == 3


def test_an_answer_is_0_where_strict_was_said_too(run, sample_index):
    question = "Which stage refuses the mount point with Code=37?"
    assert run("ask", question, "--index", sample_index, "--strict", "--refuse-below", 0).exit_code == 0


FAILING = {
    "no such post": (1, ["show", "p0", "--index", "{sample}"]),
    "several posts": (1, ["show", "8109", "--index", "{sample}"]),
    "no such source": (1, ["index", "nowhere", "--index", "new"]),
    "nothing to index": (1, ["index", "--index", "new"]),
    "no question": (2, ["ask", "--index", "{sample}"]),
    "no query": (2, ["search", "--index", "{sample}"]),
    "no date": (2, ["search", "mount", "--since", "soon", "--index", "{sample}"]),
    "no such batch": (2, ["ask", "--batch", "nowhere.jsonl", "--index", "{sample}"]),
    "no such setting": (2, ["ask", "mount", "--max-characters", "1", "--index", "{sample}"]),
    "source not known": (2, ["sources", "remove", "nowhere", "--index", "{sample}"]),
    "nothing to explain": (2, ["index", "--explain"]),
    "ask without index": (4, ["ask", "mount", "--index", "new"]),
    "search without index": (4, ["search", "mount", "--index", "new"]),
    "show without index": (4, ["show", "p0", "--index", "new"]),
    "chat without index": (4, ["chat", "--index", "new"]),
    "verify without index": (4, ["verify", "--index", "new"]),
    "sources without index": (4, ["sources", "--index", "new"]),
}


@pytest.mark.parametrize("case", FAILING)
def test_a_failure_has_its_code_a_message_a_hint_and_no_traceback(run, sample_index, case):
    code, arguments = FAILING[case]
    result = run(*(argument.format(sample=sample_index) for argument in arguments))
    assert result.exit_code == code
    assert result.stdout == ""
    message, hint = result.stderr.strip().split("\nhint: ")
    assert message.startswith("error: ")
    assert hint
    assert "Traceback" not in result.stderr


@pytest.fixture
def empty(run, tmp_path):
    """A folder without a post, and the result of indexing it into `index`."""
    (tmp_path / "nothing here").mkdir()
    return tmp_path / "nothing here", run("index", tmp_path / "nothing here", "--index", tmp_path / "index")


def test_a_source_without_a_post_is_warned_of_by_its_path(empty):
    path, result = empty
    assert result.exit_code == 0
    assert f"warning: no post was found in {path}" in result.stderr
    assert f"assistant index --explain '{path}'" in result.stderr
    assert "the index is empty" in result.stderr


def test_a_source_without_a_post_beside_one_that_has_some_is_warned_of_alone(run, tmp_path, jsonl):
    posts = jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."})
    (tmp_path / "b.bin").write_bytes(b"%PDF-1.4")
    result = run("index", posts, tmp_path / "b.bin", "--index", tmp_path / "index")
    assert [line for line in result.stderr.splitlines() if line.startswith("warning:")] == [
        f"warning: no post was found in {tmp_path / 'b.bin'}, which is a source of the index all the same"
    ]


@pytest.mark.parametrize("question", ["Why does it fail on boot?", "How many posts are there?"])
def test_a_question_to_an_empty_index_is_refused_with_the_command_that_mends_it(run, tmp_path, empty, question):
    result = run("ask", question, "--index", tmp_path / "index")
    assert result.exit_code == 0
    assert "empty" in result.stdout
    assert "`assistant index PATH`" in result.stdout


def test_an_empty_index_is_not_well(run, tmp_path, empty):
    result = run("doctor", "--index", tmp_path / "index")
    assert result.exit_code == 4
    (line,) = [line for line in result.stdout.splitlines() if "index:" in line]
    assert line.startswith("BAD")
    assert "empty" in line
    assert "`assistant index PATH`" in result.stdout


def test_to_explain_a_folder_without_a_file_says_so(run, empty):
    path, _ = empty
    result = run("index", "--explain", path)
    assert f"no file was found in {path}" in result.stderr


UNREADABLE = [["--nonsense"], ["ask", "--nonsense"], ["nonsense"], ["search", "x", "-k", "0"], ["show"]]


@pytest.mark.parametrize("arguments", UNREADABLE)
def test_a_call_that_cannot_be_read_is_2(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize("generator", ["openai:", "gpt", ""])
def test_a_generator_that_is_not_there_is_2(run, sample_index, generator):
    assert run("ask", "mount", "--generator", generator, "--index", sample_index).exit_code == 2


def test_an_index_of_another_embedder_is_4_with_the_command_that_mends_it(run, sample_index, monkeypatch):
    monkeypatch.setenv("ASSISTANT_EMBEDDER", "ollama:other")
    result = run("ask", "mount", "--index", sample_index)
    assert result.exit_code == 4
    assert "assistant index" in result.stderr.split("hint:")[1]


def test_a_locked_index_is_5(run, tmp_path, jsonl):
    posts = jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."})
    with IndexFolder(tmp_path / "index").writer():
        result = run("index", posts, "--index", tmp_path / "index")
    assert result.exit_code == 5
    assert str(os.getpid()) in result.stderr


def test_an_interrupted_build_is_130_and_leaves_no_index(tmp_path, sample_posts):
    command = [sys.executable, "-m", "assistant.cli", "index", str(sample_posts), "--index", str(tmp_path / "index")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line.startswith(("posts", "chunks")):
                break
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in messages
    assert not (tmp_path / "index" / "CURRENT").exists()
    assert not list((tmp_path / "index").glob("*.partial"))


def test_debug_shows_the_traceback(run):
    result = run("ask", "mount", "--index", "new", "--debug")
    assert result.exit_code == 4
    assert "Traceback" in result.stderr


@pytest.mark.parametrize("question", ["mount \udcff"])
def test_an_argument_that_is_not_utf_8_is_no_traceback(run, sample_index, question):
    run("ask", question, "--index", sample_index)


def test_a_closed_pipe_is_no_traceback(sample_index, tmp_path):
    shell = f"{sys.executable} -m assistant.cli search mount --json --index {sample_index} | true"
    result = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr


CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, AssistantError)]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_kind_of_error_has_a_code_of_the_contract_and_a_line_in_the_tree(kind):
    assert kind.exit_code in {1, 2, 4, 5, 6}
    assert 400 <= kind.http_status < 600
    (line,) = [line for line in errors.__doc__.splitlines() if line.strip(" ├└─│").startswith(f"{kind.__name__} ")]
    assert line.split(kind.__name__)[1].split()[:2] == [str(kind.exit_code), str(kind.http_status)]


HINTED = [kind for kind in CLASSES if "hint" in inspect.signature(kind).parameters]
NAMES = {kind.__name__ for kind in HINTED}


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind not in HINTED])
def test_an_error_that_is_given_no_hint_has_one_of_its_own(kind):
    assert kind().hint


@pytest.mark.parametrize("path", sorted(SRC.rglob("*.py")), ids=lambda path: str(path.relative_to(SRC)))
def test_every_error_that_is_raised_has_a_hint(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in NAMES:
            hints = [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
            assert hints and not (isinstance(hints[0], ast.Constant) and not hints[0].value), (path, node.lineno)
