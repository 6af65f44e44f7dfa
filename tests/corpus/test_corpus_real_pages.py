"""The real pages and data sets beside the repository, read in place."""

from __future__ import annotations

import re

import pytest

from assistant.corpus import explain, read
from assistant.types import RawPost

PLAIN = re.compile(r"([^\n]+)\n([^\n]+)\n(\d+)\n(\d+)\n([\d.]+k?)\n(\d+[mhdw]|[A-Z][a-z]{2} \u2019\d\d)(?=\n|$)")
LABELLED = re.compile(
    r"([^\n]+)\n([^\n]+)\nReplies\n(\d+)\nBoosts\n(\d+)\nViews\n([\d.]+k?)\nActivity\n"
    r"(\d+[mhdw]|[A-Z][a-z]{2} \u2019\d\d)(?=\n|$)"
)


def by_regex(page):
    text = page.read_text(encoding="utf-8").split("Activity\n\n", 1)[1]
    rows = {match[:3]: match for match in PLAIN.findall(text)}
    return rows | {match[:3]: match for match in LABELLED.findall(text)}


def test_the_two_real_pages_hold_21_and_20_posts(shared):
    assert [(told.layout, told.posts, told.skipped, told.notices) for told in explain(shared / "posts")] == [
        ("L-A", 21, 0, 0),
        ("L-A", 20, 0, 0),
    ]


def test_the_real_pages_give_what_an_independent_regex_finds(shared):
    for page in sorted((shared / "posts").glob("*.txt")):
        rows = by_regex(page)
        posts = {(post.title, post.body, str(post.replies)): post for post in read(page)}
        assert posts.keys() == rows.keys()
        for key, (_, _, _, boosts, views, age) in rows.items():
            assert (str(posts[key].boosts), str(posts[key].views), posts[key].activity) == (boosts, views, age)


def test_two_real_posts_stand_in_the_second_list_only(shared):
    page = shared / "posts/002_90a8064eda448662.txt"
    late = [post for post in read(page) if post.source.line > 128]
    assert [(post.title, post.replies, post.views) for post in late] == [
        ("OnDemand VPN connection stuck in NO INTERNET", 31, 935),
        ("Remove URL Filter configurations?", 4, 121),
    ]
    assert {post.tags for post in late} == {("Network Extension",)}


def test_the_layout_samples_are_told_apart(shared):
    told = {told.path.rsplit("/", 1)[1]: (told.layout, told.posts) for told in explain(shared / "layouts")}
    assert told == {
        "L-A_created.txt": ("L-A", 2),
        "L-B.txt": ("L-B", 2),
        "L-C.txt": ("L-C", 1),
        "README.md": ("unknown", 0),
        "T-A.txt": ("T-A", 3),
        "T-B.txt": ("T-B", 1),
        "T-C.txt": ("T-C", 2),
    }


@pytest.mark.parametrize(
    ("name", "posts", "skipped"),
    [
        ("forum_oem/threads.jsonl.gz", 42_558, 10),
        ("se_beer/threads.jsonl.gz", 2_235, 0),
        ("scifact/corpus.jsonl.gz", 5_183, 0),
        ("cranfield/corpus.jsonl.gz", 1_398, 2),
        ("clapnq/corpus.jsonl.gz", 597, 0),
        ("r_lists/r-package-devel.jsonl.gz", 11_114, 0),
        ("real_topics.jsonl", 0, 1),
        ("scifact/queries.jsonl", 0, 1),
        ("scifact/qrels/test.tsv", 0, 1),
    ],
)
def test_real_data_sets_are_read_whole(shared, name, posts, skipped):
    (told,) = explain(shared / "data" / name)
    assert (told.posts, told.skipped) == (posts, skipped)


def test_nearly_every_real_date_is_understood(shared):
    posts = [post for post in read(shared / "data/r_lists/r-sig-finance.jsonl.gz") if isinstance(post, RawPost)]
    undated = [post.activity for post in posts if post.created is None]
    assert len(undated) < 10
    assert None not in undated
