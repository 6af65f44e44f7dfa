"""Thread pages (T-A, T-C), articles (T-D) and text without markers (T-B)."""

from __future__ import annotations

import pytest

from assistant.types import Role

QUESTION = "Mount fails after the update\n\nIt worked, now it fails.\n\n    mount -t x\n\n"
ANSWER = "Use the array form.\n\n• first\n• second\n"
ANSWERED = f"Answered by Some Engineer in 123456022\n\n{ANSWER}\n"
ACCEPTED = f"Accepted Answer\n\n{ANSWER}\n"


def test_question_answer_and_the_rest_are_three_posts_of_one_thread(found_in):
    question, answer, rest = found_in(QUESTION + ANSWERED + ACCEPTED + "Thanks.\n\nOne more thing.\n").posts
    assert (question.title, question.role) == ("Mount fails after the update", Role.QUESTION)
    assert question.body == "It worked, now it fails.\n\n    mount -t x"
    assert (answer.body, answer.accepted, answer.author) == (ANSWER.strip(), True, "Some Engineer")
    assert (rest.body, rest.accepted, rest.role) == ("Thanks.\n\nOne more thing.", False, Role.REPLY)
    assert len({post.thread_key for post in (question, answer, rest)}) == 1


def test_replies_that_may_be_several_have_a_notice(found_in):
    found = found_in(QUESTION + ANSWERED + ACCEPTED + "Thanks.\n")
    assert [notice.line for notice in found.notices] == [found.posts[2].source.line]


def test_replies_between_the_two_copies_of_the_answer_are_a_post_of_their_own(found_in):
    posts = found_in(QUESTION + ANSWERED + "Do not do that.\n\n" + ACCEPTED + "Thanks.\n").posts
    assert [post.body for post in posts[1:]] == [ANSWER.strip(), "Do not do that.", "Thanks."]


def test_an_answer_that_is_repeated_before_the_marker_too_comes_once(found_in):
    posts = found_in(QUESTION + ANSWERED + ANSWER + "\n" + ACCEPTED + "Thanks.\n").posts
    assert [post.body for post in posts[1:]] == [ANSWER.strip(), "Thanks."]


def test_the_thread_key_comes_from_the_question_not_from_the_file(found_in):
    one = found_in(QUESTION + ANSWERED + ACCEPTED, "one.txt").posts
    other = found_in(QUESTION.upper().replace("\n", "\r\n") + ANSWERED, "other.txt").posts
    assert one[0].thread_key == other[0].thread_key
    assert found_in("Other title here\n\n" + ANSWERED).posts[0].thread_key != one[0].thread_key


def test_an_answer_without_its_second_copy_has_an_open_end(found_in):
    found = found_in(QUESTION + ANSWERED + "Thanks.\n")
    assert found.posts[1].accepted
    assert "where the accepted answer ends" in found.notices[0].message


def test_an_accepted_answer_without_a_name_is_not_told_from_the_replies(found_in):
    found = found_in(QUESTION + ACCEPTED + "Thanks.\n")
    assert [post.accepted for post in found.posts] == [False, False]
    assert found.notices


def test_a_page_that_begins_with_the_answer_has_no_invented_question(found_in):
    found = found_in(ANSWERED + ACCEPTED)
    assert [post.role for post in found.posts] == [Role.REPLY]
    assert "its question is missing" in found.notices[0].message


def test_pages_without_a_question_are_threads_of_their_own(found_in):
    one, other = (found_in(ANSWERED + ACCEPTED + more).posts[0] for more in ("Thanks.\n", "No.\n"))
    assert one.thread_key != other.thread_key


def test_an_answer_that_stands_only_after_the_second_marker_is_not_lost(found_in):
    found = found_in(QUESTION + "Answered by Ann in 12\n\n" + ACCEPTED)
    assert [post.body for post in found.posts[1:]] == [ANSWER.strip()]
    assert "no text follows" in found.skipped[0].reason


def test_a_first_line_without_a_blank_line_after_it_is_no_title(found_in):
    found = found_in(QUESTION.replace("\n\n", "\n") + ANSWERED + ACCEPTED)
    assert found.posts[0].title == ""
    assert found.posts[0].body.startswith("Mount fails")
    assert found.notices


def test_a_sentence_about_an_answer_is_no_marker(found_in):
    (post,) = found_in("Words here\n\nIt was Answered by Some Engineer in 2020, I think.\n").posts
    assert post.role is Role.QUESTION


