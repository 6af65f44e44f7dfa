"""stdout is data, stderr is for people; no escape sequence where nobody sees colours; help is quick and has examples."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest

from assistant.cli import app

HEAVY = ["chromadb", "llama_index", "numpy", "onnxruntime", "openai", "bm25s", "rich.progress", "prompt_toolkit"]
IMPORTED = """
import sys
from assistant.cli import main
sys.argv = ["assistant", *sys.argv[1:]]
try:
    main()
finally:
    print("\\n".join(sorted(sys.modules)), file=sys.stderr)
"""


def modules_after(*arguments):
    """The modules that a run of the program has imported when it ends."""
    command = [sys.executable, "-c", IMPORTED, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return set(run.stderr.splitlines())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["ask", "--help"], ["index", "--help"]])
def test_help_and_version_import_nothing_heavy(arguments):
    loaded = modules_after(*arguments)
    assert "assistant.cli" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.alone
def test_help_costs_less_than_half_a_second_of_processor():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "assistant.cli", "--help"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_asking_never_imports_llama_index(sample_index):
    loaded = modules_after("ask", "mount", "--index", sample_index)
    assert "chromadb" in loaded
    assert not {name for name in loaded if name.split(".")[0] == "llama_index"}


def test_no_server_module_of_chroma_is_imported(sample_index):
    loaded = modules_after("search", "mount", "--index", sample_index)
    assert not {name for name in loaded if name.startswith("chromadb.server")}


def commands(typer_app, prefix=()):
    for command in typer_app.registered_commands:
        yield (*prefix, command.name)
    for group in typer_app.registered_groups:
        yield from commands(group.typer_instance, (*prefix, group.name))


COMMANDS = [*sorted(commands(app)), ("sources",)]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(run, command):
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert f"Example: assistant {' '.join(command)}" in " ".join(result.stdout.split())


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != ("chat",)], ids=" ".join)
def test_every_command_but_the_chat_takes_json_and_index(run, command):
    told = run(*command, "--help").stdout
    assert "--json" in told
    # Commands that work on files alone take it too, and do not speak of it.
    assert "--index" in told or run(*command, "--index", "index", "--help").exit_code == 0


def test_the_commands_of_the_contract_that_there_are(run):
    told = run("--help").stdout
    assert all(f" {name} " in told for name in "index ask search show chat doctor verify config sources".split())


def test_stdout_is_one_document_though_there_is_much_to_remark(run_process, tmp_path, sample_posts):
    pages = [sample_posts / name for name in ("flat_bazaar_commerce.txt", "thread_quiet_push.txt")]
    result = run_process("index", *pages, "--index", tmp_path / "index", "--json")
    assert result.returncode == 0
    assert json.loads(result.stdout)["posts"] == 6
    assert "skipped" in result.stderr
    assert "note" in result.stderr


def test_explanations_go_to_stderr(run, sample_index):
    result = run("ask", "mount", "--explain", "--json", "--index", sample_index)
    json.loads(result.stdout)
    assert "confidence" in result.stderr


def test_quiet_shows_no_progress(run, jsonl, tmp_path):
    result = run("index", jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."}), "--quiet", "--index", tmp_path / "i")
    assert result.exit_code == 0
    assert result.stderr == ""


def test_progress_off_a_terminal_is_plain_lines_on_stderr(run, jsonl, tmp_path):
    result = run("index", jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."}), "--index", tmp_path / "i")
    assert "embedding: 1 of 1 chunks" in result.stderr.splitlines()
    assert "embedding" not in result.stdout.splitlines()[0].split(":")[0]


def on_terminal(*arguments, **environment):
    """What the program writes to a terminal (stdout and stderr)."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "assistant.cli", *map(str, arguments)]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs, env={**os.environ, **environment}) as run:
        os.close(theirs)
        written = b""
        try:
            while part := os.read(ours, 65536):
                written += part
        except OSError:  # how Linux says that the other end is closed
            pass
        os.close(ours)
    assert run.returncode == 0
    return written


def test_a_terminal_gets_colours(sample_index):
    assert b"\x1b[36m" in on_terminal("search", "mount", "--index", sample_index, TERM="xterm")


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
@pytest.mark.parametrize("command", [["search", "mount"], ["ask", "mount refused Code=37"]], ids=["search", "ask"])
def test_a_terminal_that_wants_no_colours_gets_no_escape(sample_index, command, environment):
    assert b"\x1b" not in on_terminal(*command, "--index", sample_index, **environment)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}])
def test_a_build_on_a_terminal_that_wants_no_colours_gets_no_escape(jsonl, tmp_path, environment):
    posts = jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."})
    assert b"\x1b" not in on_terminal("index", posts, "--index", tmp_path / "i", **environment)


HOSTILE = ["tidectl output colours", "PUTextConsole", "Filter host names", "clipboard escape terminal"]


@pytest.mark.parametrize("query", HOSTILE)
@pytest.mark.parametrize("command", ["search", "ask"])
def test_a_pipe_gets_no_escape_whatever_posts_hold(run, sample_index, query, command):
    result = run(command, query, "--index", sample_index)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout + result.stderr
    assert "\x9b" not in result.stdout


def test_the_version_is_that_of_the_package(run):
    from assistant import __version__

    assert run("--version").stdout == f"assistant {__version__}\n"
