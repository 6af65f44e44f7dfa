"""A judge at a real server on loopback that can misbehave, its recordings, and whether its labels may be believed."""

from __future__ import annotations

import asyncio
import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from assistant.commands.judgements import judge as judge_command
from assistant.errors import EvaluationError, ServerUnreachable, UsageError
from assistant.evaluation.judging import judge as judge_module
from assistant.evaluation.judging.agreement import agreement, corrected, decided, may_gate, rate
from assistant.evaluation.judging.cassettes import Cassettes, key_of
from assistant.evaluation.judging.columns import judge_run
from assistant.evaluation.judging.items import items_of
from assistant.evaluation.judging.judge import SCHEMA, Judge, column, rubric
from assistant.evaluation.judging.judgements import JUDGEMENTS, Judgement, read_judgements
from assistant.evaluation.records import AnswerRecord, Cited, Decision, Label, Outcome, PostRecord, RunManifest
from assistant.evaluation.runs import ANSWERS, LABELS, MANIFEST, POSTS, SCORES, TOPICS, RunFolder, json_text, line_of
from assistant.evaluation.statistics import cohens_kappa
from assistant.evaluation.systems.chat_client import ChatServer
from assistant.evaluation.topics import Nugget, Topic

TASKS = ("nugget", "support", "clarify")
BODY = "The overlay volume spins at sixty percent because the daemon polls the battery. Unplugging the charger stops it."


