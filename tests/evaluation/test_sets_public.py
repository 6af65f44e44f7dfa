"""BEIR and CLAP NQ folders as they are published: which queries count, what grades mean, where sentences stand."""

from __future__ import annotations

import gzip
import json

import pytest

from assistant.errors import EvaluationError
from assistant.evaluation.sets.loading import load_set, read_set
from assistant.evaluation.sets.rows import objects, text_of

QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t-1\nq2\td2\t0\n"
QUERIES = [{"_id": "q1", "text": "What is it?"}, {"_id": "q2", "text": "And this?"}, {"_id": "q3", "text": "Unjudged?"}]
CORPUS = [{"_id": "d1", "title": "It", "text": "It is this."}, {"_id": "d2", "title": "", "text": "That."}]


def json_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def beir(tmp_path):
    """Writes a BEIR folder; a file name that ends in .gz is packed."""

    def write(**files):
        whole = {"queries.jsonl": json_lines(QUERIES), "corpus.jsonl": json_lines(CORPUS), "qrels/test.tsv": QRELS} | files
        for name, text in whole.items():
            if text is None:
                continue
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return tmp_path / "set"

    return write


def test_queries_that_were_not_judged_are_no_topics(beir):
    found = load_set(beir())
    assert [(topic.id, topic.question, topic.posts) for topic in found.topics] == [
        ("q1", "What is it?", {"d1": 2, "d2": -1}), ("q2", "And this?", {"d2": 0}),
    ]  # fmt: skip
    assert (found.ids, found.task, found.name) == ("source", "search", "set")


def test_posts_are_read_from_the_corpus_alone(beir):
    folder = beir()
    assert load_set(folder).sources == (folder / "corpus.jsonl",)


def test_grades_of_nothing_are_judged_and_not_relevant(beir):
    notes = read_set(beir()).notes
    assert any("2 of 3 grades are 0 or less: judged, not relevant" in note for note in notes)
    assert any("1 queries have no relevant document" in note for note in notes)


def test_packed_files_read_like_plain_ones(beir):
    plain = load_set(beir()).sha256
    packed = beir(**{"queries.jsonl": None, "queries.jsonl.gz": json_lines(QUERIES)})
    (packed / "queries.jsonl").unlink()
    assert load_set(packed).sha256 == plain


def test_a_qrels_file_is_picked_by_name_and_test_is_the_default(beir):
    folder = beir(**{"qrels/train.tsv": "q3\td1\t1\n"})
    assert [topic.id for topic in load_set(f"{folder}#train").topics] == ["q3"]
    assert load_set(f"{folder}#train").name == "set#train"
    assert len(load_set(folder).topics) == 2
    with pytest.raises(EvaluationError, match=r"no dev\.tsv") as raised:
        load_set(f"{folder}#dev")
    assert "test, train" in raised.value.hint


def test_the_only_qrels_file_needs_no_name(beir):
    folder = beir(**{"qrels/test.tsv": None, "qrels/dev.tsv": QRELS})
    assert load_set(folder).name == "set#dev"


@pytest.mark.parametrize(
    ("qrels", "said"),
    [
        ("q1\td1\n", r"test\.tsv:1: 2 columns where 3 are expected"),
        ("q1\td1\tmuch\n", r"test\.tsv:1: 'much' is no whole number"),
        ("q1\td1\t1\nq1\td1\t2\n", r"test\.tsv:2: document 'd1' was judged already"),
        ("q9\td1\t1\n", r"query 'q9' is not in the queries file"),
    ],
)
def test_bad_judgements_are_errors_with_their_place(beir, qrels, said):
    with pytest.raises(EvaluationError, match=said):
        load_set(beir(**{"qrels/test.tsv": qrels}))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"_id": "q1"}', "'text' is missing"), ('{"_id": 1, "text": "x"}', "'_id' is int, not str"),
        ('{"_id": "q1", "text": ""}', "is empty"), ("{", "not JSON"), ("[]", "list where an object is expected"),
    ],
)  # fmt: skip
def test_bad_queries_are_errors_with_their_place(beir, row, said):
    with pytest.raises(EvaluationError, match=rf"queries\.jsonl:1: .*{said}"):
        load_set(beir(**{"queries.jsonl": row + "\n"}))


