"""What a model is given to read: spans of the posts that were found, best first, as many as its window takes.

A span is a run of whole sentences around the one that answers best; a post that fits is given whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from assistant.answering.finding.evidence import ReadPost
from assistant.answering.finding.finder import Found, ReadThread
from assistant.language.segments import Span, sentences
from assistant.types import Passage, Post

MOST_PASSAGES = 12
LONGEST = 2400
"""Code points of one passage of the thread that answers best."""
LONGEST_FURTHER = 1200
"""The same for threads behind it."""
SHORTEST = 80
"""Code points under which the rest of the room is not worth a passage."""


class _Choice(NamedTuple):
    post: Post
    start: int
    end: int
    score: float


def passages_of(found: Found, room: int, tokens: Callable[[str], int]) -> list[Passage]:
    """Passages labelled 1.. in the order of their promise, in at most `room` tokens together; at least one, if cut."""
    chosen: list[Passage] = []
    left = room
    for choice in _choices(found):
        fits = tokens(choice.post.body[choice.start : choice.end]) <= left
        post, start, end, score = choice if fits else _trimmed(choice, left, tokens)
        if chosen and not fits and end - start < SHORTEST:
            break
        chosen.append(Passage(len(chosen) + 1, post, start, end, post.body[start:end], score))
        left -= tokens(post.body[start:end])
        if left <= 0 or len(chosen) == MOST_PASSAGES:
            break
    return chosen


def _choices(found: Found) -> Iterator[_Choice]:
    """A post once each: the thread that answers best, those read or skimmed behind it, then what was only found."""
    seen: set[str] = set()
    for choice in _all_choices(found):
        if choice.post.post_id not in seen:
            seen.add(choice.post.post_id)
            yield choice


def _all_choices(found: Found) -> Iterator[_Choice]:
    first, *further = found.threads
    yield from _of_thread(first, LONGEST)
    for thread in [*further, *found.skimmed]:
        yield from _of_thread(thread, LONGEST_FURTHER)
    for hit in found.hits:
        yield _Choice(hit.post, hit.start, hit.end, hit.score)


def _of_thread(thread: ReadThread, longest: int) -> Iterator[_Choice]:
    for read in thread.posts:
        span = _around_best(read, longest)
        yield _Choice(read.post, span.start, span.end, float(read.scores.max()))


def _around_best(read: ReadPost, longest: int) -> Span:
    """The run of sentences around the best one that stays within `longest`, grown on the better side first."""
    spans = sentences(read.post.body, cut_blocks=True)
    if not spans or spans[-1].end - spans[0].start <= longest:
        return Span(spans[0].start, spans[-1].end) if spans else Span(0, len(read.post.body))
    scores = {span: float(score) for span, score in zip(read.spans, read.scores, strict=True)}
    best = read.spans[int(np.argmax(read.scores))]
    first = last = min(range(len(spans)), key=lambda number: abs(spans[number].start - best.start))
    lowest = min(scores.values())
    while True:
        sides = [(scores.get(spans[number], lowest), number) for number in (first - 1, last + 1) if 0 <= number < len(spans)]
        fitting = [
            (score, number)
            for score, number in sides
            if spans[max(last, number)].end - spans[min(first, number)].start <= longest
        ]
        if not fitting:
            return Span(spans[first].start, spans[last].end)
        _, number = max(fitting, key=lambda side: (side[0], side[1]))
        first, last = min(first, number), max(last, number)


def _trimmed(choice: _Choice, room: int, tokens: Callable[[str], int]) -> _Choice:
    """The first sentences of a choice that fit; its first words, cut at white space, where not even one does."""
    body = choice.post.body
    end = choice.start
    for span in sentences(body[choice.start : choice.end], cut_blocks=True):
        if tokens(body[choice.start : choice.start + span.end]) > room:
            break
        end = choice.start + span.end
    if end == choice.start:
        end = _word_end(body, choice, room, tokens)
    return choice._replace(end=end)


def _word_end(body: str, choice: _Choice, room: int, tokens: Callable[[str], int]) -> int:
    end = choice.end
    while end > choice.start and tokens(body[choice.start : end]) > room:
        cut = body.rfind(" ", choice.start, end - 1 - (end - choice.start) // 8)
        end = cut if cut > choice.start else choice.start + (end - choice.start) // 2
    return end
