"""Nuggets and their assignments as nuggetizer has them (https://github.com/castorini/nuggetizer), one JSON object a line.

    {"query", "qid", "nuggets": [{"text", "importance": "vital" | "okay"}]}
    {"query", "qid", "answer_text", "response_length", "run_id", "nuggets": [{…, "assignment": "support" | "not_support"}]}

A nugget of theirs is a sentence for a model to judge; ours needs surface forms. An imported nugget has its sentence as
the only form, which answers will rarely repeat: forms are to be written by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from assistant.errors import EvaluationError
from assistant.evaluation.records import AnswerRecord, Decision, Outcome
from assistant.evaluation.runs import RunFolder, write_text
from assistant.evaluation.sets.auditing import Stated, states
from assistant.evaluation.sets.imported import Imported
from assistant.evaluation.sets.reading import SetFile, topic_at
from assistant.evaluation.sets.rows import JsonObject, field, json_lines, objects
from assistant.evaluation.topics import Expect, Nugget, Topic, TopicSet

IMPORTANCE: dict[object, Literal["vital", "okay"]] = {"vital": "vital", "okay": "okay"}


def import_nuggetizer(path: Path) -> Imported:
    """The set of a file of nuggets. Raises EvaluationError."""
    topics = tuple(_topic(row, place) for place, row in objects(path))
    bare = sum(len(topic.nuggets) for topic in topics)
    notes = [f"{bare} nuggets have their own sentence as their only surface form: write forms"] if bare else []
    return Imported(SetFile(name=path.name.split(".")[0]), topics, notes=notes)


def _topic(row: JsonObject, place: str) -> Topic:
    query = row.get("query")
    text = query.get("text") if isinstance(query, dict) else query
    if not isinstance(text, str) or not text:
        raise EvaluationError(f"{place}: there is no query", hint="correct this line")
    nuggets = tuple(_nugget(one, number, place) for number, one in enumerate(field(row, "nuggets", list, place), start=1))
    return topic_at(
        place, text, id=field(row, "qid", str, place), answerable=True, expect=Expect.ANSWER,
        nuggets=nuggets, provenance={"method": "nuggetizer"},
    )  # fmt: skip


def _nugget(value: object, number: int, place: str) -> Nugget:
    row = value if isinstance(value, dict) else {}
    text, importance = row.get("text"), IMPORTANCE.get(row.get("importance"))
    if not isinstance(text, str) or not text or importance is None:
        raise EvaluationError(f"{place}: nugget {number} has no text or no known importance", hint="vital or okay")
    return Nugget(id=f"n{number}", importance=importance, any_of=(text,), text=text)


def export_nuggetizer(topics: TopicSet, out: Path, run: RunFolder | None, stated: Stated) -> list[str]:
    """Write the nuggets of a set, or their assignments of a run, in which a nugget that is not stated is `not_support`."""
    with_nuggets = {topic.id: topic for topic in topics.topics if topic.nuggets}
    if run is None:
        write_text(out, json_lines(_row(topic) for topic in with_nuggets.values()))
    else:
        answers = [answer for answer in run.answers if answer.tid in with_nuggets]
        rows = (_assigned(with_nuggets[answer.tid], answer, run.manifest.run_id, stated) for answer in answers)
        write_text(out, json_lines(rows))
    left = len(topics.topics) - len(with_nuggets)
    forms = ["surface forms and spans are not kept"] if with_nuggets else []
    return [*([f"{left} topics have no nuggets and are left out"] if left else []), *forms]


def _row(topic: Topic) -> JsonObject:
    nuggets = [{"text": wording(nugget), "importance": nugget.importance} for nugget in topic.nuggets]
    return {"query": topic.standalone or topic.question, "qid": topic.id, "nuggets": nuggets}


def _assigned(topic: Topic, answer: AnswerRecord, run_id: str, stated: Stated) -> JsonObject:
    row = _row(topic)
    # As in our own scores: who declines states nothing, whatever words it is done in.
    answered = answer.status is Outcome.OK and answer.decision is Decision.ANSWER
    for one, nugget in zip(row["nuggets"], topic.nuggets, strict=True):
        one["assignment"] = "support" if answered and states(nugget, answer.text, stated) else "not_support"
    said = {"answer_text": answer.text, "response_length": len(answer.text.split()), "run_id": run_id}
    return {"query": row["query"], "qid": row["qid"], **said, "nuggets": row["nuggets"]}


def wording(nugget: Nugget) -> str:
    """A nugget in words: its text, else its first form that is no pattern; a pattern only where there is nothing else."""
    forms = [(form,) if isinstance(form, str) else form for form in nugget.any_of]
    readable = [form for form in forms if not any(part.startswith("re:") for part in form)]
    return nugget.text or " … ".join((readable or forms)[0])