def test_a_damaged_file_is_named(beir):
    folder = beir(**{"queries.jsonl": None})
    (folder / "queries.jsonl").unlink(missing_ok=True)
    (folder / "queries.jsonl.gz").write_bytes(gzip.compress(json_lines(QUERIES).encode())[:-12])
    with pytest.raises(EvaluationError, match=r"queries\.jsonl\.gz is no whole gzip file"):
        load_set(folder)


PASSAGE = {"_id": "p1", "title": "Fog", "text": "Fog is low cloud .\r\nIt lifts  by noon .   \nIt lifts by noon ."}


def clapnq(tmp_path, **row):
    answer = {
        "query_id": "1",
        "question": "when does fog lift",
        "answerable": True,
        "gold_passages": ["p1"],
        "output": [],
    } | row
    (tmp_path / "answers.jsonl").write_text(json_lines([answer]), encoding="utf-8")
    (tmp_path / "corpus.jsonl").write_text(json_lines([PASSAGE]), encoding="utf-8")
    return tmp_path


def test_supporting_sentences_become_spans_of_the_canonical_body(tmp_path):
    chosen = ["It lifts by noon .", "Fog is low cloud .", "Fog never lifts ."]
    output = [{"answer": "By noon.", "selected_sentences": chosen[:1]}, {"answer": "Noon.", "selected_sentences": chosen}]
    reading = read_set(clapnq(tmp_path, output=output))
    (topic,) = reading.set.topics
    body = "Fog is low cloud .\nIt lifts  by noon .\nIt lifts by noon ."
    assert [body[span.start : span.end] for span in topic.spans] == ["Fog is low cloud .", "It lifts by noon ."]
    assert (topic.reference, topic.posts, topic.spans[0].post) == ("By noon.", {"p1": 3}, "p1")
    assert topic.provenance["unlocated"] == 1
    assert reading.notes == ("1 supporting sentences do not stand in their passage as given and are left out",)


def test_an_unanswerable_question_has_a_passage_on_its_subject_only(tmp_path):
    (topic,) = load_set(clapnq(tmp_path, answerable=False)).topics
    assert (topic.type, topic.kind, topic.expect, topic.posts) == ("unanswerable", "near_miss", "abstain", {"p1": 1})
    assert (topic.spans, topic.reference) == ((), None)


def grades_in(path):
    return [int(line.split("\t")[2]) for line in path.read_text().splitlines()[1:]]


@pytest.mark.parametrize(
    ("name", "qrels"),
    [
        ("scifact", "test"), ("scifact#train", "train"), ("cranfield", "test"), ("se_beer", "test"),
        ("cranfield#test_no_source_docs", "test_no_source_docs"), ("forum_oem/title2post", "test"),
    ],
)  # fmt: skip
def test_every_judgement_of_the_public_sets_is_there(shared, name, qrels):
    found = load_set(shared / "data" / name)
    path = shared / "data" / name.split("#")[0] / "qrels" / f"{qrels}.tsv"
    assert sorted(grade for topic in found.topics for grade in topic.posts.values()) == sorted(grades_in(path))
    assert len(found.topics) == len({line.split("\t")[0] for line in path.read_text().splitlines()[1:]})


def test_every_supporting_sentence_of_clapnq_is_the_text_of_a_span(shared):
    folder = shared / "data" / "clapnq"
    found = load_set(folder)
    bodies = {row["_id"]: row["text"] for _, row in objects(folder / "corpus.jsonl.gz")}
    answers = [json.loads(line) for line in text_of(folder / "answers.jsonl.gz").splitlines()]
    assert len(found.topics) == len(answers) == 600
    for topic, answer in zip(found.topics, answers, strict=True):
        held = {bodies[span.post][span.start : span.end] for span in topic.spans}
        chosen = {text for output in answer["output"] for text in output["selected_sentences"]}
        assert held == (chosen if answer["answerable"] else set())
        assert topic.expects_answer == answer["answerable"]
