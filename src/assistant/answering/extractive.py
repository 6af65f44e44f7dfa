"""Answers without a model: the sentences of the posts that answer, verbatim, worded as what the poster says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.answering import wording
from assistant.answering.asked import Asked
from assistant.answering.confidence import Confidence, Observed
from assistant.answering.evidence import Reader, ReadPost
from assistant.answering.fields import FieldAnswer, Fields, parse
from assistant.language.segments import sentences
from assistant.retrieval.filters import Filters, allowed_rows
from assistant.retrieval.question import Question
from assistant.types import NONE, Citation, Hit, Near, Part, Parts, Passage, Post, Refusal, Reply, Role, Status

if TYPE_CHECKING:
    from assistant.indexing.embedders import Embedder
    from assistant.indexing.generation import Generation

CLOSE = 0.6
"""Fused score within which a following thread may be the one that answers, so that it is read too."""
MOST_READ = 3
PEAK_WEIGHT = 4.0
"""What the best sentence's cosine counts against the fused score when threads that were read are ordered."""
REPLIES_READ = 6
SECOND_SHARE = 1 / 3
"""Share of the characters that further threads get when a question asks for several."""
FIELD_QUOTE = 160
ACCEPTED_BONUS, REPLY_BONUS = 0.6, 0.4
"""What being the accepted answer, or a reply at all, counts against the score of a post's best sentence."""
NEARLY = 0.6
"""Share of the best post's promise that another post of the thread must have to be quoted too."""


@dataclass(frozen=True, slots=True)
class ReadThread:
    """A hit's thread after reading: its posts, best first, and the score that orders threads."""

    hit: Hit
    posts: tuple[ReadPost, ...]
    score: float


class Extractive:
    """The answerer that quotes."""

    def __init__(
        self,
        generation: Generation,
        embedder: Embedder,
        confidence: Confidence,
        characters: int,
        refuse_below: float,
        without: Parts = NONE,
    ) -> None:
        self._generation = generation
        self._reader = Reader(embedder, generation.lexical.rarity)
        self._fields = Fields(generation)
        self._confidence = confidence
        self._characters = characters
        self._refuse_below = refuse_below
        self._without = without

    def about_fields(self, question: Question, filters: Filters) -> Reply | None:
        """The answer to a question about the posts themselves, None for any other question."""
        asked = None if Part.FIELDS in self._without else parse(question.text)
        if asked is None:
            return None
        return self._field_reply(self._fields.answer(asked, allowed_rows(self._generation.posts, filters)))

    def answer(self, question: Question, hits: Sequence[Hit], nearest: Sequence[Near]) -> Reply:
        """The sentences that answer, or a refusal where confidence is below the floor."""
        if not question.text.strip():
            reason = Refusal.EMPTY_QUESTION
            return Reply(wording.refused(reason, ()), Status.REFUSED, 0.0, refusal=reason)
        asked = Asked(question.text)
        threads = self.read(question, asked, hits)
        if not threads:
            return Reply(wording.refused(Refusal.NOT_HERE, nearest), Status.REFUSED, 0.0, refusal=Refusal.NOT_HERE)
        best = threads[0]
        observed = Observed.of(question, asked, best.hit, best.posts, hits, self._generation.lexical)
        confidence = self._confidence.answered(observed)
        if confidence < self._refuse_below:
            return self._refusal(confidence, observed, best, nearest)
        return self._quote(self._shown(asked, threads), confidence)

    def observed(self, question: Question, hits: Sequence[Hit]) -> Observed | None:
        """The signs that the confidence in an answer to `question` is computed from; None where there is nothing to read."""
        asked = Asked(question.text)
        threads = self.read(question, asked, hits)
        if not threads:
            return None
        return Observed.of(question, asked, threads[0].hit, threads[0].posts, hits, self._generation.lexical)

    def _refusal(self, confidence: float, observed: Observed, best: ReadThread, nearest: Sequence[Near]) -> Reply:
        on_topic = self._confidence.on_topic(observed)
        reason = Refusal.ASKED_NOT_ANSWERED if on_topic else Refusal.NOT_HERE
        text = wording.refused(reason, nearest, best.hit.post)
        return Reply(text, Status.REFUSED, confidence, refusal=reason)

    def read(self, question: Question, asked: Asked, hits: Sequence[Hit]) -> list[ReadThread]:
        """The thread that answers best, read; further ones behind it where the question asks for several."""
        skimmed = self._skim(question, asked, hits)
        wanted = skimmed if asked.several else skimmed[:1]
        return [
            replace(thread, posts=tuple(sorted(self._framed(question, thread.posts), key=_promise, reverse=True)))
            for thread in wanted
        ]

    def _framed(self, question: Question, posts: Sequence[ReadPost]) -> Sequence[ReadPost]:
        return posts if Part.FRAMES in self._without else self._reader.read(question, posts)

    def _skim(self, question: Question, asked: Asked, hits: Sequence[Hit]) -> list[ReadThread]:
        """The first hit's thread and those close behind it, ordered by what skimming them showed."""
        threads = []
        for hit in hits[: 1 if Part.SKIMMING in self._without else MOST_READ]:
            if not asked.several and hits[0].score - hit.score > CLOSE:
                continue
            if posts := self._reader.skim(question, self._posts_of(hit)):
                peak = max(float(post.cosines[0].max()) for post in posts)
                threads.append(ReadThread(hit, tuple(posts), hit.score + PEAK_WEIGHT * peak))
        return sorted(threads, key=lambda thread: -thread.score)

    def _posts_of(self, hit: Hit) -> list[Post]:
        """The hit's post, and of its thread the question, the accepted answer and the first replies."""
        if Part.REPLIES in self._without:
            return [hit.post]
        thread = [post for post in self._generation.posts.thread(hit.post.thread_id) if post != hit.post]
        thread.sort(key=lambda post: (post.role is Role.REPLY, not post.accepted, -(post.score or 0)))
        return [hit.post, *thread[:REPLIES_READ]]

    def _shown(self, asked: Asked, threads: Sequence[ReadThread]) -> list[tuple[ReadPost, list[int]]]:
        """Which sentences of which posts to show, within the characters allowed."""
        several = asked.several and len(threads) > 1
        first = int(self._characters * (1 - SECOND_SHARE)) if several else self._characters
        shown = _best_of_thread(threads[0].posts, first)
        if several:
            others = threads[1:MOST_READ]
            share = int(self._characters * SECOND_SHARE / len(others))
            for thread in others:
                shown += _best_of_thread(thread.posts, share)
        return shown

    def _quote(self, shown: Iterable[tuple[ReadPost, list[int]]], confidence: float) -> Reply:
        citations: list[Citation] = []
        passages: list[Passage] = []
        blocks: list[str] = []
        for read, numbers in shown:
            runs = []
            for run in _runs(read, numbers):
                label = len(citations) + 1
                start, end = read.spans[run[0]].start, read.spans[run[-1]].end
                quote = read.post.body[start:end]
                citations.append(Citation(label, quote, read.post, start, end, quote))
                passages.append(Passage(label, read.post, start, end, quote, float(read.scores[run].max())))
                runs.append([(read.texts[number], label) for number in run])
            blocks.append(wording.block(read.post, runs))
        return Reply("\n\n".join(blocks), Status.GROUNDED, confidence, tuple(citations), tuple(passages))

    def _field_reply(self, answer: FieldAnswer) -> Reply:
        posts = self._generation.posts.posts(answer.rows)
        if not posts:
            return Reply(wording.field_none(answer), Status.REFUSED, 1.0, refusal=Refusal.NOT_HERE)
        citations = []
        lines = []
        for label, post in enumerate(posts, start=1):
            end = _first_words(post.body)
            line = wording.field_line(post, answer.asked.field, label)
            citations.append(Citation(label, line, post, 0, end, post.body[:end]))
            lines.append(f"- {line}")
        passages = tuple(Passage(c.label, c.post, c.start, c.end, c.quote, 1.0) for c in citations)
        text = wording.field_lead(answer) + "\n\n" + "\n".join(lines)
        return Reply(text, Status.GROUNDED, 1.0, tuple(citations), passages)


