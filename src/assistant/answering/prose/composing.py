"""Sentences of a model to the text that is shown: each held against the words it cites, its markers numbered in order of use.

One label stands for one claim and the words that it rests on. What is not supported is marked, or dropped where the answer is
strict; what could link, run or lead astray is defused.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import dedent

from assistant.answering.defusing.markdown import without_foreign
from assistant.answering.defusing.naming import masked, says_anything, scripts_of, stray
from assistant.answering.drafting.sentences import Marker, Sentence
from assistant.answering.support.check import Checked, Support
from assistant.answering.wording import CUT_OFF, DANGLING, MARKS, UNCITED, UNSUPPORTED
from assistant.language.code import outside_code
from assistant.language.controls import without_controls
from assistant.language.terms import terms, tokens
from assistant.types import NONE, Citation, Part, Parts, Passage, Status, Verdict

_PLACE = 0xE000
"""Code points for private use stand for markers while a sentence is put in form; a model's own are taken out before."""
_PLACES = re.compile(r"[\ue000-\uefff]")
# What only we may write: places, and marks.
_RESERVED = re.compile("[\ue000-\uefff]|" + "|".join(map(re.escape, MARKS)))
_EMPHASIS = re.compile(r"(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)|(?<=[.!?])_+(?!\w)")
_LITERAL_MARKER = re.compile(r"(?<!\\)\[(\^?\d{1,3}(?:\s?[,;–-]\s?\d{1,3})*)\]")
_MEANS_LINK = re.compile(r"(\[\d+\])(?=[(:]\S)")
_CLOSERS = re.compile(r"[.!?…\"'”’)\]»*_]+(?=\s|\Z)")
_CLOSING = re.compile(r"\s*[.!?…:;,。！？]*[*_]*\s*\|?\s*\Z")


@dataclass(frozen=True, slots=True)
class _Judged:
    """One group of markers: which passages (None: no such passage), and what became of each."""

    found: tuple[tuple[int, Checked | None], ...]

    @property
    def verified(self) -> bool:
        return any(checked is not None and checked.verdict is Verdict.VERIFIED for _, checked in self.found)


class Known:
    """What stands in the posts of some passages or in the question: words, whole or in all their parts; and `scripts`, those of
    the question."""

    def __init__(self, passages: Sequence[Passage], question: str) -> None:
        bodies = {passage.post.post_id: f"{passage.post.title}\n{passage.post.body}" for passage in passages}
        text = "\n".join([*bodies.values(), question])
        self._terms = frozenset(terms(text))
        self._words = frozenset(match[0].casefold() for match in tokens(text))
        # Not those of the posts: one in another script could have its words put into any answer.
        self.scripts = scripts_of(question)

    def __call__(self, word: str) -> bool:
        parts = terms(word)
        return word.casefold() in self._words or (bool(parts) and self._terms.issuperset(parts))


