"""Canonical text and the form for comparing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.corpus import canonical, fold


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\r\nb\rc\n", "a\nb\nc"),
        ("\n\n  a  \n\n", "  a"),
        ("a\0b", "ab"),
        ("a\ud800b", "a\ufffdb"),
        ("e\u0301", "\u00e9"),
        ("e\0\u0301", "\u00e9"),
        ("a \t\nb", "a\nb"),
        ("a\u2028b\u0085c", "a\u2028b\u0085c"),
        ("\x1b[31m", "\x1b[31m"),
        (" \n \t \n", ""),
    ],
)
def test_canonical_text_has_one_form(text, clean):
    assert canonical(text) == clean


@given(st.text(st.characters()))
def test_canonical_is_idempotent_and_clean(text):
    clean = canonical(text)
    assert canonical(clean) == clean
    assert "\r" not in clean
    assert "\0" not in clean
    assert unicodedata.is_normalized("NFC", clean)
    clean.encode("utf-8")


@given(st.text(st.characters()))
def test_fold_is_idempotent_and_blind_to_canonical_form(text):
    assert fold(fold(text)) == fold(text)
    assert fold("  \uff26\uff4f\uff4f\tBÄR ") == fold("foo b\u0061\u0308r")
