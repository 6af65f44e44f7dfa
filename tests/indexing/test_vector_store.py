"""Chroma as the store of one generation: everything that was written is found, nothing is code, opening changes nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest

from assistant.indexing.manifest import CHANGED_ON_OPEN, content_sha256
from assistant.indexing.vector_store import VectorStore, write_vectors

COUNT = 6200


def unit_vectors(count, dimension=8):
    vectors = np.random.default_rng(7).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def names(count):
    return [f"p{number:05d}:0" for number in range(count)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """More vectors than Chroma takes at once, given as one batch."""
    folder = tmp_path_factory.mktemp("chroma")
    write_vectors(folder, COUNT, [(names(COUNT), unit_vectors(COUNT))])
    return folder


@pytest.fixture(scope="module")
def store(written):
    with closing(VectorStore(written)) as opened:
        yield opened


def test_the_limit_of_the_store_is_below_what_was_written(store):
    assert store._client.get_max_batch_size() < COUNT


def test_every_vector_of_a_batch_above_the_limit_is_there(store):
    assert store.ids() == set(names(COUNT))


def test_a_vector_finds_itself_first(store):
    vectors = unit_vectors(COUNT)
    for number in range(0, COUNT, 311):
        (name, cosine), *_ = store.nearest(vectors[number], 3)
        assert name == names(COUNT)[number]
        assert cosine == pytest.approx(1.0, abs=1e-4)


def test_neighbours_come_best_first_with_their_cosines(store):
    vectors = unit_vectors(COUNT)
    found = store.nearest(vectors[5], 20)
    cosines = [cosine for _, cosine in found]
    assert cosines == sorted(cosines, reverse=True)
    rows = [int(name[1:6]) for name, _ in found]
    assert np.allclose(cosines, vectors[rows] @ vectors[5], atol=1e-4)


def test_stored_vectors_come_back_with_their_ids(store):
    ids, vectors = store.vectors(names(COUNT)[10:13])
    rows = [int(name[1:6]) for name in ids]
    assert sorted(rows) == [10, 11, 12]
    assert np.allclose(vectors, unit_vectors(COUNT)[rows], atol=1e-6)


def test_no_more_neighbours_come_than_there_are(tmp_path):
    write_vectors(tmp_path, 3, [(names(3), unit_vectors(3))])
    with closing(VectorStore(tmp_path)) as store:
        assert len(store.nearest(unit_vectors(3)[0], 10)) == 3


def test_opening_changes_no_file_but_the_note_of_chroma(written):
    def sums():
        return {path: path.read_bytes() for path in written.rglob("*") if path.is_file()}

    before, content = sums(), content_sha256(written / "chroma.sqlite3")
    for _ in range(2):
        with closing(VectorStore(written)) as store:
            store.nearest(unit_vectors(1)[0], 1)
    after = sums()
    assert {path.name for path in before | after if before.get(path) != after.get(path)} <= CHANGED_ON_OPEN
    assert content_sha256(written / "chroma.sqlite3") == content


def test_chroma_is_always_called_without_an_embedding_function(tmp_path, monkeypatch):
    from chromadb.api.client import Client

    given = []
    for name in ("create_collection", "get_collection"):
        real = getattr(Client, name)
        monkeypatch.setattr(Client, name, lambda *a, _real=real, **k: given.append(k) or _real(*a, **k))
    write_vectors(tmp_path, 1, [(names(1), unit_vectors(1))])
    with closing(VectorStore(tmp_path)):
        assert [call["embedding_function"] for call in given] == [None, None]


def test_no_embedding_function_is_persisted(written):
    with closing(sqlite3.connect(written / "chroma.sqlite3")) as database:
        ((configuration,),) = database.execute("SELECT config_json_str FROM collections").fetchall()
    assert '"known"' not in configuration


def test_no_text_is_stored(written):
    with closing(sqlite3.connect(written / "chroma.sqlite3")) as database:
        (count,) = database.execute("SELECT count(*) FROM embedding_metadata").fetchone()
    assert count == 0
