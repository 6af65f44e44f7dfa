"""Whether the words of a post support a sentence, and which words.

The best span of one to three sentences is looked for in the whole post that is cited. A number or identifier that the post
does not have at all rules it out; all else is weighed by a fitted model (`signs.py`). Words are compared, no meaning: what
that misses is said, by kind, in `bench/README.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assistant.answering.support.signs import CONTRARY, Claim, Evidence, Model, Signs, adds, against, lacking, model, signs
from assistant.answering.support.spans import Reading, together
from assistant.answering.support.verbatim import code_lines, is_code, place_of
from assistant.language.segments import Span, sentences
from assistant.types import NONE, Part, Parts, Passage, Verdict

if TYPE_CHECKING:
    from assistant.answering.support.spans import Vector
    from assistant.indexing.embedders import Embedder

LOOKED_AT = 4
"""Spans of a post that are looked at closely, by coverage and closeness."""
LENGTH_COST = 0.03
"""What a further sentence has to add to coverage and closeness to be taken in."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One passage held against one sentence: the span of the post that supports it best, the verdict, how sure it is (0-1)
    and what spoke against it: `coverage`, `number`, `identifier` (names too), `negation`, `order`, `certainty` (asked,
    supposed, limited or less binding there), `closeness`; empty where verified."""

    passage: Passage
    span: Span
    verdict: Verdict
    score: float
    against: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A run of sentences of one post, held against one claim. `lacks` names what no post of the evidence has at all."""

    reading: Reading
    run: range
    evidence: Evidence
    vector: Vector
    signs: Signs
    score: float
    lacks: tuple[str, ...]


class Support:
    """Checks sentences against the posts of some passages. What the posts say is embedded once, by `prepare`."""

    def __init__(
        self, passages: Sequence[Passage], embedder: Embedder, rarity: Callable[[str], float], without: Parts = NONE
    ) -> None:
        self._passages = tuple(passages)
        self._embedder = embedder
        self._rarity = rarity
        self._checking = Part.CHECKING not in without
        self._readings: dict[tuple[str, str, str], Reading] = {}

    def prepare(self) -> None:
        """Embed the sentences of the passages' posts ahead of the first check; a check does it where this was not called."""
        self._prepared(self._passages)

    def check(self, claim: str, passages: Sequence[Passage]) -> list[Checked]:
        """Each of `passages` held against `claim`, in their order. Several of one thread may support it together where none
        does alone: then those that add to it are verified."""
        self._prepared(passages)
        if is_code(claim):
            checked = _code_checked(claim, [(passage, self._reading(passage)) for passage in passages])
        else:
            checked = self._sentence_checked(claim, passages)
        return checked if self._checking else [replace(one, verdict=Verdict.VERIFIED, against=()) for one in checked]

    def _reading(self, passage: Passage) -> Reading:
        key = (passage.post.post_id, passage.post.title, passage.post.body)
        if key not in self._readings:
            self._readings[key] = Reading(passage.post)
        return self._readings[key]

    def _prepared(self, passages: Sequence[Passage]) -> None:
        by_post: dict[int, tuple[Reading, list[Passage]]] = {}
        for passage in passages:
            reading = self._reading(passage)
            by_post.setdefault(id(reading), (reading, []))[1].append(passage)
        self._embed([(reading, reading.nearest(near)) for reading, near in by_post.values() if not reading.known.any()])

    def _embed(self, wanted: Sequence[tuple[Reading, Sequence[int]]]) -> None:
        texts = [reading.text(range(n, n + 1)) for reading, numbers in wanted for n in numbers]
        if not texts:
            return
        vectors = self._embedder.embed(texts)
        start = 0
        for reading, numbers in wanted:
            if numbers:
                reading.embedded(numbers, vectors[start : start + len(numbers)])
            start += len(numbers)

    def _sentence_checked(self, text: str, passages: Sequence[Passage]) -> list[Checked]:
        claim = Claim.of(text, self._rarity)
        vector = self._embedder.embed([text])[0] if claim.weights and passages else None
        found: dict[int, Found | None] = {}
        checked = []
        for passage in passages:
            reading = self._reading(passage)
            if (run := reading.word_for_word(text)) is not None:
                checked.append(Checked(passage, reading.span(run), Verdict.VERIFIED, 1.0))
                continue
            if claim.bare:
                checked.append(Checked(passage, _own_span(passage), Verdict.UNSUPPORTED, 0.0, ("coverage",)))
                continue
            if id(reading) not in found:
                weighed = [] if vector is None else self._weighed(claim, vector, reading)
                found[id(reading)] = best(weighed, model()) if weighed else None
            checked.append(_verdict(passage, found[id(reading)]))
        if vector is None or claim.bare or any(one.verdict is Verdict.VERIFIED for one in checked):
            return checked
        spans = [found[id(self._reading(passage))] for passage in passages]
        for thread in dict.fromkeys(passage.post.thread_id for passage in passages):
            of_thread = [
                one if passage.post.thread_id == thread else None for one, passage in zip(spans, passages, strict=True)
            ]
            checked = _together(claim, vector, checked, of_thread)
        return checked

    def candidates(self, text: str, passage: Passage) -> list[Found]:
        """The spans of a passage's post that a check of `text` would weigh; none where the post says just that, or `text` or
        the post says nothing. For measurements."""
        self._prepared([passage])
        claim, reading = Claim.of(text, self._rarity), self._reading(passage)
        if not claim.weights or reading.word_for_word(text) is not None:
            return []
        return self._weighed(claim, self._embedder.embed([text])[0], reading)

    def _weighed(self, claim: Claim, vector: Vector, reading: Reading) -> list[Found]:
        """The runs of a post that promise most by coverage and closeness, looked at closely."""
        if not reading.runs:
            return []
        sizes = np.array([len(run) for run in reading.runs])
        promise = reading.coverage(claim.weights) + reading.closeness(vector) - LENGTH_COST * sizes
        promising = np.argsort(-promise, kind="stable")[:LOOKED_AT].tolist()
        unknown = sorted({n for place in promising for n in reading.runs[place] if not reading.known[n]})
        self._embed([(reading, unknown)])
        closeness = reading.closeness(vector)
        return [_held_against(claim, reading, place, float(closeness[place])) for place in promising]


