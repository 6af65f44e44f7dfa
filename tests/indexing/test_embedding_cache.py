"""The embedding cache: what was put is there after a restart, exactly, and is dropped only when it outweighs the rest."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.indexing.embedding_cache import EmbeddingCache, vector_key


@pytest.fixture
def cache(tmp_path):
    with closing(EmbeddingCache(tmp_path / "cache" / "embeddings.sqlite")) as opened:
        yield opened


def keys(*texts):
    return [vector_key("model/1", text) for text in texts]


def vectors(count):
    return np.arange(count * 3, dtype=np.float32).reshape(count, 3) / 7


def test_vectors_come_back_in_the_order_asked_for(cache):
    cache.put(keys("a", "b", "c"), vectors(3))
    assert (cache.get(keys("c", "a", "c")) == vectors(3)[[2, 0, 2]]).all()


def test_what_was_put_is_there_after_a_restart(cache, tmp_path):
    cache.put(keys("a"), vectors(1))
    with closing(EmbeddingCache(tmp_path / "cache" / "embeddings.sqlite")) as again:
        assert (again.get(keys("a")) == vectors(1)).all()


def test_what_was_never_put_is_missing(cache):
    cache.put(keys("a", "b"), vectors(2))
    assert cache.missing(keys("a", "b", "c", "c")) == set(keys("c"))
    with pytest.raises(KeyError):
        cache.get(keys("c"))


def test_more_keys_than_a_query_takes_are_looked_up(cache):
    many = keys(*map(str, range(1300)))
    cache.put(many, vectors(1300))
    assert (cache.get(many) == vectors(1300)).all()
    assert cache.missing([*many, *keys("new")]) == set(keys("new"))


def test_another_model_has_other_keys():
    assert vector_key("model/1", "text") != vector_key("model/2", "text")


@settings(max_examples=200, deadline=None)
@given(st.text(), st.text())
def test_unlike_texts_have_unlike_keys(first, second):
    assert (vector_key("model", first) == vector_key("model", second)) == (first == second)


def test_as_many_spare_vectors_as_kept_ones_stay(cache):
    cache.put(keys("a", "b"), vectors(2))
    cache.keep_only(set(keys("a")))
    assert cache.missing(keys("a", "b")) == set()


def test_more_spare_vectors_than_kept_ones_are_dropped(cache):
    cache.put(keys("a", "b", "c"), vectors(3))
    cache.keep_only(set(keys("a")))
    assert cache.missing(keys("a", "b", "c")) == set(keys("b", "c"))


def test_a_number_of_vectors_that_does_not_fit_the_keys_is_refused(cache):
    with pytest.raises(ValueError, match="zip"):
        cache.put(keys("a", "b"), vectors(1))
    assert cache.missing(keys("a")) == set(keys("a"))


def test_no_text_is_stored(cache, tmp_path):
    cache.put(keys("a secret sentence"), vectors(1))
    files = (tmp_path / "cache").iterdir()
    assert all(b"secret" not in file.read_bytes() for file in files)
