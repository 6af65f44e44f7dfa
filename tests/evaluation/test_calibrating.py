"""Fitting the confidence: signs and order come back, no weight changes its side, no case is judged by its own topic."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import astuple
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from assistant.answering.finding.confidence import Confidence, Observed
from assistant.errors import EvaluationError, SettingsError
from assistant.evaluation.calibrating import (
    PRIOR,
    SIGNS,
    Case,
    Group,
    auc,
    calibration_error,
    cases_of,
    chosen,
    cross_validated,
    figures,
    fit,
    model_json,
    plan_of,
    probability,
    risk_at,
    topic_closeness,
)
from assistant.evaluation.topics import Topic
from assistant.pipeline import Assistant
from assistant.settings import Settings

TRUE = {"coverage": 6.0, "closeness": 2.5, "missing_version": -5.0, "asked_itself": -2.0}
"""Weights that made-up questions are drawn with; signs that are not named have none."""
TOPICS = ("S005", "S015", "S018", "S046", "S047", "S048")


def observed(**signs: float) -> Observed:
    return Observed(**{name: signs.get(name, 0.0) for name in SIGNS})


def drawn(count: int, seed: int = 0) -> list[Case]:
    """Questions whose answers hang on `TRUE`, every ten of them about one topic."""
    chance = np.random.default_rng(seed)
    signs = chance.random((count, len(SIGNS)))
    weights = np.array([TRUE.get(name, 0.0) for name in SIGNS])
    answerable = chance.random(count) < 1 / (1 + np.exp(-(signs - 0.5) @ weights))
    rows = zip(signs.tolist(), answerable.tolist(), strict=True)
    return [Case("made", f"t{number // 10}", yes, Observed(*row)) for number, (row, yes) in enumerate(rows)]


def test_signs_and_their_order_come_back() -> None:
    model = fit(drawn(3000), {"made": 3000.0})
    weights = dict(zip(SIGNS, model[1:].tolist(), strict=True))
    assert sorted(TRUE, key=lambda name: weights[name]) == sorted(TRUE, key=lambda name: TRUE[name])
    for name, weight in TRUE.items():
        assert weights[name] == pytest.approx(weight, abs=0.8)
    assert max(abs(weight) for name, weight in weights.items() if name not in TRUE) < 0.8
    middle = probability(model, np.full((1, len(SIGNS)), 0.5))
    assert middle[0] == pytest.approx(0.5, abs=0.05)


def test_without_evidence_weights_stay_where_they_are_drawn_to() -> None:
    model = fit([Case("made", "t", True, observed()), Case("made", "t", False, observed())], {"made": 2.0})
    assert dict(zip(SIGNS, model[1:].tolist(), strict=True)) == pytest.approx(PRIOR, abs=1e-3)
    assert model[0] == pytest.approx(0.0, abs=1e-3)


def test_a_group_counts_what_the_plan_says_whatever_its_size() -> None:
    def bias(many: int, weights: dict[str, float]) -> float:
        cases = [Case("yes", f"y{n}", True, observed()) for n in range(many)] + [Case("no", "n", False, observed())]
        return float(fit(cases, weights)[0])

    assert bias(5, {"yes": 3.0, "no": 1.0}) == pytest.approx(np.log(3), abs=1e-3)
    assert bias(50, {"yes": 3.0, "no": 1.0}) == pytest.approx(np.log(3), abs=1e-3)


some_cases = st.lists(
    st.builds(
        Case,
        group=st.sampled_from(["a", "b"]),
        topic=st.sampled_from("tuvwxyz"),
        answerable=st.booleans(),
        observed=st.tuples(*[st.floats(0, 1)] * len(SIGNS)).map(lambda row: Observed(*row)),
    ),
    min_size=2,
    max_size=25,
)


@settings(max_examples=20, deadline=None)
@given(cases=some_cases, weight=st.floats(1, 500))
def test_no_weight_leaves_its_side_of_0(cases: list[Case], weight: float) -> None:
    present = {case.group for case in cases}
    model = fit(cases, {name: weight for name in present})
    assert np.isfinite(model).all()
    for name, value in zip(SIGNS, model[1:].tolist(), strict=True):
        assert value >= 0 if PRIOR[name] > 0 else value <= 0, name


def test_a_set_that_teaches_nonsense_cannot_turn_a_sign_round() -> None:
    cases = [Case("odd", f"t{n}", bool(n % 2), observed(missing_name=n % 2, coverage=1 - n % 2)) for n in range(200)]
    weights = dict(zip(SIGNS, fit(cases, {"odd": 1000.0})[1:].tolist(), strict=True))
    assert weights["missing_name"] == pytest.approx(0, abs=1e-6)
    assert weights["coverage"] == pytest.approx(0, abs=1e-6)


def test_no_case_is_judged_by_a_model_that_saw_its_topic() -> None:
    cases = drawn(200)
    weights = {"made": 200.0}
    before = cross_validated(cases, weights)
    for topic in ("t0", "t7", "t19"):
        mine = np.array([case.topic == topic for case in cases])
        turned = [Case(c.group, c.topic, c.answerable != (c.topic == topic), c.observed) for c in cases]
        after = cross_validated(turned, weights)
        assert (after[mine] == before[mine]).all()
        assert (after[~mine] != before[~mine]).any()
        assert (probability(fit(turned, weights), np.array([astuple(c.observed) for c in cases])) != before).any()


def test_the_folds_do_not_hang_on_the_order_of_the_cases() -> None:
    cases = drawn(120)
    forth, back = cross_validated(cases, {"made": 120.0}), cross_validated(cases[::-1], {"made": 120.0})
    assert forth == pytest.approx(back[::-1], abs=1e-3)


def test_a_group_of_one_topic_is_judged_by_the_others() -> None:
    cases = [*drawn(60), Case("alone", "only", True, observed(closeness=1.0))]
    found = cross_validated(cases, {"made": 60.0, "alone": 5.0})
    assert np.isfinite(found).all()


labelled = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])), min_size=1, max_size=30)


@given(labelled)
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[bool, float]]) -> None:
    truth, found = np.array([float(yes) for yes, _ in rows]), np.array([p for _, p in rows])
    positive, negative = found[truth == 1], found[truth == 0]
    value = auc(truth, found)
    if not len(positive) or not len(negative):
        assert value is None
        return
    pairs = [(p > n) + (p == n) / 2 for p in positive for n in negative]
    assert value == pytest.approx(sum(pairs) / len(pairs))
    assert value == pytest.approx(mannwhitneyu(positive, negative).statistic / len(pairs))


@pytest.mark.parametrize(
    ("truth", "found", "error"),
    [
        ([0, 1, 1, 1], [0.05, 0.05, 0.95, 0.95], 0.25),
        ([1, 1], [1.0, 1.0], 0.0),
        ([0, 0], [1.0, 1.0], 1.0),
        ([0, 1], [0.5, 0.5], 0.0),
        # One bin holds both: what is too much for one makes up for the other.
        ([1, 0], [0.42, 0.48], 0.05),
    ],
)
def test_the_calibration_error_by_hand(truth: list[int], found: list[float], error: float) -> None:
    assert calibration_error(np.array(truth, dtype=float), np.array(found)) == pytest.approx(error)


@pytest.mark.parametrize(("coverage", "risk"), [(1.0, 0.5), (0.75, 1 / 3), (0.5, 0.25), (0.25, 0.0), (0.01, 0.0)])
def test_the_risk_at_a_coverage_by_hand(coverage: float, risk: float) -> None:
    truth, found = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.8, 0.8, 0.1])
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        assert risk_at(truth[order], found[order], coverage) == pytest.approx(risk)


def test_figures_of_a_group_by_hand() -> None:
    cases = [Case("a", "t", yes, observed()) for yes in (True, True, False, False)] + [Case("b", "u", False, observed())]
    rows = figures(cases, np.array([0.9, 0.4, 0.6, 0.1, 0.2]), 0.5)
    assert rows["a"] == {"cases": 4, "false_refusals": 0.5, "false_answers": 0.5, "auc": 0.75, "ece": 0.35}
    assert (rows["b"]["false_refusals"], rows["b"]["false_answers"], rows["b"]["auc"]) == (None, 0.0, None)


def test_the_closeness_that_parts_what_is_here_from_what_is_elsewhere() -> None:
    here = [Case("here", f"h{n}", True, observed(closeness=0.5 + n / 100)) for n in range(20)]
    near_miss = [Case("here", f"n{n}", False, observed(closeness=0.1)) for n in range(20)]
    away = [Case("away", f"a{n}", False, observed(closeness=0.2 + n / 100)) for n in range(20)]
    assert 0.39 < topic_closeness([*here, *near_miss, *away], ["away"]) <= 0.5


def test_without_questions_from_elsewhere_the_closeness_of_the_program_stays() -> None:
    here = [Case("here", "h", True, observed(closeness=0.9))]
    shipped = json.loads((files("assistant.answering.finding") / "confidence.json").read_text(encoding="utf-8"))[
        "topic_closeness"
    ]
    assert topic_closeness(here, []) == topic_closeness([Case("away", "a", False, observed())], ["away"]) == shipped


def topic(name: str, **values: Any) -> Topic:
    asked = {"id": name, "turns": [{"role": "user", "content": "What?"}], "answerable": True, "expect": "answer"}
    return Topic.model_validate(asked | values)


NO = {"answerable": False, "expect": "abstain"}


def test_a_group_takes_its_split_and_draws_the_same_each_time() -> None:
    topics = [topic(f"t{n}", split="dev" if n % 2 else "test") for n in range(20)]
    assert [one.id for one in chosen(Group(name="g", set="s", weight=1, split="dev"), topics)] == [
        f"t{n}" for n in range(1, 20, 2)
    ]
    first, rest = (chosen(Group(name="g", set="s", weight=1, **drawn), topics) for drawn in ({"take": 5}, {"skip": 5}))
    assert first == chosen(Group(name="g", set="s", weight=1, take=5), topics)
    assert sorted(one.id for one in (*first, *rest)) == sorted(one.id for one in topics)
    assert [one.id for one in first] != [one.id for one in topics[:5]]


def test_a_group_without_topics_is_an_error_that_names_it() -> None:
    with pytest.raises(EvaluationError, match="'empty'"):
        chosen(Group(name="empty", set="s", weight=1, split="dev"), [topic("t", split="test")])
    with pytest.raises(EvaluationError, match="'empty'"):
        chosen(Group(name="empty", set="s", weight=1, without_gold=True), [topic("u", **NO), topic("n")])


def test_cases_say_what_was_left_out_and_what_is_true_there() -> None:
    topics = [topic("a", threads={"t1": 3, "t2": 1}), topic("w", threads={"t3": 3}, without=["t9"]), topic("u", **NO)]
    asked: list[tuple[str, tuple[str, ...]]] = []

    def observe(one: Topic, without: Sequence[str]) -> Observed | None:
        asked.append((one.id, tuple(without)))
        return None if one.id == "w" else observed(closeness=0.5)

    plain = cases_of(Group(name="g", set="s", weight=1), topics, observe)
    assert [(case.topic, case.answerable) for case in plain] == [("a", True), ("u", False)]
    assert asked == [("a", ()), ("w", ("t9",)), ("u", ())]
    asked.clear()
    left_out = cases_of(Group(name="g", set="s", weight=1, without_gold=True), topics, observe)
    assert [(case.topic, case.answerable) for case in left_out] == [("a", False)]
    assert asked == [("a", ("t1",)), ("w", ("t3",))]
    foreign = cases_of(Group(name="g", set="s", weight=1, answerable=False), topics, observe)
    assert [case.answerable for case in foreign] == [False, False]


GROUP = '[[group]]\nname = "g"\nset = "s"\nweight = 1\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "group"),
        ("group = []\n", "group"),
        (GROUP + "wieght = 2\n", r"group\.0\.wieght"),
        (GROUP.replace("1", "0"), r"group\.0\.weight"),
        (GROUP.replace("weight = 1\n", ""), r"group\.0\.weight"),
        (GROUP + GROUP.replace('"g"', '"h"') + "take = 0\n", r"group\.1\.take"),
        (GROUP + "skip = -1\n", r"group\.0\.skip"),
        (GROUP + 'answerable = "perhaps"\n', r"group\.0\.answerable"),
        (GROUP + GROUP, "two groups are named 'g'"),
        (GROUP + "name = 3\n", r"plan\.toml"),
        ("group = [", r"plan\.toml"),
    ],
)
def test_a_faulty_plan_is_an_error_that_names_the_key(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match=told) as error:
        plan_of(path)
    assert str(path) in error.value.message
    with pytest.raises(EvaluationError, match="none"):
        plan_of(tmp_path / "none.toml")


@pytest.mark.parametrize("text", ["", "[]", '{"weights": {}, "bias": 0, "topic_closeness": 0.4}', '{"bias": 0}'])
def test_a_file_that_holds_no_model_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"model\.json"):
        Confidence.of(path)


def test_the_model_that_is_written_judges_as_the_model_that_was_fitted(tmp_path: Path) -> None:
    cases, weights = drawn(300), {"made": 300.0}
    document = model_json(cases, weights, [], 0.5)
    (tmp_path / "model.json").write_text(json.dumps(document), encoding="utf-8")
    read = Confidence.of(tmp_path / "model.json")
    fitted = probability(fit(cases, weights), np.array([astuple(case.observed) for case in cases]))
    assert [read.answered(case.observed) for case in cases] == pytest.approx(fitted.tolist(), abs=5e-3)
    checked = document["cross_validated"]
    assert (document["cases"], checked["groups"]["made"]["cases"]) == (300, 300)
    assert 0.5 < checked["groups"]["made"]["auc"] < 1
    assert model_json(cases, weights, [], 0.5) == document


@pytest.fixture
def plan(sample_posts: Path, tmp_path: Path) -> Path:
    """A plan of a few topics of the sample, as they are and without their answers."""
    lines = (sample_posts.parent / "topics.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "topics.jsonl").write_text(
        "".join(line for line in lines if json.loads(line)["id"] in TOPICS), encoding="utf-8"
    )
    (tmp_path / "set.toml").write_text(f'name = "few"\nsources = [{json.dumps(str(sample_posts))}]\n', encoding="utf-8")
    groups = (
        '[[group]]\nname = "as they are"\nset = "topics.jsonl"\nweight = 6\n'
        '[[group]]\nname = "without"\nset = "topics.jsonl"\nwithout_gold = true\ntake = 2\nweight = 2\n'
    )
    (tmp_path / "plan.toml").write_text(groups, encoding="utf-8")
    return tmp_path / "plan.toml"


def test_what_is_calibrated_is_what_ask_uses(
    run: Callable[..., Any], plan: Path, sample_index: Path, embedder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = run("eval", "calibrate", plan, "--out", "confidence.json", "--json")
    assert fitted.exit_code == 0, fitted.stderr
    document = json.loads(fitted.stdout)
    assert json.loads(Path("confidence.json").read_text(encoding="utf-8")) == document
    assert document["cases"] == len(TOPICS) + 2
    assert document["groups"] == {"as they are": 6, "without": 2}
    assert "as they are: 6 cases" in fitted.stderr

    question = "Which stage refuses the mount point with Code=37?"
    plain = json.loads(run("ask", question, "--index", sample_index, "--json").stdout)
    monkeypatch.setenv("ASSISTANT_CONFIDENCE_MODEL", "confidence.json")
    assistant = Assistant(Settings(index=sample_index), embedder)
    seen = assistant.observed(question)
    assistant.close()
    assert seen is not None
    expected = Confidence.of(Path("confidence.json")).answered(seen)
    found = json.loads(run("ask", question, "--index", sample_index, "--json").stdout)
    assert found["confidence"] == pytest.approx(expected, abs=1e-3)
    assert found["confidence"] != plain["confidence"]
    assert found["provenance"]["settings_hash"] != plain["provenance"]["settings_hash"]

    Path("confidence.json").write_text(json.dumps(document | {"bias": -50.0}), encoding="utf-8")
    assert json.loads(run("ask", question, "--index", sample_index, "--json").stdout)["status"] == "refused"
    Path("confidence.json").write_text("{}", encoding="utf-8")
    result = run("ask", question, "--index", sample_index)
    assert result.exit_code == 2
    assert "confidence.json" in result.stderr


def test_a_faulty_plan_ends_the_command_with_a_message(run: Callable[..., Any], plan: Path) -> None:
    plan.write_text(plan.read_text(encoding="utf-8").replace("weight = 2", "wieght = 2"), encoding="utf-8")
    result = run("eval", "calibrate", plan, "--out", "confidence.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "group.1" in result.stderr
    assert "hint: " in result.stderr
    assert not Path("confidence.json").exists()
