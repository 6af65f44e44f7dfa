"""Properties of the measures of an answer: what adding, removing and cutting may and may not change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evaluation.measures import citations, evidence, grounding, nuggets
from assistant.evaluation.measures.case import Case, Facts
from assistant.evaluation.measures.cost import percentiles
from assistant.evaluation.measures.library import Library
from assistant.evaluation.measures.refusal import Risky, cumulative_risks, reliability, risk_coverage
from assistant.evaluation.records import AnswerRecord, PostRecord
from assistant.evaluation.topics import Topic

SENTENCES = [
    "The relay drops every tunnel after sleep on 14.2.",
    "Setting keepAlive to 30 seconds helped on two machines.",
    "The battery drains in one night with that setting.",
    "Removing leases.db and starting again cleared the error.",
]
BODY = " ".join(SENTENCES)
OTHER = "Gardens need water in the morning, and roses want sun for 6 hours."
LIBRARY = Library({"p1": PostRecord(post="p1", thread="t1", body=BODY), "p2": PostRecord(post="p2", thread="t2", body=OTHER)})
NUGGETS = [
    {"id": f"n{number}", "any_of": [form]} for number, form in enumerate(["14.2", "keepAlive", "one night", "leases.db"])
]
SPANS = st.lists(
    st.tuples(st.sampled_from(["p1", "p2"]), st.integers(0, 60), st.integers(0, 60)).filter(lambda span: span[1] < span[2]),
    max_size=8,
)
Items = st.lists(st.builds(Risky, st.sampled_from([0.1, 0.4, 0.4, 0.9]), st.sampled_from([0.0, 0.5, 1.0])), min_size=1)


def case(text: str, cited: list[dict[str, Any]], **more: Any) -> Case:
    topic = {
        "id": "T", "turns": [{"role": "user", "content": "What helps?"}], "answerable": True, "expect": "answer",
        "posts": {"p1": 3}, "threads": {"t1": 3}, "nuggets": NUGGETS, **more,
    }  # fmt: skip
    record = {"tid": "T", "decision": "answer", "text": text, "citations": cited}
    return Case(Topic.model_validate(topic), AnswerRecord.model_validate(record), LIBRARY, Facts(answerable=1))


def quoting(numbers: list[int]) -> tuple[str, list[dict[str, Any]]]:
    """An answer of these sentences, each with a citation of its own."""
    text = "\n\n".join(f"{SENTENCES[number]} [{label}]" for label, number in enumerate(numbers, 1))
    return text, [{"n": label, "post": "p1", "quote": SENTENCES[n], **place(n)} for label, n in enumerate(numbers, 1)]


def place(number: int) -> dict[str, int]:
    start = BODY.index(SENTENCES[number])
    return {"start": start, "end": start + len(SENTENCES[number])}


@settings(deadline=None)
@given(st.lists(st.sampled_from(range(4)), min_size=1, max_size=4), st.integers(0, 3))
def test_a_wrong_citation_never_raises_precision(numbers: list[int], at: int):
    text, cited = quoting(numbers)
    before = citations.measure(case(text, cited))["citation_precision"].value
    label = len(numbers) + 1
    wrong = {"n": label, "post": "p2", "start": 0, "end": len(OTHER), "quote": OTHER}
    paragraphs = text.split("\n\n")
    paragraphs[at % len(paragraphs)] += f"[{label}]"
    after = citations.measure(case("\n\n".join(paragraphs), [*cited, wrong]))["citation_precision"].value
    assert before == 1
    assert after is not None
    assert after < before


@settings(deadline=None)
@given(st.lists(st.sampled_from(range(4)), min_size=2, max_size=4, unique=True))
def test_leaving_a_stated_nugget_out_never_raises_recall(numbers: list[int]):
    whole, part = (nuggets.measure(case(*quoting(kept))) for kept in (numbers, numbers[1:]))
    for name in ("vital_recall", "nugget_recall", "weighted_nugget_recall", "all_vital"):
        assert (part[name].value or 0) <= (whole[name].value or 0)
    assert whole["nugget_recall"].value == len(numbers) / 4


@settings(deadline=None)
@given(SPANS, SPANS.filter(bool), st.integers(1, 59))
def test_how_chunks_are_cut_changes_no_overlap(spans: list[tuple[str, int, int]], gold: list[tuple[str, int, int]], cut: int):
    pieces = [
        part for post, start, end in spans for part in ((post, start, max(start, min(cut, end))), (post, max(cut, start), end))
    ]
    pieces = [piece for piece in pieces if piece[1] < piece[2]]
    one, other = (evidence.precision_recall_f1(evidence.merged(kept), evidence.merged(gold)) for kept in (spans, pieces[::-1]))
    assert [measured.value for measured in one] == [measured.value for measured in other]


@settings(deadline=None)
@given(SPANS, SPANS.filter(bool))
def test_overlap_is_that_of_sets_of_characters(spans: list[tuple[str, int, int]], gold: list[tuple[str, int, int]]):
    predicted, wanted = ({(p, n) for p, start, end in kept for n in range(start, end)} for kept in (spans, gold))
    precision, recall, _ = evidence.precision_recall_f1(evidence.merged(spans), evidence.merged(gold))
    assert recall.value == len(predicted & wanted) / len(wanted)
    assert precision.value == (len(predicted & wanted) / len(predicted) if predicted else 0)
    assert 0 <= evidence.best_iou(spans, gold) <= 1


def test_a_citation_supports_by_names_and_words_of_its_surroundings():
    kept = {"n": 1, "post": "p1", "quote": SENTENCES[1], **place(1)}
    for text, supported in [
        ("keepAlive set to 30 seconds helped two machines. [1]", 1),
        ("keepAlive set to 45 seconds helped two machines. [1]", 0),
        ("Gardens need water, roses want sunshine. [1]", 0),
    ]:
        assert citations.measure(case(text, [kept]))["citation_recall"].value == supported


def test_a_citation_without_which_support_is_lost_supports():
    bodies = {"a": "The frobnicator restarts nightly.", "b": "Logs rotate weekly, zealously."}
    posts = {name: PostRecord(post=name, body=body) for name, body in bodies.items()}
    cited = [
        {"n": label, "post": name, "start": 0, "end": len(body), "quote": body}
        for label, (name, body) in enumerate(bodies.items(), 1)
    ]
    record = {"tid": "T", "decision": "answer", "text": "Frobnicator restarts nightly; logs rotate weekly zealously [1][2]."}
    topic = case("", []).topic
    one = Case(topic, AnswerRecord.model_validate({**record, "citations": cited}), Library(posts), Facts(answerable=1))
    assert citations.measure(one)["citation_precision"].value == 1


def test_claims_stand_in_for_markers_that_the_text_has_not():
    text = f"{SENTENCES[0]} {SENTENCES[2]}"
    cited = [{"n": 1, "post": "p1", "quote": SENTENCES[2], "sentence": SENTENCES[2], **place(2)}]
    measured = citations.measure(case(text, cited))["citation_recall"]
    assert (measured.num, measured.den) == (1, 2)


def test_names_and_numbers_are_sorted_by_where_they_stand():
    text = f"{SENTENCES[3]} [1] It has 30 leases, 6 roses, and 77 in kernel_x. How about 14.2?"
    cited = [{"n": 1, "post": "p2", "quote": OTHER[:10], "start": 0, "end": 10}]
    one = case(text, cited, turns=[{"role": "user", "content": "Is it leases.db?"}], allowed=["kernel_x"])
    one.seen = (*one.seen, *AnswerRecord.model_validate({"tid": "T", "seen": [{"post": "p1", "start": 0, "end": 5}]}).seen)
    found = grounding.sort_atoms(one)
    assert [[atom.key for atom in atoms] for atoms in found] == [["6"], ["leases.db", "kernel_x"], ["30", "14.2"], ["77"]]


@settings(deadline=None)
@given(Items)
def test_the_curve_of_risk_ends_at_the_mean_and_does_not_hang_on_the_order(items: list[Risky]):
    means = cumulative_risks(items)
    assert means[-1] == pytest.approx(sum(item.risk or 0 for item in items) / len(items))
    assert means == pytest.approx(cumulative_risks(items[::-1]))
    found = risk_coverage(items)
    assert 0 <= found["e_aurc"] <= found["aurc"] <= 1


def test_ties_are_averaged_and_points_read_off_by_hand():
    items = [Risky(0.9, 0.0), Risky(0.5, 1.0), Risky(0.5, 0.0), Risky(0.1, 1.0)]
    assert cumulative_risks(items) == pytest.approx([0, 0.25, 1 / 3, 0.5])
    found = risk_coverage(items)
    assert found["aurc"] == pytest.approx((0 + 0.25 + 1 / 3 + 0.5) / 4)
    assert (found["risk_at_coverage_0.8"], found["coverage_at_risk_0.05"]) == (pytest.approx(0.5), 0.25)


def test_a_curve_without_what_was_withheld_ends_where_answers_end():
    found = risk_coverage([Risky(0.9, 0.0), Risky(0.2, None)])
    assert (found["curve"], found["risk_at_coverage_0.8"]) == ([[0.5, 0.0]], None)
    assert "1 refused" in found["reason"]


def test_calibration_is_read_off_by_hand():
    found = reliability([(0.95, 1.0), (0.91, 0.0), (0.25, 0.0)])
    assert found["ece"] == pytest.approx(abs(0.93 - 0.5) * 2 / 3 + 0.25 / 3)
    assert [one["n"] for one in found["bins"]] == [0, 0, 1, 0, 0, 0, 0, 0, 0, 2]
    assert reliability([(1.0, 1.0)])["ece"] == 0


def test_percentiles_are_nearest_ranks_and_few_values_have_no_interval():
    found = percentiles([float(n) for n in range(1, 1001)])
    assert found == {"n": 1000, "p50": 500, "p95": 950, "low": 936, "high": 964}
    few = percentiles([3.0, 1.0])
    assert few == {"n": 2, "p50": 1, "p95": 3, "low": None, "high": None}
    assert percentiles([]) is None
