"""Hits to what was found: the thread that answers, read, and how sure that is; below the floor a refusal.

What is found does not hang on who words it: the quoting answerer and a model get the same evidence and the same floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.answering import wording
from assistant.answering.finding.asked import Asked
from assistant.answering.finding.confidence import Confidence, Observed
from assistant.answering.finding.dating import surely_later
from assistant.answering.finding.evidence import MOST_BEHIND, MOST_SENTENCES, Reader, ReadPost
from assistant.retrieval.question import Question
from assistant.types import NONE, Hit, Near, Part, Parts, Post, Refusal, Reply, Role, Status

if TYPE_CHECKING:
    from assistant.indexing.embedders import Embedder
    from assistant.indexing.generation import Generation

CLOSE = 0.6
"""Fused score within which a following thread may be the one that answers, so that it is read too."""
MOST_READ = 3
PEAK_WEIGHT = 4.0
"""What the best sentence's cosine counts against the fused score when threads that were read are ordered."""
REPLIES_READ = 6
ACCEPTED_BONUS, REPLY_BONUS = 0.6, 0.4
"""What being the accepted answer, or a reply at all, counts against the score of a post's best sentence."""


@dataclass(frozen=True, slots=True)
class ReadThread:
    """A hit's thread after reading: its posts that were read, best first, the score that orders threads, and all its posts."""

    hit: Hit
    posts: tuple[ReadPost, ...]
    score: float
    whole: tuple[Post, ...]

    def later_replies(self, post: Post) -> int:
        """Replies of the thread that were surely written after `post`: one of these may know better."""
        return sum(other.role is Role.REPLY and surely_later(other.created, post.created) for other in self.whole)


@dataclass(frozen=True, slots=True)
class Found:
    """What an answer can be made from: the threads read (best first; one unless several are asked for), those only skimmed
    behind them, all hits, the nearest threads, and how likely it is that this answers (0-1)."""

    question: Question
    asked: Asked
    threads: tuple[ReadThread, ...]
    skimmed: tuple[ReadThread, ...]
    hits: tuple[Hit, ...]
    nearest: tuple[Near, ...]
    confidence: float


class Finder:
    """Reads what was found in one generation."""

    def __init__(
        self, generation: Generation, embedder: Embedder, confidence: Confidence, refuse_below: float, without: Parts = NONE
    ) -> None:
        self._generation = generation
        self._reader = Reader(embedder, generation.lexical.rarity)
        self._confidence = confidence
        self._refuse_below = refuse_below
        self._without = without

    def find(self, question: Question, hits: Sequence[Hit], nearest: Sequence[Near]) -> Found | Reply:
        """What there is to answer with, or a refusal where confidence is below the floor."""
        asked = Asked(question.text)
        threads, skimmed = self._read(question, asked, hits)
        if not threads:
            text = wording.refused(Refusal.NOT_HERE, nearest) if self._generation.manifest.posts else wording.EMPTY_INDEX
            return Reply(text, Status.REFUSED, 0.0, refusal=Refusal.NOT_HERE)
        best = threads[0]
        observed = Observed.of(question, asked, best.hit, best.posts, hits, self._generation.lexical)
        confidence = self._confidence.answered(observed)
        if confidence < self._refuse_below:
            return self._refusal(confidence, observed, best, nearest)
        return Found(question, asked, threads, skimmed, tuple(hits), tuple(nearest), confidence)

    def nothing_asked(self) -> Reply:
        """The refusal of a question in which there is nothing to look up."""
        text = wording.nothing_asked(self._generation.manifest.threads)
        return Reply(text, Status.REFUSED, 0.0, refusal=Refusal.EMPTY_QUESTION)

    def observed(self, question: Question, hits: Sequence[Hit]) -> Observed | None:
        """The signs that the confidence in an answer to `question` is computed from; None where there is nothing to read."""
        asked = Asked(question.text)
        threads, _ = self._read(question, asked, hits)
        if not threads:
            return None
        return Observed.of(question, asked, threads[0].hit, threads[0].posts, hits, self._generation.lexical)

    def _refusal(self, confidence: float, observed: Observed, best: ReadThread, nearest: Sequence[Near]) -> Reply:
        on_topic = self._confidence.on_topic(observed)
        reason = Refusal.ASKED_NOT_ANSWERED if on_topic else Refusal.NOT_HERE
        text = wording.refused(reason, nearest, best.hit.post)
        return Reply(text, Status.REFUSED, confidence, refusal=reason)

    def _read(
        self, question: Question, asked: Asked, hits: Sequence[Hit]
    ) -> tuple[tuple[ReadThread, ...], tuple[ReadThread, ...]]:
        """The thread that answers best, read (further ones behind it where the question asks for several), and the rest."""
        skimmed = self._skim(question, asked, hits)
        wanted = len(skimmed) if asked.several else 1
        best = skimmed[:wanted]
        if best and best[0].hit != hits[0] and not asked.several:
            # Of a thread behind the first less was skimmed.
            best = [replace(best[0], posts=(self._skimmed(question, best[0].hit, MOST_SENTENCES) or best[0]).posts)]
        return tuple(self._framed(question, thread) for thread in best), tuple(skimmed[wanted:])

    def _framed(self, question: Question, thread: ReadThread) -> ReadThread:
        """A thread with its best sentences in their frames; its posts best first."""
        posts = thread.posts if Part.FRAMES in self._without else self._reader.read(question, thread.posts)
        return replace(thread, posts=tuple(sorted(posts, key=promise, reverse=True)))

    def _skim(self, question: Question, asked: Asked, hits: Sequence[Hit]) -> list[ReadThread]:
        """The first hit's thread and those close behind it, ordered by what skimming them showed."""
        threads: list[ReadThread] = []
        for hit in hits[: 1 if Part.SKIMMING in self._without else MOST_READ]:
            if not asked.several and hits[0].score - hit.score > CLOSE:
                continue
            most = MOST_BEHIND if threads and not asked.several else MOST_SENTENCES
            if thread := self._skimmed(question, hit, most):
                threads.append(thread)
        return sorted(threads, key=lambda thread: -thread.score)

    def _skimmed(self, question: Question, hit: Hit, most: int) -> ReadThread | None:
        """A hit's thread with at most so many of its sentences skimmed; None where there are none."""
        thread = self._generation.posts.thread(hit.post.thread_id)
        posts = self._reader.skim(question, self._to_read(hit.post, thread), most)
        if not posts:
            return None
        peak = max(float(post.cosines[0].max()) for post in posts)
        return ReadThread(hit, tuple(posts), hit.score + PEAK_WEIGHT * peak, tuple(thread))

    def _to_read(self, found: Post, thread: Sequence[Post]) -> list[Post]:
        """The post that was found, and of its thread the question, the accepted answer and the first replies."""
        if Part.REPLIES in self._without:
            return [found]
        others = [post for post in thread if post != found]
        others.sort(key=lambda post: (post.role is Role.REPLY, not post.accepted, -(post.score or 0)))
        return [found, *others[:REPLIES_READ]]


def promise(post: ReadPost) -> float:
    """How well a post of a thread answers: its best sentence, and that it was written as an answer.

    The question's own post repeats the question's words, so without that it would always be quoted first.
    """
    written = ACCEPTED_BONUS if post.post.accepted else REPLY_BONUS if post.post.role is Role.REPLY else 0.0
    return float(post.scores.max()) + written
