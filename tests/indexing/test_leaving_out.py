"""An index without some threads is the index that would be had they never been posted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assistant.indexing.generation import Generation
from assistant.indexing.generations import IndexFolder
from assistant.indexing.leaving_out import leave_out
from assistant.indexing.manifest import Recipe
from assistant.indexing.verify import verify_generation
from assistant.types import NONE, Part


def posts(*names: str) -> list[dict[str, Any]]:
    return [{"id": name, "title": f"About {name}", "body": f"The {name} is in the shed. It weighs 3 kg."} for name in names]


def test_it_equals_an_index_built_without_them(tmp_path: Path, small: Any, jsonl: Any, hashing: Any) -> None:
    small.build(jsonl("all.jsonl", *posts("anvil", "bellows", "chisel", "drill")))
    names = {post.source_id: post.thread_id for post in small.posts()}
    target = IndexFolder(tmp_path / "without")
    leave_out(small.folder, target, hashing(), [names["anvil"], names["chisel"]])
    left = Generation(target.current(), Recipe.of(hashing().fingerprint))
    kept = left.posts.posts(range(left.manifest.posts))
    assert sorted(post.source_id for post in kept) == ["bellows", "drill"]
    assert [len(left.lexical.holders(word)) for word in ("anvil", "bellow", "shed")] == [0, 1, 2]
    assert left.manifest.chunks == 2
    left.close()
    assert verify_generation(target.current()) == []


def test_leaving_out_nothing_changes_nothing(tmp_path: Path, small: Any, jsonl: Any, hashing: Any) -> None:
    small.build(jsonl("all.jsonl", *posts("anvil", "bellows")))
    target = IndexFolder(tmp_path / "same")
    leave_out(small.folder, target, hashing(), [])
    left = Generation(target.current(), Recipe.of(hashing().fingerprint))
    assert [post.post_id for post in left.posts.posts([0, 1])] == [post.post_id for post in small.posts()]
    left.close()


def test_the_index_it_is_made_from_stays_as_it_was(tmp_path: Path, small: Any, jsonl: Any, hashing: Any) -> None:
    small.build(jsonl("all.jsonl", *posts("anvil", "bellows")))
    before = small.folder.current_name()
    thread = small.posts()[0].thread_id
    for number in range(2):
        leave_out(small.folder, IndexFolder(tmp_path / f"without{number}"), hashing(), [thread])
    assert small.folder.current_name() == before
    assert len(small.posts()) == 2


def test_parts_that_decide_an_index_are_part_of_its_recipe() -> None:
    whole = Recipe.of("model/1", NONE)
    for part in Part:
        differs = Recipe.of("model/1", frozenset({part})) != whole
        assert differs == (part in (Part.CHUNKS, Part.TITLES, Part.IDENTIFIERS))
