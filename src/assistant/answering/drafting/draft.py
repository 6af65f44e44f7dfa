"""A model's text as it streams in, cut into sentences whose markers are read; whatever the cuts between pieces are.

Every decision is made on one character after the other, so a stream that is cut anywhere gives the same. What is a line is
said in `lines`, what is a marker in `markers`, what is a sentence in `gathering`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable

from assistant.answering.drafting.gathering import Gathering
from assistant.answering.drafting.lines import Kind, Opening, opening
from assistant.answering.drafting.markers import Line
from assistant.answering.drafting.sentences import Marker, Sentence

LONGEST_CODE = 20_000
"""Code points; a longer block of code is given in several sentences that lie end to end, cut at line ends."""

_FENCE = re.compile(r"([\s>]*)(`{3,}|~{3,})")
_NO_INDENT = re.compile(r"[^>\s]")
_EMPTY_ITEM = re.compile(r"[-*+•]|\d{1,3}[.)]")
_BULLET = re.compile(r"[-*+•\d]")


def written(units: Iterable[Sentence | Marker]) -> str:
    """The units as text again, markers as `[1][2]`.

    Without markers it is the text that was read, but for white space at its end and the fence that closes an unclosed
    block. With markers all other characters are kept in order, but for the full stop that a marker was put before and
    white space beside markers. Read again it gives the same units.
    """
    text: list[str] = []
    behind_code = False
    for unit in units:
        if isinstance(unit, Marker):
            text.append(("\n" if behind_code else "") + _brackets(unit))
            behind_code = False
        else:
            text.append(unit.lead)
            text.extend(_brackets(part) if isinstance(part, Marker) else part for part in unit.parts)
            behind_code = unit.code
    return "".join(text)


def _brackets(marker: Marker) -> str:
    return "".join(f"[{label}]" for label in marker.labels)


class Draft:
    """Takes pieces of a stream and gives finished sentences."""

    def __init__(self) -> None:
        self._queue: deque[str] = deque()
        self._gathering = Gathering()
        self._line = Line()
        self._take: Callable[[str], None] = self._in_opening
        self._start: list[str] = []
        self._edge = ""
        self._blank = True
        self._words = self._marks = self._leaves_list = False
        self._in_list = self._in_table = False
        self._fence = self._indent = ""
        self._in_code_line = False
        self._code: list[str] = []
        self._code_size = 0

    def feed(self, piece: str) -> list[Sentence | Marker]:
        """Sentences that `piece` finishes. A lone `Marker` belongs to the sentence that was given last: it came behind its
        end. What is given hangs on the joined text alone, not on how it was cut."""
        self._queue.extend(piece)
        self._work()
        return self._given()

    def end(self) -> list[Sentence | Marker]:
        """What is left when the stream has ended. A block of code that is open is closed."""
        if self._take == self._in_opening:
            self._open(self._opening(ended=True))
            self._work()
        if self._take == self._in_fence:
            self._end_fence()
        elif self._take == self._in_indented:
            self._end_indented("".join([*self._code, *self._start]))
        while not self._line.idle:
            self._in_line("\n")
            if self._queue and self._queue[-1] == "\n":
                self._queue.pop()
            self._work()
        self._gathering.end()
        return self._given()

    def _work(self) -> None:
        while self._queue:
            self._take(self._queue.popleft())

    def _given(self) -> list[Sentence | Marker]:
        given, self._gathering.given = self._gathering.given, []
        return given

    def _again(self, text: str) -> None:
        self._queue.extendleft(reversed(text))

    def _in_line(self, char: str) -> None:
        if char == "\n" and self._line.idle:
            self._begin_line("\n")
            return
        atoms, again = self._line.take(char)
        for atom in atoms:
            self._words = self._words or (isinstance(atom, str) and not atom.isspace())
            self._marks = self._marks or not isinstance(atom, str)
            self._gathering.take(atom)
        if again:
            self._again(again)

    def _begin_line(self, edge: str) -> None:
        if not self._gathering.ends_at_stops:
            self._gathering.hard("")
        self._gathering.ends_at_stops = True
        # Markers alone on a line go back to the sentence before and leave the line blank.
        self._blank = self._blank or (self._marks and not self._words)
        self._in_list = self._in_list and not (self._leaves_list and self._words)
        self._words = self._marks = self._leaves_list = False
        self._edge, self._start = edge, []
        self._take = self._in_opening

    def _opening(self, *, ended: bool) -> Opening | None:
        may_indent = self._blank and not self._in_list
        return opening("".join(self._start), ended=ended, may_indent=may_indent, in_table=self._in_table)

    def _in_opening(self, char: str) -> None:
        if char == "\n":
            self._queue.appendleft(char)
            self._open(self._opening(ended=True))
            return
        self._start.append(char)
        self._open(self._opening(ended=False))

    def _open(self, found: Opening | None) -> None:
        """Go on in the line, now that it is known what it opens."""
        if found is None:
            return
        line = "".join(self._start)
        self._line.begin()
        self._take = self._in_line
        if found.kind is Kind.LAYOUT:
            self._layout(line)
            return
        structure = bool(found.layout.strip()) or found.kind in (Kind.ROW, Kind.FENCE, Kind.INDENTED)
        if structure:
            self._gathering.hard(self._edge + found.layout)
        else:
            for char in self._edge + found.layout:
                self._gathering.take(char)
        if _BULLET.search(found.layout):
            self._in_list = True
        self._leaves_list = self._blank and not found.layout and found.kind is not Kind.FENCE
        self._blank = False
        self._gathering.ends_at_stops = found.kind is not Kind.ROW
        if found.kind in (Kind.FENCE, Kind.INDENTED):
            self._begin_code(found)
        self._again(line[len(found.layout) :])

    def _layout(self, line: str) -> None:
        self._gathering.hard(self._edge + line)
        self._blank = not line.strip("> \t\r")
        self._in_list = self._in_list or any(_EMPTY_ITEM.fullmatch(word) for word in line.split())
        self._in_table = not self._blank and (self._in_table or ("|" in line and line.lstrip()[0] != "|"))

    def _begin_code(self, found: Opening) -> None:
        self._code, self._code_size, self._indent = [], 0, _NO_INDENT.sub(" ", found.layout)
        self._start, self._in_code_line = [], False
        if found.kind is Kind.INDENTED:
            self._take = self._in_indented
            return
        self._take, self._fence = self._in_fence, ""

    def _add_code(self, char: str) -> None:
        self._start.append(char)
        self._code_size += 1
        if char == "\n":
            self._code.append("".join(self._start))
            self._start = []
        if self._code_size > LONGEST_CODE:
            text = "".join(self._code) or "".join(self._start)
            self._start = self._start if self._code else []
            self._code, self._code_size = [], len(self._start)
            self._give_code(text)

    def _give_code(self, text: str) -> str:
        """Give a block without the white space behind it, which is handed back when it has gone into the gap."""
        code = text.rstrip() or text
        self._gathering.code(code)
        for char in text[len(code) :]:
            self._gathering.take(char)
        return text[len(code) :]

    def _closes(self) -> bool:
        match = _FENCE.fullmatch("".join(self._start).rstrip())
        return bool(self._fence and match and match[2].startswith(self._fence))

    def _in_fence(self, char: str) -> None:
        if char in "\n[【" and (char == "\n" or len(self._start) < len(self._fence) + 40):
            if not self._fence:
                if char == "\n" and (match := _FENCE.match("".join(self._start))):
                    self._fence = match[2]
            elif self._closes():
                self._end_fence()
                self._queue.appendleft(char)
                return
        self._add_code(char)

    def _end_fence(self) -> None:
        if not self._fence and (match := _FENCE.match("".join(self._start))):
            self._fence = match[2]
            closed = False
        else:
            closed = self._closes()
        text = "".join([*self._code, *self._start])
        if not closed:
            text += ("" if text.endswith("\n") or not text else "\n") + self._indent + self._fence
        self._line.begin()
        self._take = self._in_line
        self._give_code(text)

    def _in_indented(self, char: str) -> None:
        if char == "\n":
            self._in_code_line = False
        elif not self._in_code_line and not char.isspace():
            before = "".join(self._start)
            if len(before.expandtabs(4)) < 4:
                self._end_indented("".join(self._code))
                self._again(before + char)
                return
            self._in_code_line = True
        self._add_code(char)

    def _end_indented(self, text: str) -> None:
        behind = self._give_code(text)
        self._blank = behind.count("\n") > 1
        if self._blank:
            self._gathering.hard("")
        self._start, self._edge = [], ""
        self._take = self._in_opening
