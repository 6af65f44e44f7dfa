"""Chunks: slices of the body that hold every word, fit the window with their title, and cut no name in two."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.indexing.chunker import SPECIAL_TOKENS, Chunker, titled
from assistant.types import Post

WINDOW = 40
NAMES = [
    "NEPacketTunnelFlow.readPackets(completionHandler:)", "https://a.example/path/to/page?x=1.", "14.2.1", "e.g.",
    "com.apple.developer.networking", "/dev/disk4s1,", "mount_tide", "Yes!", "(it)", "日本語", "a", "of", "```", "[7]",
]  # fmt: skip
BODIES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([" ", "\n", "\n\n", "  ", "\n    "])), max_size=90)
BODY_TEXT = BODIES.map(lambda parts: "".join(map("".join, parts)).strip())
TITLES = st.lists(st.sampled_from(NAMES), max_size=30).map(" ".join)
many = settings(max_examples=500, deadline=None)


def count(text):
    return sum(1 + len(word) // 8 for word in text.split())


@pytest.fixture(scope="module")
def chunker():
    return Chunker(count, WINDOW)


def chunks(chunker, body, title=""):
    return chunker.chunks(Post("p1", "t1", title, body, "sha"))


@many
@given(BODY_TEXT, TITLES)
def test_a_chunk_is_a_slice_of_the_body(chunker, body, title):
    assert all(body[chunk.start : chunk.end] == chunk.text for chunk in chunks(chunker, body, title))


@many
@given(BODY_TEXT, TITLES)
def test_chunks_are_in_order_and_lose_no_word(chunker, body, title):
    found = chunks(chunker, body, title)
    assert " ".join(chunk.text for chunk in found).split() == body.split()
    assert all(first.end <= second.start for first, second in pairwise(found))
    assert [chunk.number for chunk in found] == list(range(len(found)))


@many
@given(BODY_TEXT, TITLES)
def test_a_chunk_fits_the_window_with_its_title(chunker, body, title):
    assert all(count(chunk.embedded) + SPECIAL_TOKENS <= WINDOW for chunk in chunks(chunker, body, title))


@many
@given(BODY_TEXT)
def test_no_chunk_begins_or_ends_inside_a_name(chunker, body):
    words = set(body.split())
    found = chunks(chunker, body)
    assert all(word in words for chunk in found for word in chunk.text.split())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300).map(str.strip))
def test_any_text_is_cut_into_slices_that_lose_no_word(chunker, body):
    found = chunks(chunker, body)
    assert all(body[chunk.start : chunk.end] == chunk.text for chunk in found)
    assert "".join("".join(chunk.text for chunk in found).split()) == "".join(body.split())


def test_a_log_of_like_lines_gives_chunks_that_follow_each_other(chunker):
    body = "\n".join(["error: timed out after 30 s"] * 60)
    found = chunks(chunker, body)
    assert len({(chunk.start, chunk.end) for chunk in found}) == len(found) > 5


def test_a_post_without_a_body_has_one_chunk_of_its_title(chunker):
    (chunk,) = chunks(chunker, "", "Only a title")
    assert (chunk.start, chunk.end, chunk.text, chunk.embedded.strip()) == (0, 0, "", "Only a title")


def test_a_short_title_stands_before_every_chunk(chunker):
    found = chunks(chunker, "It fails on every boot. " * 30, "Mount fails")
    assert len(found) > 2
    assert all(chunk.embedded == titled("Mount fails", chunk.text) for chunk in found)


def test_a_long_title_is_cut_at_a_word(chunker):
    title = "every word of this title counts " * 10
    kept = chunker.context(title)
    assert title.startswith(kept)
    assert 0 < count(kept) <= WINDOW / 4
    assert kept.split()[-1] in title.split()


def test_a_word_longer_than_the_window_is_cut_and_kept(chunker):
    body = "See " + "x" * 2000 + " for all."
    found = chunks(chunker, body)
    assert "".join("".join(chunk.text for chunk in found).split()) == "".join(body.split())
    assert all(count(chunk.embedded) <= WINDOW for chunk in found)


def test_a_fenced_block_that_fits_is_not_cut(chunker):
    code = "```\nlet a = 1. B\nlet c = 2\n```"
    found = chunks(chunker, f"{'Words here. ' * 15}\n{code}\n{'More words. ' * 15}".strip())
    assert any(code in chunk.text for chunk in found)


def test_a_chunk_is_named_by_its_post_and_number(chunker):
    assert [chunk.chunk_id for chunk in chunks(chunker, "It fails on boot. " * 20)][:2] == ["p1:0", "p1:1"]


def test_the_real_tokenizer_never_sees_a_chunk_that_it_would_cut(embedder, sample):
    store = sample.generation.posts
    chunker = Chunker(embedder.count_tokens, embedder.max_tokens)
    for post in store.posts(range(len(store))):
        for chunk in chunker.chunks(post):
            assert len(embedder._tokenizer.encode(chunk.embedded).overflowing) == 0
