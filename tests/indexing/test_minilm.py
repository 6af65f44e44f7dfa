"""The embedded embedder: unit vectors that do not depend on their batch, from files whose checksums hold."""

from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pytest

from assistant.errors import EmbedderError
from assistant.indexing import minilm
from assistant.indexing.minilm import DIMENSION, FINGERPRINT, MAX_TOKENS, MiniLM, prepare

TEXTS = ["", "a", "mount fails", "日本語 \U0001f600", "TKMountErrorDomain Code=37 " * 20, "word " * 2000, "mount fails"]


def cosine(embedder, first, second):
    vectors = embedder.embed([first, second])
    return float(vectors[0] @ vectors[1])


@pytest.fixture
def prepared(tmp_path, embedder, cache_dir):
    """A copy of the prepared model, to be damaged."""
    return shutil.copytree(prepare(cache_dir), tmp_path / FINGERPRINT.replace("/", "-"))


def test_vectors_have_length_one(embedder):
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), DIMENSION)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def agreement(embedder, texts):
    """Cosine of each text embedded alone and in one batch with the others."""
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    return np.sum(alone * embedder.embed(texts), axis=1)


def test_a_vector_does_not_depend_on_its_batch(embedder):
    assert agreement(embedder, TEXTS).min() > 0.9999


def test_like_texts_in_one_batch_have_like_vectors(embedder):
    vectors = embedder.embed(TEXTS)
    assert float(vectors[2] @ vectors[6]) > 0.9999


def test_nothing_to_embed_gives_no_vector(embedder):
    assert embedder.embed([]).shape == (0, DIMENSION)


def test_meaning_is_nearer_than_words(embedder):
    near = cosine(embedder, "The disk cannot be mounted.", "Attaching the volume does not work.")
    assert near > cosine(embedder, "The disk cannot be mounted.", "The app cannot be localized.") + 0.1


def test_what_lies_behind_the_window_does_not_count(embedder):
    text = "word " * (MAX_TOKENS + 10)
    assert cosine(embedder, text, text + "and quite another thing") > 0.9999


def test_word_pieces_are_counted_as_the_model_reads_them(embedder):
    text = "NEPacketTunnelFlow, said (he): 日本語!"
    assert embedder.count_tokens(text) == len(embedder._tokenizer.encode(text).ids) - 2


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_an_error_that_names_the_folder(prepared, name):
    data = bytearray((prepared / name).read_bytes())
    data[len(data) // 2] ^= 1
    (prepared / name).write_bytes(data)
    with pytest.raises(EmbedderError) as error:
        MiniLM(prepared.parent).embed(["text"])
    assert str(prepared) in error.value.message
    assert str(prepared) in error.value.hint


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_missing_file_is_an_error_that_names_the_folder(prepared, name):
    (prepared / name).unlink()
    with pytest.raises(EmbedderError, match=prepared.name):
        MiniLM(prepared.parent).embed(["text"])


@pytest.mark.parametrize("content", ["", "{", "{}", "[]"])
def test_torn_checksums_are_an_error_that_names_the_folder(prepared, content):
    (prepared / "sha256.json").write_text(content)
    with pytest.raises(EmbedderError, match=prepared.name):
        MiniLM(prepared.parent).embed(["text"])


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path, monkeypatch):
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("model.safetensors", b"other weights")
        packed.writestr("tokenizer.json", json.dumps({}))
    monkeypatch.setattr(minilm, "_package_archive", lambda: zipfile.ZipFile(archive))
    with pytest.raises(EmbedderError, match="sha256"):
        prepare(tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))


def test_missing_weights_are_an_error_that_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setattr(minilm, "WEIGHTS_PACKAGE", "no_such_package_here")
    with pytest.raises(EmbedderError, match="not installed") as error:
        prepare(tmp_path)
    assert "install" in error.value.hint


def test_the_fingerprint_names_the_weights():
    assert minilm.WEIGHTS_SHA256[:12] in FINGERPRINT
