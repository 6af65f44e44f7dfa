"""What in a model's line is a marker, read one character at a time.

Text comes in characters and goes out as atoms: a single character, an escape or code span that is taken as it is (two
characters and more), or the labels of a marker. Brackets of code, links and definitions stay text. Every decision hangs on
the characters of the line alone, so it is the same however a stream was cut.
"""

from __future__ import annotations

import re
import string
from collections import Counter, deque
from collections.abc import Callable, Sequence

from assistant.language.terms import VERSION, is_identifier

Labels = tuple[int, ...]
Atom = str | Labels
Reading = tuple[Sequence[Atom], str]
"""Atoms that are decided, and characters to be read again."""

LONGEST_BRACKET = 60
LONGEST_SPAN = 2000
"""Code points; a code span that is not closed within them, or on its line, is none."""
LONGEST_RANGE = 20
"""Labels; of a longer range only the two ends are meant, or nothing at all."""

_NUMBER = r"(?:\^|(?:posts?|sources?|passages?|docs?|documents?)\s?#?)?\d{1,3}"
_ITEM = rf"{_NUMBER}(?:\s?[-–]\s?{_NUMBER})?"
_LIST = rf"{_ITEM}(?:\s?[,;]\s?{_ITEM})*"
_MARKER = re.compile(rf"\[(?P<square>{_LIST})\]|【(?P<wide>{_LIST})(?::\d{{1,3}})?(?:†[^】\s]*)?】", re.IGNORECASE)
_FROM_TO = re.compile(r"(\d{1,3})(?:\s?[-–]\D*(\d{1,3}))?")
_CLOSING = {"[": "]", "【": "】"}
_IN_SQUARE = frozenset(string.ascii_letters + " \t^#,;-–")

_TICKS = re.compile("`+")
_ASCII_TAIL = re.compile(r"[!-~]+$")
_CALL = re.compile(r"\w\(\S*\)$")
_PLAIN_WORD = re.compile(r"[^\W_]+(?:['\-][^\W_]+)*")
# Types and systems are cited (`FSKit[1]`, `macOS[2]`); variables, which begin small, are indexed.
_PROPER_NAME = re.compile(r"[A-Z][A-Za-z0-9]*|(?:mac|tv|watch|vision|iPad|i)OS|iPhone|iPad|iCloud")
_INDEXED = frozenset("array arrays arr argv args matrix vec vector tuple dict buf params".split())
"""Plain words that stand for something with elements."""
_BEHIND = ".,;:!?…)]\"'”’*_|"
"""What may stand between an attached marker and the white space behind it."""
_FARTHEST = 8
"""Characters behind a bracket that are looked at to decide on it."""


def labels_of(bracket: str) -> Labels | None:
    """The labels that a bracket names, once each, in order; None if it is no marker. A range from 0 is a class of digits."""
    match = _MARKER.fullmatch(bracket)
    if match is None:
        return None
    found: dict[int, None] = {}
    for item in _FROM_TO.finditer(match["square"] or match["wide"]):
        first, last = int(item[1]), int(item[2] or item[1])
        if first == 0 and last > 0:
            return None
        inside = range(first, last + 1) if first <= last < first + LONGEST_RANGE else (first, last)
        found.update(dict.fromkeys(inside))
    return tuple(found)


def _is_plain(run: str, labels: Labels) -> bool:
    """Whether a marker may be attached to the word at the end of `run`: a word, a number or a proper name."""
    tail = _ASCII_TAIL.search(run)
    word = tail[0].lstrip(".,;:!?").strip("([{\"'*_~>|") if tail else ""
    if 0 in labels or word.lower() in _INDEXED or (len(word) == 1 and word.isalpha()):
        return False
    if word.isdecimal() or VERSION.fullmatch(word) or _PROPER_NAME.fullmatch(word):
        return True
    return bool(_PLAIN_WORD.fullmatch(word)) and not is_identifier(word)


