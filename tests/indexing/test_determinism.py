"""The same corpus gives the same index: ids, hashes and hits, wherever it lies and in whatever order it was read."""

from __future__ import annotations

import shutil

import pytest

from assistant.indexing.build import build
from assistant.indexing.generations import IndexFolder
from assistant.pipeline import Assistant
from assistant.settings import Settings

QUERIES = ["mount point refused by the broker", "TKTunnelSession drops after sleep", "push token after restore", "NTStore"]


@pytest.fixture(scope="module")
def second(tmp_path_factory, embedder, sample_index, sample_posts):
    """Another index of a copy of the same posts, with the vectors of the first."""
    folder = tmp_path_factory.mktemp("second")
    shutil.copytree(sample_index / "cache", folder / "index" / "cache")
    posts = shutil.copytree(sample_posts, folder / "elsewhere")
    build(IndexFolder(folder / "index"), embedder, [str(posts)])
    assistant = Assistant(Settings(index=folder / "index"), embedder)
    yield assistant
    assistant.close()


def identities(assistant):
    store = assistant.generation.posts
    return [(post.post_id, post.thread_id, post.body_sha) for post in store.posts(range(len(store)))]


def test_ids_do_not_depend_on_the_folder(sample, second):
    assert identities(sample) == identities(second)


@pytest.mark.parametrize("query", QUERIES)
def test_the_first_ten_hits_are_the_same(sample, second, query):
    def found(assistant):
        return [(hit.post.post_id, hit.start, round(hit.score, 6)) for hit in assistant.search(query, 10)]

    assert found(sample) == found(second)


def test_ids_do_not_depend_on_the_names_of_files(small, jsonl):
    asked = [{"id": "1", "body": "One text."}, {"id": "1", "body": "Two texts."}]
    halves = asked, [{"id": "2", "body": "A reply.", "reply_to": "1"}]
    jsonl("x/a.jsonl", *halves[0])
    small.build(jsonl("x/b.jsonl", *halves[1]).parent)
    before = [(post.post_id, post.thread_id, post.body) for post in small.posts()]
    jsonl("y/b.jsonl", *reversed(halves[0]))
    small.build(jsonl("y/a.jsonl", *halves[1]).parent, fresh=True)
    assert [(post.post_id, post.thread_id, post.body) for post in small.posts()] == before


def test_the_same_sources_give_the_same_corpus_hash_and_files(tmp_path, hashing, sample_posts):
    manifests = []
    for name in ("one", "two"):
        folder = IndexFolder(tmp_path / name)
        build(folder, hashing(), [str(sample_posts / "threads_qa.jsonl")])
        assistant = Assistant(Settings(index=folder.path), hashing())
        manifests.append(assistant.generation.manifest)
        assistant.close()
    first, second = manifests
    assert (first.generation, first.corpus, first.chunks) == (second.generation, second.corpus, second.chunks)
    sums = [{file.path: file.sha256 for file in manifest.files if "chroma/" not in file.path} for manifest in manifests]
    assert sums[0] == sums[1]


def test_the_order_in_which_sources_were_added_does_not_show(tmp_path, hashing, sample_posts):
    paths = [str(sample_posts / name) for name in ("threads_qa.jsonl", "dump_forum.jsonl", "listing_tidekit.txt")]
    names = []
    for name, order in (("one", paths), ("two", paths[::-1])):
        folder = IndexFolder(tmp_path / name)
        for path in order:
            build(folder, hashing(), [path])
        names.append(folder.current_name().split("-")[2])
    assert names[0] == names[1]
