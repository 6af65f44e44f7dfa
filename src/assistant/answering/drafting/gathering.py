"""Atoms of a model's text gathered into sentences, each given out as early as it is certain.

Where a sentence ends is said by `language.segments`. Here is said what happens to the markers around its end: those behind
the full stop are put before it, or come late, if the sentence is already out.
"""

from __future__ import annotations

from enum import Enum, auto

from assistant.answering.drafting.markers import Atom, Labels
from assistant.answering.drafting.sentences import (
    ENDING,
    Marker,
    Sentence,
    add,
    add_apart,
    is_space,
    joined,
    lead_of,
    marked,
    moves,
)
from assistant.language.segments import CLOSERS, OPENERS, WIDE_CLOSERS, WIDE_STOPS, ends_sentence

LONGEST = 2000
"""Code points; a longer sentence is cut at white space, so that a model that ends none still streams."""

_CLOSING = frozenset(CLOSERS + WIDE_CLOSERS + "*_")
_OPENING = frozenset(OPENERS)
_TIGHT = ENDING | _CLOSING
_WIDE_STOPS = frozenset(WIDE_STOPS)


class _State(Enum):
    OPEN = auto()
    """No sentence is in work; the last one is out."""
    INSIDE = auto()
    SOFT = auto()
    """Behind what may be a sentence's end: what follows decides."""
    HARD = auto()
    """Behind a sentence that has ended; it waits for markers."""


