"""A stream gives whole characters: halves of one are joined over pieces, and a half that stays alone is marked."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llm.model import Message, complete
from assistant.llm.surrogates import Characters, mended

HALF = re.compile("[\ud800-\udfff]")
PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
texts = st.text(st.sampled_from("ab\u00e9\ufeff\U0001f600\ud800\ud83d\udbff\udc00\ude00\udfff"), max_size=12)


@given(st.lists(texts, max_size=6))
def test_the_text_hangs_on_what_was_said_and_holds_no_half(pieces):
    characters = Characters()
    given_out = [*map(characters.feed, pieces), characters.end()]
    joined = PAIR.sub(lambda pair: chr(0x10000 + ((ord(pair[0][0]) & 0x3FF) << 10 | ord(pair[0][1]) & 0x3FF)), "".join(pieces))
    assert "".join(given_out) == HALF.sub("\ufffd", joined)
    assert not any(map(HALF.search, given_out))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_of_whole_characters_is_left_alone_and_held_back_nowhere(text):
    assert mended(text) == Characters().feed(text) == text


@pytest.mark.parametrize(
    ("halves", "text"),
    [
        (["a \ud83d", "\ude00 b"], "a \U0001f600 b"),
        (["a \ud83d", " b"], "a \ufffd b"),
        (["a", "\ude00", "b"], "a\ufffdb"),
        (["a\ud83d"], "a\ufffd"),
        (["\ud83d", "\ud83d", "\ude00"], "\ufffd\U0001f600"),
        (["<think>\ud83d", "\ude00</think>\ud83d", "\ude00"], "\U0001f600"),
    ],
)
def test_no_piece_of_a_stream_holds_half_a_character(script, acts, heard, halves, text):
    script.plays(acts.says(*halves))
    pieces, _ended = heard(script.model())
    assert "".join(pieces) == text
    assert all(piece and piece.encode() for piece in pieces)


def test_how_a_stream_ended_holds_no_half_of_a_character_either(script, acts, heard):
    script.plays(acts.says("a", end=script.wire.end("\ud83d")))
    assert heard(script.model())[1].reason == "\ufffd"


def test_an_error_holds_no_half_of_a_character(script, acts, heard):
    script.plays(acts.replies(400, "no \ud83d"))
    error = heard(script.model())[1]
    assert (error.message + error.hint).encode()


def test_half_a_character_in_a_message_is_sent_as_its_sign(script, acts):
    script.plays(acts.says("fine"))
    asyncio.run(complete(script.model(), [Message("user", "why \ud83d?")], 50))
    assert script.requests[0]["messages"][0]["content"] == "why \ufffd?"
