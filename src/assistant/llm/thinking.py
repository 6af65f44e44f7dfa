"""Thoughts that a model writes into its text: `<think>...</think>` at the very beginning, cut over pieces in any way.

A `</think>` without the opening mark, which some templates put into the prompt, is text, and so is what stood before it: to
know better would mean to hold every answer back to its end. Servers can take such thoughts out: `--reasoning-format` of
llama.cpp, `--reasoning-parser` of vLLM.
"""

from __future__ import annotations

import re
from collections.abc import Callable

OPENING, CLOSING = "<think>", "</think>"
_OPENED = re.compile(rf"\s*{OPENING}")


class Thoughts:
    """Takes pieces of text and gives those that are not thoughts. What is given hangs on the joined text alone.

    With thoughts in front, the white space around them goes too; a text that never leaves them is empty.
    """

    def __init__(self) -> None:
        self._held = ""
        self._state: Callable[[], str] = self._at_start

    def feed(self, piece: str) -> str:
        """The text that `piece` settles; empty while that is open."""
        self._held += piece
        return self._state()

    def end(self) -> str:
        """What is left when the text has ended: the beginning of a mark that did not become one."""
        return self._held if self._state == self._at_start else ""

    def _at_start(self) -> str:
        if opened := _OPENED.match(self._held):
            self._held = self._held[opened.end() :]
            return self._next(self._inside)
        if OPENING.startswith(self._held.lstrip()):
            return ""
        return self._next(self._after)

    def _inside(self) -> str:
        _, closed, behind = self._held.partition(CLOSING)
        if not closed:
            self._held = self._held[-len(CLOSING) :]
            return ""
        self._held = behind
        return self._next(self._behind)

    def _behind(self) -> str:
        self._held = self._held.lstrip()
        return self._next(self._after) if self._held else ""

    def _after(self) -> str:
        text, self._held = self._held, ""
        return text

    def _next(self, state: Callable[[], str]) -> str:
        self._state = state
        return state()
