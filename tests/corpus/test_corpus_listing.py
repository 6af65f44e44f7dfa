"""Listing pages (L-A, L-C): rows, header variations, second lists, and rows that cannot be read for sure."""

from __future__ import annotations

import pytest

from assistant.corpus import explain
from assistant.corpus.page_fields import count_of, is_age, month_of

HEADER = "Post\n\nReplies\n\nBoosts\n\nViews\n\nActivity\n\n"
HEAD = "Widget Kit\n\nRSS for tag\n\nInvented words.\n\nPosts under Widget Kit tag\n\n2 Posts\n\n" + HEADER


def row(title="Crash at start", body="It crashes.", counts="5\n1\n240", age="3w"):
    return "\n".join(part for part in (title, body, counts, age) if part) + "\n"


def labelled(title="Crash at start", body="It crashes.", counts=(5, 1, 240), age="3w", last="Activity"):
    fields = [f"{name}\n{count}" for name, count in zip(("Replies", "Boosts", "Views"), counts, strict=True)]
    return "\n".join([title, body, *fields, last, age]) + "\n"


def test_a_row_becomes_a_post_with_counts_activity_tag_and_line(found_in):
    (post,) = found_in(HEAD + row())
    assert (post.title, post.body) == ("Crash at start", "It crashes.")
    assert (post.replies, post.boosts, post.views, post.activity, post.created) == (5, 1, 240, "3w", None)
    assert post.tags == ("Widget Kit",)
    assert post.source.line == HEAD.count("\n") + 1


@pytest.mark.parametrize(
    "head",
    [
        HEADER,
        HEADER.replace("\n\n", "\n"),
        "Some words about it.\n\nPosts under Core subtopic\n\n" + HEADER,
        "Posts under App & Services topic\n" + HEADER,
        "Banner one\nBanner two\n" + HEAD,
        "Widget Kit\nRSS for tag\nWords.\nAll subtopics\nWidget Kit Documentation\nSort by:\nNewest\n" + HEADER,
        "JUST ENDED\n|\n\nInvented Q&A\n\nWords about it.\n\n" + HEADER,
    ],
)
def test_every_kind_of_heading_gives_the_same_rows(found_in, head):
    posts = found_in(head + row() + row("Other", "Body of it", "0\n0\n7", "47m")).posts
    assert [(post.title, post.views) for post in posts] == [("Crash at start", 240), ("Other", 7)]


def test_the_tag_comes_from_posts_under_and_else_from_the_title_before_rss(found_in):
    assert found_in("Core\nPosts under Core OS subtopic\n" + HEADER + row()).posts[0].tags == ("Core OS",)
    assert found_in("Widget Kit\nRSS for tag\nWords.\n" + HEADER + row()).posts[0].tags == ("Widget Kit",)
    assert found_in(HEADER + row()).posts[0].tags == ()


def test_an_event_page_is_told_from_a_listing(tmp_path):
    (tmp_path / "event.txt").write_text("JUST ENDED\n|\n\nQ&A\n\n" + HEADER + row())
    (tmp_path / "list.txt").write_text(HEAD + row())
    assert [told.layout for told in explain(tmp_path)] == ["L-C", "L-A"]


@pytest.mark.parametrize(("shown", "count"), [("3.1k", 3100), ("3.3k", 3300), ("1.2M", 1_200_000), ("1,204", 1204)])
def test_short_views_are_exact_numbers(found_in, shown, count):
    assert found_in(HEAD + row(counts=f"5\n1\n{shown}")).posts[0].views == count


@pytest.mark.parametrize("age", ["47m", "9h", "2d", "2w", "Aug \u201925", "Feb '26"])
def test_ages_are_kept_as_written(found_in, age):
    (post,) = found_in(HEAD + row(age=age)).posts
    assert (post.activity, post.created) == (age, None)


def test_created_is_filled_from_a_month_under_created_only(found_in):
    head = HEAD.replace("Activity", "Created")
    month, age = found_in(head + row(age="Aug \u201925") + row("Other", age="9h")).posts
    assert (month.created, month.activity) == ("2025-08", "Aug \u201925")
    assert (age.created, age.activity) == (None, "9h")


@pytest.mark.parametrize("body", ["42", "1 2 3 0 0", "9h", "{ 0: [1] }", "Replies", "トンネルが切れる", "a\u2028b"])
def test_bodies_may_hold_anything_on_their_line(found_in, body):
    (post,) = found_in(HEAD + row(body=body)).posts
    assert (post.title, post.body, post.replies) == ("Crash at start", body, 5)