class Composition:
    """An answer as it grows. `add` and `end` give the text that comes next; joined it is `text`."""

    def __init__(
        self,
        passages: Sequence[Passage],
        support: Support,
        known: Known,
        *,
        strict: bool = False,
        without: Parts = NONE,
    ) -> None:
        self.passages = tuple(passages)
        self._passages = {passage.label: passage for passage in passages}
        self._support = support
        self._known = known
        self._strict = strict
        self._without = without
        self._allowed = frozenset(passage.post.url for passage in passages if passage.post.url)
        self._code: Sentence | None = None
        self._before: tuple[int, ...] = ()
        self._claim = ""
        self.claims = self.shown = self.verified = 0
        self.text = ""
        self.citations: list[Citation] = []
        self.left_out = 0

    @property
    def status(self) -> Status:
        """How far what the model wrote rests on the posts; what a strict answer dropped does not count."""
        if not self.verified:
            return Status.UNGROUNDED
        return Status.GROUNDED if self.verified == self.claims else Status.PARTLY_GROUNDED

    def add(self, unit: Sentence | Marker) -> str:
        """The text that a finished sentence, or a marker behind the last one, adds; empty where it is not shown yet, or not."""
        if isinstance(unit, Marker):
            return self._late(unit)
        parts = tuple(_RESERVED.sub("", part) if isinstance(part, str) else part for part in unit.parts)
        unit = replace(unit, lead=without_controls(unit.lead), parts=parts)
        if unit.code and self._code is not None and not unit.lead:
            self._code = replace(self._code, parts=self._code.parts + unit.parts)
            return ""
        done = self._finished_code(())
        if unit.code:
            # A block of code is cited by the marker behind it, which is still to come, or by the sentence before it.
            self._code = unit
            return done
        return done + self._sentence(unit)

    def end(self, *, cut_off: bool = False) -> str:
        """What closes the answer: a block of code still waiting, the mark of an answer cut off, what was left out."""
        done = self._finished_code(())
        if cut_off and self.shown:
            done += self._shown(f" {CUT_OFF}")
        if self.left_out and self.shown and not self._strict:
            number = "one sentence was" if self.left_out == 1 else f"{self.left_out} sentences were"
            notice = f"({number} left out: nothing like it stands in the posts.)"
            done += self._shown(f"\n\n{notice}")
        return done

    def _late(self, marker: Marker) -> str:
        if self._code is not None:
            return self._finished_code(marker.labels)
        if not self._claim:
            return ""
        judged = self._judged(self._claim, marker.labels)
        self._before = tuple(dict.fromkeys((*self._before, *marker.labels)))
        return self._shown(f" {self._written(judged, self._claim)}")

    def _finished_code(self, labels: tuple[int, ...]) -> str:
        code, self._code = self._code, None
        if code is None:
            return ""
        code = _fenced(code)
        labels = labels or self._before
        text = self._placed(code).rstrip()
        judged = self._judged(text, labels)
        text, supported = self._unmasked(text, judged.verified)
        if not supported and self._strict:
            return self._dropped(code)
        self._count(supported)
        self._claim, self._before = text, labels
        mark = "" if supported else self._mark([judged])
        below = " ".join(filter(None, (self._written(judged, text), mark)))
        return self._shown(f"{self._lead(code)}{text}\n{below}\n")

    def _sentence(self, sentence: Sentence) -> str:
        text = self._placed(sentence)
        claim = " ".join(_EMPHASIS.sub("", _PLACES.sub("", text)).split())
        if not any(character.isalnum() for character in claim):
            # Before the first claim it would stand in front of a refusal.
            return self._shown(self._lead(sentence) + _PLACES.sub("", text)) if self.shown else ""
        judged, supported = self._checked(sentence, claim, text)
        text, supported = self._unmasked(text, supported)
        # A table without one of its rows would fall apart; such a row is marked.
        if not (sentence.labels or claim.startswith("|")) and self._stray(claim):
            return self._dropped(sentence, a_claim=says_anything(claim))
        if not supported and self._strict:
            return self._dropped(sentence)
        self._count(supported)
        self._claim, self._before = claim, sentence.labels
        return self._shown(self._lead(sentence) + self._worded(text, judged, supported))

    def _placed(self, sentence: Sentence) -> str:
        """The sentence as it will be shown, with a code point of the private block for each group of markers.

        What is checked is this text: to take something out may leave a sentence that says something else.
        """
        groups = itertools.count(_PLACE)
        text = "".join(part if isinstance(part, str) else chr(next(groups)) for part in sentence.parts)
        if Part.ADDRESSES not in self._without:
            text = without_foreign(text, self._allowed, sentence.lead)
        # A marker inside what was taken out still says what the sentence rests on.
        missing = [chr(place) for place in range(_PLACE, next(groups)) if chr(place) not in text]
        return _literal_brackets(_before_closing(text, "".join(missing)))

    def _unmasked(self, text: str, supported: bool) -> tuple[str, bool]:
        """The text without names that nobody wrote. One that has such a name is not supported, whatever the rest of it says."""
        if Part.MASKING in self._without:
            return text, supported
        masked_text = masked(text, self._known, self._known.scripts)
        return masked_text, supported and masked_text == text

    def _dropped(self, sentence: Sentence, *, a_claim: bool = True) -> str:
        """A sentence that is not shown. What a strict answer drops does not count against what is left of it."""
        self.left_out += a_claim
        self.claims += a_claim and not self._strict
        return self._closers(sentence)

    def _stray(self, claim: str) -> bool:
        return Part.MASKING not in self._without and stray(claim, self._known)

    def _count(self, supported: bool) -> None:
        self.claims += 1
        self.shown += 1
        self.verified += supported

    def _checked(self, sentence: Sentence, claim: str, text: str) -> tuple[list[_Judged], bool]:
        """Each group of markers with its verdicts, and whether the sentence is supported: by one passage as a whole, or, where
        its groups stand at several places, each of its parts by what stands behind it."""
        groups = [part for part in sentence.parts if isinstance(part, Marker)]
        whole = self._judged(claim, sentence.labels)
        if whole.verified or len(groups) < 2:
            verdicts = dict(whole.found)
            return [_Judged(tuple((label, verdicts[label]) for label in group.labels)) for group in groups], whole.verified
        judged = [self._judged(part, group.labels) for part, group in zip(_clauses(text), groups, strict=True)]
        return judged, all(group.verified for group in judged)

    def _judged(self, claim: str, labels: Sequence[int]) -> _Judged:
        passages = [self._passages[label] for label in labels if label in self._passages]
        checked = dict(zip((passage.label for passage in passages), self._support.check(claim, passages), strict=True))
        return _Judged(tuple((label, checked.get(label)) for label in labels))

    def _worded(self, text: str, judged: Sequence[_Judged], supported: bool) -> str:
        """The placed text with labels in their places, and a mark where nothing supports it."""
        claim = " ".join(_PLACES.sub("", text).split())
        text = re.sub(r"\s*([\ue000-\uefff]+)", lambda match: " " + "".join(
            self._written(judged[ord(place) - _PLACE], claim) for place in match[1]), text)  # fmt: skip
        text = outside_code(text, lambda words: _MEANS_LINK.sub(r"\1 ", words))
        return text if supported else _before_closing(text, f" {self._mark(judged)}")

    def _written(self, judged: _Judged, claim: str) -> str:
        """The labels of a group, each with its citation."""
        return "".join(self._cite(checked, claim) for _, checked in judged.found)

    def _cite(self, checked: Checked | None, claim: str) -> str:
        label = len(self.citations) + 1
        if checked is None:
            self.citations.append(Citation(label, claim, None, 0, 0, "", Verdict.DANGLING))
        else:
            post, (start, end) = checked.passage.post, checked.span
            self.citations.append(Citation(label, claim, post, start, end, post.body[start:end], checked.verdict))
        return f"[{label}]"

    @staticmethod
    def _mark(judged: Sequence[_Judged]) -> str:
        found = [checked for group in judged for _, checked in group.found]
        if not found:
            return UNCITED
        return UNSUPPORTED if any(checked is not None for checked in found) else DANGLING

    def _closers(self, sentence: Sentence) -> str:
        """Of a sentence that is not shown: what closes the one before it (a bracket, quotation marks, emphasis)."""
        closers = _CLOSERS.match(sentence.lead)
        return self._shown(closers[0]) if closers and self.text else ""

    def _lead(self, sentence: Sentence) -> str:
        """What stands before a sentence; nothing before the first."""
        return sentence.lead if self.text else sentence.lead.lstrip()

    def _shown(self, text: str) -> str:
        self.text += text
        return text


