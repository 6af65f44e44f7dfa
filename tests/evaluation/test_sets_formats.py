"""Other formats: what goes out comes back the same as far as the format can hold it, and what it cannot hold is said."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import EvaluationError, UsageError
from assistant.evaluation.records import AnswerRecord, Decision, PostRecord, Retrieved, RunManifest, Seen
from assistant.evaluation.runs import RunFolder, line_of
from assistant.evaluation.sets.formats import EXPORTS, export_set, import_set, set_of
from assistant.evaluation.sets.imported import toml_of
from assistant.evaluation.sets.loading import load_set
from assistant.evaluation.sets.mtrag import import_mtrag
from assistant.evaluation.sets.posts import posts_in_sources
from assistant.evaluation.sets.reading import PostText, SetFile
from assistant.evaluation.sets.rows import objects
from assistant.evaluation.sets.squad import import_squad
from assistant.evaluation.sets.trec import trec_run
from assistant.evaluation.topics import Topic, TopicSet

SAMPLE = Path(__file__).resolve().parents[2] / "eval" / "sample"
NAMES = st.text("abcXYZ019_-.", min_size=1, max_size=6)
WORDS = st.lists(
    st.sampled_from(["mount", "Ärger", "14.2", "why?", "“so”", "\u2028", "日本", "--flag"]), min_size=1, max_size=6
)
TEXTS = WORDS.map(" ".join)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def stated(form, text):
    return isinstance(form, str) and form in text


def a_topic(name="T1", question="Why?", **more):
    values = {"id": name, "turns": [{"role": "user", "content": question}], "answerable": True, "expect": "answer", **more}
    return Topic.model_validate(values)


def a_set(*topics, **more):
    return TopicSet("set", Path(), tuple(topics), **more)


def search_sets(texts):
    grades = st.dictionaries(NAMES, st.integers(-1, 3), min_size=1, max_size=4)
    made = st.dictionaries(NAMES, st.tuples(texts, grades), min_size=1, max_size=4)
    return made.map(lambda rows: a_set(*(a_topic(name, text, posts=posts) for name, (text, posts) in rows.items())))


def there_and_back(form, topics, folder, posts=None):
    """Export, import, load: the topics that come back."""
    number = len(list(folder.iterdir()))
    out = folder / f"out{number}"
    export_set(form, topics, out, posts=posts, stated=stated)
    import_set(form, out, folder / f"back{number}")
    return load_set(folder / f"back{number}").topics


@few
@given(search_sets(TEXTS))
def test_a_set_of_judgements_survives_beir(tmp_path, topics):
    assert there_and_back("beir", topics, tmp_path) == topics.topics


@few
@given(search_sets(TEXTS.map(lambda text: " ".join(text.split()) or "x")))
def test_a_set_of_judgements_survives_trec(tmp_path, topics):
    assert there_and_back("trec", topics, tmp_path) == topics.topics


def test_the_corpus_of_an_exported_beir_folder_is_the_source_of_the_imported_set(tmp_path):
    posts = {"p1": PostText("t1", "Title", "Body\nand more")}
    export_set("beir", a_set(a_topic(posts={"p1": 3})), tmp_path / "beir", posts=posts, stated=stated)
    import_set("beir", tmp_path / "beir", tmp_path / "set")
    (source,) = load_set(tmp_path / "set").sources
    assert [row for _, row in objects(source)] == [{"_id": "p1", "title": "Title", "text": "Body\nand more"}]
    assert not Path(tomllib.loads((tmp_path / "set" / "set.toml").read_text())["sources"][0]).is_absolute()


def test_what_queries_and_grades_cannot_hold_is_said(tmp_path):
    turns = [{"role": "user", "content": "A?"}, {"role": "assistant", "content": "B."}, {"role": "user", "content": "And?"}]
    topics = a_set(a_topic(turns=turns, standalone="A and?", posts={"p": 3}, reference="C"), a_topic("T2"))
    notes = export_set("beir", topics, tmp_path / "beir", stated=stated)
    assert [note.split(" topics")[0] for note in notes[:3]] == ["1", "1", "1"]
    assert "there is no corpus.jsonl" in notes[3]
    assert '"A and?"' in (tmp_path / "beir" / "queries.jsonl").read_text()


def test_trec_files_refuse_an_id_with_white_space(tmp_path):
    with pytest.raises(EvaluationError, match="cannot hold the id 'a b'"):
        export_set("trec", a_set(a_topic("a b", posts={"p": 1})), tmp_path / "trec", stated=stated)


MTRAG_TOPICS = st.builds(
    lambda texts, expect, posts, reference, partial: a_topic(
        type="unanswerable" if expect != "answer" else "follow_up" if len(texts) > 1 else "known_item",
        kind="underspecified" if expect == "clarify" else None,
        turns=[{"role": ("user", "assistant")[(len(texts) - n) % 2 == 0], "content": text} for n, text in enumerate(texts)],
        answerable=expect == "answer", expect=expect, posts=dict.fromkeys(posts, 3 if expect == "answer" else 1),
        reference=reference if expect == "answer" else None, cluster="c1",
        tags=["partial"] if partial and expect == "answer" else [], provenance={"method": "MTRAG"},
    ),
    st.lists(TEXTS, min_size=1, max_size=5), st.sampled_from(["answer", "abstain", "clarify"]),
    st.lists(NAMES, max_size=3, unique=True), st.none() | TEXTS, st.booleans(),
)  # fmt: skip


@few
@given(MTRAG_TOPICS)
def test_conversations_survive_mtrag(tmp_path, topic):
    assert there_and_back("mtrag", a_set(topic), tmp_path) == (topic,)


def test_mtrag_tasks_are_read_as_they_are_published(tmp_path):
    vote = {"relevant": {"ann": {"value": "no"}}}
    contexts = [
        {"document_id": "d1", "text": "T\nx", "title": "T", "score": 2.5},
        {"document_id": "d2", "text": "y", "feedback": vote},
    ]
    said = [{"speaker": "user", "text": "A?"}, {"speaker": "agent", "text": "B."}, {"speaker": "user", "text": "C?"}]
    task = {"conversation_id": "c", "task_id": "c::2", "answerability": ["ANSWERABLE"], "contexts": contexts, "input": said}
    task |= {"targets": [{"speaker": "agent", "text": "D."}], "Validity": float("nan")}
    talk = task | {"task_id": "c::3", "Answerability": ["CONVERSATIONAL"]}
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (task, talk)))
    found = import_mtrag(path)
    (topic,) = found.topics
    assert (topic.id, topic.type, topic.reference, topic.cluster) == ("c::2", "follow_up", "D.", "c")
    assert [(turn.role, turn.content) for turn in topic.history] == [("user", "A?"), ("assistant", "B.")]
    assert topic.posts == {"d1": 3, "d2": 0}
    assert found.posts["d1"] == PostText("", "T", "T\nx")
    assert found.notes == ["1 conversational turns ask nothing and are left out"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Answerability": ["MAYBE"]}, "Answerability is"),
        ({"input": [{"speaker": "agent", "text": "x"}]}, "is not the user's"),
        ({"input": [{"speaker": "bot", "text": "x"}]}, "no known speaker"),
        ({"task_id": None}, "'task_id' is NoneType"),
        ({"task_id": ""}, "id: String should have at least 1 character"),
    ],
)
def test_a_task_that_cannot_be_meant_is_an_error_with_its_place(tmp_path, change, said):
    task = {"task_id": "1", "Answerability": ["ANSWERABLE"], "contexts": [], "input": [{"speaker": "user", "text": "A?"}]}
    path = tmp_path / "tasks.jsonl"
    path.write_text(json.dumps(task | change) + "\n")
    with pytest.raises(EvaluationError, match=rf"tasks\.jsonl:1: .*{said}"):
        import_mtrag(path)


@st.composite
def squad_documents(draw):
    """A SQuAD document with answers cut out of its contexts."""
    articles = []
    for number in range(draw(st.integers(1, 2))):
        paragraphs = []
        for place in range(draw(st.integers(1, 2))):
            context = draw(st.text("ab cé\n.", min_size=3, max_size=40).map(lambda text: f"x{text}x"))
            qas = []
            for count in range(draw(st.integers(1, 3))):
                start = draw(st.integers(0, len(context) - 1))
                answer = context[start : draw(st.integers(start + 1, len(context)))]
                impossible = draw(st.booleans()) or not answer.strip()
                row = {"id": f"{number}.{place}.{count}", "question": draw(TEXTS), "is_impossible": impossible}
                row["answers"] = [] if impossible else [{"text": answer, "answer_start": start}]
                qas.append(row)
            paragraphs.append({"context": context, "qas": qas})
        articles.append({"title": f"Article {number}", "paragraphs": paragraphs})
    return {"version": "v2.0", "data": articles}


def squad_file(tmp_path, document):
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@few
@given(squad_documents())
def test_squad_answers_are_the_words_of_their_spans(tmp_path, document):
    found = import_squad(squad_file(tmp_path, document))
    rows = [qa for article in document["data"] for paragraph in article["paragraphs"] for qa in paragraph["qas"]]
    for topic, row in zip(found.topics, rows, strict=True):
        assert topic.expects_answer != row["is_impossible"]
        for span in topic.spans:
            (answer,) = row["answers"]
            held = found.posts[span.post].body[span.start : span.end]
            assert held == span.quote
            assert held.split() == answer["text"].split()


@few
@given(squad_documents())
def test_canonical_paragraphs_survive_squad(tmp_path, document):
    once = import_squad(squad_file(tmp_path, document))
    located = [topic for topic in once.topics if topic.spans or not topic.expects_answer]
    out = tmp_path / "again.json"
    export_set("squad", a_set(*located, ids="source"), out, posts=once.posts, stated=stated)
    again = import_squad(out)
    assert [(t.id, t.question, t.expect, [(s.start, s.end, s.quote) for s in t.spans]) for t in again.topics] == [
        (t.id, t.question, t.expect, [(s.start, s.end, s.quote) for s in t.spans]) for t in located
    ]


def test_squad_offsets_follow_what_canonical_text_changes(tmp_path):
    context = "\n\nred  \r\nblue red\r\nred"
    answers = [{"text": "red", "answer_start": context.rindex("red")}]
    qa = {"id": "1", "question": "Which?", "is_impossible": False, "answers": answers}
    found = import_squad(squad_file(tmp_path, {"data": [{"title": "T", "paragraphs": [{"context": context, "qas": [qa]}]}]}))
    (span,) = found.topics[0].spans
    body = found.posts[span.post].body
    assert (body, span.start) == ("red\nblue red\nred", body.rindex("red"))


def test_a_squad_answer_that_does_not_stand_there_is_counted_and_not_guessed(tmp_path):
    qa = {"id": "1", "question": "Which?", "answers": [{"text": "green", "answer_start": 0}]}
    document = {"data": [{"title": "T", "paragraphs": [{"context": "red blue", "qas": [qa]}]}]}
    found = import_squad(squad_file(tmp_path, document))
    assert found.topics[0].spans == ()
    assert found.notes == ["1 answers do not stand in their paragraph as given and are left out"]


def test_plausible_answers_of_impossible_questions_survive_squad(tmp_path):
    plausible = [{"text": "red", "answer_start": 0}]
    qa = {"id": "1", "question": "Which?", "is_impossible": True, "answers": [], "plausible_answers": plausible}
    document = {"version": "v2.0", "data": [{"title": "T", "paragraphs": [{"context": "red blue", "qas": [qa]}]}]}
    found = import_squad(squad_file(tmp_path, document))
    export_set("squad", a_set(*found.topics), tmp_path / "out.json", posts=found.posts, stated=stated)
    assert json.loads((tmp_path / "out.json").read_text()) == document


def test_nuggets_survive_nuggetizer_in_words_and_importance(tmp_path):
    nuggets = [{"id": "a", "text": "It is 5.", "any_of": ["5"]}, {"id": "b", "importance": "okay", "any_of": [["x", "y"], "z"]}]
    (topic,) = there_and_back("nuggetizer", a_set(a_topic(nuggets=nuggets), a_topic("none")), tmp_path)
    assert [(nugget.text, nugget.importance) for nugget in topic.nuggets] == [("It is 5.", "vital"), ("x … y", "okay")]
    assert (topic.id, topic.question) == ("T1", "Why?")


@pytest.fixture
def run(tmp_path):
    """A run of two topics: one answered from what was seen, one refused."""
    folder = tmp_path / "run"
    folder.mkdir()
    spans = [{"post": "p1", "start": 0, "end": 9, "quote": "Set it on"}]
    topics = [
        a_topic(
            nuggets=[{"id": "n", "any_of": ["on"], "text": "set on"}, {"id": "m", "any_of": ["off"]}],
            spans=spans,
            posts={"p1": 3},
        )
    ]
    topics.append(a_topic("T2", "What?", type="unanswerable", answerable=False, expect="abstain"))
    found = tuple(
        Retrieved(post=name, source=name.upper(), thread=name, start=0, end=3, score=1.0) for name in ("p2", "p1", "p2")
    )
    answers = [
        AnswerRecord(
            tid="T1", decision=Decision.ANSWER, text="Set it on.", retrieved=found, seen=(Seen(post="p1", start=0, end=9),)
        ),
        AnswerRecord(tid="T2", text="No.", retrieved=found[:1]),
    ]
    posts = [
        PostRecord(post=name, source=name.upper(), thread=name, body=body)
        for name, body in (("p1", "Set it on now."), ("p2", "Two"))
    ]
    manifest = RunManifest(run_id="r1", set_name="set", set_sha256="0")
    for name, records in (("topics", topics), ("answers", answers), ("posts", posts)):
        (folder / f"{name}.jsonl").write_text("".join(map(line_of, records)))
    (folder / "manifest.json").write_text(line_of(manifest))
    return RunFolder(folder)


def exported(form, run, out, posts=None):
    notes = export_set(form, set_of(run), out, run=run, posts=posts, stated=stated)
    return notes, out


def test_assignments_say_which_nuggets_an_answer_states(run, tmp_path):
    notes, out = exported("nuggetizer", run, tmp_path / "a.jsonl")
    (row,) = [row for _, row in objects(out)]
    assert [(nugget["text"], nugget["assignment"]) for nugget in row["nuggets"]] == [
        ("set on", "support"),
        ("off", "not_support"),
    ]
    assert (row["qid"], row["query"], row["answer_text"], row["run_id"]) == ("T1", "Why?", "Set it on.", "r1")
    assert notes[0] == "1 topics have no nuggets and are left out"


def test_an_answer_that_declines_supports_no_nugget(run, tmp_path):
    refusal = AnswerRecord(tid="T1", decision=Decision.ABSTAIN, text="Nothing on that.")
    (run.path / "answers.jsonl").write_text(line_of(refusal))
    (row,) = [row for _, row in objects(exported("nuggetizer", run, tmp_path / "a.jsonl")[1])]
    assert {nugget["assignment"] for nugget in row["nuggets"]} == {"not_support"}


def test_a_trec_run_ranks_as_the_answers_do_in_any_scorer(run, tmp_path):
    import ir_measures

    _, out = exported("trec", run, tmp_path / "trec")
    assert trec_run(out / "run.trec") == {"T1": (("p2", 1.0), ("p1", 0.5)), "T2": (("p2", 1.0),)}
    read = [(one.query_id, one.doc_id) for one in ir_measures.read_trec_run(str(out / "run.trec"))]
    assert read == [("T1", "p2"), ("T1", "p1"), ("T2", "p2")]


def test_ragas_rows_hold_what_was_seen_and_the_gold_words(run, tmp_path):
    notes, out = exported("ragas", run, tmp_path / "rows.jsonl")
    first, second = (row for _, row in objects(out))
    assert first == {
        "user_input": "Why?", "retrieved_contexts": ["Set it on"], "response": "Set it on.", "reference": "Set it on",
        "reference_contexts": ["Set it on"],
    }  # fmt: skip
    assert (second["retrieved_contexts"], "reference" in second) == (["Two"], False)
    assert notes[0].startswith("1 of 2 rows have no reference")


def test_ragchecker_rows_leave_out_what_has_no_reference(run, tmp_path):
    notes, out = exported("ragchecker", run, tmp_path / "rows.json")
    (row,) = json.loads(out.read_text())["results"]
    assert (row["query_id"], row["gt_answer"], row["retrieved_context"]) == (
        "T1",
        "Set it on",
        [{"doc_id": "p1", "text": "Set it on"}],
    )
    assert notes == ["1 answers have no reference to be held against and are left out"]


def test_answers_of_a_run_are_predictions_in_mtrag(run, tmp_path):
    _, out = exported("mtrag", run, tmp_path / "tasks.jsonl")
    rows = [row for _, row in objects(out)]
    assert [(row["Answerability"], row["predictions"]) for row in rows] == [
        (["ANSWERABLE"], [{"text": "Set it on."}]), (["UNANSWERABLE"], [{"text": "No."}]),
    ]  # fmt: skip


@pytest.mark.parametrize("form", EXPORTS)
def test_equal_sets_give_equal_files(form, run, tmp_path):
    posts = {"p1": PostText("t", "T", "Set it on now.")}
    files = []
    for name in ("one", "two"):
        _, out = exported(form, run, tmp_path / name, posts)
        files.append(
            [path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()] if out.is_dir() else out.read_bytes()
        )
    assert files[0] == files[1]


def test_the_sample_set_goes_out_in_every_format_that_needs_no_run(tmp_path):
    topics = load_set(SAMPLE)
    posts = posts_in_sources(topics.sources, topics.ids)
    back = {}
    for form in ("beir", "trec", "mtrag", "squad", "nuggetizer"):
        assert export_set(form, topics, tmp_path / form, posts=posts, stated=stated)
        import_set(form, tmp_path / form, tmp_path / f"{form}-back")
        back[form] = load_set(tmp_path / f"{form}-back").topics
    graded = [topic for topic in topics.topics if topic.posts]
    assert [topic.posts for topic in back["beir"]] == [topic.posts for topic in graded]
    assert [topic.posts for topic in back["trec"]] == [topic.posts for topic in graded]
    assert [topic.turns for topic in back["mtrag"]] == [topic.turns for topic in topics.topics]
    assert sum(len(topic.nuggets) for topic in back["nuggetizer"]) == sum(len(topic.nuggets) for topic in topics.topics)
    quotes = {span.quote for topic in topics.topics for span in topic.spans}
    assert {span.quote for topic in back["squad"] for span in topic.spans} <= quotes


def test_a_set_that_stands_already_is_not_written_over(tmp_path):
    export_set("nuggetizer", a_set(a_topic(nuggets=[{"id": "n", "any_of": ["x"]}])), tmp_path / "n.jsonl", stated=stated)
    import_set("nuggetizer", tmp_path / "n.jsonl", tmp_path / "set")
    with pytest.raises(EvaluationError, match="holds a set already"):
        import_set("nuggetizer", tmp_path / "n.jsonl", tmp_path / "set")


def test_formats_that_are_not_known_or_lack_what_they_need_are_refused(tmp_path):
    with pytest.raises(UsageError, match="no import from 'csv'"):
        import_set("csv", tmp_path, tmp_path / "set")
    for form, said in (("csv", "no export to"), ("ragas", "made of answers"), ("squad", "holds the posts too")):
        with pytest.raises(UsageError, match=said):
            export_set(form, a_set(a_topic()), tmp_path / "out", stated=stated)
    (tmp_path / "empty").touch()
    with pytest.raises(EvaluationError, match="holds no topic"):
        import_set("mtrag", tmp_path / "empty", tmp_path / "set")


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=3), st.booleans(), st.floats(0, 1))
def test_a_description_of_any_words_reads_back_the_same(name, authors, shared, margin):
    about = SetFile(name=name, authors=tuple(authors), shared_threads=shared, margins={"ndcg@10": margin})
    assert SetFile.model_validate(tomllib.loads(toml_of(about))) == about
