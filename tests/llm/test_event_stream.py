"""Events are cut out of bytes by the rules of the standard, wherever the bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llm.event_stream import MOST_FOREIGN, EventStream

PARTS = [b"data:", b"data: ", b"event: x", b": note", b"a", b"\xc3", b"\xa9", b"\n", b"\r", b"\r\n", b"\n\n", b"<p>", b":"]


def read(*pieces):
    stream = EventStream()
    events = [data for piece in pieces for data in stream.feed(piece)]
    return events, stream.end()


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"data: one\n\ndata: two\n\n", ["one", "two"]),
        (b"data:one\r\n\r\ndata:  two\r\n\r\n", ["one", " two"]),
        (b"data: one\r\rdata: two\r\r", ["one", "two"]),
        (b"data: one\ndata: more\n\n", ["one\nmore"]),
        (b": note\n\nevent: x\nid: 1\nretry: 5\ndata: one\n\n", ["one"]),
        (b"event: x\n\n", []),
        (b"data: one\n\ndata: two\n", ["one"]),
        ("data: a\u2028b\x0cc\u0085d\n\n".encode(), ["a\u2028b\x0cc\u0085d"]),
        (b"data: \xff\n\n", ["\ufffd"]),
    ],
)
def test_events_are_read_as_the_standard_has_them(body, events):
    assert read(body) == (events, "")


@given(st.lists(st.sampled_from(PARTS), max_size=15).map(b"".join), st.data())
def test_events_hang_on_what_was_sent_not_on_how_it_was_cut(body, data):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(body)))))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert read(*pieces) == read(body)


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), max_size=5))
def test_each_event_is_given_as_soon_as_its_blank_line_has_come(texts):
    stream = EventStream()
    assert [list(stream.feed(f"data: {text}\n\n".encode())) for text in texts] == [[text] for text in texts]


def test_what_is_no_event_is_kept_apart():
    assert read(b"<html>\ndata: one\n\n</html>\n") == (["one"], "<html>\n</html>")


def test_no_more_than_a_whole_answer_is_kept_of_what_is_no_event():
    line = b"<" + b"p" * 1000 + b"\n"
    events, foreign = read(*[line] * (MOST_FOREIGN // 500))
    assert events == []
    assert MOST_FOREIGN <= len(foreign) < MOST_FOREIGN + 3000