def _promise(post: ReadPost) -> float:
    """How well a post of a thread answers: its best sentence, and that it was written as an answer.

    The question's own post repeats the question's words, so without that it would always be quoted first.
    """
    written = ACCEPTED_BONUS if post.post.accepted else REPLY_BONUS if post.post.role is Role.REPLY else 0.0
    return float(post.scores.max()) + written


def _best_of_thread(posts: Sequence[ReadPost], characters: int) -> list[tuple[ReadPost, list[int]]]:
    """The best sentences of a thread (posts best first): most from its best post, the rest from the next ones.

    A further post is quoted where its best sentence is nearly as good: it answers too, or answers otherwise; the best reply
    is quoted in any case, since a post that asks the same in the same words says what is asked better than any answer does.
    They are shown in the order of the thread: what was asked, then what was answered.
    """
    shown: list[tuple[ReadPost, list[int]]] = []
    left = characters
    reply = next((post for post in posts if post.post.role is Role.REPLY), None)
    for post in posts:
        lesser = post is not reply and _promise(post) < _promise(posts[0]) * NEARLY
        if shown and (lesser or left < characters // 10):
            continue
        share = left if post is posts[-1] else max(left // 2, characters // 3)
        numbers = post.best(min(left, share))
        shown.append((post, numbers))
        left -= _length(post, numbers)
    return sorted(shown, key=lambda pair: (pair[0].post.role is Role.REPLY, not pair[0].post.accepted))


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


def _first_words(body: str) -> int:
    """End of the first sentence, or of as many whole words as a quotation may have."""
    spans = sentences(body, FIELD_QUOTE)
    end = spans[0].end if spans else 0
    return end if end <= 2 * FIELD_QUOTE else body.rfind(" ", 0, 2 * FIELD_QUOTE) + 1 or end
