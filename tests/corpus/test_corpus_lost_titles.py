"""Listing pages that lost titles and counts (L-B)."""

from __future__ import annotations

HEADING = (
    "Widget Kit\nRSS for tagInvented words.\nPosts under Widget Kit tag\n3 Posts\n"
    "Selecting any option will automatically load the page\nPost\nReplies\nBoosts\nViews\nActivity\n"
)
FIRST = "First body, line one.\n\nLine two.\n"


def body(text, *tags, subtopic="General"):
    return "\n".join([text, "Topic:", "Invented Topic", "SubTopic:", subtopic, "Tags:", *tags]) + "\n"


def test_bodies_are_read_without_titles_and_counts_and_a_notice_says_so(found_in):
    found = found_in(FIRST + HEADING + body("Second body.\nIts second line.", "Widget Kit", "Other Tag"))
    assert [post.body for post in found.posts] == [FIRST.strip(), "Second body.\nIts second line."]
    assert {(post.title, post.replies, post.views, post.activity) for post in found.posts} == {("", None, None, None)}
    assert "lost" in found.notices[0].message


def test_topic_subtopic_and_tags_are_all_tags(found_in):
    first, second = found_in(FIRST + HEADING + body("Second body.", "Widget Kit", "Other Tag")).posts
    assert first.tags == ("Widget Kit",)
    assert second.tags == ("Invented Topic", "General", "Widget Kit", "Other Tag")


def test_posts_name_the_line_where_their_body_begins(found_in):
    posts = found_in(FIRST + HEADING + body("Second body.", "Widget Kit")).posts
    assert [post.source.line for post in posts] == [1, 14]


def test_a_line_that_may_be_a_tag_or_a_beginning_is_left_out_and_named(found_in):
    page = HEADING + body("Second, body.", "Widget Kit", "Environment") + body("It fails, always.", "Widget Kit")
    found = found_in(page)
    assert [post.body for post in found.posts] == ["Second, body.", "It fails, always."]
    assert [item for item in found.skipped if "'Environment' may be a tag" in item.reason]


def test_a_tag_known_from_elsewhere_does_not_hide_the_next_body(found_in):
    page = body("Second, body.", "Widget Kit", "Rare Tag") + body("Hello, it fails.", "Rare Tag")
    found = found_in("X\n" + HEADING + page)
    assert [post.body for post in found.posts][1:] == ["Second, body.", "Hello, it fails."]
    assert not found.skipped


def test_a_body_may_end_in_bare_numbers_or_hold_a_topic_line(found_in):
    text = "It says, quite often:\nTopic:\nand then it stops.\n4\n0"
    found = found_in(FIRST + HEADING + body(text, "Widget Kit"))
    assert found.posts[1].body == text


def test_a_first_body_whose_end_is_unknown_is_named(found_in):
    found = found_in(FIRST + HEADING.replace("Posts under Widget Kit", "Posts under Other") + body("B, c.", "Other"))
    assert [post.body for post in found.posts] == ["B, c."]
    assert found.skipped[0].line == 1


def test_text_after_the_last_tags_is_named(found_in):
    found = found_in(FIRST + HEADING + body("Second, body.", "Widget Kit") + "Cut off, this is no whole post.\n")
    assert len(found.posts) == 2
    assert "text at the end" in found.skipped[0].reason
