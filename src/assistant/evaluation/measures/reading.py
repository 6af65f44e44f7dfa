"""The text of an answer taken apart: plain words without Markdown, sentences, and the markers each sentence owns.

A sentence owns the markers inside it and those directly after its full stop ("text. [1]"). Brackets in code and
brackets that were escaped are no markers. Words that only say where a quotation comes from are framing: they state
nothing that a post could support.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from assistant.evaluation.measures.atoms import Atom, atoms_of
from assistant.evaluation.measures.fields import without_fields
from assistant.evaluation.measures.wordings import fold, marks_of, occurs
from assistant.evaluation.measures.words import content_words
from assistant.evaluation.topics import Form
from assistant.language.segments import sentences

FEWEST_WORDS = 4
"""Content words from which a sentence without a name or number needs support."""

_PIECE = re.compile(
    r"(?P<fence>^(?:```|~~~)[^\n]*\n.*?(?:^(?:```|~~~)[ \t]*$|\Z))"
    r"|(?<!`)(?P<ticks>`{1,2})(?!`)(?P<code>[^`\n]+)(?P=ticks)(?!`)"
    r"|(?P<opener>^[ \t]*(?:>[ \t]?)+(?:… )?|^#{1,6}[ \t]+)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<marker>[ \t]*\[(?P<labels>\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\])"
    r"|\*\*",
    re.MULTILINE | re.DOTALL,
)
MOST_AT_ONCE = 20
"""Markers that a range may stand for; a longer one is two numbers."""
_FRAMING = re.compile(
    r"^In “.*(?:the poster reports|a reply says|the accepted answer says|the article says):$"
    r"|^This was raised in “.*hold no answer to it\."
    r"|^The model (?:found no answer to this in|stopped before it had written)\b[^.]*\."
    r"|^Of what the model wrote nothing is supported\b[^.]*\."
    r"|^\((?:one sentence was|\d+ sentences were) left out:[^)]*\)$"
    r"|^(?:(?:Newest|Oldest|With the (?:most|fewest) \w+) of the )?\d+ (?:post|thread|question)s?\b.*stored here.*:$",
    re.MULTILINE,
)
_ASIDE = re.compile(
    r"(?:\W*)(?:sorry|unfortunately|i (?:could not|couldn't|cannot|can't|do not|don't|did not|didn't|am not|am unable|hope)|"
    r"(?:the|these) posts? (?:stored here )?(?:do|does) not|it is (?:unclear|not clear)|it's unclear|let me know|hope this|"
    r"the nearest threads|there is no (?:answer|mention|information)|none of the (?:posts|threads))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """A sentence as plain words, the numbers of its markers, and whether it only frames others.

    `checked` is the text without what our wording takes from a post's fields: no text of a post has that.
    """

    text: str
    checked: str
    labels: tuple[int, ...] = ()
    code: tuple[str, ...] = ()
    framing: bool = False

    @classmethod
    def alone(cls, text: str) -> Self:
        """The claim of a citation as a sentence of its own."""
        plain = Reading(text).plain
        return cls(plain, plain)

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        """The names and numbers in it."""
        return atoms_of(self.checked, self.code)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its content words."""
        return tuple(content_words(self.text))

    @cached_property
    def folded(self) -> str:
        """Its words, folded."""
        return fold(self.text)

    @property
    def needs_support(self) -> bool:
        """Whether it states something: a name or a number, or enough words in what is no question, aside, heading or
        lead-in. Words that only frame others need none."""
        if self.framing:
            return False
        if self.text.endswith((":", "?", "?”", '?"')) or _ASIDE.match(self.text):
            return bool(self.atoms)
        return len(self.words) >= FEWEST_WORDS or bool(self.atoms)


def _labels(listed: str) -> list[int]:
    """The numbers of a marker: `1`, `1, 3` or `1-3`."""
    found: list[int] = []
    for part in re.split(r"\s*[,;]\s*", listed):
        ends = [int(number) for number in re.split(r"\s*[–-]\s*", part)]
        spread = ends[0] <= ends[-1] < ends[0] + MOST_AT_ONCE
        found.extend(range(ends[0], ends[-1] + 1) if spread else ends)
    return found