def test_the_line_replies_parts_question_and_replies(found_in):
    found = found_in("Camera is turned\n\nBy 90 degrees.\n\nReplies\n\nSet it.\n\nWorks.\n")
    question, replies = found.posts
    assert (question.title, question.body, question.source.line) == ("Camera is turned", "By 90 degrees.", 1)
    assert (replies.body, replies.role, replies.source.line) == ("Set it.\n\nWorks.", Role.REPLY, 7)
    assert found.notices


def test_two_lines_replies_decide_nothing(found_in):
    found = found_in("Camera is turned\n\nReplies\n\nSet it.\n\nReplies\n\nWorks.\n")
    assert len(found.posts) == 1


@pytest.mark.parametrize(
    "line",
    [
        "This thread has been locked by a moderator.",
        "This thread has been locked by a moderator; it no longer accepts new replies.",
        "Locked by a moderator",
    ],
)
def test_a_locked_page_is_an_article_without_that_line(found_in, line):
    (post,) = found_in(f"Signing a tool\n\n{line}\n\nPeople keep asking.\n\nSo I wrote it down.\n")
    assert (post.title, post.role) == ("Signing a tool", Role.ARTICLE)
    assert post.body == "People keep asking.\n\nSo I wrote it down."


def test_text_without_a_marker_is_one_post_and_a_notice(found_in):
    post, notice = found_in("Pushes arrive for a day and then stop.\nThe budget is real.\nwe had this too\n")
    assert (post.title, post.body.count("\n")) == ("", 2)
    assert "cannot be told apart" in notice.message


def test_a_first_line_set_off_by_a_blank_line_is_taken_as_title_with_a_notice(found_in):
    post, notice = found_in("Engine makes duplicates when merging\n\nHello everyone,\n\ntwo devices.\n")
    assert (post.title, post.body) == ("Engine makes duplicates when merging", "Hello everyone,\n\ntwo devices.")
    assert "taken as the title" in notice.message


@pytest.mark.parametrize("first", ["Hello,", "It fails.", "Hi all", "one " * 31])
def test_a_greeting_or_sentence_is_no_title(found_in, first):
    assert found_in(f"{first}\n\nMore words follow here.\n").posts[0].title == ""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("<!DOCTYPE html>\n<html><body>Words and words</body></html>\n", "HTML"),
        ("import os\n\ndef main():\n    print(1);\n    return\n", "code"),
        ("id,name,words\n1,a,b\n2,c,d\n", "table"),
        ("query-id\tcorpus-id\tscore\n1\t31715818\t1\n3\t14717500\t1\n", "table"),
        ("# A project\n\nWords about it.\n", "Markdown"),
        ("A project\n=========\n\nWords about it.\n", "Markdown"),
        ("[section]\nkey = value\nother = words\n", "settings"),
        ("#!/bin/sh\necho words words\n", "script"),
        ("-----BEGIN CERTIFICATE-----\nabcdefgh\n", "certificate"),
        ("2026-01-02 10:00 started\n2026-01-02 10:01 stopped\n2026-01-02 10:02 gone\n", "log"),
        ("1234 5678\n9 10 11\n", "too few words"),
        ("\n \n\t\n", "no text"),
        ('"""What this module does, in words."""\n\nx = 1\n', "code"),
        ("// Copyright words and words\nwords\n", "code"),
        ("CREATE TABLE posts (\n  id INTEGER\n);\n", "code"),
        ("====\nTips\n====\n\nWords about it.\n", "Markdown"),
        ("a, b\n" * 10, "table"),
    ],
)
def test_what_is_no_prose_is_named_and_not_read(found_in, text, named):
    (skipped,) = found_in(text)
    assert named in skipped.reason


@pytest.mark.parametrize("pasted", ["let value = call();\n", "2026-01-02 10:00 started\n", "key = value\n", "1 2 3\n"])
def test_a_greeting_before_pasted_code_or_logs_keeps_the_post(found_in, pasted):
    (post,) = found_in("Hi there,\n\n" + pasted * 40).posts
    assert post.body.startswith("Hi there,")


def test_code_in_a_marked_thread_does_not_hide_the_thread(found_in):
    code = "".join(f"let value{n} = call({n});\n" for n in range(40))
    assert len(found_in(f"Why does it fail\n\n{code}\n" + ANSWERED + ACCEPTED).posts) == 2
