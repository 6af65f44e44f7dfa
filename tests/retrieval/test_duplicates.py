"""Near-duplicates: an edited copy is one, a quotation and a short nod are none."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.retrieval.duplicates import SHORTEST, alike, shingles

POST = (
    "Since the update to 14.2 every mount below the shared folder ends with an error that names the broker, "
    "while the same binary works on 14.1, and we sign with the entitlement that the article asks for."
)


def are_alike(first, second):
    return alike(shingles(first), shingles(second))


def test_a_copy_is_alike():
    assert are_alike(POST, POST)


def test_case_and_line_breaks_make_no_difference():
    assert are_alike(POST, POST.upper().replace(" ", "\n"))


def test_a_copy_with_a_note_added_is_alike():
    assert are_alike(POST, f"{POST} EDIT: solved.")


def test_a_reply_that_quotes_all_and_goes_on_is_not_alike():
    answer = "The broker refuses any point that the profile does not list; add it there and sign the helper again. " * 2
    assert not are_alike(POST, f"> {POST}\n\n{answer}")


def test_another_post_is_not_alike():
    assert not are_alike(POST, "Push tokens differ after a restore from a backup, and the server gets an answer of gone.")


def test_texts_too_short_to_be_told_apart_are_not_alike():
    assert not are_alike("me too, same here", "me too, same here")


WORDS = st.lists(st.sampled_from("mount disk fails on boot after the update of a b c d e f".split()), max_size=60)


@settings(max_examples=300, deadline=None)
@given(WORDS, WORDS)
def test_being_alike_is_mutual(first, second):
    assert are_alike(" ".join(first), " ".join(second)) == are_alike(" ".join(second), " ".join(first))


@settings(max_examples=300, deadline=None)
@given(WORDS)
def test_a_text_is_alike_to_itself_from_a_length_on(words):
    assert are_alike(" ".join(words), " ".join(words)) == (len(words) >= SHORTEST)
