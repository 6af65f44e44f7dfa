"""Secrets of posts are in no byte of a generation and reach no embedder; ids and offsets are what they are without masking."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from seeded_secrets import planted

from assistant.errors import IndexMismatch, SourceError
from assistant.indexing.build import known_roots
from assistant.indexing.claims import claim_of, without_secret
from assistant.indexing.generation import Generation
from assistant.indexing.generations import IndexFolder
from assistant.indexing.leaving_out import leave_out
from assistant.indexing.manifest import FORMAT, Recipe, read_manifest
from assistant.language.redaction.standing_in import MASK
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.types import RawPost, Source

TOKEN = "ghp_" + "Zq7" * 12
MAIL = "zora.quux@acme-mail.com"
SECRETS = (b"zora.quux", b"acme-mail", b"Zq7Zq7", b"hunter22x", b"Q9Z8X7W6V5")
POST = {
    "title": f"Push with {TOKEN} fails",
    "body": f"I am {MAIL} of team ID Q9Z8X7W6V5.\npassword=hunter22x does not help either.",
    "author": f"Zora <{MAIL}>",
    "tags": ["git", TOKEN],
    "url": f"https://forum.acme.io/t/1?access_token={'Zq7' * 9}",
    "activity": f"edited by {MAIL}",
}
CLEAN = {"id": "clean", "title": "Boot", "body": "Error -1009 in build 25F71 on boot."}


def bytes_below(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def secrets_in(content):
    return [secret for secret in SECRETS if secret.lower() in content.lower()]


def without_redaction(folder):
    """Makes an index look as one of the first format did."""
    path = folder.current() / "manifest.json"
    data = json.loads(path.read_text())
    data.pop("sha256")
    data["recipe"]["format"] = 1
    del data["recipe"]["redaction"]
    from assistant.indexing.manifest import DIGEST, _digest

    path.write_text(json.dumps({**data, DIGEST: _digest(data)}))


@pytest.mark.parametrize("name", [{"id": "x"}, {}], ids=["with an id", "without"])
def test_secrets_of_every_field_are_in_no_byte_of_the_index_and_reach_no_embedder(small, jsonl, name):
    report = small.build(jsonl("a.jsonl", {**POST, **name}, CLEAN))
    assert secrets_in(bytes_below(small.folder.path)) == []
    assert secrets_in("\n".join(small.embedder.texts).encode()) == []
    assert report.masked == 1
    post = next(post for post in small.posts() if MASK in post.body)
    assert all(MASK in field for field in (post.title, post.author, post.url, post.activity, post.tags[0]))


def test_planted_secrets_are_in_no_byte_of_the_index(small, jsonl):
    posts = list(planted("dev", times=1))
    small.build(jsonl("a.jsonl", *({"body": post.text} for post in posts)))
    content = bytes_below(small.folder.current())
    found = [post for post in posts if post.secret.encode() in content]
    assert len(found) <= len(posts) * 0.05


@pytest.mark.parametrize("name", [{"id": "x"}, {}], ids=["with an id", "without"])
def test_ids_and_lengths_are_those_of_the_posts_as_written(small, jsonl, name, tmp_path):
    path = jsonl("a.jsonl", {**POST, **name}, CLEAN)
    small.build(path, redact=False)
    written = {post.post_id: post for post in open_posts(small, redact=False)}
    small.build(path)
    shown = {post.post_id: post for post in open_posts(small)}
    assert written.keys() == shown.keys()
    assert {name: len(post.body) for name, post in written.items()} == {name: len(post.body) for name, post in shown.items()}
    assert {post.thread_id for post in written.values()} == {post.thread_id for post in shown.values()}
    assert written != shown


def open_posts(index, *, redact=True):
    generation = Generation(index.folder.current(), Recipe.of(index.embedder.fingerprint, redact=redact))
    posts = generation.posts.posts(range(len(generation.posts)))
    generation.close()
    return posts


def test_posts_that_differ_in_a_secret_alone_stay_apart(small, jsonl):
    bodies = [f"My key is {TOKEN}", f"My key is {TOKEN[:-1]}9"]
    report = small.build(jsonl("a.jsonl", *({"body": body} for body in bodies)))
    assert (report.posts, report.masked) == (2, 2)
    assert len({post.body for post in small.posts()}) == 1


SECRET_NAMES = (f"r6-{TOKEN}", f"r6-{TOKEN[:-1]}9")
NAMED = (
    {"id": SECRET_NAMES[0], "body": "The first question."},
    {"id": SECRET_NAMES[1], "body": "The second question."},
    {"id": f"a-{MAIL}", "body": "An answer.", "reply_to": SECRET_NAMES[1], "role": "reply"},
    {"id": "in thread", "body": "Of a thread.", "thread_id": SECRET_NAMES[0]},
    {"id": "there too", "body": "Of it as well.", "thread_id": SECRET_NAMES[0]},
)


def test_secrets_in_names_of_posts_and_threads_are_in_no_byte_and_replies_still_find_what_they_answer(small, jsonl):
    report = small.build(jsonl("a.jsonl", *NAMED))
    assert secrets_in(bytes_below(small.folder.path)) == []
    assert report.posts == report.masked == len(NAMED)
    posts = {post.body: post for post in small.posts()}
    first, second, answer, inside, beside = (posts[post["body"]] for post in NAMED)
    assert answer.thread_id == second.thread_id != first.thread_id
    assert inside.thread_id == beside.thread_id
    assert all(MASK in post.source_id for post in (first, second, answer))
    assert first.source_id != second.source_id == answer.reply_to


def test_ids_of_posts_whose_names_hold_a_secret_are_the_same_without_masking(small, jsonl):
    path = jsonl("a.jsonl", *NAMED)
    small.build(path, redact=False)
    written = {(post.post_id, post.thread_id) for post in open_posts(small, redact=False)}
    assert {post.source_id for post in open_posts(small, redact=False)} >= set(SECRET_NAMES)
    small.build(path)
    assert {(post.post_id, post.thread_id) for post in open_posts(small)} == written


@pytest.mark.parametrize("name", [*SECRET_NAMES, MAIL, "2203#1", "<a.b>", "", None, MASK, f"{MASK} {TOKEN}~" + "0" * 16])
def test_a_name_masked_twice_is_a_name_masked_once(name):
    once = without_secret(name)
    assert without_secret(once) == once
    assert not secrets_in(str(once).encode())


def test_tags_that_are_masked_alike_are_one_tag():
    raw = RawPost("Words.", Source("a", 1), tags=(TOKEN, TOKEN[:-1] + "9"))
    row, _ = claim_of("/a", raw)
    assert json.loads(row["tags"]) == ["ghp_" + MASK * 36]


def test_nothing_is_masked_where_that_is_switched_off(small, jsonl):
    report = small.build(jsonl("a.jsonl", POST), redact=False)
    assert report.masked == 0
    assert MAIL in open_posts(small, redact=False)[0].body


@pytest.mark.parametrize("built", [True, False])
def test_an_index_masked_otherwise_is_refused_with_the_command_that_mends_it(small, jsonl, built):
    small.build(jsonl("a.jsonl", POST), redact=built)
    assistant = Assistant(Settings(index=small.folder.path, redact=not built), small.embedder)
    with pytest.raises(IndexMismatch, match="redaction") as error:
        assistant.search("push")
    assert "assistant index" in error.value.hint


def test_masking_switched_on_reads_every_source_again_and_keeps_no_older_generation(small, jsonl):
    other = jsonl("b.jsonl", {**CLEAN, "body": f"Ask {MAIL}."})
    small.build(jsonl("a.jsonl", POST), other, redact=False)
    small.build(redact=False)
    # Only one source is named: the other one's claims are not taken over either.
    report = small.build(other)
    assert (report.posts, report.masked) == (2, 2)
    assert secrets_in(bytes_below(small.folder.path)) == []
    assert len(small.folder.generations()) == 1


def test_an_older_generation_that_somebody_reads_is_named_and_removed_by_the_next_build_though_nothing_changed(small, jsonl):
    posts = jsonl("a.jsonl", POST)
    small.build(posts, redact=False)
    read = small.folder.current()
    with closing(Generation(read, Recipe.of(small.embedder.fingerprint, redact=False))):
        (notice,) = small.build(posts).notices
        assert (notice.path, "not masked" in notice.message) == (str(read), True)
    assert (small.build(posts).notices, small.folder.generations()) == ((), [small.folder.current()])
    assert secrets_in(bytes_below(small.folder.path)) == []


def test_a_forgotten_source_is_not_read_again_when_masking_changes(small, jsonl):
    gone = jsonl("b.jsonl", CLEAN)
    small.build(jsonl("a.jsonl", POST), gone, redact=False)
    gone.unlink()
    report = small.build(forget=[str(gone)])
    assert report.posts == 1
    assert str(gone) not in known_roots(small.folder)


def test_a_source_that_is_gone_when_masking_changes_is_named_with_the_command_that_drops_it(small, jsonl):
    gone = jsonl("b.jsonl", CLEAN)
    before = small.build(jsonl("a.jsonl", POST), gone, redact=False).generation
    gone.unlink()
    with pytest.raises(SourceError, match=r"b\.jsonl is gone") as error:
        small.build()
    assert f"assistant sources remove {gone}" in error.value.hint
    assert small.folder.current_name() == before


def test_an_index_of_the_first_format_is_refused_and_built_anew_by_the_command_of_the_hint(small, jsonl):
    small.build(jsonl("a.jsonl", POST), redact=False)
    without_redaction(small.folder)
    with pytest.raises(IndexMismatch, match="format 1, now 2") as error:
        small.generation()
    assert "`assistant index`" in error.value.hint
    small.build()
    assert read_manifest(small.folder.current()).recipe.format == FORMAT
    assert secrets_in(bytes_below(small.folder.path)) == []


def test_an_index_of_the_first_format_is_built_anew_without_masking_too(small, jsonl):
    small.build(jsonl("a.jsonl", POST), redact=False)
    without_redaction(small.folder)
    small.build(redact=False)
    assert MAIL in open_posts(small, redact=False)[0].body


def test_what_is_said_of_a_skipped_line_is_masked(small, jsonl):
    report = small.build(jsonl("a.jsonl", {"body": "Words.", "replies": MAIL}, CLEAN))
    said = [item.reason for item in report.skipped] + [item.message for item in report.notices]
    assert said
    assert secrets_in("\n".join(said).encode()) == []


@pytest.mark.parametrize("redact", [True, False])
def test_an_index_with_threads_left_out_masks_as_the_whole_one(small, jsonl, tmp_path, redact):
    small.build(jsonl("a.jsonl", POST, CLEAN), redact=redact)
    thread = next(post.thread_id for post in open_posts(small, redact=redact) if post.source_id == "clean")
    target = IndexFolder(tmp_path / "left")
    leave_out(small.folder, target, small.embedder, {thread})
    assert read_manifest(target.current()).recipe.redact is redact
