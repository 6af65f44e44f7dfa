"""Each part that can be switched off does what its name says, and nothing when it is on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.errors import IndexMismatch
from assistant.indexing.build import build
from assistant.indexing.generations import IndexFolder
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.types import Part

QUESTION = "Why is the preview of my external camera rotated by 90 degrees?"


def without(index: Path, embedder: Any, *parts: Part) -> Assistant:
    return Assistant(Settings(index=index, without=frozenset(parts)), embedder)


def signals(assistant: Assistant) -> list[Any]:
    hits = assistant.search(QUESTION, 10)
    assistant.close()
    return [hit.signals for hit in hits]


def test_without_the_dense_lane_nothing_has_a_cosine(sample_index: Path, embedder: Any) -> None:
    assert all(found.dense is None and found.lexical > 0 for found in signals(without(sample_index, embedder, Part.DENSE)))


def test_without_the_lexical_lane_everything_has_a_cosine(sample_index: Path, embedder: Any) -> None:
    found = signals(without(sample_index, embedder, Part.LEXICAL, Part.EXACT))
    assert len(found) == 10
    assert all(signal.dense is not None and signal.lexical == 0 for signal in found)


def test_without_pairs_scores_are_lower(sample: Assistant, sample_index: Path, embedder: Any) -> None:
    whole, less = sample.search(QUESTION, 1)[0], without(sample_index, embedder, Part.PAIRS).search(QUESTION, 1)[0]
    assert less.signals.lexical < whole.signals.lexical


def test_without_the_exact_lane_no_identifier_counts(sample: Assistant, sample_index: Path, embedder: Any) -> None:
    question = "TKMountErrorDomain"
    assert sample.search(question, 1)[0].signals.exact > 0
    assert all(hit.signals.exact == 0 for hit in without(sample_index, embedder, Part.EXACT).search(question, 5))


def test_without_copies_a_text_that_was_posted_twice_is_shown_twice(tmp_path: Path, jsonl: Any, hashing: Any) -> None:
    body = "The tunnel closes whenever the machine sleeps, and opens again only after the daemon was restarted by hand."
    posts = jsonl(
        "posts.jsonl", {"id": "1", "title": "Tunnel", "body": body}, {"id": "2", "title": "Again", "body": body + " Why?"}
    )
    made = hashing()
    build(IndexFolder(tmp_path / "index"), made, [str(posts)])
    counts = []
    for parts in ((), (Part.COPIES,)):
        assistant = without(tmp_path / "index", made, *parts)
        counts.append(len(assistant.search("tunnel daemon", 10)))
        assistant.close()
    assert counts == [1, 2]


@pytest.mark.parametrize("part", [Part.CHUNKS, Part.TITLES, Part.IDENTIFIERS])
def test_an_index_made_with_a_part_is_not_asked_without_it(sample_index: Path, embedder: Any, part: Part) -> None:
    with pytest.raises(IndexMismatch):
        without(sample_index, embedder, part).search(QUESTION)


@pytest.mark.parametrize("part", [Part.CHUNKS, Part.TITLES, Part.IDENTIFIERS])
def test_an_index_can_be_made_without_a_part(tmp_path: Path, jsonl: Any, hashing: Any, part: Part) -> None:
    long = " ".join(f"Sentence {number} tells of NEPacketTunnelFlow at length." for number in range(60))
    posts = jsonl("posts.jsonl", {"id": "1", "title": "Tunnels", "body": long}, {"id": "2", "title": "Else", "body": "Short."})
    made = hashing()
    report = build(IndexFolder(tmp_path / "index"), made, [str(posts)], without=frozenset({part}))
    assistant = without(tmp_path / "index", made, part)
    assert (report.chunks == 2) == (part is Part.CHUNKS)
    assert ("packet" in assistant.generation.lexical) == (part is not Part.IDENTIFIERS)
    assert assistant.search("NEPacketTunnelFlow", 1)[0].post.source_id == "1"
    assistant.close()


def test_without_frames_or_replies_or_skimming_an_answer_still_holds_its_promise(sample_index: Path, embedder: Any) -> None:
    from assistant.evaluation.systems.in_process import _answered
    from assistant.evaluation.topics import Topic

    topic = Topic.model_validate(
        {"id": "a", "turns": [{"role": "user", "content": QUESTION}], "answerable": True, "expect": "answer"}
    )
    for part in (Part.FRAMES, Part.REPLIES, Part.SKIMMING, Part.FIELDS, Part.COVERAGE):
        answer, _ = _answered(without(sample_index, embedder, part), topic)
        assert answer.reply.citations
        assert all(c.post.body[c.start : c.end] == c.quote for c in answer.reply.citations)
        if part is Part.REPLIES:
            assert {c.post.post_id for c in answer.reply.citations} == {answer.reply.citations[0].post.post_id}
