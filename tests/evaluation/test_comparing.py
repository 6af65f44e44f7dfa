"""Two runs side by side: verdicts, corrections, what moved, and what may not be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import EvaluationError, UsageError
from assistant.evaluation.catalogue import BY_NAME, METRICS, PRIMARY
from assistant.evaluation.comparing import Verdict, chosen_test, compare
from assistant.evaluation.comparing.pairing import Paired
from assistant.evaluation.comparing.verdicts import compare_metrics
from assistant.evaluation.records import AnswerRecord, Decision, RunManifest
from assistant.evaluation.runs import ANSWERS, MANIFEST, SCORES, TOPICS, RunFolder, line_of
from assistant.evaluation.scores import Score
from assistant.evaluation.scoring.means import TERCILES
from assistant.evaluation.topics import Topic

Values = Mapping[str, Sequence[float | None]]


def topic(number: int, **fields: Any) -> Topic:
    asked = {"turns": [{"role": "user", "content": f"question {number}?"}], "answerable": True, "expect": "answer"}
    return Topic.model_validate({"id": f"T{number:03}", "cluster": f"thread{number // 2}", **asked, **fields})


def run_of(path: Path, values: Values, topics: Sequence[Topic] = (), rep: int = 0, **manifest: Any) -> RunFolder:
    """A scored run: the values of each metric by topic, None where it does not apply."""
    path.mkdir()
    n = len(next(iter(values.values())))
    topics = topics or [topic(number) for number in range(n)]
    made = {"run_id": path.name, "set_name": "made", "set_sha256": "a" * 64, **manifest}
    (path / MANIFEST).write_text(RunManifest.model_validate(made).model_dump_json())
    (path / TOPICS).write_text("".join(map(line_of, topics)))
    said = [AnswerRecord(tid=one.id, decision=Decision.ANSWER, text=f"{path.name} on {one.id}") for one in topics]
    (path / ANSWERS).write_text("".join(map(line_of, said)))
    scores = [
        Score(one.id, rep, metric, value, None if value is not None else "topic_unanswerable", None, None)
        for metric, column in values.items()
        for one, value in zip(topics, column, strict=True)
    ]
    (path / SCORES).write_text("".join(json.dumps(score._asdict()) + "\n" for score in scores))
    return RunFolder(path)


def random_values(seed: int, n: int = 30) -> dict[str, list[float | None]]:
    rng = np.random.default_rng(seed)
    return {
        metric.name: [float(value > 0.5) if metric.binary else round(value, 2) for value in rng.random(n).tolist()]
        for metric in METRICS
    }


def test_a_run_against_itself_differs_in_nothing(tmp_path: Path) -> None:
    values = random_values(1)
    comparison = compare(run_of(tmp_path / "a", values), run_of(tmp_path / "b", values))
    assert [one.metric for one in comparison.metrics] == [metric.name for metric in METRICS]
    for one in comparison.metrics:
        assert (one.difference, one.p, one.p_adjusted, one.wins, one.losses, one.ties) == (0, 1, 1, 0, 0, 30)
        assert one.verdict is (Verdict.NO_WORSE if one.better else Verdict.NOT_JUDGED)
    assert comparison.identical
    assert (comparison.regressions, comparison.improvements) == ((), ())


def test_swapping_the_runs_flips_signs_and_keeps_p(tmp_path: Path) -> None:
    first, second = run_of(tmp_path / "a", random_values(1)), run_of(tmp_path / "b", random_values(2))
    there, back = compare(first, second), compare(second, first)
    assert any(one.difference for one in there.metrics)
    for one, other in zip(there.metrics, back.metrics, strict=True):
        assert (one.difference, one.low, one.high) == pytest.approx((-other.difference, -other.high, -other.low))  # type: ignore[operator]
        assert (one.p, one.p_adjusted, one.wins, one.losses) == (other.p, other.p_adjusted, other.losses, other.wins)
        assert (one.mcnemar_p, one.sd) == pytest.approx((other.mcnemar_p, other.sd))
    assert [case.tid for case in there.regressions] == [case.tid for case in back.improvements]
    assert not there.identical


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_topics_and_scores_changes_nothing(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    random, folder = Random(seed), tmp_path_factory.mktemp("runs")
    first = run_of(folder / "a", random_values(1))
    second = run_of(folder / "b", random_values(2))
    expected = json.dumps(compare(first, second).to_json())
    for path in (first.path, second.path):
        for name in (TOPICS, ANSWERS, SCORES):
            lines = (path / name).read_text().splitlines(keepends=True)
            random.shuffle(lines)
            (path / name).write_text("".join(lines))
    assert json.dumps(compare(RunFolder(first.path), RunFolder(second.path)).to_json()) == expected


def test_better_and_worse_follow_the_sense_of_the_metric(tmp_path: Path) -> None:
    low, high = [0.1 + number / 1000 for number in range(40)], [0.4 + number / 500 for number in range(40)]
    a = run_of(tmp_path / "a", {"ndcg@10": low, "brier": low, "judged@10": low})
    b = run_of(tmp_path / "b", {"ndcg@10": high, "brier": high, "judged@10": high})
    verdicts = {one.metric: (one.verdict, one.wins, one.losses) for one in compare(a, b).metrics}
    assert verdicts == {"ndcg@10": ("BETTER", 40, 0), "brier": ("WORSE", 0, 40), "judged@10": ("NOT JUDGED", 40, 0)}


def test_a_small_difference_is_no_worse_and_a_noisy_one_cannot_be_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    level = [0.5] * 40
    a = run_of(tmp_path / "a", {"ndcg@10": level, "citation_f1": level})
    quiet, noisy = (0.5 + rng.normal(0, 0.01, 40)).tolist(), (0.5 + rng.normal(0, 0.3, 40)).tolist()
    b = run_of(tmp_path / "b", {"ndcg@10": quiet, "citation_f1": noisy})
    first, second = compare(a, b).metrics
    assert first.verdict is Verdict.NO_WORSE
    assert first.needed_topics is None
    assert second.verdict is Verdict.CANNOT_TELL
    assert second.needed_topics is not None
    assert second.needed_topics > 100


def test_where_less_is_better_the_bad_side_is_the_upper_one(tmp_path: Path) -> None:
    level, more = [0.5] * 20, [0.5 + 0.09 * (number % 2) for number in range(20)]
    less = [0.5 - 0.5 * (number == 3) for number in range(20)]
    a = run_of(tmp_path / "a", {"brier": level, "miscited": level})
    gained, lost = compare(a, run_of(tmp_path / "b", {"brier": less, "miscited": more})).metrics[::-1]
    assert (gained.metric, gained.verdict) == ("brier", Verdict.NO_WORSE)
    assert gained.low is not None
    assert gained.low < -gained.margin
    assert (lost.metric, lost.verdict) == ("miscited", Verdict.WORSE)


def test_a_loss_near_the_margin_does_not_ask_for_fewer_topics_than_there_are(tmp_path: Path) -> None:
    # 36 topics would show a loss of the margin; these 40 do not, since theirs lies at it.
    a, b = [0.5] * 40, [0.2] * 3 + [0.5] * 37
    (one,) = compare(run_of(tmp_path / "a", {"ap": a}), run_of(tmp_path / "b", {"ap": b})).metrics
    assert (one.verdict, one.needed_topics) == (Verdict.CANNOT_TELL, None)


def test_the_margin_is_that_of_the_set_where_it_has_one(tmp_path: Path) -> None:
    a, b = {"ndcg@10": [0.5, 0.52] * 10}, {"ndcg@10": [0.5, 0.51] * 10}
    loose = compare(run_of(tmp_path / "a", a), run_of(tmp_path / "b", b)).metrics[0]
    strict = compare(
        run_of(tmp_path / "c", a, margins={"ndcg@10": 0.001}), run_of(tmp_path / "d", b, margins={"ndcg@10": 0.001})
    ).metrics[0]
    assert (loose.margin, strict.margin) == (BY_NAME["ndcg@10"].margin, 0.001)
    assert strict.verdict is not Verdict.NO_WORSE


def test_the_margin_of_a_time_is_a_share_of_the_baselines(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"latency_total": [200.0] * 10})
    b = run_of(tmp_path / "b", {"latency_total": [203.0, 201.0] * 5})
    (one,) = compare(a, b).metrics
    assert (one.margin, one.verdict) == (pytest.approx(10.0), Verdict.WORSE if one.p_adjusted < 0.05 else Verdict.NO_WORSE)


def test_primary_metrics_share_holms_correction_and_the_others_explore(tmp_path: Path) -> None:
    comparison = compare(run_of(tmp_path / "a", random_values(1)), run_of(tmp_path / "b", random_values(2)))
    primary = sorted((one.p, one.p_adjusted) for one in comparison.metrics if not one.exploratory)
    assert len(primary) == len(PRIMARY)
    assert primary[0][1] == pytest.approx(min(1, primary[0][0] * len(PRIMARY)))
    others = sorted((one.p, one.p_adjusted) for one in comparison.metrics if one.exploratory)
    assert others[-1][1] == others[-1][0]
    assert {one.metric for one in comparison.metrics if not one.exploratory} == set(PRIMARY)


def test_equal_systems_are_rarely_told_apart_on_any_primary_metric() -> None:
    rng, clusters = np.random.default_rng(15), tuple(f"thread{number // 3}" for number in range(36))
    tids, alarms = tuple(f"T{number:02}" for number in range(36)), 0
    for _ in range(1000):
        shared = np.repeat(rng.normal(size=(12, 5)), 3, axis=0)
        table = 0.15 * (shared + rng.normal(size=(36, 5)))
        paired = [
            Paired(BY_NAME[name], tids, clusters, np.zeros(36), column, 0)
            for name, column in zip(PRIMARY, table.T, strict=True)
        ]
        said = {one.verdict for one in compare_metrics(paired, {}, "randomisation", explore=False)}
        alarms += bool(said & {Verdict.BETTER, Verdict.WORSE})
    assert 0.03 <= alarms / 1000 <= 0.07


def test_repeats_are_averaged_before_topics_are_compared(tmp_path: Path) -> None:
    a, b = run_of(tmp_path / "a", {"right": [1.0] * 4}), run_of(tmp_path / "b", {"right": [1.0, 1.0, 0.0, 0.0]})
    again = [Score(f"T{number:03}", 1, "right", 1.0, None, None, None) for number in range(4)]
    for run in (a, b):
        with (run.path / SCORES).open("a") as stream:
            stream.writelines(json.dumps(score._asdict()) + "\n" for score in again)
    (one,) = compare(a, b).metrics
    assert (one.b, one.n, one.losses) == (0.75, 4, 2)
    assert (one.mcnemar_p, one.newcombe_low) == (None, None)


def test_shares_carry_mcnemars_p_and_newcombes_interval(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"right": [0.0] * 5 + [1.0] * 5, "ndcg@10": [0.5] * 10})
    b = run_of(tmp_path / "b", {"right": [1.0] * 10, "ndcg@10": [0.6] * 10})
    mean, one = compare(a, b).metrics
    assert one.mcnemar_p == pytest.approx(2 / 2**5)
    assert one.newcombe_low is not None
    assert 0 < one.newcombe_low < one.difference
    assert mean.mcnemar_p is None


def test_only_topics_with_a_value_in_both_runs_count_and_the_others_are_counted(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"ap": [1.0, None, 0.5, 0.5], "rr@10": [1.0] * 4})
    b = run_of(tmp_path / "b", {"ap": [0.5, None, None, 1.0], "rr@10": [1.0] * 4})
    one = compare(a, b).metric("ap")
    assert one is not None
    assert (one.n, one.unpaired, one.a, one.b) == (2, 1, 0.75, 0.75)


def test_a_single_cluster_has_no_interval_and_nothing_can_be_told(tmp_path: Path) -> None:
    topics = [topic(number, cluster="one") for number in range(8)]
    a = run_of(tmp_path / "a", {"ndcg@10": [0.9] * 8}, topics)
    (one,) = compare(a, run_of(tmp_path / "b", {"ndcg@10": [0.1] * 8}, topics)).metrics
    assert (one.low, one.high, one.p, one.verdict) == (None, None, 1.0, Verdict.CANNOT_TELL)
    assert (one.detectable, one.needed_topics) == (None, None)


def test_other_sets_are_not_compared(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"ap": [1.0]})
    b = run_of(tmp_path / "b", {"ap": [1.0]}, set_name="other", set_sha256="b" * 64)
    with pytest.raises(EvaluationError, match=r"made \(aaaaaaaaaaaa\).* other \(bbbbbbbbbbbb\)"):
        compare(a, b)


def test_runs_that_are_not_finished_are_not_compared(tmp_path: Path) -> None:
    a, b = run_of(tmp_path / "a", {"ap": [1.0] * 5}), run_of(tmp_path / "b", {"ap": [1.0] * 5})
    lines = (b.path / SCORES).read_text().splitlines(keepends=True)
    (b.path / SCORES).write_text("".join(lines[:4]))
    with pytest.raises(EvaluationError, match=r"scored topics: .* has 5, .* has 4; only one of them has T004"):
        compare(a, b)


def test_what_the_runs_were_not_made_with_alike_is_named(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"ap": [1.0]}, system="x", settings={"k": "10"}, index={"corpus": "1"})
    b = run_of(tmp_path / "b", {"ap": [1.0]}, system="x", settings={"k": "20", "new": "1"}, index={"corpus": "1"})
    named = [(one.field, one.a, one.b) for one in compare(a, b).differs]
    assert named == [("settings.k", "10", "20"), ("settings.new", None, "1")]


def test_regressions_come_worst_first_with_both_answers_and_stages(tmp_path: Path) -> None:
    right = {"ndcg@10": [1.0] * 4, "citation_f1": [1.0] * 4, "right": [1.0] * 4, "lost_by_retriever": [0.0] * 4}
    lost = {"ndcg@10": [1, 0.2, 0.9, 1], "citation_f1": [1, 0, 1, 1], "right": [1, 0, 1, 1], "lost_by_retriever": [0, 1, 0, 0]}
    comparison = compare(run_of(tmp_path / "a", right), run_of(tmp_path / "b", lost))
    assert [(case.tid, case.change) for case in comparison.regressions] == [
        ("T001", pytest.approx(-0.9)),
        ("T002", pytest.approx(-0.05)),
    ]
    worst = comparison.regressions[0]
    assert (worst.stage_a, worst.stage_b) == ("right", "retriever")
    assert (worst.text_a, worst.text_b, worst.question) == ("a on T001", "b on T001", "question 1?")
    moves = [(move.before, move.after, move.tids) for move in comparison.transitions]
    assert moves == [("right", "right", ("T000", "T002", "T003")), ("right", "retriever", ("T001",))]


def test_slices_are_parts_of_the_set_and_explore(tmp_path: Path) -> None:
    topics = [topic(number, type="version" if number % 2 else "known_item", lex_overlap=number / 20) for number in range(12)]
    a = run_of(tmp_path / "a", {"ndcg@10": [0.5] * 12}, topics)
    b = run_of(tmp_path / "b", {"ndcg@10": [0.6 if number % 2 else 0.5 for number in range(12)]}, topics)
    found = {(part.by, part.slice): part.compared for part in compare(a, b).slices}
    assert list(found) == [
        ("type", "known_item"), ("type", "version"), *(("lex_overlap", name) for name in TERCILES)
    ]  # fmt: skip
    assert found["type", "version"].difference == pytest.approx(0.1)
    assert (found["type", "known_item"].difference, found["lex_overlap", TERCILES[0]].n) == (0, 4)
    assert all(one.exploratory for one in found.values())


def test_wilcoxon_can_be_chosen_and_nothing_else(tmp_path: Path) -> None:
    first, second = run_of(tmp_path / "a", random_values(1)), run_of(tmp_path / "b", random_values(2))
    ranked, flipped = compare(first, second, test=chosen_test("wilcoxon")), compare(first, second)
    assert ranked.test == "wilcoxon"
    assert [one.p for one in ranked.metrics] != [one.p for one in flipped.metrics]
    with pytest.raises(UsageError, match="'sign'"):
        chosen_test("sign")


def test_the_json_has_the_names_of_the_contract(tmp_path: Path) -> None:
    comparison = compare(run_of(tmp_path / "a", random_values(1)), run_of(tmp_path / "b", random_values(2)))
    document = json.loads(json.dumps(comparison.to_json(), allow_nan=False))
    named = {"metric", "a", "b", "difference", "low", "high", "p", "p_adjusted", "verdict", "n"}
    assert all(named <= row.keys() for row in document["metrics"])
    assert document["a"]["run_id"] == "a"
    assert sum(move["topics"] for move in document["transitions"]) == 30
    assert all({"by", "slice"} | named <= part.keys() for part in document["slices"])


def test_a_weight_that_only_a_whole_set_has_is_not_said_of_a_topic_or_a_part_of_it(tmp_path: Path) -> None:
    topics = [topic(0), *(topic(n, type="unanswerable", answerable=False, expect="abstain") for n in range(1, 4))]
    # One topic of four expects an answer: its weight is 4 / 2 = 2, that of the others 2 / 3.
    before = {"balanced_refusal": [2.0, *[2 / 3] * 3], "refusal_right": [1.0] * 4}
    after = {"balanced_refusal": [0.0, 0.0, *[2 / 3] * 2], "refusal_right": [0.0, 0.0, 1.0, 1.0]}
    found = compare(run_of(tmp_path / "a", before, topics), run_of(tmp_path / "b", after, topics))
    assert [(case.tid, case.change) for case in found.regressions] == [("T000", -1), ("T001", -1)]
    assert {one.metric for case in found.regressions for one in case.metrics} == {"refusal_right"}
    assert {part.compared.metric for part in found.slices} == {"refusal_right"}
    assert found.metric("balanced_refusal") is not None
