"""The chat under a pseudo-terminal: questions, follow-ups, the posts behind citations, Ctrl-C and Ctrl-D."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time

import pytest

SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[=>]|\x1b\][^\x07]*\x07|\r")


class Chat:
    """A running chat: what is typed, and what is seen."""

    def __init__(self, *arguments):
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, b"\x32\x00\xc8\x00\x00\x00\x00\x00")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "assistant.cli", "chat", *map(str, arguments)], stdin=theirs, stdout=theirs,
            stderr=theirs, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
        )  # fmt: skip
        os.close(theirs)
        self.seen = ""

    def type(self, text):
        self.seen = ""
        os.write(self._ours, text.encode())

    def wait_for(self, pattern, seconds=60):
        """What was seen up to `pattern` since something was typed last."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.seen, re.DOTALL):
            assert time.monotonic() < end, f"{pattern!r} not in {self.seen!r}"
            if select.select([self._ours], [], [], 0.2)[0]:
                self.seen += SEQUENCES.sub("", os.read(self._ours, 65536).decode(errors="replace"))
        return self.seen

    def code(self):
        """The exit code, once what is still written was read."""
        try:
            while os.read(self._ours, 65536):
                pass
        except OSError:
            pass
        return self.process.wait(timeout=20)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture(scope="module")
def index(sample_index):
    return sample_index


@pytest.fixture
def chat(index):
    running = Chat("--index", index, "--no-history")
    running.wait_for(r"posts in \d+ threads.*> ")
    yield running
    running.close()


def test_a_question_a_follow_up_and_a_source(chat):
    chat.type("Which stage refuses the mount point with TKMountErrorDomain Code=37?\n")
    chat.wait_for(r"Sources\n\[1\].*> $")
    chat.type("And how do I fix it?\n")
    chat.wait_for(r"understood as: And how do I fix it\? \(.*TKMountErrorDomain.*> $")
    chat.type("/source 1\n")
    assert "post_id" in chat.wait_for(r"post_id.*> $")


def test_ctrl_d_leaves_with_0(chat):
    chat.type("\x04")
    assert chat.code() == 0


def test_ctrl_c_at_the_prompt_drops_the_line_and_goes_on(chat):
    chat.type("half a ques\x03")
    chat.wait_for(r"> $")
    chat.type("/help\n")
    chat.wait_for(r"/source N.*> $")
    chat.type("/quit\n")
    assert chat.code() == 0


def test_a_source_that_is_not_there_is_said_to_be_so(chat):
    chat.type("/source 9\n")
    chat.wait_for(r"no citation '9'")


def test_new_forgets_the_conversation(chat):
    chat.type("What is TKMountErrorDomain Code=37?\n")
    chat.wait_for(r"Sources.*> $|nearest.*> $|answer this.*> $")
    chat.type("/new\n")
    chat.wait_for(r"> $")
    chat.type("And how do I fix it?\n")
    assert "understood as" not in chat.wait_for(r"fix it\?\n.+\n.*> $")


def test_no_index_is_said_before_the_first_prompt(tmp_path):
    running = Chat("--index", tmp_path / "none", "--no-history")
    running.wait_for("hint: build one")
    assert running.code() == 4
    running.close()


def test_the_history_is_for_its_owner_only(index, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    running = Chat("--index", index)
    running.wait_for(r"> $")
    running.type("a private question\n")
    running.wait_for(r"\n> $")
    running.type("\x04")
    assert running.code() == 0
    (history,) = tmp_path.rglob("history")
    assert history.stat().st_mode & 0o777 == 0o600
    assert "a private question" in history.read_text()
    running.close()