def _fenced(code: Sentence) -> Sentence:
    """A block of code between fences: an indented one would be text wherever its indentation is lost."""
    if code.text.lstrip().startswith(("```", "~~~")):
        return code
    lines, _, indentation = code.lead.rpartition("\n")
    longest = max((len(run) for run in re.findall(r"`+", code.text)), default=0)
    fence = "`" * max(3, longest + 1)
    inside = dedent(indentation + code.text).strip("\r\n")
    return Sentence(f"{lines}\n" if "\n" in code.lead else "", (f"{fence}\n{inside}\n{fence}",), code=True)


def _clauses(text: str) -> list[str]:
    """The parts of a placed sentence, each the words before a group of markers; the last takes what follows it too."""
    *clauses, rest = _PLACES.split(text)
    clauses[-1] += rest
    return [" ".join(clause.split()) for clause in clauses]


def _literal_brackets(text: str) -> str:
    """Numbers in brackets that are no markers, made such as cannot be taken for one; code is left alone."""
    return outside_code(text, lambda words: _LITERAL_MARKER.sub(r"\\[\1\\]", words))


def _before_closing(text: str, words: str) -> str:
    """The text with `words` before its closing punctuation, or the bar that closes a row."""
    at = closing.start() if (closing := _CLOSING.search(text)) else len(text)
    return text[:at] + words + text[at:]
