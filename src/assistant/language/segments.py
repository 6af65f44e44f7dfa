"""Sentences and blocks of forum text, as offsets.

A forum's text is not prose: bodies are flattened to one line in which code, logs, tables and sentences follow each
other without a mark. One rule keeps every cut harmless: a cut falls on white space only, so it can never fall inside an
identifier, a path or a URL. Scripts that write no spaces are cut after their own full stops.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of code points."""

    start: int
    end: int


LONGEST_SENTENCE = 320
"""Code points; a longer run without a sentence end (a log, flattened code) is cut at the next weaker mark."""

WRAP_WIDTHS = range(45, 101)
"""Line lengths at which mail programs wrap; a shorter line is a list or a greeting, a longer one a paragraph."""

_ABBREVIATIONS = frozenset("e.g i.e etc vs cf approx ca dr mr mrs ms prof st al inc ltd co resp incl excl esp dept".split())
_NUMBERED = frozenset("no nr fig eq sec vol".split())
"""Abbreviations only before a number; else words of their own."""
_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^(?: {4}|\t)[^\n]*(?:\n|\Z)(?:[ \t]*\n(?=(?: {4}|\t)))*+){2,}+", re.MULTILINE)
STOPS = ".!?…"
CLOSERS = "\"'”’)]"
"""What may stand between a full stop and the white space that makes it one."""
WIDE_STOPS = "。！？"
"""Full stops of scripts without spaces: they need no white space behind them."""
WIDE_CLOSERS = "」』）"
OPENERS = "\"'“‘([*_`>•–—-"
"""What may stand between a full stop and the first letter of the next sentence, beside white space."""
# A full stop and its closing quotes or brackets, then white space; or a line end; or a full stop of a script without spaces.
_STOP = re.compile(
    rf"(?<![{STOPS}])[{STOPS}]++[{re.escape(CLOSERS)}]*+(?=\s)|\n|[{WIDE_STOPS}]++[{WIDE_CLOSERS}]*+",
)
_WEAK = re.compile(r"[;:,}\])>]+(?=\s)|\s(?=(?:[-•*–—]|\d{1,2}[.)]|[{(<\[])\s?)")
_OPENING = re.compile(rf"[\s{re.escape(OPENERS)}]*")
_LONGEST_ABBREVIATION = 12
"""Code points before a full stop that are looked at."""


def _blocks(text: str) -> list[Span]:
    """Fenced and indented code, which is cut only when it does not fit."""
    found = [Span(*match.span()) for match in _FENCE.finditer(text)] if "```" in text or "~~~" in text else []
    if "\n    " in text or "\n\t" in text:
        fenced = found[:]
        for match in _INDENTED.finditer(text):
            if not any(block.start < match.end() and match.start() < block.end for block in fenced):
                found.append(Span(*match.span()))
    return sorted(found)


def _ends_line_only(text: str, newline: int) -> bool:
    """Whether a line end is hard-wrapped prose that goes on: a line of wrapping width, then plain words."""
    width = newline - (text.rfind("\n", max(0, newline - WRAP_WIDTHS.stop), newline) + 1)
    following = text[newline + 1 : newline + 2]
    return width in WRAP_WIDTHS and (following.isalnum() or following in ("(", '"', "'", "`"))


def ends_sentence(before: str, mark: str, following: str) -> bool:
    """Whether `mark`, a full stop with what closes behind it, ends a sentence: not after an abbreviation or initial, and
    something new must begin. `before` is the text up to it, `following` the first character after white space and openers."""
    if mark[0] == ".":
        words = before[-_LONGEST_ABBREVIATION:].rsplit(None, 1)
        word = words[-1].lstrip("(\"'“‘[").lower() if words and not before[-1].isspace() else ""
        if word in _NUMBERED:
            return not following.isdigit()
        if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i"):
            return False
        return not following.islower()
    return True


def _is_end(text: str, stop: re.Match[str]) -> bool:
    if stop[0] == "\n":
        return not _ends_line_only(text, stop.start())
    opener = _OPENING.match(text, stop.end())
    following = text[opener.end() : opener.end() + 1] if opener else ""
    return ends_sentence(text[max(0, stop.start() - _LONGEST_ABBREVIATION) : stop.start()], stop[0], following)


def _sentence_ends(text: str, span: Span) -> list[int]:
    ends = [stop.end() for stop in _STOP.finditer(text, span.start, span.end) if _is_end(text, stop)]
    if not ends or ends[-1] < span.end:
        ends.append(span.end)
    return ends


def _cut_long(text: str, span: Span, longest: int) -> list[Span]:
    """Cut a run that has no sentence end at weaker marks, else at white space; a single long token stays whole."""
    pieces: list[Span] = []
    start = span.start
    while (left := span.end - start) > longest:
        # The last two pieces share what is left, so that no stub of a few letters stands alone.
        window_end = start + (longest if left > 2 * longest else min(longest, left // 2 + longest // 8))
        marks = [mark.end() for mark in _WEAK.finditer(text, start + longest // 3, window_end)]
        cut = marks[-1] if marks else text.rfind(" ", start + 1, window_end)
        if cut <= start:
            following = re.compile(r"\s").search(text, window_end, span.end)
            cut = following.end() if following else span.end
        pieces.append(Span(start, cut))
        start = cut
    if start < span.end:
        pieces.append(Span(start, span.end))
    return pieces


def pieces(text: str, longest: int = LONGEST_SENTENCE) -> list[Span]:
    """Cut `text` into sentences and code blocks that lie end to end: joined they are the text again.

    A piece is longer than `longest` code points only where it is a code block or holds a token that long.
    """
    found: list[Span] = []
    position = 0
    for block in [*_blocks(text), Span(len(text), len(text))]:
        start = position
        for end in _sentence_ends(text, Span(position, block.start)) if block.start > position else ():
            found.extend(_cut_long(text, Span(start, end), longest))
            start = end
        if block.end > block.start:
            found.append(block)
        position = block.end
    return found


def trimmed(text: str, span: Span) -> Span:
    """The span without white space at its ends; empty (start == end) if there is nothing else in it."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def sentences(text: str, longest: int = LONGEST_SENTENCE, *, cut_blocks: bool = False) -> list[Span]:
    """The sentences and code blocks of a text, in order, without the white space between them.

    With `cut_blocks` a code block is cut like a sentence where it is longer than `longest`.
    """
    cut = [part for piece in pieces(text, longest) for part in (_cut_long(text, piece, longest) if cut_blocks else [piece])]
    return [span for piece in cut if (span := trimmed(text, piece)).end > span.start]
