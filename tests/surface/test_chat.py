"""The chat under a pseudo-terminal: questions, follow-ups, the posts behind citations, Ctrl-C and Ctrl-D."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

import pyte
import pytest

ROWS, COLUMNS = 300, 200


class Chat:
    """A running chat: what is typed, and what is seen on its screen, which is too high to scroll."""

    def __init__(self, *arguments):
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("4H", ROWS, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "assistant.cli", "chat", *map(str, arguments)], stdin=theirs, stdout=theirs,
            stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no thread runs here
            env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
        )  # fmt: skip
        os.close(theirs)
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.Stream(self._screen)
        self._typed_at = 0

    @property
    def seen(self):
        """What stands on the screen from the line on which something was typed last."""
        return "\n".join(line.rstrip() for line in self._screen.display[self._typed_at :]).rstrip()

    def type(self, text):
        self._typed_at = self._screen.cursor.y
        os.write(self._ours, text.encode())

    def wait_for(self, pattern, seconds=30):
        """What is seen once it has `pattern`."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.seen, re.DOTALL):
            assert time.monotonic() < end, f"{pattern!r} not in {self.seen!r}"
            if select.select([self._ours], [], [], 0.2)[0]:
                self._stream.feed(self._read())
        return self.seen

    def _read(self):
        """What was written since; nothing once the other end is closed, which Linux calls an error."""
        try:
            return os.read(self._ours, 65536).decode(errors="replace")
        except OSError:
            time.sleep(0.1)
            return ""

    def code(self):
        """The exit code, once what is still written was read."""
        while self._read():
            pass
        return self.process.wait(timeout=20)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def start():
    """Starts chats, and ends them with the test."""
    running = []

    def started(*arguments):
        running.append(Chat(*arguments))
        return running[-1]

    yield started
    for chat in running:
        chat.close()


@pytest.fixture
def chat(start, sample_index):
    running = start("--index", sample_index, "--no-history")
    running.wait_for(r"posts in \d+ threads.*\n>$")
    return running


def test_a_question_a_follow_up_and_a_source(chat):
    chat.type("Which stage refuses the mount point with TKMountErrorDomain Code=37?\n")
    chat.wait_for(r"Sources\n\[1\].*\n>$")
    chat.type("And how do I fix it?\n")
    chat.wait_for(r"understood as: And how do I fix it\? \(.*TKMountErrorDomain.*\n>$")
    chat.type("/source 1\n")
    assert "post_id" in chat.wait_for(r"post_id.*\n>$")
    chat.type("/thread 1\n")
    assert "2 of " in chat.wait_for(r"1 of \d+ · .*\n>$")


def test_ctrl_d_leaves_with_0(chat):
    chat.type("\x04")
    assert chat.code() == 0


def test_ctrl_c_at_the_prompt_drops_the_line_and_goes_on(chat):
    chat.type("half a ques")
    chat.wait_for("half a ques")
    chat.type("\x03")
    chat.wait_for(r"\n>$")
    chat.type("/help\n")
    chat.wait_for(r"/source N.*\n>$")
    chat.type("/quit\n")
    assert chat.code() == 0


def test_a_source_that_is_not_there_is_said_to_be_so(chat):
    chat.type("/source 9\n")
    chat.wait_for(r"no citation '9'")


def test_new_forgets_the_conversation(chat):
    chat.type("What is TKMountErrorDomain Code=37?\n")
    chat.wait_for(r"Sources.*\n>$|nearest.*\n>$|answer this.*\n>$")
    chat.type("/new\n")
    chat.wait_for(r"\n>$")
    chat.type("And how do I fix it?\n")
    assert "understood as" not in chat.wait_for(r"fix it\?\n.+\n.*\n>$")


def test_no_index_is_said_before_the_first_prompt(start, tmp_path):
    running = start("--index", tmp_path / "none", "--no-history")
    running.wait_for("hint: build one")
    assert running.code() == 4


def test_the_history_is_for_its_owner_only(start, sample_index, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    running = start("--index", sample_index)
    running.wait_for(r"threads.*\n>$")
    running.type("a private question\n")
    running.wait_for(r"\n>$")
    running.type("\x04")
    assert running.code() == 0
    (history,) = tmp_path.rglob("history")
    assert history.stat().st_mode & 0o777 == 0o600
    assert "a private question" in history.read_text()