def best(found: Sequence[Found], by: Model) -> Found:
    """The span that is most likely about what the claim says, shorter ones first. What denies the claim does not count here:
    else the span that contradicts it would be passed over for one that says less."""
    about = by.without(*CONTRARY)
    return max(found, key=lambda one: about.probability(one.signs) - LENGTH_COST * len(one.run))


def _held_against(claim: Claim, reading: Reading, place: int, closeness: float) -> Found:
    run = reading.runs[place]
    held = reading.terms[run.start : run.stop]
    evidence = Evidence(
        text=reading.text(run),
        sentence_terms=held,
        title=reading.title,
        about=reading.post.title,
        rest=(reading.held,),
        posts=(reading.own,),
        closeness=closeness,
        before=reading.beside(run)[0],
        after=reading.beside(run)[1],
    )
    return _found(claim, reading, run, evidence, reading.run_vectors[place])


def _found(claim: Claim, reading: Reading, run: range, evidence: Evidence, vector: Vector) -> Found:
    found = signs(claim, evidence)
    return Found(reading, run, evidence, vector, found, model().probability(found), lacking(claim, evidence))


def _supports(found: Found) -> bool:
    return not found.lacks and found.score >= model().threshold


def _verdict(passage: Passage, found: Found | None) -> Checked:
    if found is None:
        return Checked(passage, _own_span(passage), Verdict.UNSUPPORTED, 0.0, ("coverage",))
    span = found.reading.span(found.run)
    if _supports(found):
        return Checked(passage, span, Verdict.VERIFIED, found.score)
    return Checked(passage, span, Verdict.UNSUPPORTED, 0.0 if found.lacks else found.score, against(found.signs, found.lacks))


def _own_span(passage: Passage) -> Span:
    """The first sentence of a passage: what is shown where nothing in its post is nearer to the claim."""
    body = passage.post.body
    first = next(iter(sentences(body[passage.start : passage.end], cut_blocks=True)), Span(0, 0))
    return Span(passage.start + first.start, passage.start + first.end)


def _together(claim: Claim, vector: Vector, checked: list[Checked], found: Sequence[Found | None]) -> list[Checked]:
    """The passages as one piece of evidence (Gao et al. 2023, ALCE): where that supports the claim, those that add to it do."""
    alone = sorted({id(one.reading): one for one in found if one is not None}.values(), key=lambda one: -one.score)
    if len(alone) < 2:
        return checked
    merged, adding = alone[0], [alone[0]]
    for one in alone[1:]:
        if adds(claim, merged.evidence, one.evidence):
            vectors = [*(each.vector for each in adding), one.vector]
            mean = together(vectors)
            evidence = merged.evidence.joined(one.evidence, float(mean @ vector))
            merged, adding = _found(claim, merged.reading, merged.run, evidence, mean), [*adding, one]
    if len(adding) < 2 or not _supports(merged):
        return checked
    return [
        replace(one, verdict=Verdict.VERIFIED, score=merged.score, against=()) if any(own is each for each in adding) else one
        for one, own in zip(checked, found, strict=True)
    ]


def _code_checked(claim: str, passages: Sequence[tuple[Passage, Reading]]) -> list[Checked]:
    """A block of code: each line that says anything has to stand in the post, or in one of several of its
    thread that add lines."""
    lines = code_lines(claim)
    places = [{line: place for line in lines if (place := place_of(line, reading.own))} for _, reading in passages]
    held = [set(found) for found in places]
    alone = any(len(found) == len(lines) for found in held)
    of_thread: dict[str, set[str]] = {}
    for (passage, _), lines_held in zip(passages, held, strict=True):
        of_thread.setdefault(passage.post.thread_id, set()).update(lines_held)
    seen: dict[str, set[str]] = {}
    checked = []
    for (passage, reading), found in zip(passages, places, strict=True):
        thread = passage.post.thread_id
        adds_lines = len(found) == len(lines) if alone else bool(found.keys() - seen.setdefault(thread, set()))
        seen.setdefault(thread, set()).update(found)
        whole = bool(lines) and of_thread[thread] == set(lines)
        verdict = Verdict.VERIFIED if whole and adds_lines else Verdict.UNSUPPORTED
        span = _code_span(reading, sorted(found.values())) if found else _own_span(passage)
        score = len(found) / len(lines) if lines else 0.0
        checked.append(Checked(passage, span, verdict, score, () if verdict is Verdict.VERIFIED else ("identifier",)))
    return checked


def _code_span(reading: Reading, places: Sequence[tuple[int, int]]) -> Span:
    """The run of sentences that holds most of the places; the first of several."""
    runs = [reading.span(run) for run in reading.runs]
    return max(runs, key=lambda span: sum(span.start < end and start < span.end for start, end in places))
