"""Code in Markdown is told from text, so that what is done to text leaves code as it is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.code import code_spans, outside_code


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("a `b` c", "A `b` C"),
        ("a ``b ` c`` d", "A ``b ` c`` D"),
        ("a `b\nc` d", "A `B\nC` D"),
        ("a \\`b` c `d`", "A \\`B` c `D`"),
        ("a\n```py\nb `c`\n```\nd", "A\n```py\nb `c`\n```\nD"),
        ("a\n~~~\nb\n```\nc\n~~~\nd", "A\n~~~\nb\n```\nc\n~~~\nD"),
        ("- a\n  ```\n  b\n  ```\n- c", "- A\n  ```\n  b\n  ```\n- C"),
        ("a\n```\nb", "A\n```\nb"),
    ],
)
def test_only_what_is_outside_of_code_is_changed(text, changed):
    assert outside_code(text, str.upper) == changed


@given(st.text(alphabet="`~\\ \nab>-"))
def test_nothing_is_lost_and_spans_are_apart(text):
    assert outside_code(text, lambda words: words) == text
    spans = list(code_spans(text))
    assert all(first.end <= second.start for first, second in itertools.pairwise(spans))
