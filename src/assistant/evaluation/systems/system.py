"""What the harness asks of a system: one question in, one record of the answer out, with the posts that it touched.

An Answer of the contract becomes a record in one place, `record_of`, whichever way it came. Nothing is dropped: a
citation that leads nowhere stays in the record, so that it can be counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import ValidationError

from assistant.errors import EvaluationError
from assistant.evaluation.records import AnswerRecord, Cited, Decision, PostRecord, Retrieved, Seen, Tokens
from assistant.evaluation.topics import Topic

Json = Mapping[str, Any]

DECISIONS = {
    "grounded": Decision.ANSWER,
    "partly_grounded": Decision.ANSWER,
    "ungrounded": Decision.ANSWER,
    "refused": Decision.ABSTAIN,
    "clarify": Decision.CLARIFY,
}
"""The structured field `status` of an answer to what the system did."""

FACTS = ("author", "created", "activity", "replies", "boosts", "views", "score")
"""Fields of a post that an answer may state beside its words."""

_INPUT_TOKENS = ("prompt_tokens", "input_tokens", "input")
_OUTPUT_TOKENS = ("completion_tokens", "output_tokens", "output")


@dataclass(frozen=True, slots=True)
class Observation:
    """What a system gave for one topic: the record without the run's own bookkeeping, and the posts that it touched."""

    record: AnswerRecord
    posts: tuple[PostRecord, ...]


class System(Protocol):
    """Something that answers questions."""

    @property
    def name(self) -> str:
        """How it stands in the manifest."""
        ...

    async def ask(self, topic: Topic) -> Observation:
        """Put the topic's history and question. Raises AssistantError; a `TimedOut` is told apart from other failures."""
        ...

    def describe(self) -> dict[str, str]:
        """Settings for the manifest, never a key."""
        ...

    def close(self) -> None:
        """Give up connections and files."""
        ...


class TimedOut(EvaluationError):
    """A system gave no whole answer within the time it had."""


def record_of(answer: Json, retrieved: Sequence[Json], topic: Topic) -> AnswerRecord:
    """The record of an Answer of the contract (`render.answer_json`) and of the hits that were found (`render.hit_json`,
    best first). Every citation is kept, in order. Raises EvaluationError that names the field which is missing or of
    another kind."""
    usage = answer.get("usage") or {}
    with contract():
        return AnswerRecord(
            tid=topic.id,
            input_sha=topic.input_sha,
            decision=_decision(answer),
            confidence=answer.get("confidence"),
            grounding=answer["status"],
            text=answer["text"],
            standalone=answer.get("standalone_question") or "",
            citations=tuple(_cited(citation) for citation in _list(answer["citations"], "citations")),
            retrieved=ranking_of(retrieved),
            seen=tuple(_seen(passage) for passage in answer.get("passages") or ()),
            latency_ms={name: ms for name, ms in (answer.get("timings_ms") or {}).items() if ms is not None},
            tokens=tokens_of(usage),
            cost=usage.get("cost"),
        )


@contextmanager
def contract() -> Iterator[None]:
    """Whatever is missing in a document of the contract, or of another kind, becomes an EvaluationError that names it."""
    try:
        yield
    except KeyError as error:
        raise _not_contract(f"it has no {error.args[0]!r}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise _not_contract(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (TypeError, AttributeError) as error:
        raise _not_contract(str(error)) from error


def _decision(answer: Json) -> Decision:
    status = answer["status"]
    if status not in DECISIONS:
        raise _not_contract(f"status {status!r} is none of {', '.join(DECISIONS)}")
    return DECISIONS[status]


def _not_contract(what: str) -> EvaluationError:
    return EvaluationError(
        f"what the system gave is not of the contract: {what}", hint="see what it should look like: `assistant ask … --json`"
    )


def _cited(citation: Json) -> Cited:
    # A dangling citation may have neither a post nor a span, and still is one.
    return Cited(
        n=citation["label"],
        post=citation.get("post_id") or "",
        source=citation.get("source_id"),
        thread=citation.get("thread_id") or "",
        start=citation.get("start") or 0,
        end=citation.get("end") or 0,
        quote=citation.get("quote") or "",
        sentence=citation.get("claim") or "",
        state=citation.get("status") or "verified",
    )


def _seen(passage: Json) -> Seen:
    return Seen(post=passage["post_id"], start=passage["start"], end=passage["end"])


def needs_whole_index(topic: Topic, name: str) -> None:
    """Raises EvaluationError for a topic that is asked without some threads: the index of a server is not ours to change."""
    if topic.without:
        raise EvaluationError(
            f"topic {topic.id} has to be asked without {', '.join(topic.without)}, which {name} cannot leave out",
            hint="run counterfactual topics in process, with --index",
        )


def ranking_of(hits: Sequence[Json] | None) -> tuple[Retrieved, ...]:
    """The hits of `search --json`, best first. Raises EvaluationError where they are not those of the contract."""
    with contract():
        return tuple(retrieved_of(hit) for hit in _list(hits, "hits"))


def _list(value: Any, field: str) -> Sequence[Json]:
    if not isinstance(value, list | tuple):
        raise _not_contract(f"{field} is {type(value).__name__}, not a list")
    return value


def retrieved_of(hit: Json) -> Retrieved:
    """A hit of `search --json` (`render.hit_json`). Raises KeyError, ValidationError."""
    return Retrieved(
        post=hit["post_id"],
        source=hit.get("source_id"),
        thread=hit["thread_id"],
        start=hit.get("start") or 0,
        end=hit.get("end") or 0,
        score=hit.get("score") or 0.0,
    )


def post_record(post: Json) -> PostRecord:
    """A post of `show --json` (`render.post_json`). Raises EvaluationError where it is not one of the contract."""
    with contract():
        return PostRecord(
            post=post["post_id"],
            source=post.get("source_id"),
            thread=post.get("thread_id") or "",
            title=post.get("title") or "",
            body=post["body"],
            url=post.get("url"),
            facts=tuple(str(post[name]) for name in FACTS if post.get(name) not in (None, "")),
        )


def tokens_of(usage: Json | None) -> Tokens | None:
    """Tokens of a `usage` object, by OpenAI's names or ours; None where it does not say both."""
    if not usage:
        return None
    counts = [
        next((usage[name] for name in names if isinstance(usage.get(name), int)), None)
        for names in (_INPUT_TOKENS, _OUTPUT_TOKENS)
    ]
    if counts[0] is None or counts[1] is None:
        return None
    return Tokens(input=counts[0], output=counts[1])
