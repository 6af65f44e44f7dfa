"""What reports say, how inert what they show is, and how evidence is painted. The page in a browser has a file of its own."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from assistant.commands import reports
from assistant.evaluation.catalogue import METRICS, PRIMARY
from assistant.evaluation.comparing import compare
from assistant.evaluation.gating import gate
from assistant.evaluation.records import AnswerRecord
from assistant.evaluation.reporting.charts import Bar, Line, ecdf, over_topics, reliability, risk_coverage, stacked
from assistant.evaluation.reporting.comparison_lines import VERDICTS, parted
from assistant.evaluation.reporting.figures import UNKNOWN, interval, number, percent, signed
from assistant.evaluation.reporting.html import report_html
from assistant.evaluation.reporting.markdown import comparison_markdown, escaped, summary_markdown
from assistant.evaluation.reporting.painting import Layer, Mark, covered, folded, painted
from assistant.evaluation.reporting.tables import Part, primary_rows
from assistant.evaluation.reporting.terminal import comparison_text, gate_text, summary_text
from assistant.evaluation.runs import POSTS, TOPICS, RunFolder
from assistant.evaluation.scoring import write_scores

ATTACK = (
    "\x1b]0;owned\x07\x1b[31mred\u202e <script>alert(1)</script> | [x](https://evil.example) `a` @all [bold]hi[/bold] :smile:"
)

marks = st.lists(
    st.builds(Mark, st.integers(-5, 60), st.integers(-5, 60), st.sampled_from(Layer), st.sampled_from(["1", "2", ""])),
    max_size=8,
)


@pytest.fixture
def worse(forum: Any) -> RunFolder:
    return forum.run("worse", forum.worse_chunking)


@pytest.fixture
def compared(baseline: RunFolder, worse: RunFolder) -> dict[str, Any]:
    return compare(baseline, worse).to_json()


@pytest.fixture
def attacked(forum: Any) -> RunFolder:
    """A run whose questions, posts and answers try to be obeyed."""

    def hostile(number: int, answer: AnswerRecord) -> AnswerRecord:
        return forum.changed(answer, text=answer.text + ATTACK) if number == 0 else answer

    run = forum.run("attacked", hostile)
    rewrite(run.path / TOPICS, lambda topic: topic["turns"][0].update(content=topic["turns"][0]["content"] + ATTACK))
    rewrite(run.path / POSTS, lambda post: post.update(title=post["title"] + ATTACK, body=post["body"] + ATTACK))
    write_scores(RunFolder(run.path))
    return RunFolder(run.path)


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        change(record)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def columns_of(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


def test_a_summary_shows_each_primary_metric_with_its_mean_interval_and_number_of_topics(worse: RunFolder) -> None:
    lines = summary_text(worse.summary, columns=80).splitlines()
    for row in primary_rows(worse.summary):
        line = next(line for line in lines if line.startswith(row.name))
        assert number(row.value) in line
        assert interval(row.low, row.high) in line
        assert str(row.n) in line
    assert {row.name for row in primary_rows(worse.summary)} == set(PRIMARY)


def test_a_summary_counts_the_topics_that_have_no_value_by_reason(baseline: RunFolder) -> None:
    line = next(line for line in summary_text(baseline.summary).splitlines() if line.startswith("ndcg@10"))
    assert "6 not answerable" in line


def test_a_summary_says_both_ways_to_be_wrong_about_refusing(forum: Any) -> None:
    text = summary_text(forum.run("never", forum.no_refusals).summary)
    assert "answerable, refused: 0 of 18 = 0%" in text
    assert "unanswerable, answered: 6 of 6 = 100%" in text


def test_the_bar_of_losses_is_as_long_as_its_parts_are_large(worse: RunFolder) -> None:
    lines = summary_text(worse.summary).splitlines()
    bar = lines[lines.index("Where topics were lost") + 1]
    right = worse.summary["losses"]["right"] / worse.summary["topics"]
    assert abs(bar.count("█") / len(bar) - right) < 0.05
    assert bar.count("▓") > 0, "what the retriever lost is seen"


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_no_line_of_a_report_is_wider_than_the_terminal(compared: dict[str, Any], worse: RunFolder, columns: int) -> None:
    for text in (summary_text(worse.summary, columns=columns), comparison_text(compared, columns=columns)):
        assert max(map(columns_of, text.splitlines())) <= columns


def test_a_comparison_gives_each_primary_metric_its_verdict_and_topics(compared: dict[str, Any]) -> None:
    text = comparison_text(compared, columns=80)
    for row in compared["metrics"]:
        if row["primary"]:
            line = next(line for line in text.splitlines() if line.startswith(row["metric"]))
            assert row["verdict"] in line
            assert f"{row['wins']}/{row['ties']}/{row['losses']}" in line
    assert "T01" in text, "the topics that lost most are named"


@pytest.mark.parametrize("verdict", [*VERDICTS, "NOT JUDGED"])
def test_every_verdict_can_be_read(compared: dict[str, Any], verdict: str) -> None:
    rows = [{**row, "verdict": verdict, "needed_topics": 321} for row in compared["metrics"]]
    changed = {**compared, "metrics": rows}
    assert verdict in comparison_text(changed)
    assert verdict in comparison_markdown(changed)
    assert ("321" in comparison_text(changed)) == (verdict == "CANNOT TELL")


def test_needed_topics_are_said_of_a_loss_of_the_margin(compared: dict[str, Any]) -> None:
    rows = [{**row, "verdict": "CANNOT TELL", "needed_topics": 321, "margin": 0.04} for row in compared["metrics"]]
    text = " ".join(comparison_text({**compared, "metrics": rows}, columns=120).split())
    assert "ndcg@10: cannot tell from 18 topics; a loss of .040 would show with 321." in text


def test_what_explores_stands_apart_from_what_was_asked_beforehand(compared: dict[str, Any]) -> None:
    before, _, after = comparison_text(compared).partition("Exploratory: where to look")
    assert "ndcg@10" in before
    assert "recall@1 " in after
    assert "recall@1 " not in before


def test_a_gate_shows_what_failed_first_and_names_the_topics(baseline: RunFolder, worse: RunFolder) -> None:
    report = gate(worse, baseline).to_json()
    lines = gate_text(report, columns=80).splitlines()
    assert lines[0] == f"Gate: {'FAILED' if report['passed'] is False else 'passed' if report['passed'] else 'CANNOT TELL'}"
    shown = [line.split()[0] for line in lines if line.startswith(("FAILED", "passed"))]
    assert shown == sorted(shown)
    assert shown.count("FAILED") == sum(check["passed"] is False for check in report["checks"]) > 0


@pytest.mark.parametrize("colour", [False, True])
def test_text_of_posts_cannot_reach_the_terminal(attacked: RunFolder, baseline: RunFolder, colour: bool) -> None:
    case = {"tid": ATTACK, "type": ATTACK, "question": ATTACK, "change": -1.0, "text_a": ATTACK, "text_b": ATTACK + "x"}
    hostile = {**compare(baseline, baseline).to_json(), "regressions": [case], "a": {"run_id": ATTACK}}
    gated = {
        "passed": False,
        "checks": [{"name": ATTACK, "kind": "floor", "passed": False, "detail": ATTACK, "tids": [ATTACK]}],
    }
    for text in (
        summary_text({**attacked.summary, "run_id": ATTACK}, colour), comparison_text(hostile, colour), gate_text(gated, colour)
    ):  # fmt: skip
        ours = re.sub(r"\x1b\[[0-9;]*m", "", text) if colour else text
        assert not [letter for letter in ours if unicodedata.category(letter) in ("Cc", "Cf") and letter != "\n"]
        assert "red" in text
        assert "\x1b[31mred" not in text


def test_brackets_and_colons_of_data_are_words_and_no_markup(baseline: RunFolder) -> None:
    text = summary_text({**baseline.summary, "run_id": ATTACK}, colour=True)
    assert "[bold]hi[/bold] :smile:" in " ".join(text.split())


def test_colour_is_written_only_if_it_is_asked_for(compared: dict[str, Any]) -> None:
    assert "\x1b" not in comparison_text(compared)
    assert "\x1b[" in comparison_text(compared, colour=True)


@pytest.mark.parametrize(
    "missing", ["risk", "refusal", "losses", "nugget_split", "grounding", "latency_ms", "slices", "quotes"]
)
def test_a_summary_may_lack_any_part(baseline: RunFolder, missing: str) -> None:
    for part in ({**baseline.summary, missing: None}, {k: v for k, v in baseline.summary.items() if k != missing}):
        assert "ndcg@10" in summary_text(part)
        assert "ndcg@10" in summary_markdown(part)


def test_markdown_makes_nothing_of_what_data_says(baseline: RunFolder) -> None:
    text = summary_markdown({**baseline.summary, "run_id": ATTACK})
    head = text.splitlines()[0]
    assert "\\<script\\>" in head
    assert "\\[x\\]\\(" in head
    assert "\\`a\\`" in head
    assert "\\|" in head
    assert not re.search(r"@all|https://evil", head), "no mention and no address are left"


@given(st.text(max_size=60))
def test_escaped_words_never_break_a_table_or_open_a_tag(text: str) -> None:
    inert = escaped(text)
    assert "\n" not in inert
    assert not re.search(r"(?<!\\)(?:\\\\)*[|<`\[]", inert)


def test_markdown_of_a_comparison_is_a_table_of_verdicts(compared: dict[str, Any]) -> None:
    lines = comparison_markdown(compared).splitlines()
    for metric in PRIMARY:
        row = next(line for line in lines if line.startswith(f"| `{metric}`"))
        assert row.count("|") == 9


@given(st.text(min_size=0, max_size=50), marks)
def test_the_pieces_of_a_painted_post_are_the_post(body: str, chosen: list[Mark]) -> None:
    for pieces in (painted(body, chosen), folded(painted(body, chosen), kept=3)):
        assert "".join(piece.text for piece in pieces) == body
        assert all(body[piece.start : piece.end] == piece.text for piece in pieces)


@given(st.text(min_size=1, max_size=50), marks)
def test_a_character_is_painted_as_the_marks_over_it_say(body: str, chosen: list[Mark]) -> None:
    for piece in painted(body, chosen):
        for place in range(piece.start, piece.end):
            assert set(piece.layers) == {mark.layer for mark in chosen if mark.start <= place < mark.end}


@given(st.text(min_size=1, max_size=50), marks)
def test_what_is_folded_away_is_never_marked(body: str, chosen: list[Mark]) -> None:
    assert not any(piece.folded and piece.layers for piece in folded(painted(body, chosen), kept=2))


def test_overlapping_marks_are_counted_once() -> None:
    found = [Mark(0, 10, Layer.GOLD), Mark(2, 6, Layer.CITED), Mark(4, 12, Layer.CITED)]
    assert covered(found, Layer.GOLD, Layer.CITED) == (8, 10)


@pytest.mark.parametrize(
    ("value", "metric", "shown"),
    [(0.8125, "", ".812"), (1.0, "", "1.000"), (-0.04, "", "-.040"), (-0.0001, "", ".000"), (None, "", UNKNOWN),
     (1234.4, "latency_total", "1,234"), (3.21, "latency_total", "3.2"), (0.00123, "cost", "0.0012")],
)  # fmt: skip
def test_numbers_have_one_form(value: float | None, metric: str, shown: str) -> None:
    assert number(value, metric) == shown


@given(st.floats(-1, 1))
def test_a_difference_has_a_sign_unless_it_rounds_to_nothing(value: float) -> None:
    shown = signed(value)
    assert float(shown) == pytest.approx(value, abs=0.0006)
    assert shown[0] in "+-" or float(shown) == 0


def test_small_shares_keep_a_place() -> None:
    assert [percent(share) for share in (0.0, 0.012, 0.5, 1.0, None)] == ["0%", "1.2%", "50%", "100%", UNKNOWN]


def test_two_answers_are_cut_where_they_part() -> None:
    common = "one two three four five six seven eight nine ten "
    a, b = parted(common + "left " * 40, common + "right " * 40, longest=60)
    assert "left" in a
    assert "right" in b
    assert max(len(a), len(b)) <= 60


def test_every_chart_has_a_name_and_carries_no_style_or_script() -> None:
    curve = (Line("A", ((0.5, 0.1), (1.0, 0.3))), Line("B", (), "b"))
    bins = [("a", [{"n": 3, "confidence": 0.4, "right": 0.5}, {"n": 0, "confidence": None, "right": None}])]
    drawn = [
        over_topics([Bar("<T1>", 0.5, "t-1"), Bar("T2", -0.25)], "difference", difference=True),
        over_topics([], "scores", difference=False), risk_coverage(curve), reliability(bins),  # type: ignore[list-item]
        ecdf([("A", [10.0, 2000.0], "a"), ("B", [], "b")]), stacked((Part("right", "right", 3, 0.75),), "lost"),
    ]  # fmt: skip
    for chart in drawn:
        assert chart.startswith("<svg")
        assert 'role="img"' in chart
        assert "<title>" in chart
        assert "<desc>" in chart
        assert not re.search(r"style=|<script|on\w+=|nan|<T1>", chart)


def test_many_topics_become_one_outline() -> None:
    few, many = (over_topics([Bar(str(n), n / 5000) for n in range(size)], "x", difference=False) for size in (50, 5000))
    assert few.count("<rect") == 50
    assert many.count("<rect") == 0
    assert len(many) < 200_000


def test_a_page_fetches_nothing_and_runs_nothing(attacked: RunFolder) -> None:
    html = report_html(attacked)
    assert "<script" not in html
    assert "default-src &#39;none&#39;" in html or "default-src 'none'" in html
    assert not re.search(r"<(?:link|img|iframe|object|embed|form)\b|@import|url\(|\sstyle=", html)
    assert not re.search(r"<[^>]*\son\w+\s*=", html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert not [letter for letter in html if letter in "\x1b\x07\u202e"]


def test_a_page_shows_where_each_topic_was_lost_and_what_the_posts_say(baseline: RunFolder, worse: RunFolder) -> None:
    html = report_html(worse)
    assert html.count('<article class="page"') == 24
    assert 'class="piece gold seen cited"' in report_html(baseline)
    assert "vital, not found" in html


def test_pages_are_capped_and_what_is_left_out_is_said(worse: RunFolder) -> None:
    html = report_html(worse, pages=5)
    shown = re.findall(r'<article class="page" id="t-(T\d+)"', html)
    assert shown == ["T01", "T05", "T09", "T13", "T17"], "what was lost comes first"
    assert "19 topics of 24" in html


def test_every_link_within_a_page_leads_somewhere(baseline: RunFolder, worse: RunFolder, compared: dict[str, Any]) -> None:
    for html in (report_html(baseline), report_html(baseline, worse, compared), report_html(worse, pages=3)):
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_equal_runs_give_equal_pages(worse: RunFolder) -> None:
    assert report_html(worse) == report_html(RunFolder(worse.path))


def test_two_runs_show_both_answers_and_what_moved(baseline: RunFolder, worse: RunFolder, compared: dict[str, Any]) -> None:
    html = report_html(baseline, worse, compared)
    assert html.count('class="side a"') == html.count('class="side b"') == 24
    assert "Topics that moved" in html
    assert all(row["verdict"] in html for row in compared["metrics"] if row["primary"])


def test_the_command_writes_each_form(baseline: RunFolder, worse: RunFolder, tmp_path: Path) -> None:
    one, two = str(baseline.path), str(worse.path)
    assert "Primary metrics" in said(one)
    assert "B worse" in said(one, two)
    assert said(one, "--md").startswith("### Run baseline")
    assert json.loads(said(one, two, "--json"))["b"]["run_id"] == "worse"
    assert said(one, two, "--html", str(tmp_path / "report.html")) == ""
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_the_command_scores_a_run_that_is_not_scored_yet(baseline: RunFolder) -> None:
    for name in ("scores.jsonl", "summary.json"):
        (baseline.path / name).unlink()
    assert "Primary metrics" in said(str(baseline.path))


def said(*arguments: str) -> str:
    import typer

    app = typer.Typer()
    app.command()(reports.report)
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_metric_of_the_catalogue_has_a_title_in_reports(baseline: RunFolder) -> None:
    html = report_html(baseline)
    shown = set(re.findall(r"<code>([^<]*(?:<wbr>[^<]*)*)</code>", html))
    assert {metric.name for metric in METRICS} <= {name.replace("<wbr>", "") for name in shown}


def test_pairs_are_counted_in_words() -> None:
    from assistant.evaluation.reporting.terminal import summary_text

    twins = {"pairs": 50, "both": 27, "answered_only": 20, "declined_only": 3, "neither": 0}
    told = summary_text({"pairs": {"counterfactual": twins, "metamorphic": {"pairs": 8, "decision": 0.75, "nuggets": 0.5}}})
    words = " ".join(told.split())
    assert "of 50 pairs with and without the thread: 27 answered and then refused, 20 answered both times" in words
    assert "of 8 variants: 75% decided as their original, 50% with the same nuggets" in words
    assert "Pairs" not in summary_text({"pairs": {"counterfactual": None, "metamorphic": None}})