def is_marker(run: str, labels: Labels, follow: str, *, opens_line: bool) -> bool | None:
    """Whether a bracket with `labels` is a marker. None: more of what follows must be known.

    `run` are the characters before it up to white space, code or a marker, `follow` those behind it. Apart from a word it is
    one, unless a link or a definition follows. Attached to a word of ASCII letters it is one only if the word is plain (no
    variable, call, path or URL) and nothing but punctuation stands between it and white space, the end or the next bracket.
    """
    if opens_line and follow[0] == ":":
        return False
    behind = follow.lstrip("]")
    if not behind and len(follow) < _FARTHEST:
        return None
    if behind.startswith("("):
        return False
    last = run[-1:]
    if last and last in "]/=&$@#%}<":
        return False
    attached = (last.isalnum() and last.isascii()) or last == "_"
    if not attached:
        return not _CALL.search(run)
    if not _is_plain(run, labels):
        return False
    rest = follow.lstrip(_BEHIND)
    if not rest:
        return None if len(follow) < _FARTHEST else False
    return rest[0].isspace() or rest[0] in _CLOSING or not rest[0].isascii()


class Line:
    """Reads the characters of one line. A line end closes whatever is open: `take` it until the line is `idle`."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new line."""
        self._read: Callable[[str], Reading] = self._plain
        self._held: list[str] = []
        self._run: deque[str] = deque(maxlen=LONGEST_BRACKET + 40)
        self._opens_line = True
        self._literal: set[int] = set()
        self._opened = self._closed = 0
        self._labels: Labels = ()
        self._follow: list[str] = []

    @property
    def idle(self) -> bool:
        """Whether every character so far is decided."""
        return self._read == self._plain

    def take(self, char: str) -> Reading:
        """What `char` decides."""
        return self._read(char)

    def _give(self, text: Sequence[str], again: str = "") -> Reading:
        self._read = self._plain
        for char in text:
            if char.isspace():
                self._run.clear()
            else:
                self._run.append(char)
                self._opens_line = False
        return text, again

    def _give_whole(self, atom: Atom, again: str) -> Reading:
        self._read = self._plain
        self._run.clear()
        self._opens_line = False
        return (atom,), again

    def _plain(self, char: str) -> Reading:
        if char not in "`\\[【":
            return self._give(char)
        self._held = [char]
        self._read = self._ticks if char == "`" else self._escape if char == "\\" else self._bracket
        return (), ""

    def _escape(self, char: str) -> Reading:
        if char in string.punctuation or char == "【":
            atoms, _ = self._give(["\\" + char])
            return atoms, ""
        return self._give("\\", char)

    def _ticks(self, char: str) -> Reading:
        if char == "`":
            self._held.append(char)
            return (), ""
        if char == "\n" or len(self._held) in self._literal:
            return self._give(self._held, char)
        self._opened, self._closed = len(self._held), 0
        self._read = self._span
        return (), char

    def _span(self, char: str) -> Reading:
        if char != "`" and self._closed == self._opened:
            return self._give_whole("".join(self._held), char)
        if char == "\n" or len(self._held) > self._opened + LONGEST_SPAN:
            return self._unclosed(char)
        self._closed = self._closed + 1 if char == "`" else 0
        self._held.append(char)
        return (), ""

    def _unclosed(self, char: str) -> Reading:
        # Read again as text. Runs of ticks that have no second of their length cannot open a span either; to know them now
        # keeps the line from being read anew for each.
        inside = "".join(self._held[self._opened :])
        runs = Counter(len(run) for run in _TICKS.findall(inside))
        self._literal |= {self._opened, *(length for length, count in runs.items() if count == 1)}
        return self._give(self._held[: self._opened], inside + char)

    def _bracket(self, char: str) -> Reading:
        opener = self._held[0]
        if char == _CLOSING[opener] and (labels := labels_of("".join(self._held) + char)) is not None:
            self._held.append(char)
            self._labels, self._follow = labels, []
            self._read = self._behind
            return (), ""
        fits = char.isdigit() or char in _IN_SQUARE if opener == "[" else char not in "[]【】`\n\\"
        if not fits or len(self._held) > LONGEST_BRACKET:
            return self._give(opener, "".join(self._held[1:]) + char)
        self._held.append(char)
        return (), ""

    def _behind(self, char: str) -> Reading:
        self._follow.append(char)
        follow = "".join(self._follow)
        found = is_marker("".join(self._run), self._labels, follow, opens_line=self._opens_line)
        if found is None:
            return (), ""
        return self._give_whole(self._labels, follow) if found else self._give(self._held, follow)
