"""SQuAD 2.0 JSON (https://rajpurkar.github.io/SQuAD-explorer/): paragraphs, questions, answers as offsets, `is_impossible`.

A paragraph becomes a post, an answer a span of it and a surface form of the topic's one nugget. Offsets count in the
canonical body: an answer that does not stand there is left out and counted. The paragraph of an impossible question is
on its subject: grade 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from assistant.corpus import canonical
from assistant.evaluation.runs import write_text
from assistant.evaluation.sets.imported import Imported
from assistant.evaluation.sets.reading import PostText, SetFile, topic_at
from assistant.evaluation.sets.rows import JsonObject, field, listed, object_of, text_of
from assistant.evaluation.topics import Expect, GoldSpan, Nugget, Topic, TopicSet

HOLDS, SUBJECT = 3, 1
ONLY = "n1"


def import_squad(path: Path) -> Imported:
    """The set of a SQuAD file. Raises EvaluationError."""
    place = str(path)
    topics: list[Topic] = []
    posts: dict[str, PostText] = {}
    for name, title, paragraph in _paragraphs(object_of(text_of(path), place), place):
        context = field(paragraph, "context", str, place)
        posts[name] = PostText(title, title, canonical(context))
        for qa in listed(paragraph, "qas", place):
            topics.append(_topic(qa, name, context, posts[name].body, place))
    lost = sum(topic.provenance.get("unlocated", 0) for topic in topics)
    notes = [f"{lost} answers do not stand in their paragraph as given and are left out"] if lost else []
    return Imported(SetFile(name=path.name.split(".")[0], ids="source"), tuple(topics), posts, notes)


def _paragraphs(document: JsonObject, place: str) -> Iterator[tuple[str, str, JsonObject]]:
    """Name, title and value of each paragraph. Titles may repeat; places in the file do not."""
    for article, value in enumerate(field(document, "data", list, place)):
        title = str(value.get("title") or "") if isinstance(value, dict) else ""
        for number, paragraph in enumerate(listed(value, "paragraphs", place)):
            yield f"a{article}p{number}", title, paragraph


def _topic(qa: JsonObject, post: str, context: str, body: str, place: str) -> Topic:
    tid = field(qa, "id", str, place)
    where = f"{place}, question {tid}"
    question = field(qa, "question", str, where)
    if qa.get("is_impossible") is True:
        plausible = listed(qa, "plausible_answers", where)
        return topic_at(
            where, question, id=tid, type="unanswerable", kind="near_miss", answerable=False, expect=Expect.ABSTAIN,
            posts={post: SUBJECT}, cluster=post,
            provenance={"method": "SQuAD", **({"plausible_answers": plausible} if plausible else {})},
        )  # fmt: skip
    answers = [(field(one, "text", str, where), field(one, "answer_start", int, where)) for one in listed(qa, "answers", where)]
    places = [_located(text, start, context, body) for text, start in answers]
    spans = tuple(
        GoldSpan(post=post, start=start, end=end, quote=body[start:end], nuggets=(ONLY,))
        for start, end in dict.fromkeys(found for found in places if found)
    )
    forms = tuple(dict.fromkeys(text for text, _ in answers if text))
    lost = sum(found is None for found in places)
    nugget = (Nugget(id=ONLY, any_of=forms, spans=tuple(range(len(spans)))),) if forms else ()
    return topic_at(
        where, question, id=tid, answerable=True, expect=Expect.ANSWER, posts={post: HOLDS}, spans=spans, nuggets=nugget,
        reference=forms[0] if forms else None, cluster=post,
        provenance={"method": "SQuAD", **({"unlocated": lost} if lost else {})},
    )  # fmt: skip


def _located(text: str, start: int, context: str, body: str) -> tuple[int, int] | None:
    """Where an answer stands in the canonical body: the same occurrence, counted from the front, as in the context."""
    words = canonical(text).strip("\n")
    if not words or context[start : start + len(text)] != text:
        return None
    at = -1
    for _ in range(1 + len(_starts(text, context[: start + len(text) - 1]))):
        at = body.find(words, at + 1)
        if at < 0:
            return None
    return at, at + len(words)


def _starts(text: str, within: str) -> list[int]:
    """Where `text` begins in `within`, overlapping occurrences included."""
    found: list[int] = []
    at = within.find(text)
    while at >= 0:
        found.append(at)
        at = within.find(text, at + 1)
    return found


def export_squad(topics: TopicSet, out: Path, posts: Mapping[str, PostText]) -> list[str]:
    """Write one paragraph a post, with the questions about it; notes on what is not kept."""
    homes: dict[str, list[Topic]] = {}
    for topic in topics.topics:
        if (home := _home(topic)) in posts:
            homes.setdefault(home, []).append(topic)
    articles: dict[str, list[JsonObject]] = {}
    for name in (name for name in posts if name in homes):
        paragraph = {"context": posts[name].body, "qas": [_qa(topic, name) for topic in homes[name]]}
        articles.setdefault(posts[name].title, []).append(paragraph)
    document = {"version": "v2.0", "data": [{"title": title, "paragraphs": found} for title, found in articles.items()]}
    write_text(out, _json(document))
    return _lost(topics.topics, sum(map(len, homes.values())))


def _json(document: Any) -> str:
    import json

    return json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"


def _home(topic: Topic) -> str:
    """The one post that a question is filed under: that of its first span, else the one of the best grade."""
    best = max(topic.posts, key=lambda name: topic.posts[name], default="")
    return topic.spans[0].post if topic.spans else best


def _qa(topic: Topic, post: str) -> JsonObject:
    row: JsonObject = {
        "id": topic.id,
        "question": topic.standalone or topic.question,
        "is_impossible": not topic.expects_answer,
    }
    spans = [span for span in topic.spans if span.post == post and span.quote is not None]
    row["answers"] = [{"text": span.quote, "answer_start": span.start} for span in spans] if topic.expects_answer else []
    if plausible := topic.provenance.get("plausible_answers"):
        row["plausible_answers"] = plausible
    return row


def _lost(topics: Iterable[Topic], kept: int) -> list[str]:
    every = list(topics)
    counts = {
        "topics name no post that is at hand and are left out": len(every) - kept,
        "topics have a history, of which only the standalone question is kept": sum(bool(topic.history) for topic in every),
        "topics have spans in several posts, of which one is kept": sum(
            len({span.post for span in topic.spans}) > 1 for topic in every
        ),
        "topics have nuggets, whose forms are not kept": sum(bool(topic.nuggets) for topic in every),
    }
    return [f"{count} {what}" for what, count in counts.items() if count]