class _Plain:
    """Plain text in the making, with the places of markers and code in it."""

    def __init__(self, text: str, known: Collection[int]) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.markers: list[tuple[int, list[int]]] = []
        self.code: list[tuple[int, str]] = []
        end = 0
        for match in _PIECE.finditer(text):
            self._put(text[end : match.start()])
            self._take(match, text, known)
            end = match.end()
        self._put(text[end:])

    def _put(self, words: str) -> None:
        self.parts.append(words)
        self.length += len(words)

    def _take(self, match: re.Match[str], text: str, known: Collection[int]) -> None:
        if match["fence"]:
            self._put(match["fence"])
        elif match["code"]:
            self.code.append((self.length, match["code"]))
            self._put(match["code"])
        elif match["escaped"]:
            self._put(match["escaped"])
        elif match["marker"]:
            labels = _labels(match["labels"])
            before = text[match.start() - 1 : match.start()]
            index = match[0][0] == "[" and (before.isalnum() or before in (")", "]", "_"))
            # `row[7]` and `[0]` are of a program unless the answer has a citation of that number.
            after_marker = before == "]" and bool(self.markers) and self.markers[-1][0] == self.length
            if not set(labels) <= set(known) and ((index and not after_marker) or 0 in labels):
                self._put(match[0])
            else:
                self.markers.append((self.length, labels))


class Reading:
    """An answer's text, read once. `known` are the numbers of its citations."""

    def __init__(self, text: str, known: Collection[int] = ()) -> None:
        plain = _Plain(text, known)
        self.text = text
        self.plain = "".join(plain.parts)
        self._markers, self._code = plain.markers, plain.code

    @cached_property
    def folded(self) -> str:
        """The plain words, folded: what forms of nuggets are looked up in."""
        return fold(self.plain)

    def has(self, form: Form) -> bool:
        """Whether a surface form occurs. One without a letter or digit ("![") means active markup: it is looked for in the
        text as written, where the brackets of a quotation are escaped. Raises EvaluationError for a bad pattern."""
        marks = marks_of(form)
        return marks in self.text if marks else occurs(form, self.folded)

    @cached_property
    def labels(self) -> tuple[int, ...]:
        """The distinct numbers of all markers, in order of first use."""
        return tuple(dict.fromkeys(label for _, labels in self._markers for label in labels))

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences in order, with the markers they own."""
        spans = sentences(self.plain)
        starts = [span.start for span in spans]
        labels: list[list[int]] = [[] for _ in spans]
        code: list[list[str]] = [[] for _ in spans]
        for place, numbers in self._markers:
            if spans:
                labels[self._owner(place, starts)].extend(numbers)
        for place, words in self._code:
            if spans:
                code[max(0, bisect_right(starts, place) - 1)].append(words)
        # Only our own wording has these marks; most answers of others are not looked through.
        ours = "”" in self.plain or "stored here" in self.plain
        framing = [match.span() for match in _FRAMING.finditer(self.plain)] if ours else []
        checked = without_fields(self.plain) if ours else self.plain
        return tuple(
            Sentence(
                self.plain[span.start : span.end],
                checked[span.start : span.end],
                tuple(dict.fromkeys(labels[number])),
                tuple(code[number]),
                any(start <= span.start < end for start, end in framing),
            )
            for number, span in enumerate(spans)
        )  # fmt: skip

    def _owner(self, place: int, starts: list[int]) -> int:
        """The sentence before the marker; the one behind it where the marker opens a line that goes on."""
        line = self.plain.rfind("\n", 0, place) + 1
        rest = self.plain[place:].split("\n", 1)[0]
        before = place - 1
        if self.plain[line:place].strip(" \t-*•>") == "" and rest.strip():
            before = place + len(rest) - len(rest.lstrip())
        else:
            while before > 0 and self.plain[before].isspace():
                before -= 1
        return max(0, bisect_right(starts, before) - 1)
