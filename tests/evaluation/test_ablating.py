"""What a part is worth: its sign, its correction over all parts, and the command that finds it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import EvaluationError
from assistant.evaluation.ablating import Ablated, Worth, ablation, ablation_text
from assistant.evaluation.catalogue import PRIMARY
from assistant.evaluation.comparing import compare
from assistant.evaluation.runs import ANSWERS, RunFolder
from assistant.evaluation.statistics import holm
from assistant.types import Part

TOPICS_OF_SAMPLE = ("S005", "S018", "S046", "S048")


def row_of(rows: Sequence[Ablated], metric: str, part: Part = Part.DENSE) -> Ablated:
    (row,) = (row for row in rows if (row.part, row.metric) == (part.value, metric))
    return row


def test_a_part_without_which_answers_are_worse_earns_its_place(forum: Any, baseline: RunFolder) -> None:
    rows = ablation(baseline, {Part.DENSE: forum.run("without-dense", forum.shifted_citations)})
    assert [(row.part, row.metric) for row in rows] == [("dense", name) for name in PRIMARY]
    citing = row_of(rows, "citation_f1")
    assert (citing.with_part, citing.worth) == (1.0, Worth.EARNS)
    assert citing.gain == pytest.approx(citing.with_part - citing.without)
    assert citing.low is not None
    assert citing.high is not None
    assert 0 < citing.low <= citing.gain <= citing.high
    assert row_of(rows, "ndcg@10").worth is Worth.NOT_SHOWN


def test_a_part_without_which_answers_are_better_costs(forum: Any, baseline: RunFolder) -> None:
    rows = ablation(forum.run("whole", forum.shifted_citations), {Part.DENSE: baseline})
    citing = row_of(rows, "citation_f1")
    assert citing.gain < 0
    assert citing.worth is Worth.COSTS


def test_a_large_gain_on_few_topics_is_not_shown(forum: Any, baseline: RunFolder) -> None:
    refusing = row_of(ablation(baseline, {Part.DENSE: forum.run("w", forum.no_refusals)}), "balanced_refusal")
    assert refusing.gain == 0.5
    assert refusing.p < 0.05 < refusing.p_adjusted
    assert refusing.worth is Worth.NOT_SHOWN


def test_a_part_that_changes_nothing_is_not_shown_to_be_worth_anything(forum: Any, baseline: RunFolder) -> None:
    rows = ablation(baseline, {Part.FIELDS: forum.run("without-fields")})
    assert {(row.gain, row.p, row.p_adjusted, row.worth) for row in rows} == {(0.0, 1.0, 1.0, Worth.NOT_SHOWN)}


def test_all_parts_and_metrics_share_one_correction(forum: Any, baseline: RunFolder) -> None:
    faults = {Part.DENSE: "no_refusals", Part.LEXICAL: "worse_chunking", Part.PAIRS: "shifted_citations"}
    others = {part: forum.run(f"without-{part}", getattr(forum, fault)) for part, fault in faults.items()}
    together = ablation(baseline, others)
    plain = [metric.p for run in others.values() for metric in compare(run, baseline).metrics if metric.primary]
    assert [row.p for row in together] == plain
    assert [row.p_adjusted for row in together] == list(holm(plain))
    alone = row_of(ablation(baseline, {Part.DENSE: others[Part.DENSE]}), "balanced_refusal")
    beside = row_of(together, "balanced_refusal")
    assert alone.p == beside.p
    assert alone.p_adjusted < beside.p_adjusted
    assert [row.worth is Worth.NOT_SHOWN for row in together] == [row.p_adjusted >= 0.05 for row in together]


def test_the_table_begins_with_what_was_shown(forum: Any, baseline: RunFolder) -> None:
    others = {Part.FIELDS: forum.run("same"), Part.DENSE: forum.run("worse", forum.shifted_citations)}
    rows = ablation(baseline, others)
    head, *lines = ablation_text(rows).splitlines()
    assert head.split()[:2] == ["part", "metric"]
    shown = [line.split()[0] for line in lines if line.endswith(Worth.EARNS.value)]
    assert set(shown) == {"dense"}
    assert [line.endswith(Worth.EARNS.value) for line in lines] == [True] * len(shown) + [False] * (len(rows) - len(shown))
    json.dumps([row.to_json() for row in rows], allow_nan=False)


def test_runs_of_another_set_are_not_held_against_each_other(forum: Any, baseline: RunFolder) -> None:
    with pytest.raises(EvaluationError, match="different sets"):
        ablation(baseline, {Part.DENSE: forum.run("other", set_sha256="b" * 64)})


@pytest.fixture
def few(sample_posts: Path, tmp_path: Path) -> Path:
    """A file of a few topics of the sample."""
    lines = (sample_posts.parent / "topics.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path / "few.jsonl"
    path.write_text("".join(line for line in lines if json.loads(line)["id"] in TOPICS_OF_SAMPLE), encoding="utf-8")
    return path


def test_the_command_asks_without_each_part_and_goes_on_with_what_there_is(
    run: Callable[..., Any], few: Path, sample_index: Path
) -> None:
    command = ("eval", "ablate", few, "--out", "ablation", "--with", f"index={sample_index}", "--json")
    first = run(*command, "--parts", "dense")
    assert first.exit_code == 0, first.stderr
    whole, off = RunFolder(Path("ablation", "whole")), RunFolder(Path("ablation", "without-dense"))
    assert (whole.manifest.settings["without"], off.manifest.settings["without"]) == ("", "dense")
    assert whole.answers != off.answers
    kept = {run.path: (run.path / ANSWERS).read_bytes() for run in (whole, off)}
    both = run(*command, "--parts", "dense, lexical")
    assert both.exit_code == 0, both.stderr
    assert {path: (path / ANSWERS).read_bytes() for path in kept} == kept
    document = json.loads(both.stdout)
    assert (document["set"], {row["part"] for row in document["parts"]}) == ("few", {"dense", "lexical"})
    before, after = (
        {row["metric"]: (row["with_part"], row["without"], row["gain"], row["p"]) for row in rows if row["part"] == "dense"}
        for rows in (json.loads(first.stdout)["parts"], document["parts"])
    )
    assert before == after


def test_a_part_that_there_is_not_is_a_usage_error(run: Callable[..., Any], few: Path, sample_index: Path) -> None:
    result = run("eval", "ablate", few, "--out", "ablation", "--with", f"index={sample_index}", "--parts", "dense,lexcial")
    assert result.exit_code == 2
    assert "lexcial" in result.stderr
    assert "lexical" in result.stderr.partition("hint: ")[2]
    assert not Path("ablation").exists()


def test_an_index_that_was_named_cannot_be_asked_without_what_it_was_made_with(
    run: Callable[..., Any], few: Path, sample_index: Path
) -> None:
    result = run("eval", "ablate", few, "--out", "ablation", "--with", f"index={sample_index}", "--parts", "chunks")
    assert result.exit_code == 4
    assert "Traceback" not in result.stderr
