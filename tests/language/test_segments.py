"""Sentences of forum text: joined they are the text, no cut falls inside a name, and a table of what forums write."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.language.segments import LONGEST_SENTENCE, pieces, sentences, trimmed

WORDS = st.sampled_from(
    "the a TKVolume e.g. 14.2.1 https://a.example/b?c=d. foo.bar() { } [x] it; it, - * 1. Yes! Why? “so.” ``` ~~~ > "
    "com.apple.security 0x1F É 日本 \U0001f600 … i.e.".split()
)
SPACES = st.sampled_from([" ", "  ", "\n", "\n\n", "\t", "\n    ", "\u00a0", "\r\n"])
FORUM_TEXT = st.lists(st.tuples(WORDS, SPACES), max_size=120).map(lambda parts: "".join(map("".join, parts)))
some = settings(max_examples=300, deadline=None)


def texts(text, **options):
    return [text[start:end] for start, end in sentences(text, **options)]


@some
@given(st.one_of(st.text(max_size=400), FORUM_TEXT), st.integers(10, 400))
def test_pieces_joined_are_the_text(text, longest):
    assert "".join(text[start:end] for start, end in pieces(text, longest)) == text


@some
@given(FORUM_TEXT, st.integers(10, 200))
def test_cuts_fall_at_white_space_only(text, longest):
    cuts = [end for _, end in pieces(text, longest)][:-1]
    assert all(text[cut - 1].isspace() or text[cut].isspace() for cut in cuts)


@some
@given(FORUM_TEXT)
def test_sentences_are_in_order_and_hold_every_word(text):
    assert " ".join(texts(text)).split() == text.split()


@some
@given(st.one_of(st.text(max_size=300), FORUM_TEXT))
def test_no_sentence_is_empty_or_begins_or_ends_with_white_space(text):
    assert all(found and found == found.strip() for found in texts(text))


@some
@given(st.lists(st.sampled_from(["word", "id", "longer-word", "x"]), min_size=1, max_size=400), st.integers(40, 320))
def test_a_run_without_marks_is_cut_at_the_longest_length(words, longest):
    assert all(end - start <= longest for start, end in pieces(" ".join(words), longest))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It fails. Why?", ["It fails.", "Why?"]),
        ("Use e.g. TKVolume. Then stop.", ["Use e.g. TKVolume.", "Then stop."]),
        ("That is, i.e. Dr. Wray et al. say no.", ["That is, i.e. Dr. Wray et al. say no."]),
        ("See Fig. 3 and Sec. 2 below.", ["See Fig. 3 and Sec. 2 below."]),
        ("Broken in 14.2. Fine in 14.1.", ["Broken in 14.2.", "Fine in 14.1."]),
        ("Use v1.2 of foo.js [1]. Then go.", ["Use v1.2 of foo.js [1].", "Then go."]),
        ("Open Info.plist and main.swift now. Done.", ["Open Info.plist and main.swift now.", "Done."]),
        ("See https://a.example/x.y?z=1. It helps.", ["See https://a.example/x.y?z=1.", "It helps."]),
        ("He said “so.” Then he left.", ["He said “so.”", "Then he left."]),
        ("(It works.) So be it.", ["(It works.)", "So be it."]),
        ("Wait... what? Really?!", ["Wait... what?", "Really?!"]),
        ("It was I. Then you.", ["It was I.", "Then you."]),
        ("first line here\nsecond line here", ["first line here", "second line here"]),
        ("これは失敗する。なぜ？", ["これは失敗する。", "なぜ？"]),
    ],
)
def test_sentences_of_forum_text(text, wanted):
    assert texts(text) == wanted


def test_a_plain_no_ends_a_sentence():
    assert texts("The short answer is no. Use the other call.") == ["The short answer is no.", "Use the other call."]


def test_hard_wrapped_mail_is_one_sentence():
    mail = "I have been trying to mount the volume on a machine that has\nno network at all, and it fails.\nRegards"
    assert texts(mail)[0].endswith("it fails.")


def test_a_fenced_block_is_one_piece():
    code = "```\nlet a = 1. Then b\n\nlet c = 2\n```"
    assert texts(f"Try this:\n{code}\nIt works.") == ["Try this:", code, "It works."]


def test_an_indented_block_is_one_piece():
    assert texts("Try this:\n\n    a = 1. B\n    c = 2\n\nIt works.") == ["Try this:", "a = 1. B\n    c = 2", "It works."]


def test_a_fence_that_is_never_closed_ends_no_text():
    assert " ".join(texts("Look:\n```\na = 1\nb = 2")).split() == "Look: ``` a = 1 b = 2".split()


def test_flattened_code_is_cut_at_its_own_marks():
    code = 'if (error) { NSLog(@"failed"); return; } ' * 30
    found = texts(code)
    assert len(found) > 3
    assert all(len(piece) <= 1.2 * LONGEST_SENTENCE for piece in found)
    assert all(piece[-1] in ";})" for piece in found)


def test_a_token_longer_than_a_sentence_stays_whole():
    url = "https://a.example/" + "x" * 1000
    assert any(url in piece for piece in texts(f"See {url} for all of it."))


def test_trimming_only_white_space_gives_nothing():
    span = trimmed(" \n\t ", (0, 4))
    assert span.start == span.end


def test_a_code_block_is_cut_where_it_must_fit_a_quotation():
    text = "Look:\n\n```\n" + "call(argument);\n" * 400 + "```\nThat is all."
    assert max(end - start for start, end in sentences(text, 320, cut_blocks=True)) <= 320
    assert max(end - start for start, end in sentences(text, 320)) > 6000
