"""Every fault of a set is found and named with its topic and place; a sound set has none."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from assistant.commands import topic_sets
from assistant.evaluation.sets.auditing import audit, lex_overlap
from assistant.evaluation.sets.loading import read_set
from assistant.evaluation.sets.posts import posts_in_index, posts_in_sources
from assistant.evaluation.sets.reading import PostText
from assistant.evaluation.sets.validating import Level, json_schema, schema_text, validate

EVAL = Path(__file__).resolve().parents[2] / "eval"
BODY = "Version 14.2 mends the mount. Set coldStart to false before you sign in. Nothing else helps."
POSTS = {"p1": PostText("t1", "Mount fails", BODY), "p2": PostText("t2", "Tiles jump", "The tiles jump; use anchorTop.")}
START = BODY.index("Set coldStart")
SPAN = {"post": "p1", "start": START, "end": START + 22, "quote": "Set coldStart to false", "nuggets": ["n1"]}
NUGGET = {"id": "n1", "any_of": ["coldStart"], "spans": [0]}
SOUND = {
    "id": "A", "turns": [{"role": "user", "content": "How do I get my volume back?"}], "answerable": True, "expect": "answer",
    "threads": {"t1": 3}, "posts": {"p1": 3}, "spans": [SPAN], "nuggets": [NUGGET], "split": "dev",
}  # fmt: skip
ANCHOR = {"post": "p2", "start": 20, "end": 29, "quote": "anchorTop", "nuggets": ["n1"]}
OTHER = SOUND | {
    "id": "B", "turns": [{"role": "user", "content": "Everything hops about."}], "threads": {"t2": 3}, "posts": {"p2": 3},
    "spans": [ANCHOR], "nuggets": [NUGGET | {"any_of": ["anchorTop"]}],
}  # fmt: skip
SILENT = {"answerable": False, "threads": {}, "posts": {}, "spans": [], "nuggets": []}


def stands_in(form, text):
    return topic_sets._stands_in(form, text)


@pytest.fixture
def findings(tmp_path):
    """All findings of a set of these topics."""

    def find(*topics, toml="", posts=POSTS):
        (tmp_path / "set.toml").write_text(toml)
        (tmp_path / "topics.jsonl").write_text("".join(json.dumps(topic) + "\n" for topic in topics))
        reading = read_set(tmp_path)
        return [one for one in validate(reading, posts) + audit(reading, posts, stands_in) if one.level is not Level.NOTE]

    return find


def test_a_sound_set_has_no_findings(findings):
    assert findings(SOUND, OTHER) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"posts": {"p1": 3, "p9": 1}}, "names the post p9"),
        ({"threads": {"t1": 3, "t9": 1}}, "names the thread t9"),
        ({"spans": [SPAN | {"post": "p9"}]}, "span 0 is in p9, which the index does not have"),
        ({"spans": [SPAN | {"end": 999}]}, "span 0 ends at 999"),
        ({"spans": [SPAN | {"start": START + 1}]}, "not its quote"),
        ({"nuggets": [NUGGET | {"any_of": ["warmStart"]}]}, "the spans of nugget n1 do not state it: 'warmStart'"),
        ({"nuggets": [NUGGET | {"any_of": ["volume"]}]}, "vital nugget n1 is stated by the question itself"),
        ({"nuggets": [NUGGET | {"any_of": ["re:.*"]}]}, "nugget n1 is stated by the answer ''"),
        ({"nuggets": [NUGGET | {"any_of": ["re:(", "coldStart"]}]}, "the form 're:(' is no pattern"),
        ({"forbid": ["to false"]}, "forbid 'to false' stands in the gold text"),
        ({"pair_of": "Z"}, "is a variant of 'Z', which is not in the set"),
        ({"type": "adversarial", "expect": "answer_despite_attack"}, "neither canaries nor forbid"),
        (SILENT | {"expect": "abstain", "kind": "counterfactual"}, "is counterfactual but does not say"),
    ],
)
def test_what_makes_figures_wrong_is_an_error_of_its_topic(findings, change, said):
    errors = [one for one in findings(SOUND | change, OTHER) if one.level is Level.ERROR]
    assert any(said in one.message and one.topic == "A" and one.place.endswith("topics.jsonl:1") for one in errors), errors


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"posts": {}, "spans": [], "threads": {}, "nuggets": []}, "no post or thread is named as relevant"),
        ({"posts": {"p1": 1}}, "span 0 is in p1, which is not said to hold the answer"),
        ({"threads": {"t1": 1}}, "grades the post p1 higher than its thread t1"),
        ({"nuggets": [NUGGET | {"importance": "okay"}]}, "has no vital nugget"),
        ({"nuggets": [NUGGET | {"spans": []}], "spans": []}, "vital nugget n1 rests on no span"),
        ({"lex_overlap": 0.9}, "lex_overlap is given as 0.9 but is"),
        ({"canaries": ["anchorTop"]}, "canary 'anchorTop' stands in p2: quoting it would count as obeying"),
        (SILENT | {"expect": "abstain", "posts": {"p1": 2}}, "is not to be answered but a post is said to hold the answer"),
    ],
)
def test_what_makes_figures_weak_is_a_warning_of_its_topic(findings, change, said):
    found = findings(SOUND | change, OTHER)
    assert any(said in one.message and one.topic == "A" and one.level is Level.WARNING for one in found), found


def test_questions_in_the_words_of_their_posts_are_warned_of(findings):
    copied = SOUND | {"turns": [{"role": "user", "content": BODY.replace("coldStart", "it")}]}
    assert any("median overlap" in one.message and "above 0.35" in one.message for one in findings(copied))


def test_gold_of_other_topics_must_not_state_a_vital_nugget(findings):
    loose = SOUND | {"nuggets": [NUGGET | {"any_of": ["coldStart", "re:anchor"]}]}
    (found,) = [one for one in findings(loose, OTHER) if one.level is Level.ERROR]
    assert found.message.startswith("1 of 2 trials") and "A/n1 by B" in found.message
    related = OTHER | {"cluster": "same"}
    assert findings(loose | {"cluster": "same"}, related) == []


def test_a_thread_in_both_splits_is_an_error_unless_the_set_says_so(findings):
    twin = SOUND | {"id": "C", "split": "test"}
    (found,) = findings(SOUND, OTHER, twin)
    assert (found.level, found.topic) == (Level.ERROR, "C")
    assert "t1 is in both splits: A (dev) and C (test)" in found.message
    assert findings(SOUND, OTHER, twin, toml="shared_threads = true\n") == []


def test_a_counterfactual_topic_leaves_out_all_threads_that_answer_its_pair(findings):
    without = SILENT | {
        "id": "C",
        "type": "unanswerable",
        "kind": "counterfactual",
        "expect": "abstain",
        "pair_of": "A",
        "cluster": "t1",
    }
    assert findings(SOUND, OTHER, SOUND | without | {"without": ["t1"]}) == []
    (found,) = findings(SOUND, OTHER, SOUND | without | {"without": ["t2"]})
    assert found.message == "leaves t1 in the index, which answers A"


def test_without_posts_quotes_stand_in_for_them(findings):
    assert findings(SOUND, OTHER, posts=None) == []
    (found,) = findings(SOUND | {"nuggets": [NUGGET | {"any_of": ["warmStart"]}]}, OTHER, posts=None)
    assert "do not state it" in found.message


def test_overlap_is_the_jaccard_similarity_of_stemmed_content_words():
    (topic,) = read_topics({"turns": [{"role": "user", "content": "the tiles jumping"}], "posts": {"p2": 3}})
    # tile, jump | tile, jump, use, anchortop, anchor, top
    assert lex_overlap(topic, POSTS) == round(2 / 6, 3)
    assert lex_overlap(topic.model_copy(update={"posts": {"p1": 3, "p2": 1}}), POSTS) == 0
    assert lex_overlap(topic.model_copy(update={"posts": {"p2": 1}}), POSTS) == round(2 / 6, 3)
    assert lex_overlap(topic.model_copy(update={"posts": {"p2": 0, "p9": 3}}), POSTS) is None


def read_topics(*changes):
    from assistant.evaluation.topics import Topic

    return [Topic.model_validate(SOUND | {"spans": [], "nuggets": []} | change) for change in changes]


def test_the_sample_set_has_no_faults():
    reading = read_set(EVAL / "sample")
    posts = posts_in_sources(reading.set.sources, reading.set.ids)
    found = validate(reading, posts) + audit(reading, posts, stands_in)
    assert [one for one in found if one.level is not Level.NOTE] == []


def test_sources_give_the_same_posts_as_an_index_of_them(sample_index, sample_posts):
    for ids in ("post", "source"):
        assert posts_in_sources([sample_posts], ids) == posts_in_index(sample_index, ids)


def test_spans_posts_and_threads_of_the_real_sets_are_there(shared):
    reading = read_set(EVAL / "real", shared=shared)
    found = validate(reading, posts_in_sources(reading.set.sources, reading.set.ids))
    assert [one for one in found if one.level is not Level.NOTE] == []
    assert "both splits ask about" in found[0].message


# `support` holds pairs of claims and posts, not topics.
SHIPPED = [path for path in (*EVAL.glob("*/*.jsonl"), *EVAL.glob("conversations/*/*.jsonl")) if path.parent.name != "support"]


def test_the_shipped_schema_is_that_of_the_code():
    assert (EVAL / "topic.schema.json").read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("path", sorted(path.relative_to(EVAL).as_posix() for path in SHIPPED))
def test_every_shipped_topic_fits_the_schema(path):
    validator = jsonschema.Draft202012Validator(json_schema())
    for line in (EVAL / path).read_text(encoding="utf-8").splitlines():
        assert list(validator.iter_errors(json.loads(line))) == []


def test_the_schema_refuses_a_mistyped_key():
    validator = jsonschema.Draft202012Validator(json_schema())
    assert validator.is_valid(SOUND)
    assert not validator.is_valid(SOUND | {"nugets": []})


@pytest.fixture
def command():
    """The commands of this module, in this process."""
    app = typer.Typer()
    for name in ("validate", "schema", "vary", "label"):
        app.command(name)(getattr(topic_sets, name))
    app.command("import")(topic_sets.import_command)
    app.command("export")(topic_sets.export_command)

    def invoke(*arguments, stdin=None):
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, catch_exceptions=False)

    return invoke


def test_the_command_lists_findings_and_exits_with_1_on_errors(command, tmp_path):
    (tmp_path / "topics.jsonl").write_text(json.dumps(SOUND | {"pair_of": "Z"}) + "\n{\n")
    result = command("validate", tmp_path)
    assert result.exit_code == 1
    assert f"error {tmp_path / 'topics.jsonl'}:2: the line: Invalid JSON" in result.stdout
    assert "gold was not held against posts" in result.stdout
    assert result.stdout.endswith("1 topics, 2 errors, 0 warnings\n")


def test_the_command_gives_json_and_exits_with_0_without_errors(command):
    result = command("validate", EVAL / "sample", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (document["set"], document["topics"], document["counts"]["error"]) == ("sample", 64, 0)


def test_the_command_reads_posts_out_of_an_index(command, sample_index):
    assert command("validate", EVAL / "sample", "--index", sample_index).exit_code == 0


def test_a_set_that_cannot_be_read_is_an_error_with_a_hint(command, tmp_path):
    result = command("validate", tmp_path)
    assert result.exit_code == 1
    assert "hint: " in result.stderr


def test_sets_go_out_and_come_in_by_command(command, tmp_path):
    result = command("export", "beir", EVAL / "sample", tmp_path / "beir")
    assert result.exit_code == 0
    assert "note: " in result.stderr
    result = command("import", "beir", tmp_path / "beir", tmp_path / "set", "--json")
    assert json.loads(result.stdout)["topics"] == sum(bool(topic.posts) for topic in read_set(EVAL / "sample").set.topics)
    assert command("validate", tmp_path / "set").exit_code == 0


def test_the_schema_is_printed(command):
    assert command("schema").stdout == schema_text()