class Gathering:
    """Takes atoms, line breaks and blocks; what is finished lies in `given`."""

    def __init__(self) -> None:
        self.given: list[Sentence | Marker] = []
        self.ends_at_stops = True
        self._state = _State.OPEN
        self._first = True
        self._lead = ""
        self._body: list[Atom] = []
        self._size = 0
        self._stop = -1
        self._gap: list[Atom] = []
        self._waiting = 0
        self._ahead: list[Atom] = []
        self._hard = self._after_code = self._tight = False

    def take(self, atom: Atom) -> None:
        """The next atom of the text."""
        if isinstance(atom, str) and atom.isspace():
            self._space(atom)
        elif isinstance(atom, str):
            self._text(atom)
        else:
            self._marker(atom)

    def hard(self, layout: str) -> None:
        """The line has ended what stands before it; `layout` comes next."""
        if self._state is _State.SOFT and self._ahead:
            self._decide("")
        if self._state is not _State.OPEN:
            self._state = _State.HARD
        self._hard, self._tight = True, False
        self._space(layout)

    def code(self, text: str) -> None:
        """A block of code, whole."""
        self._flush()
        self.given.append(Sentence(self._lead, (text,), code=True))
        self._reset("")
        self._after_code = True

    def end(self) -> None:
        """The text has ended. White space at its end is not given, unless layout stands before it."""
        if self._state is _State.SOFT and self._ahead:
            self._decide("")
        if self._body:
            self._state = _State.HARD
        self._flush()
        if self._lead.strip():
            self.given.append(Sentence(self._lead, ()))

    def _reset(self, lead: str) -> None:
        self._state, self._first = _State.OPEN, False
        self._lead, self._body, self._size, self._stop = lead, [], 0, -1
        self._gap, self._waiting = [], 0
        self._hard = self._after_code = self._tight = False

    def _wait(self, atom: Atom) -> None:
        self._gap.append(atom)
        self._waiting += len(atom) if isinstance(atom, str) else 0
        if self._waiting > LONGEST:
            self._overflow()

    def _overflow(self) -> None:
        if self._body:
            self._state = _State.HARD
        self._flush()
        self.given.append(Sentence(self._lead, ()))
        self._lead = ""

    def _space(self, space: str) -> None:
        if not space:
            return
        self._tight = False
        if self._state is _State.INSIDE and self._stop >= 0:
            self._state = _State.SOFT
        if self._ahead:
            self._ahead.append(space)
        else:
            self._wait(space)

    def _marker(self, labels: Labels) -> None:
        if self._state is _State.INSIDE and self._stop >= 0:
            self._state = _State.SOFT
        if self._ahead:
            self._ahead.append(labels)
        elif self._state is _State.INSIDE:
            self._append(labels)
        elif self._state is _State.OPEN and self._first:
            self._begin(labels, "")
        else:
            add_apart(self._gap, labels)
            self._tight = not self._hard and not any(isinstance(item, str) and "\n" in item for item in self._gap)

    def _text(self, text: str) -> None:
        if self._state is _State.INSIDE:
            self._inside(text)
        elif self._tight and text in _TIGHT:
            self._wait(text)
        elif self._state is _State.SOFT:
            self._tight = False
            wide = self._body[self._stop] in _WIDE_STOPS
            if text in _OPENING and not wide and len(self._ahead) < LONGEST:
                self._ahead.append(text)
            else:
                self._decide(text[1] if text[0] == "\\" and len(text) > 1 else text[0])
                self.take(text)
        else:
            self._begin(text, text[0])

    def _inside(self, text: str) -> None:
        if self._stop >= 0 and not self._goes_on(text):
            if self._body[self._stop] in _WIDE_STOPS:
                self._state = _State.SOFT
                return self._text(text)
            self._stop = -1
        at_marker = not self._gap and not isinstance(self._body[-1], str)
        self._append(text)
        if text not in ENDING or not self.ends_at_stops:
            return None
        if at_marker:
            self._give("")
            self._tight = True
        elif self._stop < 0:
            self._stop = len(self._body) - 1
        return None

    def _goes_on(self, text: str) -> bool:
        """Whether `text` belongs to the full stop that the body ends with."""
        if text in ENDING:
            if self._body[-1] not in ENDING:
                self._stop = -1
            return True
        return text in _CLOSING or (self._body[self._stop] in _WIDE_STOPS and text in "”’")

    def _append(self, atom: Atom) -> None:
        for waiting in (*self._gap, *self._ahead, atom):
            add(self._body, waiting)
            self._size += len(waiting) if isinstance(waiting, str) else 0
        self._gap, self._ahead, self._waiting = [], [], 0
        if self._size > LONGEST:
            self._cut_long()

    def _cut_long(self) -> None:
        body = self._body
        cut = len(body) - 1
        while cut > len(body) // 3 and not is_space(body[cut]):
            cut -= 1
        begin = end = cut if is_space(body[cut]) else len(body) - 1
        while begin < len(body) and is_space(body[begin]):
            begin += 1
        while end > 1 and is_space(body[end - 1]):
            end -= 1
        self.given.append(Sentence(self._lead, joined(body[:end])))
        self._reset("".join(atom for atom in body[end:begin] if isinstance(atom, str)))
        for atom in body[begin:]:
            self._state = _State.INSIDE
            self._append(atom)

    def _decide(self, following: str) -> None:
        """Behind a full stop: whether it ends the sentence, now that what follows is known."""
        before = "".join(atom for atom in self._body[max(0, self._stop - 12) : self._stop] if isinstance(atom, str))
        mark = "".join(atom for atom in self._body[self._stop :] if isinstance(atom, str))
        ahead, self._ahead = self._ahead, []
        if not ends_sentence(before, mark, following):
            waiting, self._gap, self._waiting = [*self._gap, *ahead], [], 0
            self._state, self._stop = _State.INSIDE, -1
            for atom in waiting:
                self._append(atom)
            return
        self._release(self._gap)
        for atom in ahead:
            self.take(atom)

    def _begin(self, atom: Atom, following: str) -> None:
        """A sentence begins. A marker on its line belongs to it after a break, or if it goes on in small letters."""
        gap = self._gap
        forward = self._hard or following.islower()
        line = max((at for at, item in enumerate(gap) if isinstance(item, str) and "\n" in item), default=-1)
        split = next((at for at in range(line + 1, len(gap)) if forward and not isinstance(gap[at], str)), len(gap))
        self._release(gap[:split])
        self._state = _State.INSIDE
        for item in (*gap[split:], atom):
            self._append(item)
        if atom in ENDING and self.ends_at_stops and self._state is _State.INSIDE:
            if len(self._body) > 1 and not isinstance(self._body[-2], str):
                self._give("")
                self._tight = True
            else:
                self._stop = len(self._body) - 1

    def _release(self, gap: list[Atom]) -> None:
        """Give the sentence that waits, with the markers of `gap`; what else is in `gap` leads the next."""
        labels = tuple(dict.fromkeys(label for item in gap if not isinstance(item, str) for label in item))
        keep = self._hard and not self._after_code
        if self._state is _State.OPEN:
            if labels:
                self.given.append(Marker(labels))
            self._reset(self._lead + lead_of(gap, keep, restore=True))
            return
        restore = moves(self._body)
        if labels:
            spaced = isinstance(gap[0], str)
            self._body = marked(self._body, labels, spaced)
        self._give(lead_of(gap, keep, restore=restore))

    def _give(self, lead: str) -> None:
        self.given.append(Sentence(self._lead, joined(self._body)))
        self._reset(lead)

    def _flush(self) -> None:
        if self._body and self._state is not _State.HARD:
            self._state = _State.HARD
        self._release(self._gap)
