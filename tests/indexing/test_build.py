"""Builds: what is added, changed, removed and left; what is embedded; what stays when something fails."""

from __future__ import annotations

import shutil

import pytest

from assistant.errors import EmbedderError, IndexMissing, SourceError
from assistant.indexing import generation_writer
from assistant.indexing.build import known_roots
from assistant.indexing.generations import KEPT

SECRET = "The word is Zanzibarquux everywhere."
POSTS = [{"id": str(number), "title": f"Post {number}", "body": f"Body of number {number}."} for number in range(10)]


@pytest.fixture
def posts(jsonl):
    return jsonl("posts/a.jsonl", *POSTS)


@pytest.fixture
def two_by_two(monkeypatch):
    """Embeds two texts a call, so that a build makes several calls."""
    monkeypatch.setattr(generation_writer, "EMBED_AT_ONCE", 2)


def bytes_below(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).lower()


def test_a_first_build_adds_and_embeds_everything(small, posts):
    report = small.build(posts)
    assert (report.posts, report.added, report.changed, report.removed, report.unchanged) == (10, 10, 0, 0, 0)
    assert report.embedded == len(small.embedder.texts) == report.chunks == 10


def test_unchanged_input_makes_no_generation_and_embeds_nothing(small, posts):
    first = small.build(posts)
    calls = small.embedder.calls
    again = small.build(posts)
    assert (again.generation, again.unchanged, again.embedded) == (first.generation, 10, 0)
    assert small.embedder.calls == calls
    assert len(small.folder.generations()) == 1


def test_only_the_chunks_of_a_changed_post_are_embedded(small, jsonl):
    jsonl("a.jsonl", {"id": "x", "body": "Old words."}, *POSTS)
    small.build(jsonl("a.jsonl", {"id": "x", "body": "Old words."}, *POSTS))
    small.embedder.texts.clear()
    report = small.build(jsonl("a.jsonl", {"id": "x", "body": "New words."}, *POSTS))
    assert small.embedder.texts == ["New words."]
    assert (report.changed, report.unchanged, report.added, report.removed) == (1, 10, 0, 0)
    assert "New words." in [post.body for post in small.posts()]


def test_a_post_keeps_its_id_when_it_is_edited(small, jsonl):
    small.build(jsonl("a.jsonl", {"id": "x", "body": "Old words."}))
    (before,) = small.posts()
    small.build(jsonl("a.jsonl", {"id": "x", "body": "New words."}))
    (after,) = small.posts()
    assert before.post_id == after.post_id
    assert before.body_sha != after.body_sha


@pytest.mark.parametrize("later", [[{"id": "x", "body": "Something else."}], []], ids=["changed", "removed"])
def test_old_text_is_in_no_byte_of_the_generation_in_force(small, jsonl, later):
    small.build(jsonl("a.jsonl", {"id": "x", "body": SECRET}, *POSTS))
    assert b"zanzibarquux" in bytes_below(small.folder.current())
    small.build(jsonl("a.jsonl", *later, *POSTS))
    assert b"zanzibarqu" not in bytes_below(small.folder.current())


def test_the_text_of_a_removed_source_is_in_no_byte_of_the_generation_in_force(small, jsonl):
    gone = jsonl("gone.jsonl", {"id": "x", "body": SECRET})
    small.build(jsonl("a.jsonl", *POSTS), gone)
    small.build(forget=[str(gone)])
    assert b"zanzibarqu" not in bytes_below(small.folder.current())


def test_a_failing_embedder_leaves_the_old_generation_in_force(small, jsonl, hashing, posts):
    before = small.build(posts).generation
    more = jsonl("b.jsonl", {"id": "new", "body": "New words."})
    with pytest.raises(EmbedderError):
        small.build(more, embedder=hashing(fail_at=1))
    assert small.folder.current_name() == before
    assert len(small.posts()) == 10
    assert not list(small.folder.path.glob("*.partial"))


@pytest.mark.usefixtures("two_by_two")
def test_a_build_that_failed_goes_on_where_it_stopped(small, hashing, posts):
    failing = hashing(fail_at=4)
    with pytest.raises(EmbedderError):
        small.build(posts, embedder=failing)
    report = small.build(posts)
    assert len(failing.texts) == 6
    assert len(small.embedder.texts) == report.embedded == 4
    assert not set(small.embedder.texts) & set(failing.texts)


def test_a_first_build_that_fails_leaves_no_index(small, hashing, posts):
    with pytest.raises(EmbedderError):
        small.build(posts, embedder=hashing(fail_at=1))
    with pytest.raises(IndexMissing):
        small.folder.current()


def test_two_sources_add_up(small, jsonl, posts):
    small.build(posts)
    report = small.build(jsonl("b.jsonl", {"id": "new", "body": "New."}))
    assert (report.posts, report.added, report.unchanged) == (11, 1, 10)


def test_a_source_named_again_keeps_the_others(small, jsonl, posts):
    other = jsonl("b.jsonl", {"id": "new", "body": "New."})
    small.build(posts, other)
    posts.unlink()
    report = small.build(other)
    assert (report.posts, report.removed) == (11, 0)


