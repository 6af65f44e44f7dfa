"""MTRAG generation tasks, one JSON object a line (https://github.com/IBM/mt-rag-benchmark).

`input` is the conversation up to the question, `targets` the reference answer, `contexts` the passages, `Answerability` a
list with one of ANSWERABLE, PARTIAL, UNANSWERABLE, UNDERSPECIFIED, CONVERSATIONAL. Meant are the tasks with reference
passages; in others a context counts as gold only where an annotator marked it so. Conversational turns ask nothing and
are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assistant.corpus import canonical
from assistant.errors import EvaluationError
from assistant.evaluation.runs import RunFolder, write_text
from assistant.evaluation.sets.imported import Imported
from assistant.evaluation.sets.reading import PostText, SetFile, topic_at
from assistant.evaluation.sets.rows import JsonObject, field, json_lines, listed, objects
from assistant.evaluation.topics import HOLDS_ANSWER, Expect, Topic, TopicSet, TopicType

HOLDS, SUBJECT = 3, 1
EXPECTED = {
    "ANSWERABLE": Expect.ANSWER,
    "PARTIAL": Expect.ANSWER,
    "UNANSWERABLE": Expect.ABSTAIN,
    "UNDERSPECIFIED": Expect.CLARIFY,
}
CONVERSATIONAL, PARTIAL = "CONVERSATIONAL", "PARTIAL"
NAMED = {Expect.ABSTAIN: "UNANSWERABLE", Expect.CLARIFY: "UNDERSPECIFIED"}
SPEAKERS = {"user": "user", "agent": "assistant", "assistant": "assistant"}


def import_mtrag(path: Path) -> Imported:
    """The set of a file of generation tasks. Raises EvaluationError."""
    topics: list[Topic] = []
    posts: dict[str, PostText] = {}
    talk = 0
    for place, row in objects(path):
        answerability = _answerability(row, place)
        if answerability == CONVERSATIONAL:
            talk += 1
            continue
        contexts = [context for context in listed(row, "contexts", place) if isinstance(context, dict)]
        posts |= {field(one, "document_id", str, place): _post(one) for one in contexts}
        topics.append(_topic(row, answerability, contexts, place))
    notes = [f"{talk} conversational turns ask nothing and are left out"] if talk else []
    return Imported(SetFile(name=path.stem, ids="source"), tuple(topics), posts, notes)


def _answerability(row: JsonObject, place: str) -> str:
    said = row.get("Answerability", row.get("answerability"))
    first = said[0] if isinstance(said, list) and said else said
    if first not in (*EXPECTED, CONVERSATIONAL):
        raise EvaluationError(f"{place}: Answerability is {said!r}", hint=f"known are {', '.join((*EXPECTED, CONVERSATIONAL))}")
    return str(first)


def _post(context: JsonObject) -> PostText:
    return PostText("", str(context.get("title") or ""), canonical(str(context.get("text") or "")))


def _grade(context: JsonObject) -> int:
    feedback = context.get("feedback")
    votes = (feedback.get("relevant") or {}).values() if isinstance(feedback, dict) else None
    if votes is None:
        return HOLDS
    return HOLDS if any(isinstance(vote, dict) and vote.get("value") == "yes" for vote in votes) else 0


def _topic(row: JsonObject, answerability: str, contexts: list[JsonObject], place: str) -> Topic:
    turns = [_turn(message, place) for message in field(row, "input", list, place)]
    targets = [target for target in listed(row, "targets", place) if isinstance(target, dict)]
    expect = EXPECTED[answerability]
    answered = expect is Expect.ANSWER
    kind: TopicType = "unanswerable" if not answered else "follow_up" if len(turns) > 1 else "known_item"
    reference = str(targets[0].get("text") or "") if targets and answered else ""
    if not turns or turns[-1]["role"] != "user":
        raise EvaluationError(f"{place}: the last message of 'input' is not the user's", hint="correct this line")
    return topic_at(
        place,
        id=field(row, "task_id", str, place),
        type=kind,
        kind="underspecified" if expect is Expect.CLARIFY else None,
        tags=("partial",) if answerability == PARTIAL else (),
        turns=turns,
        answerable=answered,
        expect=expect,
        posts={one["document_id"]: _grade(one) if answered else SUBJECT for one in contexts},
        reference=reference or None,
        cluster=str(row["conversation_id"]) if row.get("conversation_id") else None,
        provenance={"method": "MTRAG"},
    )


def _turn(message: object, place: str) -> dict[str, str]:
    said = message if isinstance(message, dict) else {}
    role, text = SPEAKERS.get(str(said.get("speaker"))), said.get("text")
    if role is None or not isinstance(text, str) or not text:
        raise EvaluationError(f"{place}: a message of 'input' has no known speaker or no text", hint="correct this line")
    return {"role": role, "content": text}


def export_mtrag(topics: TopicSet, out: Path, run: RunFolder | None, posts: Mapping[str, PostText] | None) -> list[str]:
    """Write one task a topic, with the answers of a run as `predictions`; notes on what is not kept."""
    said: dict[str, list[str]] = {}
    for answer in run.answers if run else ():
        said.setdefault(answer.tid, []).append(answer.text)
    write_text(out, json_lines(_task(topic, topics.name, said.get(topic.id), posts or {}) for topic in topics.topics))
    lost = sum(bool(topic.nuggets or topic.spans) for topic in topics.topics)
    return [f"{lost} topics have spans or nuggets, which are not kept"] if lost else []


def _task(topic: Topic, collection: str, said: list[str] | None, posts: Mapping[str, PostText]) -> JsonObject:
    speakers = {"user": "user", "assistant": "agent"}
    lowest = HOLDS_ANSWER if topic.expects_answer else SUBJECT
    contexts = [
        {
            "document_id": name,
            "text": posts[name].body if name in posts else "",
            "title": posts[name].title if name in posts else "",
            "score": float(grade),
        }
        for name, grade in topic.posts.items()
        if grade >= lowest
    ]
    named = PARTIAL if "partial" in topic.tags and topic.expects_answer else NAMED.get(topic.expect, "ANSWERABLE")
    return {
        "conversation_id": topic.cluster_id, "task_id": topic.id, "task_type": "rag",
        "turn": 1 + sum(turn.role == "user" for turn in topic.history), "Collection": collection, "contexts": contexts,
        "input": [{"speaker": speakers[turn.role], "text": turn.content} for turn in topic.turns],
        "targets": [{"speaker": "agent", "text": topic.reference}] if topic.reference else [], "Answerability": [named],
        **({"predictions": [{"text": text} for text in said]} if said is not None else {}),
    }  # fmt: skip
