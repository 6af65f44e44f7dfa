"""The sample forum of the project: every layout with its expected count."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.corpus import explain, read
from assistant.types import RawPost, Role

POSTS = Path(__file__).resolve().parents[2] / "eval/sample/posts"

EXPECTED = {
    "article_outside_signing.txt": ("T-D", 1),
    "dump_exchange.jsonl": ("JSON lines: questions with answers", 15),
    "dump_forum.jsonl": ("JSON lines: threads with replies", 13),
    "event_fledgevm.txt": ("L-C", 5),
    "flat_bazaar_commerce.txt": ("L-B", 5),
    "listing_gullnet_created.txt": ("L-A", 14),
    "listing_perchui_subtopic.txt": ("L-A", 12),
    "listing_tidekit.txt": ("L-A", 18),
    "maillist_corvid_fs.jsonl": ("JSON lines: messages of a mailing list", 11),
    "notes_beir.jsonl": ("JSON lines: BEIR", 7),
    "thread_camera_rotation.txt": ("T-C", 2),
    "thread_mount_code37.txt": ("T-A", 4),
    "thread_quiet_push.txt": ("T-B", 1),
    "thread_sync_duplicates.txt": ("T-B", 1),
    "thread_tunnel_sleep.txt": ("T-A", 4),
    "threads_more.jsonl.gz": ("JSON lines: posts", 22),
    "threads_qa.jsonl": ("JSON lines: posts", 28),
}


@pytest.fixture(scope="module")
def told():
    return {Path(told.path).name: told for told in explain(POSTS)}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_file_gives_the_posts_that_its_readme_counts(told, name):
    assert (told[name].layout, told[name].posts) == EXPECTED[name]


def test_only_the_page_without_titles_has_lines_left_out(told):
    assert {name for name, found in told.items() if found.skipped} == {"flat_bazaar_commerce.txt"}


def test_the_accepted_answers_of_thread_pages_come_once_with_their_authors():
    found = [post for page in ("thread_mount_code37.txt", "thread_tunnel_sleep.txt") for post in read(POSTS / page)]
    accepted = [post.author for post in found if isinstance(post, RawPost) and post.accepted]
    assert accepted == ["Teodor Wray", "Odalys Brandt"]


def test_the_article_is_an_article():
    (article,) = read(POSTS / "article_outside_signing.txt")
    assert article.role is Role.ARTICLE
    assert "locked" not in article.body
