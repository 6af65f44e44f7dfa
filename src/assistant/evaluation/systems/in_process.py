"""Our own pipeline as the system under test, in this process: the very `Assistant` that every surface uses.

A question runs in a thread of its own, so that a time-out is kept; the assistant that did not come back is given up and
another one opened. A topic with `without` is put to an index from which those threads were left out.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from assistant.errors import EvaluationError
from assistant.evaluation.records import AnswerRecord, Cited, PostRecord, Retrieved, Said
from assistant.evaluation.systems.leaving_out import LeavingOut
from assistant.evaluation.systems.system import Observation, TimedOut, post_record, record_of, retrieved_of
from assistant.evaluation.topics import Topic
from assistant.indexing.schema import POST_COLUMNS
from assistant.pipeline import Answered, Assistant
from assistant.pipeline import Retrieved as Found
from assistant.render import answer_json, hit_json, post_json
from assistant.settings import Settings
from assistant.types import Answer, Hit, Post, Status

T = TypeVar("T")


_POST_FIELDS = tuple(name for name in POST_COLUMNS if name != "row")
_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)


class Crashed(EvaluationError):
    """What was measured failed with a fault of its own."""


class InProcess:
    """Asks one index with one set of settings; `depth` hits are recorded. With `search_only` nothing is answered.

    `timeout` is seconds for one topic. Raises IndexMissing, IndexDamaged, IndexMismatch when it is made.
    """

    name = "in process"

    def __init__(self, settings: Settings, depth: int, timeout: float, *, search_only: bool = False) -> None:
        self._settings = settings.model_copy(update={"k": depth})
        self._depth = depth
        self._timeout = timeout
        self._search_only = search_only
        self._indexes = LeavingOut(self._settings)
        self._unrefusing: tuple[Assistant, Assistant] | None = None

    def describe(self) -> dict[str, str]:
        """The settings that can change an answer."""
        settings = self._settings
        deciding = settings.deciding() | {"k": settings.k, "confidence_model": settings.confidence_model}
        return {name: str(deciding[name]) for name in sorted(deciding)} | {"without": ",".join(deciding["without"])}

    def index(self) -> dict[str, str]:
        """Which index is asked: names, sizes and the hash of its posts, wherever their files lie."""
        manifest = self._indexes.manifest
        return {
            "generation": manifest.generation, "corpus": corpus_of(self._indexes.whole), "posts": str(manifest.posts),
            "threads": str(manifest.threads), "chunks": str(manifest.chunks), "embedder": manifest.recipe.embedder,
            "chunker": manifest.recipe.chunker, "analysis": manifest.recipe.analysis,
        }  # fmt: skip

    def missing(self, topics: Iterable[Topic]) -> tuple[int, int]:
        """How many of the gold posts and threads of these topics the index does not have, and how many there are."""
        threads = self._indexes.whole.generation.posts.threads()
        held = {*threads, *threads.values()}
        named = {name for topic in topics if not topic.without for name in (*topic.posts, *topic.threads)}
        return len(named - held), len(named)

    async def ask(self, topic: Topic) -> Observation:
        """Put one topic. Raises TimedOut, and whatever the pipeline raises."""
        assistant = self._indexes.assistant(topic.without)
        try:
            return await asyncio.wait_for(_in_thread(lambda: self._observe(assistant, topic)), self._timeout)
        except TimeoutError:
            self._indexes.give_up(assistant)
            self._unrefusing = None
            raise TimedOut(f"no answer within {self._timeout:g} s", hint="raise --timeout") from None
        except _FAULTS as error:
            # A crash of what is measured is a wrong answer, not the end of the measurement.
            raise Crashed(f"{type(error).__name__}: {error}", hint="ask this topic alone: `assistant ask … --debug`") from error

    def close(self) -> None:
        """Close the index and remove what was built for topics with `without`."""
        if self._unrefusing:
            self._unrefusing[1].close()
        self._indexes.close()

    def _observe(self, assistant: Assistant, topic: Topic) -> Observation:
        if self._search_only:
            ranking = _ranking(assistant.search(topic.question, self._depth))
            record = AnswerRecord(tid=topic.id, input_sha=topic.input_sha, retrieved=ranking)
            return Observation(record, ())
        answer, hits = _answered(assistant, topic)
        record = record_of(answer_json(answer), [hit_json(hit) for hit in hits], topic)
        posts = [hit.post for hit in hits] + _cited(answer)
        update: dict[str, Any] = {"rankings": self._rankings(assistant, topic)}
        if answer.reply.status is Status.REFUSED and self._settings.refuse_below > 0:
            said, cited = self._withheld(assistant, topic)
            update["withheld"] = said
            posts += cited
        return Observation(record.model_copy(update=update), _records(posts))

    def _rankings(self, assistant: Assistant, topic: Topic) -> dict[str, tuple[Retrieved, ...]]:
        """What the last turn alone and the hand-written question find: the difference is what rewriting won and lost."""
        if not topic.history:
            return {}
        questions = {"last_turn": topic.question} | ({"standalone": topic.standalone} if topic.standalone else {})
        return {name: _ranking(assistant.search(text, self._depth)) for name, text in questions.items()}

    def _withheld(self, assistant: Assistant, topic: Topic) -> tuple[Said, list[Post]]:
        """What would have been said had nothing been refused."""
        if self._unrefusing is None or self._unrefusing[0] is not assistant:
            if self._unrefusing:
                self._unrefusing[1].close()
            settings = assistant.settings.model_copy(update={"refuse_below": 0.0})
            self._unrefusing = (assistant, Assistant(settings, assistant.embedder))
        answer, _ = _answered(self._unrefusing[1], topic)
        record = record_of(answer_json(answer), (), topic)
        cited: tuple[Cited, ...] = record.citations
        return Said(text=record.text, citations=cited), _cited(answer)


def corpus_of(assistant: Assistant) -> str:
    """Hash of all posts of an index and their fields, 16 hex digits, the same wherever their files lie: a baseline may have
    been made in another checkout. (The hash in the index's own manifest has the paths of its sources in it.)"""
    rows = assistant.generation.posts.query(f"SELECT {', '.join(_POST_FIELDS)} FROM posts ORDER BY post_id")  # noqa: S608
    return hashlib.blake2b(repr([tuple(row) for row in rows]).encode(), digest_size=8).hexdigest()


def _answered(assistant: Assistant, topic: Topic) -> tuple[Answer, tuple[Hit, ...]]:
    async def events() -> tuple[Answer, tuple[Hit, ...]]:
        hits: tuple[Hit, ...] = ()
        async for event in assistant.ask(topic.question, topic.history):
            if isinstance(event, Found):
                hits = event.hits
            elif isinstance(event, Answered):
                return event.answer, hits
        raise AssertionError("an answer ends with Answered")

    return asyncio.run(events())


def _cited(answer: Answer) -> list[Post]:
    return [citation.post for citation in answer.reply.citations if citation.post is not None]


def _ranking(hits: Sequence[Hit]) -> tuple[Retrieved, ...]:
    return tuple(retrieved_of(hit_json(hit)) for hit in hits)


def _records(posts: Sequence[Post]) -> tuple[PostRecord, ...]:
    return tuple(post_record(post_json(post)) for post in {post.post_id: post for post in posts}.values())


async def _in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a daemon thread: one that never returns does not keep the program from ending, as an executor's would."""
    outcome: Future[T] = Future()
    # What runs is not cancelled: its outcome has to find its place when it comes, though nobody waits any more.
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - carried over to the waiting side, whatever it is
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(outcome)
