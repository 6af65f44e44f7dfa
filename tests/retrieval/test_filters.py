"""Filters: what passes is what a plain loop over all posts lets pass, and hits are those that pass."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import UsageError
from assistant.retrieval.filters import Filters, allowed_rows
from assistant.types import Role

FILTERS = st.builds(
    Filters,
    tags=st.lists(st.sampled_from(["TideKit", "tidekit", "NestStore", "Migration", "none such"]), max_size=2).map(tuple),
    sources=st.lists(st.sampled_from(["listing", "threads_qa", "jsonl", ".gz", "nowhere"]), max_size=2).map(tuple),
    since=st.sampled_from([None, "2025", "2026", "2026-01", "2026-02-14", "2026-02-15", "2030"]),
    unanswered=st.booleans(),
)


@pytest.fixture(scope="module")
def posts(sample):
    store = sample.generation.posts
    return store.posts(range(len(store)))


def unanswered(post, posts):
    replied = any(other.thread_id == post.thread_id and other.role is Role.REPLY for other in posts)
    return post.role is not Role.REPLY and not post.replies and not replied


def passes(post, filters, posts):
    """The rule, spelt out."""
    return (
        all(any(tag.lower() == own.lower() for own in post.tags) for tag in filters.tags)
        and (not filters.sources or any(part in place.path for part in filters.sources for place in post.sources))
        and (filters.since is None or (post.created is not None and post.created >= filters.since))
        and (not filters.unanswered or unanswered(post, posts))
    )


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILTERS)
def test_what_passes_is_what_a_plain_loop_lets_pass(sample, posts, filters):
    rows = allowed_rows(sample.generation.posts, filters)
    wanted = [row for row, post in enumerate(posts) if passes(post, filters, posts)]
    assert rows == (wanted if filters else None)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(tags=("TideKit",)),
        Filters(sources=("listing_",)),
        Filters(since="2026"),
        Filters(unanswered=True),
        Filters(tags=("NestStore",), sources=("threads_qa",), since="2026", unanswered=False),
        Filters(sources=("listing_tidekit", "dump_forum"), unanswered=True),
    ],
    ids=repr,
)
@pytest.mark.parametrize("query", ["mount fails after the update", "NTStore Code=134"])
def test_hits_are_all_posts_that_pass(sample, posts, filters, query):
    hits = sample.search(query, 200, filters, every_chunk=True)
    wanted = {post.post_id for post in posts if passes(post, filters, posts)}
    assert {hit.post.post_id for hit in hits} <= wanted
    assert len(hits) == min(len(wanted), 100)


def test_a_filter_that_nothing_passes_gives_no_hit(sample):
    assert sample.search("mount", 10, Filters(tags=("none such",))) == []


def test_a_filtered_search_ranks_as_the_unfiltered_one_does_by_cosine(sample):
    filters = Filters(sources=("listing_tidekit",))
    dense = {hit.post.post_id: hit.signals.dense for hit in sample.search("mount fails", 30, every_chunk=True)}
    for hit in sample.search("mount fails", 30, filters, every_chunk=True):
        if dense.get(hit.post.post_id) is not None:
            assert hit.signals.dense == pytest.approx(dense[hit.post.post_id], abs=1e-3)


@pytest.mark.parametrize("since", ["yesterday", "2026-1", "26", "2026-01-01T00:00", "", "２０２６"])
def test_a_date_that_is_none_is_a_usage_error(since):
    with pytest.raises(UsageError, match="no date") as error:
        Filters(since=since)
    assert "2026" in error.value.hint


def test_no_condition_is_no_filter():
    assert not Filters()
    assert Filters(unanswered=True)


def test_values_are_not_sql(sample):
    assert allowed_rows(sample.generation.posts, Filters(tags=("' OR 1=1 --",), sources=("%", "_"))) == []
