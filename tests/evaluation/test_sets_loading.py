"""From a name to a set: folders, single files, splits, where posts lie, and what is said of lines that are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import EvaluationError
from assistant.evaluation.sets.beir import load_beir
from assistant.evaluation.sets.clapnq import load_clapnq
from assistant.evaluation.sets.loading import load_set, read_set
from assistant.evaluation.sets.mtrag import import_mtrag
from assistant.evaluation.sets.nuggetizer import import_nuggetizer
from assistant.evaluation.sets.sources import required_sources
from assistant.evaluation.sets.squad import import_squad
from assistant.evaluation.sets.trec import trec_qrels, trec_run

EVAL = Path(__file__).resolve().parents[2] / "eval"


def topic(name="T1", **more):
    return {"id": name, "turns": [{"role": "user", "content": "Why?"}], "answerable": True, "expect": "answer", **more}


@pytest.fixture
def folder(tmp_path):
    """Writes a set folder: `set.toml` as text, topics as dicts or as lines."""

    def write(toml, *topics, name="topics.jsonl", at="set"):
        path = tmp_path / at
        path.mkdir(parents=True, exist_ok=True)
        if toml is not None:
            (path / "set.toml").write_text(toml, encoding="utf-8")
        lines = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in topics]
        (path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


def test_a_folder_says_what_its_set_is(folder):
    toml = 'name = "mine"\nids = "source"\ntask = "search"\nsources = "posts"\n[margins]\n"ndcg@10" = 0.02\n'
    path = folder(toml, topic(), topic("T2"))
    found = load_set(path)
    assert (found.name, found.ids, found.task) == ("mine", "source", "search")
    assert (found.sources, found.margins) == ((path / "posts",), (("ndcg@10", 0.02),))
    assert [one.id for one in found.topics] == ["T1", "T2"]


def test_topics_alone_are_a_set_named_like_their_folder(folder):
    found = load_set(folder(None, topic(), at="plain"))
    assert (found.name, found.ids, found.task, found.sources) == ("plain", "post", "ask", ())


def test_one_file_takes_all_but_its_name_from_the_description_beside_it(folder):
    path = folder('name = "all"\nids = "source"\ntopics = ["a.jsonl", "b.jsonl"]\n', topic("A"), name="a.jsonl")
    folder(None, topic("B"), name="b.jsonl")
    assert [one.id for one in load_set(path).topics] == ["A", "B"]
    found = load_set(str(path / "b.jsonl"))
    assert (found.name, found.ids, [one.id for one in found.topics]) == ("b", "source", ["B"])


def test_a_split_is_picked_by_its_name(folder):
    path = folder(None, topic("A", split="dev"), topic("B", split="test"), topic("C"))
    found = load_set(f"{path}#test")
    assert (found.name, [one.id for one in found.topics]) == ("set#test", ["B"])
    with pytest.raises(EvaluationError, match="no topic of set is of the split 'train'"):
        load_set(f"{path}#train")


def test_a_number_sign_in_a_path_is_part_of_the_path(folder):
    path = folder(None, topic(split="dev"), at="c#")
    assert load_set(path).name == "c#"
    assert load_set(f"{path}#dev").name == "c##dev"


def test_a_bad_line_is_named_by_file_line_and_field(folder):
    path = folder(None, topic(), "", topic("T2", expct="answer"), "{")
    with pytest.raises(EvaluationError) as raised:
        load_set(path)
    assert f"{path / 'topics.jsonl'}:3: expct: " in raised.value.message
    assert "(and 1 more)" in raised.value.message


def test_all_bad_lines_are_found_at_once_and_the_good_ones_kept(folder):
    reading = read_set(folder(None, "[]", topic("A"), topic("A"), topic("B", answerable=False), topic("C")))
    assert [fault.place.rsplit(":", 1)[1] for fault in reading.faults] == ["1", "3", "4"]
    assert "stands already at" in reading.faults[1].message
    assert [one.id for one in reading.set.topics] == ["A", "C"]


def test_only_line_feeds_end_a_line(folder):
    separated = topic(turns=[{"role": "user", "text": "One\u2028two\x85three"}])
    assert load_set(folder(None, separated)).topics[0].question == "One\u2028two\x85three"


def test_a_mistyped_key_of_the_description_is_an_error(folder):
    with pytest.raises(EvaluationError, match=r"set\.toml: idz: ") as raised:
        load_set(folder('idz = "post"\n', topic()))
    assert "shared_threads" in raised.value.hint


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[margins]\nndcg = 0.1\n", "there is no metric 'ndcg'"),
        ('[margins]\n"ndcg@10" = 3\n', "less than or equal to 1"),
        ("name = \n", "is not TOML"),
    ],
)
def test_a_description_that_cannot_be_meant_is_an_error(folder, toml, said):
    with pytest.raises(EvaluationError, match=said):
        load_set(folder(toml, topic()))


def test_what_holds_no_topics_is_said_to_hold_none(tmp_path, folder):
    with pytest.raises(EvaluationError, match="there is no"):
        load_set(tmp_path / "nowhere")
    with pytest.raises(EvaluationError, match="holds no topics"):
        load_set(tmp_path)
    with pytest.raises(EvaluationError, match="holds no topic"):
        load_set(folder(None))


def test_shared_posts_are_sought_beside_the_nearest_folder_above(folder, tmp_path):
    path = folder('sources = ["shared:posts"]\n', topic(), at="home/project/eval/real")
    for far in ("shared/posts", "home/shared/posts"):
        (tmp_path / far).mkdir(parents=True)
    assert required_sources(load_set(path)) == (tmp_path.resolve() / "home/shared/posts",)
    assert load_set(path, shared=tmp_path / "shared").sources == (tmp_path / "shared/posts",)


def test_missing_posts_matter_only_when_they_are_needed(folder, tmp_path):
    known = load_set(folder('sources = ["shared:posts"]\n', topic()), shared=tmp_path / "elsewhere")
    with pytest.raises(EvaluationError, match=r"elsewhere.posts, which does not exist"):
        required_sources(known)
    unnamed = load_set(folder('name = "bare"\n', topic()))
    with pytest.raises(EvaluationError, match="bare does not say where its posts are"):
        required_sources(unnamed)


def test_without_a_shared_folder_the_place_that_was_looked_at_is_named(folder, monkeypatch):
    monkeypatch.setattr("assistant.evaluation.sets.sources.SHARED", "no-such-folder-anywhere")
    path = folder('sources = ["shared:posts"]\n', topic())
    found = load_set(path)
    with pytest.raises(EvaluationError, match="no-such-folder-anywhere") as raised:
        required_sources(found)
    assert str(path.resolve()) in raised.value.message
    assert "ASSISTANT_SHARED" in raised.value.hint


def test_the_sample_set_is_whole():
    found = load_set(EVAL / "sample")
    assert (found.name, found.ids, found.task, len(found.topics)) == ("sample", "post", "ask", 64)
    assert required_sources(found) == (EVAL / "sample" / "posts",)
    assert sum(one.must_pass for one in found.topics) == 12


def test_the_real_sets_are_whole_and_name_the_shared_posts(shared):
    every = load_set(EVAL / "real", shared=shared)
    parts = [load_set(path, shared=shared) for path in sorted((EVAL / "real").glob("*.jsonl"))]
    assert len(every.topics) == sum(len(part.topics) for part in parts) == 300
    assert {part.name for part in parts} == {"dev", "dev_hard", "test", "test_hard"}
    assert {required_sources(part) for part in parts} == {(shared / "posts",)}


LINES = st.lists(
    st.sampled_from(["{", "}", "[", "]", '"id":', '"A"', ",", "null", "1", '"turns":', '"_id":', '"text":', "\t", "\n"])
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | LINES.map(lambda parts: "".join(parts).encode()))
def test_whatever_a_file_holds_the_error_is_one_that_names_it(tmp_path, data):
    (tmp_path / "qrels").mkdir(exist_ok=True)
    for name in ("topics.jsonl", "queries.jsonl", "qrels/test.tsv", "answers.jsonl", "corpus.jsonl", "set.toml", "tasks"):
        (tmp_path / name).write_bytes(data)
    readers = (
        lambda: load_set(tmp_path), lambda: load_set(tmp_path / "topics.jsonl"), lambda: load_beir(tmp_path),
        lambda: load_clapnq(tmp_path), lambda: import_mtrag(tmp_path / "tasks"), lambda: import_squad(tmp_path / "tasks"),
        lambda: import_nuggetizer(tmp_path / "tasks"), lambda: trec_qrels(tmp_path / "tasks"),
        lambda: trec_run(tmp_path / "tasks"),
    )  # fmt: skip
    for read in readers:
        try:
            read()
        except EvaluationError as error:
            assert str(tmp_path) in error.message
