"""The chat in a terminal: a plain loop of questions, follow-ups, and a few commands that look at the last answer."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from assistant.answering.wording import NO_POST
from assistant.errors import AssistantError
from assistant.pipeline import Assistant
from assistant.render import Painter, post_text, thread_text, told
from assistant.settings import Settings
from assistant.types import Answer, Turn

HELP = """Type a question, or a follow-up to the last one.
/source N   the post behind citation N
/thread N   its whole thread
/new        forget the conversation
/help       this
/quit       leave (or Ctrl-D)

[1] is a source. In a model's words ⟨…⟩ marks what no source says, ▯ stands for a name that stands in no post."""


def _history(path: Path | None) -> History:
    if path is None:
        return InMemoryHistory()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Questions can hold what is nobody else's business.
    path.touch(mode=0o600)
    os.chmod(path, 0o600)
    return FileHistory(str(path))


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


class Repl:
    """One conversation. Ctrl-C gives up the question at hand, Ctrl-D leaves."""

    def __init__(self, settings: Settings, paint: Painter, history: Path | None) -> None:
        self._assistant = Assistant(settings)
        self._paint = paint
        self._session: PromptSession[str] = PromptSession(history=_history(history))
        self._turns: list[Turn] = []
        self._last: Answer | None = None

    def run(self) -> None:
        """Ask until the user leaves. Raises IndexUnusable before the first prompt where there is no index."""
        generation = self._assistant.generation
        print(f"{generation.manifest.posts} posts in {generation.manifest.threads} threads. /help for help.")
        while True:
            try:
                line = self._session.prompt("> ").strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if line in ("/quit", "/exit"):
                return
            if line:
                self._turn(line)

    def _turn(self, line: str) -> None:
        try:
            if line.startswith("/"):
                self._command(line)
            else:
                self._ask(line)
        except AssistantError as error:
            print(f"error: {error.message}\nhint: {error.hint}")
        except KeyboardInterrupt:
            print("interrupted")

    def _ask(self, question: str) -> None:
        said: list[str] = []
        events = self._assistant.ask(question, tuple(self._turns))
        # Kept whatever comes: who gives up an answer while reading it asks on about what was read.
        self._turns.append(Turn("user", question))
        try:
            answer = asyncio.run(told(events, question, self._paint, _write, said.append))
        finally:
            if said:
                self._turns.append(Turn("assistant", "".join(said)))
        self._last = answer
        if error := answer.reply.cut_off:
            print(f"{'error' if error.exit_code else 'warning'}: {error.message}\nhint: {error.hint}")

    def _command(self, line: str) -> None:
        name, _, argument = line.partition(" ")
        if name == "/new":
            self._turns, self._last = [], None
        elif name in ("/source", "/thread"):
            self._show_source(argument.strip(), whole_thread=name == "/thread")
        else:
            print(HELP if name == "/help" else f"there is no {name}\n\n{HELP}")

    def _show_source(self, label: str, *, whole_thread: bool) -> None:
        citations = self._last.reply.citations if self._last else ()
        cited = next((citation for citation in citations if str(citation.label) == label), None)
        post = cited.post if cited else None
        if post is None:
            print(f"the last answer has no citation {label!r}" if cited is None else f"[{label}] {NO_POST}")
        elif whole_thread:
            print(thread_text(self._assistant.thread_of(post.post_id), self._paint))
        else:
            print(post_text(post, self._paint))
