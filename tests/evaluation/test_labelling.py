"""Labels by hand: what is asked, how one moves through it, what is kept, and how agreement is counted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from assistant.commands import topic_sets
from assistant.evaluation.judging.items import ABOUT
from assistant.evaluation.judging.items import items_of as questions_of
from assistant.evaluation.labelling import KEYS, Item, agreement, items_of, labels_of, steps, unlabelled
from assistant.evaluation.records import AnswerRecord, Cited, Decision, Label, PostRecord, RunManifest
from assistant.evaluation.runs import RunFolder, line_of
from assistant.evaluation.sets.nuggetizer import wording
from assistant.evaluation.topics import Nugget, Topic

BODY = "Set coldStart to false before signing in.\x1b[31m red"
NUGGETS = [{"id": "n1", "any_of": ["coldStart"], "text": "turn coldStart off"}, {"id": "n2", "any_of": ["restart"]}]
TOPIC = {
    "id": "A", "turns": [{"role": "user", "content": "How do I get it back?"}], "answerable": True, "expect": "answer",
    "posts": {"p1": 3}, "nuggets": NUGGETS,
}  # fmt: skip
UNANSWERABLE = {"id": "B", "type": "unanswerable", "turns": TOPIC["turns"], "answerable": False, "expect": "abstain"}


@pytest.fixture
def folder(tmp_path):
    """A run: one topic answered, one that should not have been, one refused."""
    cited = Cited(n=1, post="p1", start=0, end=len(BODY), quote=BODY, sentence="Set coldStart to false before signing in.")
    answers = [
        AnswerRecord(
            tid="A", decision=Decision.ANSWER, text="Set coldStart to false before signing in. [1]", citations=(cited,)
        ),
        AnswerRecord(tid="B", decision=Decision.ANSWER, text="Yes."),
        AnswerRecord(tid="A", rep=1, text="The posts do not say."),
    ]
    posts = [PostRecord(post="p1", thread="t1", body=BODY)]
    topics = [Topic.model_validate(TOPIC), Topic.model_validate(UNANSWERABLE)]
    for name, records in (("topics", topics), ("answers", answers), ("posts", posts)):
        (tmp_path / f"{name}.jsonl").write_text("".join(map(line_of, records)))
    (tmp_path / "manifest.json").write_text(line_of(RunManifest(run_id="r", set_name="s", set_sha256="0")))
    return tmp_path


def label_command(folder, stdin, *options):
    app = typer.Typer()
    app.command()(topic_sets.label)
    return CliRunner().invoke(app, [str(folder), *options], input=stdin, catch_exceptions=False)


def lines_of(folder):
    return [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]


def test_nuggets_citations_and_whole_answers_are_asked_about_and_refusals_are_not(folder):
    items = items_of(RunFolder(folder))
    assert [(item.tid, item.about, item.item, item.verdict) for item in items] == [
        ("A", "nugget", "n1", True), ("A", "nugget", "n2", False), ("A", "support", "1", True), ("A", "answer", "", False),
        ("B", "answer", "", False),
    ]  # fmt: skip
    assert {item.rep for item in items} == {0}


def test_labels_go_to_a_file_as_they_are_given(folder):
    result = label_command(folder, "y\nn\np\nq\n", "--by", "ann")
    assert result.exit_code == 0
    assert [(row["about"], row.get("item", ""), row["label"], row["by"]) for row in lines_of(folder)] == [
        ("nugget", "n1", "yes", "ann"), ("nugget", "n2", "no", "ann"), ("support", "1", "partly", "ann"),
    ]  # fmt: skip
    assert all(row["at"].endswith("+00:00") for row in lines_of(folder))


def test_what_one_person_labelled_is_not_asked_of_that_person_again(folder):
    label_command(folder, "y\nn\n", "--by", "ann")
    run = RunFolder(folder)
    items = items_of(run)
    assert [item.about for item in unlabelled(items, labels_of(run), "ann")] == ["support", "answer", "answer"]
    assert len(unlabelled(items, labels_of(run), "ben")) == 5
    assert [item.item for item in unlabelled(items, labels_of(run), "ben", ["nugget"])] == ["n1", "n2"]


def test_going_back_asks_again_and_the_last_label_counts(folder):
    label_command(folder, "y\nb\nn\nq\n", "--by", "ann")
    assert [row["label"] for row in lines_of(folder)] == ["yes", "no"]
    assert [(label.item, label.label) for label in labels_of(RunFolder(folder))] == [("n1", "no")]


def test_what_is_typed_otherwise_labels_nothing(folder):
    label_command(folder, "?\n\nmaybe\nb\nq\n")
    assert (folder / "labels.jsonl").read_text() == ""


def test_the_end_of_input_ends_the_session(folder):
    assert label_command(folder, "").exit_code == 0


def test_what_a_post_would_have_a_terminal_do_is_not_passed_on(folder):
    shown = label_command(folder, "q\n", "--about", "support").stderr
    assert "coldStart" in shown
    assert "\x1b" not in shown


def test_what_the_scores_say_is_not_shown_with_an_item(folder, capsys):
    for item in items_of(RunFolder(folder)):
        topic_sets._show(item, 1, 5)
        topic_sets._show(replace(item, verdict=not item.verdict), 1, 5)
        first, second = capsys.readouterr().err.split("[1/5]")[1:]
        assert first.strip() == second.strip()


def test_the_outcome_is_printed_with_intervals(folder):
    result = label_command(folder, "y\nn\nu\ny\nn\n", "--by", "ann")
    lines = result.stdout.splitlines()
    assert (
        lines[0]
        == "nugget: 2 labels, kappa 1.000, agree 2/2 [0.342, 1.000], false yes 0/1 [0.000, 0.793], false no 0/1 [0.000, 0.793]"
    )
    assert (
        lines[1]
        == "answer: 2 labels, kappa 0.000, agree 1/2 [0.095, 0.905], false yes 0/1 [0.000, 0.793], false no 1/1 [0.207, 1.000]"
    )
    document = json.loads(label_command(folder, "", "--json").stdout)
    assert document["labelled"] == 0
    assert [one["about"] for one in document["agreement"]] == ["nugget", "answer"]


def test_a_kind_that_there_is_not_is_refused(folder):
    result = label_command(folder, "", "--about", "tone")
    assert result.exit_code == 2
    assert "nugget, support, answer" in result.stderr


def an_item(number, verdict):
    return Item(f"T{number}", 0, "nugget", "n", "?", "", "", "", verdict)


def a_label(number, said):
    return Label(tid=f"T{number}", about="nugget", item="n", label=said)


def test_a_question_back_is_offered_where_one_is_wanted_and_a_label_of_it_reaches_the_judge(folder):
    wanted = Topic.model_validate({**UNANSWERABLE, "id": "C", "expect": "clarify"})
    with (folder / "topics.jsonl").open("a") as topics, (folder / "answers.jsonl").open("a") as answers:
        topics.write(line_of(wanted))
        answers.write(line_of(AnswerRecord(tid="C", decision=Decision.CLARIFY, text="Which phone is it?")))
        answers.write(line_of(AnswerRecord(tid="B", rep=1, decision=Decision.CLARIFY, text="Which phone is it?")))
        answers.write(line_of(AnswerRecord(tid="C", rep=1, text="The posts do not say.")))
    offered = [item for item in items_of(RunFolder(folder)) if item.statement == "Which phone is it?"]
    judged = questions_of(RunFolder(folder), ["clarify"])
    assert (
        [item.key for item in offered]
        == [(one.tid, one.rep, ABOUT[one.task], one.item) for one in judged]
        == [("C", 0, "answer", "")]
    )


def test_a_nugget_without_a_text_is_shown_by_a_form_that_people_can_read(folder):
    forms = ["re:cold.?start", ["coldStart", "re:fal.e"], ["coldStart", "false"]]
    bare = Nugget.model_validate({"id": "n", "any_of": forms})
    assert wording(bare) == "coldStart … false"
    assert wording(Nugget(id="n", any_of=("re:cold",))) == "re:cold"


@given(st.lists(st.tuples(st.sampled_from(sorted(KEYS.values())), st.booleans()), max_size=20))
def test_errors_of_both_kinds_and_agreements_make_up_all_sure_labels(given_labels):
    items = [an_item(number, verdict) for number, (_, verdict) in enumerate(given_labels)]
    labels = [a_label(number, said) for number, (said, _) in enumerate(given_labels)]
    sure = [said for said, _ in given_labels if said != "unsure"]
    outcome = agreement(items, labels)
    assert len(outcome) == bool(sure)
    for one in outcome:
        assert one.n == len(sure) == one.agree.hits + one.false_yes.hits + one.false_no.hits
        assert one.false_no.n == sure.count("yes")


def test_labels_of_items_that_are_gone_count_for_nothing():
    assert agreement([an_item(1, True)], [a_label(2, "yes")]) == []


@given(st.lists(st.sampled_from("ypnub?q"), max_size=30), st.integers(0, 5))
def test_every_walk_through_a_queue_stays_inside_it(typed, length):
    queue = [an_item(number, True) for number in range(length)]
    places = [place for place, _ in steps(queue, iter(typed))]
    assert all(0 <= place < length for place in places)
    labelled = [place for place, key in steps(queue, iter(typed)) if key]
    assert len(labelled) <= sum(key in KEYS for key in typed)