def test_without_a_path_all_known_sources_are_read_again(small, jsonl, posts):
    other = jsonl("b.jsonl", {"id": "new", "body": "New."})
    small.build(posts, other)
    jsonl("b.jsonl", {"id": "new", "body": "Newer."})
    report = small.build()
    assert (report.posts, report.changed) == (11, 1)


def test_known_roots_are_absolute_and_in_order(small, jsonl, posts, monkeypatch):
    other = jsonl("b.jsonl", {"id": "new", "body": "New."})
    monkeypatch.chdir(other.parent)
    small.build("b.jsonl", "posts")
    assert known_roots(small.folder) == [str(other), str(posts.parent)]


def test_a_forgotten_source_is_gone_with_its_posts(small, jsonl, posts):
    other = jsonl("b.jsonl", {"id": "new", "body": "New."}, POSTS[0])
    small.build(posts, other)
    report = small.build(forget=[str(other)])
    assert (report.posts, report.removed) == (10, 1)
    assert known_roots(small.folder) == [str(posts)]


def test_a_named_source_that_is_not_there_changes_nothing(small, posts, tmp_path):
    before = small.build(posts).generation
    with pytest.raises(SourceError, match="nowhere"):
        small.build(tmp_path / "nowhere")
    assert small.folder.current_name() == before


def test_a_known_source_that_is_gone_changes_nothing(small, jsonl, posts):
    other = jsonl("b.jsonl", {"id": "new", "body": "New."})
    before = small.build(posts, other).generation
    other.unlink()
    with pytest.raises(SourceError) as error:
        small.build()
    assert str(other) in error.value.message
    assert small.folder.current_name() == before


def test_no_source_at_all_is_an_error_that_says_what_to_name(small):
    with pytest.raises(SourceError, match="none is known") as error:
        small.build()
    assert "assistant index" in error.value.hint


def test_what_an_interrupted_build_left_is_removed(small, posts):
    left = small.folder.path / "gen-000009-dead.partial"
    left.mkdir(parents=True)
    (left / "posts.sqlite").write_bytes(b"torn")
    small.build(posts)
    assert not left.exists()


def test_as_many_generations_stay_as_are_kept(small, jsonl):
    built = [small.build(jsonl("a.jsonl", {"id": "x", "body": f"Words {n}."})).generation for n in range(4)]
    assert [path.name for path in small.folder.generations()] == built[-KEPT:]
    assert small.folder.current_name() == built[-1]


def test_a_fresh_build_forgets_the_other_sources_but_not_what_was_embedded(small, jsonl, posts):
    small.build(posts, jsonl("b.jsonl", {"id": "new", "body": "New."}))
    report = small.build(posts, fresh=True)
    assert (report.posts, report.embedded) == (10, 0)


def test_another_embedder_embeds_everything_anew(small, posts, hashing):
    first = small.build(posts).generation
    other = hashing(fingerprint="hashing/2")
    report = small.build(posts, embedder=other)
    assert report.generation != first
    assert report.embedded == len(other.texts) == 10


def test_duplicates_are_counted_and_kept_once(small, jsonl):
    report = small.build(jsonl("a.jsonl", *POSTS), jsonl("b.jsonl", *POSTS[:3]))
    assert (report.posts, report.duplicates) == (10, 3)


def test_the_index_folder_is_for_its_owner_only(small, posts):
    small.build(posts)
    assert small.folder.path.stat().st_mode & 0o077 == 0
    assert small.folder.current().stat().st_mode & 0o077 == 0


def test_an_index_of_no_post_is_an_index(small, tmp_path):
    (tmp_path / "nothing").mkdir()
    assert small.build(tmp_path / "nothing").posts == 0


def test_moving_the_index_folder_keeps_it_usable(small, posts, tmp_path):
    small.build(posts)
    moved = shutil.move(small.folder.path, tmp_path / "moved")
    small.folder.path = moved
    assert len(small.posts()) == 10


LISTING = """Kit

RSS for tag

Posts under Kit tag

Post
Replies
Boosts
Views
Activity
Mount fails
It fails since the update, on every boot of ours.
4
2
861
2d
Sync stalls
It stalls after an hour, always.
0
0
12
9h
"""


def test_a_page_that_lists_a_post_twice_gives_it_once(small, tmp_path):
    (tmp_path / "one.txt").write_text(LISTING)
    (tmp_path / "two.txt").write_text(LISTING.replace("861", "900"))
    report = small.build(tmp_path / "one.txt", tmp_path / "two.txt")
    assert (report.posts, report.duplicates) == (2, 2)
    views = {post.title: (post.views, len(post.sources)) for post in small.posts()}
    assert views == {"Mount fails": (900, 2), "Sync stalls": (12, 2)}


def test_a_post_without_an_id_is_one_post_apart_from_case_and_spacing(small, tmp_path):
    (tmp_path / "one.txt").write_text(LISTING)
    (tmp_path / "two.txt").write_text(LISTING.replace("It stalls", "It  STALLS"))
    assert small.build(tmp_path / "one.txt", tmp_path / "two.txt").posts == 2
