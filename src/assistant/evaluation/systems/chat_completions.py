"""Any server with OpenAI's chat protocol whose replies name sources, so that others can be measured by the same rules.

Sources are led back to known posts; what cannot be is a dangling citation and counts as one. The text is put into the
form of the contract (`[n]`, list of sources taken off). The decision comes from a field where there is one, else from the
words, which is weak: such a record has no `grounding`, and the manifest says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from assistant.errors import EvaluationError
from assistant.evaluation.records import AnswerRecord, Cited, Decision, PostRecord, Retrieved, Seen
from assistant.evaluation.systems.chat_client import CONNECT_SECONDS, TOTAL_SECONDS, ChatServer
from assistant.evaluation.systems.known_posts import KnownPosts, NamedSource, located
from assistant.evaluation.systems.marked_text import marked, written
from assistant.evaluation.systems.reply_sources import CITING, FOUND, content_of, listed, noted, places
from assistant.evaluation.systems.system import DECISIONS, Observation, contract, needs_whole_index, tokens_of
from assistant.evaluation.systems.worded_decisions import worded_decision
from assistant.evaluation.topics import Topic
from assistant.llm.addresses import base_url_of, shown


class ChatCompletions:
    """A model at a base URL (with its /v1). `posts` are those that its sources may mean, `parameters` whatever else goes
    into each request. The key is sent and nowhere written."""

    def __init__(
        self,
        base_url: str,
        model: str,
        posts: Iterable[PostRecord],
        *,
        api_key: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._server = ChatServer(base_url_of(base_url), api_key, connect_seconds, total_seconds)
        self._model = model
        self._known = KnownPosts(posts)
        self._parameters = dict(parameters or {})

    @property
    def name(self) -> str:
        """Model and address."""
        return f"chat {self._model} at {shown(self._server.base_url)}"

    def describe(self) -> dict[str, str]:
        """Model, address, parameters, and how a decision is told."""
        return {
            "base_url": shown(self._server.base_url),
            "model": self._model,
            "parameters": json.dumps(self._parameters, sort_keys=True),
            "decision": "status field where there is one, else read off the words (weak)",
            "connect_seconds": f"{self._server.connect_seconds:g}",
            "total_seconds": f"{self._server.total_seconds:g}",
        }

    def close(self) -> None:
        """Nothing is held open."""

    async def ask(self, topic: Topic) -> Observation:
        """Put history and question. Raises ServerUnreachable, TimedOut, EvaluationError."""
        needs_whole_index(topic, self.name)
        messages = [{"role": turn.role, "content": turn.content} for turn in topic.turns]
        async with self._server.client() as client:
            started = time.perf_counter()
            response = await self._server.completion(client, self._model, messages, self._parameters)
            spent = 1000 * (time.perf_counter() - started)
        return observation_of(response, self._known, topic, spent)


class _Citation(NamedTuple):
    """A source with the post that it means, if any, and the sentence that it stands behind."""

    source: NamedSource
    post: PostRecord | None
    at: int | None
    sentence: str


def observation_of(response: Mapping[str, Any], known: KnownPosts, topic: Topic, total_ms: float) -> Observation:
    """A chat completion as a record. Raises EvaluationError where it holds no text."""
    content = content_of(response)
    refusal = places(response)[0].get("refusal")
    if not content.strip() and not refusal:
        raise EvaluationError("the reply holds no text", hint="ask this topic by hand and look at what comes back")
    plain, citations = _citations(content or str(refusal), response, known)
    numbers = _numbers(citations)
    cited = tuple(_cited(list(group)) for _, group in groupby(zip(numbers, citations, strict=True), key=itemgetter(0)))
    ranking = listed(response, FOUND)
    status = _own(response, "status")
    usage = response.get("usage")
    with contract():
        record = AnswerRecord(
            tid=topic.id,
            input_sha=topic.input_sha,
            decision=_decision(status, bool(refusal), plain, bool(cited)),
            confidence=_own(response, "confidence"),
            grounding=status if status in DECISIONS else "",
            text=written(
                plain, [(item.at, number) for number, item in zip(numbers, citations, strict=True) if item.at is not None]
            ),
            citations=cited,
            retrieved=tuple(_retrieved(source, known, rank) for rank, source in enumerate(ranking, start=1)),
            seen=tuple(seen for source in ranking if (seen := _seen(source, known))),
            latency_ms={"total": total_ms},
            tokens=tokens_of(usage if isinstance(usage, Mapping) else None),
        )
    touched = [item.post for item in citations] + [known.find(source) for source in ranking]
    return Observation(record, tuple({post.post: post for post in touched if post}.values()))


def _citations(content: str, response: Mapping[str, Any], known: KnownPosts) -> tuple[str, list[_Citation]]:
    """The text without marks, and its citations: those with a place in the text, else those that are only listed."""
    notes = noted(response, len(content))
    plain, marks = marked(content, listed(response, FOUND), [item for item in notes if item.start is not None], known.knows)
    found = [
        _Citation(mark.source, known.find(mark.source), mark.at, plain[slice(*mark.sentence)] if mark.sentence else "")
        for mark in marks
    ]
    placed = {_identity(item)[0] for item in found}
    loose = [item.source for item in notes if item.start is None] or ([] if found else listed(response, CITING))
    rest = [_Citation(source, known.find(source), None, "") for source in loose if source.name]
    found += [item for item in rest if _identity(item)[0] not in placed]
    return plain, list({(*_identity(item), item.sentence): item for item in reversed(found)}.values())[::-1]


def _identity(item: _Citation) -> tuple[str, str]:
    return (item.post.post if item.post else item.source.name, item.source.quote)


def _numbers(citations: Sequence[_Citation]) -> list[int]:
    """The citations numbered as in our own answers: one quotation behind sentences in a row is one citation. A source
    without a quotation is one for each use, since it may support one sentence and not the next."""
    numbers: list[int] = []
    for before, item in zip([None, *citations], citations, strict=False):
        goes_on = before is not None and item.source.quote and item.at is not None and _identity(before) == _identity(item)
        numbers.append(numbers[-1] if goes_on else len(set(numbers)) + 1)
    return numbers


def _cited(uses: Sequence[tuple[int, _Citation]]) -> Cited:
    number, item = uses[0]
    source, post, claim = item.source, item.post, " ".join(use.sentence for _, use in uses)
    if post is None:
        return Cited(n=number, post=source.name, quote=source.quote, sentence=claim, state="dangling")
    cited = Cited(n=number, post=post.post, source=post.source, thread=post.thread, sentence=claim)
    words = source.quote or source.passage
    if words and (span := located(words, post.body)):
        return cited.model_copy(update={"start": span.start, "end": span.end, "quote": post.body[span.start : span.end]})
    if source.quote:
        # Words that are said to be the post's and are not: they stay as given, so that they can be found out.
        return cited.model_copy(update={"quote": source.quote})
    return cited.model_copy(update={"end": len(post.body), "quote": post.body})


def _retrieved(source: NamedSource, known: KnownPosts, rank: int) -> Retrieved:
    if post := known.find(source):
        span = located(source.quote or source.passage, post.body)
        start, end = span or (0, len(post.body))
        return Retrieved(post=post.post, source=post.source, thread=post.thread, start=start, end=end, score=1 / rank)
    return Retrieved(post=source.name, thread=source.name, score=1 / rank)


def _seen(source: NamedSource, known: KnownPosts) -> Seen | None:
    post = known.find(source)
    if not post or not post.body:
        return None
    start, end = located(source.quote or source.passage, post.body) or (0, len(post.body))
    return Seen(post=post.post, start=start, end=end)


def _own(response: Mapping[str, Any], name: str) -> Any:
    """A field of our own that the answer carries, the most specific place first."""
    return next((place[name] for place in places(response) if place.get(name) is not None), None)


def _decision(status: Any, refusal: bool, text: str, cited: bool) -> Decision:
    if isinstance(status, str) and status in DECISIONS:
        return DECISIONS[status]
    return Decision.ABSTAIN if refusal else worded_decision(text, cited)
