"""Answers without a model: the sentences of the posts that answer, verbatim, worded as what the poster says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from assistant.answering import wording
from assistant.answering.finding.asked import Asked
from assistant.answering.finding.evidence import ReadPost
from assistant.answering.finding.finder import MOST_READ, Found, ReadThread, promise
from assistant.types import Citation, Passage, Reply, Role, Status

SECOND_SHARE = 1 / 3
"""Share of the characters that further threads get when a question asks for several."""
NEARLY = 0.6
"""Share of the best post's promise that another post of the thread must have to be quoted too."""


def quoted(found: Found, characters: int) -> Reply:
    """The sentences that answer, at most about `characters` of them."""
    return _quote(_shown(found.asked, found.threads, characters), found.confidence)


class _Shown(NamedTuple):
    """Which sentences of a post to show; `later` is how many replies followed it."""

    read: ReadPost
    numbers: list[int]
    later: int


def _shown(asked: Asked, threads: Sequence[ReadThread], characters: int) -> list[_Shown]:
    """Which sentences of which posts to show, within the characters allowed."""
    several = asked.several and len(threads) > 1
    first = int(characters * (1 - SECOND_SHARE)) if several else characters
    shown = _best_of_thread(threads[0], first)
    if several:
        others = threads[1:MOST_READ]
        share = int(characters * SECOND_SHARE / len(others))
        for thread in others:
            shown += _best_of_thread(thread, share)
    return shown


def _quote(shown: Iterable[_Shown], confidence: float) -> Reply:
    citations: list[Citation] = []
    passages: list[Passage] = []
    blocks: list[str] = []
    for read, numbers, later in shown:
        runs = []
        for run in _runs(read, numbers):
            label = len(citations) + 1
            start, end = read.spans[run[0]].start, read.spans[run[-1]].end
            quote = read.post.body[start:end]
            citations.append(Citation(label, quote, read.post, start, end, quote))
            passages.append(Passage(label, read.post, start, end, quote, float(read.scores[run].max())))
            runs.append([(read.texts[number], label) for number in run])
        blocks.append(wording.block(read.post, runs, later))
    return Reply("\n\n".join(blocks), Status.GROUNDED, confidence, tuple(citations), tuple(passages))


def _best_of_thread(thread: ReadThread, characters: int) -> list[_Shown]:
    """The best sentences of a thread: most from its best post, the rest from the next ones.

    A further post is quoted where its best sentence is nearly as good: it answers too, or answers otherwise; the best reply
    is quoted in any case, since a post that asks the same in the same words says what is asked better than any answer does.
    They are shown in the order of the thread: what was asked, then what was answered.
    """
    posts = thread.posts
    shown: list[_Shown] = []
    left = characters
    reply = next((post for post in posts if post.post.role is Role.REPLY), None)
    for post in posts:
        lesser = post is not reply and promise(post) < promise(posts[0]) * NEARLY
        if shown and (lesser or left < characters // 10):
            continue
        share = left if post is posts[-1] else max(left // 2, characters // 3)
        numbers = post.best(min(left, share))
        shown.append(_Shown(post, numbers, thread.later_replies(post.post)))
        left -= _length(post, numbers)
    return sorted(shown, key=lambda one: (one.read.post.role is Role.REPLY, not one.read.post.accepted))


def _length(read: ReadPost, numbers: Sequence[int]) -> int:
    return sum(read.spans[number].end - read.spans[number].start for number in numbers)


def _runs(read: ReadPost, numbers: Sequence[int]) -> list[list[int]]:
    """Sentences together between which nothing stands: not what was left out of a long post, nor a quoted line."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and not read.post.body[read.spans[runs[-1][-1]].end : read.spans[number].start].strip():
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
