"""BEIR folders: `corpus.jsonl`, `queries.jsonl`, `qrels/NAME.tsv`, plain or gzip (https://github.com/beir-cellar/beir).

Grades are taken as they stand. What a grade of 0 or less means is for the collection to say; here it is a document that
was judged and is not relevant. Queries that the qrels file does not name are not part of the set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from assistant.errors import EvaluationError
from assistant.evaluation.runs import write_text
from assistant.evaluation.sets.reading import Fault, PostText, SetFile, SetReading, topic_at
from assistant.evaluation.sets.rows import either, field, json_lines, numbered, objects, whole_number
from assistant.evaluation.topics import Expect, Topic, TopicSet

DEFAULT = "test"
HEADER = "query-id\tcorpus-id\tscore"
Qrels = dict[str, dict[str, int]]


def load_beir(folder: Path, qrels: str = "") -> SetReading:
    """The set of a BEIR folder and the qrels file of this name: `test` by default, else the only one."""
    path = _qrels_file(folder, qrels)
    grades = qrels_in(path)
    queries = queries_in(_queries_file(folder))
    faults = [Fault(str(path), f"query {tid!r} is not in the queries file") for tid in grades if tid not in queries]
    topics = tuple(known_item(tid, text, grades[tid], place) for tid, (place, text) in queries.items() if tid in grades)
    corpus = either(folder, "corpus.jsonl")
    name = folder.resolve().name if path.stem == DEFAULT else f"{folder.resolve().name}#{path.stem}"
    found = TopicSet(name, folder, topics, "source", "search", (corpus,) if corpus else ())
    places = {tid: place for tid, (place, _) in queries.items() if tid in grades}
    return SetReading(found, SetFile(ids="source", task="search"), places, tuple(faults), _notes(path, topics))


def known_item(tid: str, text: str, grades: Mapping[str, int], place: str) -> Topic:
    """A topic of which only the relevance of documents is known. Raises EvaluationError."""
    return topic_at(place, text, id=tid, answerable=True, expect=Expect.ANSWER, posts=dict(grades))


def _notes(path: Path, topics: Iterable[Topic]) -> tuple[str, ...]:
    grades = [grade for topic in topics for grade in topic.posts.values()]
    barren = sum(max(topic.posts.values()) <= 0 for topic in topics)
    notes = []
    if below := sum(grade <= 0 for grade in grades):
        notes.append(f"{path}: {below} of {len(grades)} grades are 0 or less: judged, not relevant")
    if barren:
        notes.append(f"{path}: {barren} queries have no relevant document")
    return tuple(notes)


def _qrels_file(folder: Path, name: str) -> Path:
    files = {path.stem: path for path in sorted((folder / "qrels").glob("*.tsv"))}
    wanted = name or (DEFAULT if DEFAULT in files or len(files) != 1 else next(iter(files)))
    if wanted not in files:
        raise EvaluationError(
            f"{folder / 'qrels'} holds no {wanted}.tsv",
            hint=f"name one as {folder}#NAME; there are: {', '.join(files) or 'none'}",
        )
    return files[wanted]


def _queries_file(folder: Path) -> Path:
    path = either(folder, "queries.jsonl")
    if path is None:
        raise EvaluationError(f"{folder} holds no queries.jsonl", hint="a BEIR folder has queries.jsonl and qrels/*.tsv")
    return path


def qrels_in(path: Path) -> Qrels:
    """Grade of each document of each query; the first line may be a header. Raises EvaluationError."""
    grades: Qrels = {}
    for number, (place, line) in enumerate(numbered(path)):
        cells = line.split("\t")
        if len(cells) != 3:
            raise EvaluationError(f"{place}: {len(cells)} columns where 3 are expected", hint="correct this line")
        if number == 0 and cells[2] == "score":
            continue
        documents = grades.setdefault(cells[0], {})
        if cells[1] in documents:
            raise EvaluationError(f"{place}: document {cells[1]!r} was judged already", hint="keep one of the lines")
        documents[cells[1]] = whole_number(cells[2], place)
    return grades


def queries_in(path: Path) -> dict[str, tuple[str, str]]:
    """Place and text of each query. Raises EvaluationError."""
    queries: dict[str, tuple[str, str]] = {}
    for place, row in objects(path):
        tid, text = field(row, "_id", str, place), field(row, "text", str, place)
        if not text or tid in queries:
            raise EvaluationError(
                f"{place}: query {tid!r} {'is empty' if not text else 'stands twice'}", hint="correct this line"
            )
        queries[tid] = place, text
    return queries


def export_beir(topics: TopicSet, out: Path, posts: Mapping[str, PostText] | None) -> list[str]:
    """Write a BEIR folder; notes on what it cannot hold. Without posts there is no corpus in it."""
    (out / "qrels").mkdir(parents=True, exist_ok=True)
    rows = [{"_id": topic.id, "text": topic.standalone or topic.question} for topic in topics.topics]
    write_text(out / "queries.jsonl", json_lines(rows))
    lines = [f"{topic.id}\t{post}\t{grade}\n" for topic in topics.topics for post, grade in topic.posts.items()]
    write_text(out / "qrels" / f"{DEFAULT}.tsv", f"{HEADER}\n{''.join(lines)}")
    if posts is not None:
        corpus = ({"_id": name, "title": post.title, "text": post.body} for name, post in posts.items())
        write_text(out / "corpus.jsonl", json_lines(corpus))
    return [*lost_in_qrels(topics), *(["no posts were at hand: there is no corpus.jsonl"] if posts is None else [])]


def lost_in_qrels(topics: TopicSet) -> list[str]:
    """What a format of queries and grades cannot hold of a set."""
    counts = {
        "topics without a judged post, which no qrels file can name": sum(not topic.posts for topic in topics.topics),
        "topics with a history, of which only the standalone question is kept": sum(
            bool(topic.history) for topic in topics.topics
        ),
        "topics with spans, nuggets or a reference, which are not kept": sum(
            bool(topic.spans or topic.nuggets or topic.reference) for topic in topics.topics
        ),
    }
    return [f"{count} {what}" for what, count in counts.items() if count]