class Server(ThreadingHTTPServer):
    """Labels by `verdict`, a function of the material; `status`, `raw` and `delay` change the answer itself."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = []
        self.verdict = lambda material: {"why": "so it is", "label": "yes"}
        self.status, self.raw, self.delay = 200, None, 0.0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(request)
        time.sleep(self.server.delay)
        said = self.server.verdict(json.loads(request["messages"][1]["content"]))
        content = said if isinstance(said, str) else json.dumps(said)
        message = {"role": "assistant", "content": content}
        answer = {"object": "chat.completion", "model": request["model"], "choices": [{"index": 0, "message": message}]}
        body = self.server.raw if self.server.raw is not None else json.dumps(answer).encode()
        try:
            self.send_response(self.server.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(serving):
    return serving(Server())


@pytest.fixture
def closed_url(closed_port):
    return f"http://127.0.0.1:{closed_port}/v1"


def asked(tid, expect="answer", **fields):
    turns = [{"role": "user", "content": f"question {tid}?"}]
    return Topic(id=tid, turns=turns, expect=expect, answerable=expect == "answer", **fields)


NUGGETS = (
    Nugget(id="said", any_of=("daemon polls",)),
    Nugget(id="missed", any_of=("battery is read too often", "re:too.often"), text="the battery is read too often"),
    Nugget(id="vetoed", any_of=("no fan",), none_of=("spins",)),
)
PAIRS = [
    (asked("T1", nuggets=NUGGETS),
     AnswerRecord(tid="T1", decision=Decision.ANSWER, text="The overlay volume spins since the daemon polls. [1]",
                  citations=(Cited(n=1, post="p1", start=0, end=79, quote=BODY[:79],
                                   sentence="The overlay volume spins since the daemon polls."),))),
    (asked("T2", nuggets=NUGGETS),
     AnswerRecord(tid="T2", decision=Decision.ANSWER, text="Unplugging the charger probably stops noise. [1] "
                  "Quartz lattices resonate orthogonally everywhere. [2]",
                  citations=tuple(
                      Cited(n=n, post=post, start=79, end=len(BODY), quote=BODY[79:], sentence=sentence)
                      for n, post, sentence in [
                          (1, "p1", "Unplugging the charger probably stops noise."),
                          (2, "p1", "Quartz lattices resonate orthogonally everywhere."),
                          (3, "p1", ""), (4, "gone", "Unplugging the charger probably stops noise."),
                      ]))),
    (asked("T3", nuggets=NUGGETS), AnswerRecord(tid="T3", decision=Decision.ABSTAIN, text="It is not known.")),
    (asked("T4", nuggets=NUGGETS), AnswerRecord(tid="T4", status=Outcome.TIMEOUT, error="late")),
    (asked("T5", expect="clarify"), AnswerRecord(tid="T5", decision=Decision.CLARIFY, text="Which volume?")),
    (asked("T6", expect="abstain"), AnswerRecord(tid="T6", decision=Decision.ANSWER, text="It spins.")),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    manifest = RunManifest(run_id="run", set_name="s", set_sha256="0", settings={"generator": "openai:writer-1"})
    (path / MANIFEST).write_text(json_text(manifest.model_dump(mode="json")))
    (path / TOPICS).write_text("".join(line_of(topic) for topic, _ in PAIRS))
    (path / ANSWERS).write_text("".join(line_of(record) for _, record in PAIRS))
    (path / POSTS).write_text(line_of(PostRecord(post="p1", thread="t1", title="A loud volume", body=BODY)))
    return path


def judge_at(server, tmp_path, model="judge-1", **options):
    target = ChatServer(server if isinstance(server, str) else server.url, "sk-topsecret", **options)
    return Judge(model, target, Cassettes(tmp_path / "cassettes"))


def judged(folder, judge, **options):
    return asyncio.run(judge_run(RunFolder(folder), judge, **options))


def replaying(tmp_path, model="judge-1"):
    return Judge(model, None, Cassettes(tmp_path / "cassettes", replay_only=True))


def counts(columns):
    return {one.task: one.counts for one in columns}


# --- what is put to the judge --------------------------------------------------------------------------------------------


def test_only_what_the_rules_leave_open_is_put_to_a_judge(folder):
    items = [(item.task, item.tid, item.item) for item in items_of(RunFolder(folder), TASKS)]
    assert items == [
        ("nugget", "T1", "missed"),
        ("nugget", "T2", "said"), ("nugget", "T2", "missed"), ("nugget", "T2", "vetoed"),
        ("support", "T2", "1"),
        ("clarify", "T5", ""),
    ]  # fmt: skip


def test_the_material_is_what_a_person_who_labels_sees(folder):
    items = {(item.task, item.tid, item.item): item.material for item in items_of(RunFolder(folder), TASKS)}
    assert items["nugget", "T1", "missed"] == {
        "question": "question T1?", "fact": "the battery is read too often",
        "answer": "The overlay volume spins since the daemon polls.",
    }  # fmt: skip
    assert items["nugget", "T2", "vetoed"]["fact"] == "no fan"
    support = items["support", "T2", "1"]
    assert support["sentence"] == "Unplugging the charger probably stops noise."
    assert support["passage"] == BODY[79:]


@pytest.mark.parametrize("task", TASKS)
def test_each_rubric_names_every_label_and_forbids_obedience(task):
    text = rubric(task)
    assert all(f"`{label}`:" in text for label in SCHEMA["properties"]["label"]["enum"])
    assert "never follow an" in text


def test_a_changed_rubric_is_another_column(monkeypatch):
    before = column("nugget", "some/model:7b")
    assert re.fullmatch(r"judge:nugget:some/model:7b:[0-9a-f]{8}", before)
    assert column("support", "some/model:7b").rpartition(":")[2] != before.rpartition(":")[2]
    monkeypatch.setattr(judge_module, "rubric", lambda task: rubric(task) + "Be strict.\n")
    assert column("nugget", "some/model:7b") != before


# --- judging -------------------------------------------------------------------------------------------------------------


def test_a_run_is_judged_through_the_official_client_with_closed_labels(folder, server, tmp_path):
    server.verdict = lambda material: {"why": "w", "label": "no" if "fact" in material else "partly"}
    columns = judged(folder, judge_at(server, tmp_path))
    none = {"yes": 0, "partly": 0, "no": 0, "judge_error": 0}
    assert counts(columns) == {"nugget": none | {"no": 4}, "support": none | {"partly": 1}, "clarify": none | {"partly": 1}}
    assert len(server.requests) == 6
    for request in server.requests:
        assert (request["model"], request["temperature"], request["seed"]) == ("judge-1", 0, 7)
        assert request["response_format"]["json_schema"]["schema"] == SCHEMA
        assert [message["role"] for message in request["messages"]] == ["system", "user"]


def test_judgements_stand_beside_the_scores_and_never_among_them(folder, server, tmp_path):
    judged(folder, judge_at(server, tmp_path))
    lines = read_judgements(folder)
    assert [(one.about, one.tid, one.item) for one in lines if one.about == "answer"] == [("answer", "T5", "")]
    assert {one.column for one in lines} == {column(task, "judge-1") for task in TASKS}
    assert not (folder / SCORES).exists()
    assert "topsecret" not in (folder / JUDGEMENTS).read_text()


def test_judging_again_replaces_the_column_and_keeps_those_of_other_judges(folder, server, tmp_path):
    judged(folder, judge_at(server, tmp_path))
    first = read_judgements(folder)
    judged(folder, judge_at(server, tmp_path, model="judge-2"))
    judged(folder, judge_at(server, tmp_path))
    lines = read_judgements(folder)
    assert [one for one in lines if ":judge-1:" in one.column] == list(first)
    assert len(lines) == 2 * len(first)


@pytest.mark.parametrize(
    "said",
    [
        "yes", '{"label": "yes"', "[]", '{"label": "maybe", "why": ""}', '{"why": "x"}', '{"label": ["yes"]}',
        '```json\n{"label": "yes"}```', "",
    ],
)  # fmt: skip
def test_a_reply_that_is_no_label_is_a_judge_error_and_not_a_guess(folder, server, tmp_path, said):
    server.verdict = lambda material: said if "fact" in material else {"why": "", "label": "yes"}
    columns = judged(folder, judge_at(server, tmp_path))
    assert counts(columns)["nugget"] == {"yes": 0, "partly": 0, "no": 0, "judge_error": 4}
    errors = [one for one in read_judgements(folder) if one.about == "nugget"]
    assert all(one.label is None and one.error for one in errors) and len(errors) == 4


@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_server_that_refuses_some_items_leaves_visible_errors(folder, server, tmp_path, status):
    def verdict(material):
        server.status = status if "fact" in material else 200
        return {"why": "", "label": "yes"}

    server.verdict = verdict
    columns = judged(folder, judge_at(server, tmp_path))
    assert counts(columns)["nugget"]["judge_error"] == 4 and counts(columns)["support"]["yes"] == 1
    error = next(one.error for one in read_judgements(folder) if one.error)
    assert str(status) in error


def test_what_a_server_refused_is_not_recorded_and_asked_again(folder, server, tmp_path):
    server.verdict = lambda material: {"why": "", "label": "yes"}
    server.status = 500
    with pytest.raises(EvaluationError, match=r"no label for any of 6 items.*500"):
        judged(folder, judge_at(server, tmp_path))
    assert not (folder / JUDGEMENTS).exists() and not (tmp_path / "cassettes").exists()
    server.status = 200
    assert sum(one["yes"] for one in counts(judged(folder, judge_at(server, tmp_path))).values()) == 6


def test_a_judge_that_hangs_is_an_error_of_that_item_within_its_time(folder, server, tmp_path):
    server.verdict = lambda material: (time.sleep(5.0 if "passage" in material else 0.0), {"why": "", "label": "yes"})[1]
    started = time.perf_counter()
    columns = judged(folder, judge_at(server, tmp_path, total_seconds=1.0))
    assert time.perf_counter() - started < 4.5
    assert counts(columns)["support"]["judge_error"] == 1 and counts(columns)["nugget"]["yes"] == 4
    assert "within 1 s" in next(one.error for one in read_judgements(folder) if one.error)


def test_a_judge_that_is_not_there_ends_the_judging(folder, closed_url, tmp_path):
    with pytest.raises(ServerUnreachable):
        judged(folder, judge_at(closed_url, tmp_path))
    assert not (folder / JUDGEMENTS).exists()


@pytest.mark.parametrize("model", ["writer-1", "Writer-1", "some/writer-1"])
def test_a_model_judges_its_own_answers_only_if_told_so_and_every_line_says_it(folder, server, tmp_path, model):
    with pytest.raises(UsageError, match="would judge itself"):
        judged(folder, judge_at(server, tmp_path, model=model))
    assert not server.requests
    columns = judged(folder, judge_at(server, tmp_path, model=model), allow_self=True)
    assert all(one.self_judged for one in read_judgements(folder))
    assert all(not one.verdict.may and "gave the answers" in one.verdict.reason for one in columns)


# --- recordings ----------------------------------------------------------------------------------------------------------


def test_a_recording_is_played_without_a_server_and_gives_the_same_file(folder, server, tmp_path):
    server.verdict = lambda material: {"why": "w", "label": "yes"} if "fact" in material else "no label"
    judged(folder, judge_at(server, tmp_path))
    first = (folder / JUDGEMENTS).read_bytes()
    (folder / JUDGEMENTS).unlink()
    asked_before = len(server.requests)
    judged(folder, replaying(tmp_path))
    assert (folder / JUDGEMENTS).read_bytes() == first
    assert len(server.requests) == asked_before


def test_what_is_recorded_is_not_asked_again_wherever_the_server_is(folder, server, closed_url, tmp_path):
    judged(folder, judge_at(server, tmp_path))
    assert judged(folder, judge_at(closed_url, tmp_path))


def test_a_missing_recording_is_an_error_with_its_hash_and_the_mend(folder, tmp_path):
    with pytest.raises(EvaluationError, match=r"no recording [0-9a-f]{64} in .*cassettes") as caught:
        judged(folder, replaying(tmp_path))
    assert "without --replay-only" in caught.value.hint


def test_a_recording_holds_request_and_response_and_no_key(folder, server, tmp_path):
    judged(folder, judge_at(server, tmp_path))
    files = sorted((tmp_path / "cassettes").iterdir())
    assert len(files) == 6
    for path in files:
        recording = json.loads(path.read_text())
        request = recording["request"]
        assert path.stem == key_of(request["model"], request["parameters"], request["messages"])
        assert recording["response"]["choices"]
        assert "topsecret" not in path.read_text() and server.url not in path.read_text()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"request": {}}', '{"response": []}'])
def test_a_damaged_recording_is_named(folder, server, tmp_path, content):
    judged(folder, judge_at(server, tmp_path))
    damaged = sorted((tmp_path / "cassettes").iterdir())[0]
    damaged.write_text(content)
    with pytest.raises(EvaluationError, match=damaged.name):
        judged(folder, replaying(tmp_path))


asked_of = st.tuples(st.text(max_size=5), st.dictionaries(st.text(max_size=3), st.integers()), st.lists(st.text(max_size=5)))


@given(asked_of, asked_of)
def test_two_requests_have_one_key_only_if_they_are_the_same(one, other):
    keys = [
        key_of(model, settings, [{"role": "user", "content": text} for text in said]) for model, settings, said in (one, other)
    ]
    assert (keys[0] == keys[1]) == (one == other)
    model, settings, said = one
    turned = dict(reversed(settings.items()))
    assert key_of(model, turned, [{"content": text, "role": "user"} for text in said]) == keys[0]


# --- whether a judge may be believed -------------------------------------------------------------------------------------


def column_of(verdicts, **fields):
    return [
        Judgement(column="judge:nugget:m:0", tid=f"T{number}", about="nugget", item="n", label=label,
                  error=None if label else "boom", **fields)
        for number, label in enumerate(verdicts)
    ]  # fmt: skip


def labelled(verdicts, by="ab"):
    return [Label(tid=f"T{number}", about="nugget", item="n", label=label, by=by) for number, label in enumerate(verdicts)]


HALVES = ["yes"] * 30 + ["no"] * 30


def test_a_judge_that_agrees_with_sixty_labels_may_gate():
    verdict = may_gate(column_of(HALVES), labelled(HALVES))
    assert verdict.may and "60 items" in verdict.reason
    found = verdict.agreement
    assert (found.kappa, found.missed.value, found.invented.value) == (1.0, 0.0, 0.0)
    assert 0 < found.missed.high < 0.12 and found.missed.n == 30


@pytest.mark.parametrize(
    ("said", "people", "fields", "reason"),
    [
        (HALVES, HALVES[:59], {}, "59 of its items were labelled by people, 60 are needed"),
        (HALVES, [], {}, "0 of its items"),
        (HALVES, ["unsure"] * 60, {}, "0 of its items"),
        (["yes"] * 60, ["yes"] * 60, {}, "only one kind of label"),
        (HALVES, HALVES[::-1], {}, "kappa is -1.00"),
        (["yes"] * 60, HALVES, {}, "kappa is 0.00"),
        ([None] * 15 + HALVES[15:], HALVES, {}, "kappa is 0.50"),
        (HALVES, HALVES, {"self_judged": True}, "gave the answers"),
    ],
)
def test_a_judge_that_was_not_checked_enough_or_failed_the_check_gates_nothing(said, people, fields, reason):
    verdict = may_gate(column_of(said, **fields), labelled(people))
    assert not verdict.may and reason in verdict.reason


def test_partly_is_not_yes_on_either_side():
    found = agreement(column_of(["partly", "yes", "partly"]), labelled(["partly", "partly", "yes"]))
    assert (found.n, found.missed.value, found.invented.value) == (3, 1.0, 0.5)


def test_an_item_on_which_the_judge_failed_is_a_wrong_label():
    found = agreement(column_of([None, None, "yes", "no"]), labelled(["yes", "no", "yes", "no"]))
    assert (found.missed.value, found.invented.value, found.kappa) == (0.5, 0.5, 0.0)
    assert found.apparent.n == 2


def test_people_outvote_each_other_and_a_later_label_replaces_an_earlier_one():
    def by(person, label):
        return Label(tid="T", about="answer", label=label, by=person)

    key = ("T", 0, "answer", "")
    assert decided([by("a", "yes"), by("b", "yes"), by("c", "no")]) == {key: True}
    assert decided([by("a", "yes"), by("b", "no")]) == {}
    assert decided([by("a", "yes"), by("a", "no")]) == {key: False}
    assert decided([by("a", "yes"), by("a", "unsure")]) == {}


def test_judgements_of_two_columns_are_refused():
    lines = column_of(["yes"])
    with pytest.raises(ValueError, match="several columns"):
        may_gate([*lines, lines[0].model_copy(update={"column": "other"})], [])


def test_kappa_is_that_of_worked_examples():
    # Examples of the article on Cohen's kappa in Wikipedia.
    assert cohens_kappa(20, 5, 10, 15) == pytest.approx(0.4)
    assert cohens_kappa(45, 15, 25, 15) == pytest.approx(0.1304, abs=1e-4)
    assert cohens_kappa(25, 35, 5, 35) == pytest.approx(0.2593, abs=1e-4)
    assert cohens_kappa(7, 0, 0, 0) is None and cohens_kappa(0, 0, 0, 0) is None


cells = st.integers(0, 40)


@given(cells, cells, cells, cells)
def test_kappa_favours_no_rater_and_no_label_and_chance_is_zero(both, first, second, neither):
    ours = cohens_kappa(both, first, second, neither)
    assert ours == cohens_kappa(both, second, first, neither)
    turned = cohens_kappa(neither, first, second, both)
    assert turned == pytest.approx(ours) if ours is not None else turned is None
    if both and neither:
        assert cohens_kappa(both, 0, 0, neither) == pytest.approx(1.0)
        # Independent raters: the cells are products of margins.
        assert cohens_kappa(both * both, both * neither, neither * both, neither * neither) == pytest.approx(0.0, abs=1e-12)


@given(st.floats(0, 1), st.floats(0.55, 1), st.floats(0.55, 1))
def test_the_correction_undoes_both_errors(truth, sensitivity, specificity):
    n = 10**6
    found, passed = round(sensitivity * n), round(specificity * n)
    apparent = truth * found / n + (1 - truth) * (1 - passed / n)
    undone = corrected(rate(round(apparent * n), n), found, n, passed, n)
    assert undone.value == pytest.approx(truth, abs=2e-5)
    assert undone.low <= undone.value <= undone.high


def test_a_judge_no_better_than_chance_cannot_be_corrected():
    assert corrected(rate(5, 10), 5, 10, 5, 10).value is None
    assert corrected(rate(5, 10), 0, 0, 5, 10).value is None
    assert corrected(rate(0, 0), 5, 5, 5, 5).value is None


def test_the_interval_of_the_corrected_share_holds_what_it_promises():
    rng = np.random.default_rng(5)
    truth, sensitivity, specificity, held = 0.7, 0.85, 0.9, 0
    for _ in range(2000):
        positives, negatives, n = 40, 30, 150
        apparent = truth * sensitivity + (1 - truth) * (1 - specificity)
        found, passed = rng.binomial(positives, sensitivity), rng.binomial(negatives, specificity)
        share = corrected(rate(int(rng.binomial(n, apparent)), n), int(found), positives, int(passed), negatives)
        held += share.low <= truth <= share.high
    assert 0.93 <= held / 2000 <= 0.985


# --- the command ---------------------------------------------------------------------------------------------------------


def command(*arguments):
    app = typer.Typer()
    app.command()(judge_command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def test_the_command_judges_records_and_says_that_nothing_may_gate(folder, server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-topsecret")
    (folder / LABELS).write_text(line_of(Label(tid="T1", about="nugget", item="missed", label="yes", by="ab")))
    result = command(folder, "--base-url", server.url, "--model", "judge-1", "--json")
    assert result.exit_code == 0
    columns = {one["column"]: one for one in json.loads(result.stdout)["columns"]}
    nuggets = columns[column("nugget", "judge-1")]
    assert (nuggets["items"], nuggets["yes"], nuggets["judge_error"], nuggets["labelled"]) == (4, 4, 0, 1)
    assert nuggets["may_gate"] is False and "60 are needed" in nuggets["reason"]
    assert nuggets["apparent"]["n"] == 4 and nuggets["apparent"]["value"] == 1.0
    replayed = command(folder, "--model", "judge-1", "--replay-only")
    assert replayed.exit_code == 0 and "must not gate" in replayed.stdout
    assert len(list((folder / "cassettes").iterdir())) == 6


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--model", "judge-1"], 2, "no server to ask"),
        (["--model", "judge-1", "--base-url", "nowhere"], 2, "not the address"),
        (["--model", "judge-1", "--replay-only"], 1, "no recording"),
        (["--model", "writer-1", "--replay-only"], 2, "would judge itself"),
        (["--model", "judge-1", "--base-url", "http://127.0.0.1:1/v1"], 6, "no answer from"),
    ],
)
def test_the_command_ends_with_the_code_of_its_error(folder, arguments, code, words):
    result = command(folder, *arguments)
    assert (result.exit_code, words in result.stderr) == (code, True)


def test_a_folder_that_is_no_run_is_named(tmp_path):
    result = command(tmp_path, "--model", "m", "--replay-only")
    assert result.exit_code == 1 and "holds no run" in result.stderr


def test_judging_oneself_is_printed(folder, server):
    result = command(folder, "--base-url", server.url, "--model", "writer-1", "--allow-self")
    assert result.exit_code == 0 and "judges its own answers" in result.stderr
