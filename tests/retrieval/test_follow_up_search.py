"""A search for a follow-up: the posts of the question before stay candidates, and what only the follow-up says counts more."""

from __future__ import annotations

import pytest

from assistant.retrieval.filters import Filters
from assistant.retrieval.follow_up import own_terms, to_read
from assistant.retrieval.question import Question
from assistant.retrieval.retriever import Retriever
from assistant.types import Part

BEFORE = Question("What does TKMountErrorDomain Code=73 mean on unmount?")
FOLLOW_UP = Question("how long does the handler take (TKMountErrorDomain Code 73 unmount)")


@pytest.fixture
def retriever(sample):
    return Retriever(sample.generation, sample.embedder)


def test_own_terms_are_plain_words_that_the_question_before_has_not():
    assert own_terms(Question("unmount takes long with invalidateHandles"), BEFORE) == ("take", "long")


def test_a_search_without_a_question_before_is_what_it_was(retriever, sample):
    assert retriever.search(FOLLOW_UP, 5) == Retriever(sample.generation, sample.embedder).search(FOLLOW_UP, 5, before=None)


def test_the_best_posts_of_the_question_before_stay_candidates(retriever):
    elsewhere = Question("smart quotes in a ptable string catalogue")
    kept = retriever.candidates(BEFORE).rows[:3].tolist()
    alone = retriever.candidates(elsewhere, depth=2)
    assert not set(kept) <= set(alone.rows.tolist())
    also = retriever.candidates(elsewhere, depth=2, before=retriever.before(BEFORE))
    assert set(kept) <= set(also.rows.tolist())


def test_what_stays_is_scored_by_the_question_asked_now(retriever):
    elsewhere = Question("smart quotes in a ptable string catalogue")
    few = retriever.candidates(elsewhere, depth=2, before=retriever.before(BEFORE))
    all_rows = retriever.candidates(elsewhere)
    cosines = dict(zip(all_rows.dense.rows.tolist(), all_rows.dense.scores.tolist(), strict=True))
    for row, cosine in zip(few.dense.rows.tolist(), few.dense.scores.tolist(), strict=True):
        assert cosine == pytest.approx(cosines[row], abs=1e-5)
    assert retriever.search(elsewhere, 1, before=retriever.before(BEFORE))[0].post.title == "Smart quotes in a .ptable file"


def test_what_only_the_follow_up_says_decides_within_a_thread(retriever):
    before = Question("Is fsync enough to survive a power cut?")
    now = Question("how slow is the barrier in ms (fsync enough survive power cut)")
    assert "8 ms" in retriever.search(now, 1, before=retriever.before(before))[0].post.body


def test_a_filter_holds_for_what_stays(retriever):
    filters = Filters(unanswered=True)
    before = retriever.before(BEFORE, filters)
    found = {hit.post.post_id for hit in retriever.search(FOLLOW_UP, 50, filters, before=before, every_chunk=True)}
    assert found <= {hit.post.post_id for hit in retriever.search(FOLLOW_UP, 500, filters, every_chunk=True)}


@pytest.mark.parametrize("part", [Part.LEXICAL, Part.DENSE, Part.EXACT])
def test_a_lane_that_is_switched_off_stays_so(sample, part):
    retriever = Retriever(sample.generation, sample.embedder, frozenset({part}))
    hits = retriever.search(FOLLOW_UP, 5, before=retriever.before(BEFORE))
    assert hits
    if part is Part.LEXICAL:
        assert {hit.signals.lexical for hit in hits} == {0.0}
    if part is Part.DENSE:
        assert {hit.signals.dense for hit in hits} == {None}


def test_the_thread_of_the_last_answer_is_read_where_it_comes_late(retriever):
    hits = retriever.search(FOLLOW_UP, 6)
    late = hits[5].post.thread_id
    assert [hit.post.thread_id for hit in to_read(hits, late, 3)] == [*(hit.post.thread_id for hit in hits[:2]), late]
    assert to_read(hits, hits[1].post.thread_id, 3) == hits[:3]
    assert to_read(hits, None, 3) == hits[:3]
    assert to_read([], late, 3) == []


def test_the_best_thread_of_the_question_before_is_known(retriever):
    assert retriever.before(BEFORE).thread_id == retriever.search(BEFORE, 1)[0].post.thread_id
    assert retriever.before(Question("")).thread_id is None