def test_titles_without_a_body_or_repeated_or_prefixed_are_kept_as_they_stand(found_in):
    page = HEAD + row(body="") + row("Same", "Same") + row("Title: Odd Body: It", "It fails") + row("404", "")
    titles = [(post.title, post.body) for post in found_in(page)]
    assert titles == [("Crash at start", ""), ("Same", "Same"), ("Title: Odd Body: It", "It fails"), ("404", "")]


def test_a_labelled_second_list_adds_only_what_the_first_lacks(found_in):
    page = HEAD + row() + row("Two", age="1d") + labelled() + labelled("Only here") + labelled("Two", age="1d")
    found = found_in(page)
    assert [post.title for post in found] == ["Crash at start", "Two", "Only here"]
    assert (found[2].replies, found[2].views, found[2].activity) == (5, 240, "3w")


def test_a_list_with_labels_only_is_read(found_in):
    (post,) = found_in(HEAD + labelled(age="Aug \u201925", last="Created"))
    assert post.created == "2025-08"


def test_a_row_without_one_of_its_counts_is_named_and_the_next_is_read(found_in):
    found = found_in(HEAD + row() + row("Broken", counts="5\n240") + row("Next"))
    assert [post.title for post in found.posts] == ["Crash at start", "Next"]
    (skipped,) = found.skipped
    assert skipped.line == HEAD.count("\n") + 7
    assert "counts" in skipped.reason


def test_a_body_on_two_lines_is_named_not_guessed(found_in):
    found = found_in(HEAD + row() + row("Broken", "line one\nline two") + row("Next"))
    assert [post.title for post in found.posts] == ["Crash at start", "Next"]
    assert "3 lines stand before the counts" in found.skipped[0].reason


def test_counts_without_a_title_are_named(found_in):
    found = found_in(HEAD + row() + "5\n1\n240\n3w\n" + row("Next"))
    assert [post.title for post in found.posts] == ["Crash at start", "Next"]
    assert found.skipped[0].reason.startswith("counts without a title")


def test_lines_after_the_last_row_are_named(found_in):
    found = found_in(HEAD + row() + "Cut off\nIts body\n5\n")
    assert len(found.posts) == 1
    assert found.skipped[0].line == HEAD.count("\n") + 7


def test_two_pages_in_one_file_keep_their_tags_apart(found_in):
    found = found_in(HEAD + row() + HEAD.replace("Widget", "Other") + row("Two"))
    assert [post.tags for post in found.posts] == [("Widget Kit",), ("Other Kit",)]
    assert "another header" in found.notices[0].message


def test_more_or_fewer_rows_than_announced_are_no_complaint(found_in):
    assert len(found_in(HEAD.replace("2 Posts", "200 Posts") + row())) == 1


@pytest.mark.parametrize(
    "page",
    [
        HEAD.replace("Views\n", "") + row(),
        HEAD.replace("Boosts\n", "Stars\n") + row(),
        "Widget Kit\n\nWords.\n\n" + row(),
        "Post Replies Boosts Views Activity\n" + row(),
        HEAD + "A title\nIts body\n",
        "Replies\nBoosts\nViews\nActivity\n" + row(),
    ],
)
def test_what_is_nearly_a_listing_is_unknown_and_says_so(found_in, page):
    found = found_in(page)
    assert not found.posts
    assert "L-A" in found.skipped[0].reason


def test_a_verdict_explains_itself_with_line_numbers(tmp_path):
    (tmp_path / "list.txt").write_text(HEAD + row())
    (told,) = explain(tmp_path)
    assert told.why == (
        "line 19 ends the header Post/Replies/Boosts/Views/Activity, and lines 21-26 read as title, body and 4 fields"
    )


@pytest.mark.parametrize("text", ["", "k", "1.k", "-1", "1e3", "1234567890", "1,20", "٣", "²", "1.234k", "0x1", "1 2"])
def test_what_is_no_count_is_none(text):
    assert count_of(text) is None


@pytest.mark.parametrize("text", ["", "h", "1234h", "Foo \u201925", "Aug 2025", "Aug \u20192", "9 h", "9H", "yesterday"])
def test_what_is_no_age_is_none(text):
    assert not is_age(text)
    assert month_of(text) is None
