"""Answers of a run as rows for judges of other projects: ragas (`SingleTurnSample`) and RAGChecker (`checking_inputs`).

https://github.com/explodinggradients/ragas, https://github.com/amazon-science/RAGChecker. Contexts are what the answerer
saw, or what was retrieved where the system does not say. The reference is the topic's; where it has none, its gold words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from assistant.errors import EvaluationError
from assistant.evaluation.records import AnswerRecord, PostRecord
from assistant.evaluation.runs import RunFolder, json_text, write_text
from assistant.evaluation.sets.auditing import span_texts
from assistant.evaluation.sets.reading import PostText
from assistant.evaluation.sets.rows import JsonObject, json_lines
from assistant.evaluation.topics import Topic


def export_ragas(run: RunFolder, out: Path, posts: Mapping[str, PostText]) -> list[str]:
    """Write one row an answer: `user_input`, `retrieved_contexts`, `response`, and where known `reference(_contexts)`."""
    rows = [_ragas_row(topic, answer, run, posts) for topic, answer in _pairs(run)]
    write_text(out, json_lines(rows))
    bare = sum("reference" not in row for row in rows)
    return (
        [f"{bare} of {len(rows)} rows have no reference: their topics are not to be answered, or have no gold"] if bare else []
    )


def export_ragchecker(run: RunFolder, out: Path, posts: Mapping[str, PostText]) -> list[str]:
    """Write `{"results": […]}`; answers to topics without a reference are left out, since RAGChecker needs one."""
    rows = [row for topic, answer in _pairs(run) if (row := _checker_row(topic, answer, run, posts))]
    write_text(out, json_text({"results": rows}))
    left = len(run.answers) - len(rows)
    return [f"{left} answers have no reference to be held against and are left out"] if left else []


def contexts_of(answer: AnswerRecord, posts: Mapping[str, PostRecord]) -> list[tuple[str, str]]:
    """Post and text of each span that the answerer saw, else of each that was retrieved. Raises EvaluationError."""
    spans = [(span.post, span.start, span.end) for span in answer.seen or answer.retrieved]
    if missing := [post for post, _, _ in spans if post not in posts]:
        raise EvaluationError(
            f"the run has no text of the post {missing[0]!r}", hint="run it again: `assistant eval run SET --out DIR`"
        )
    return [(post, posts[post].body[start:end] or posts[post].body) for post, start, end in spans]


def reference_of(topic: Topic, posts: Mapping[str, PostText]) -> str | None:
    """The reference answer of a topic, else its gold words, None for one that is not to be answered or has neither."""
    gold = "\n".join(text for text in span_texts(topic, posts) if text)
    return (topic.reference or gold or None) if topic.expects_answer else None


def _pairs(run: RunFolder) -> Iterator[tuple[Topic, AnswerRecord]]:
    topics = {topic.id: topic for topic in run.topics}
    return ((topics[answer.tid], answer) for answer in run.answers if answer.tid in topics)


def _ragas_row(topic: Topic, answer: AnswerRecord, run: RunFolder, posts: Mapping[str, PostText]) -> JsonObject:
    row: JsonObject = {
        "user_input": topic.standalone or topic.question,
        "retrieved_contexts": [text for _, text in contexts_of(answer, run.posts)],
        "response": answer.text,
    }
    if (reference := reference_of(topic, posts)) is not None:
        row["reference"] = reference
    if gold := [text for text in span_texts(topic, posts) if text]:
        row["reference_contexts"] = gold
    return row


def _checker_row(topic: Topic, answer: AnswerRecord, run: RunFolder, posts: Mapping[str, PostText]) -> JsonObject | None:
    reference = reference_of(topic, posts)
    if reference is None:
        return None
    return {
        "query_id": topic.id if not answer.rep else f"{topic.id}#{answer.rep}",
        "query": topic.standalone or topic.question,
        "gt_answer": reference,
        "response": answer.text,
        "retrieved_context": [{"doc_id": post, "text": text} for post, text in contexts_of(answer, run.posts)],
    }
