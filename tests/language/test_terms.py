"""Search terms: words as stems, identifiers whole and in parts, versions with their beginnings, scripts without spaces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.language.terms import LONGEST_TOKEN, STOP_WORDS, is_identifier, terms, terms_of, tokens


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        ("NEPacketTunnelFlow", {"nepackettunnelflow", "ne", "packet", "tunnel", "flow"}),
        ("com.apple.developer", {"com.apple.developer", "com", "appl", "develop"}),
        ("mount_tide", {"mount_tide", "mount", "tide"}),
        ("TB1203377", {"tb1203377", "tb", "1203377"}),
        ("/dev/disk4", {"dev/disk4"}),
    ],
)
def test_an_identifier_is_found_whole_and_by_its_parts(token, wanted):
    assert wanted <= set(terms(token))


@pytest.mark.parametrize(
    ("version", "wanted"),
    [("26.4.1", ["26.4.1", "26.4"]), ("v14.2", ["14.2"]), ("V1.2.3.4", ["1.2.3.4", "1.2", "1.2.3"])],
)
def test_a_version_stays_whole_beside_its_beginnings(version, wanted):
    assert terms(version) == wanted


def test_a_longer_version_is_not_found_by_another_release():
    assert "26.5" not in terms("It broke in 26.4.1, after 26.40.")


def test_an_identifier_is_met_by_its_words_spelt_out():
    assert set(terms("packet tunnel flow")) <= set(terms("NEPacketTunnelFlow"))


def test_forms_of_a_word_have_one_stem():
    assert terms("mounts mounted mounting") == ["mount"] * 3


@pytest.mark.parametrize("owner", ["kernel's", "kernel’s", "kernel"])
def test_a_possessive_is_its_owner(owner):
    assert terms(owner) == ["kernel"]


def test_stop_words_are_no_terms():
    assert terms(" ".join(sorted(STOP_WORDS))) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("日本語", ["日本", "本語"]), ("波", ["波"]), ("トンネル", ["トン", "ンネ", "ネル"])],
)
def test_text_without_spaces_gives_pairs_of_characters(text, wanted):
    assert terms(text) == wanted


@pytest.mark.parametrize("text", ["iOSの", "日本語TKVolume", "エラー14.2で"])
def test_a_latin_name_beside_cjk_is_a_term(text):
    assert {"os", "volum", "14.2"} & set(terms(text))


def test_a_word_of_another_alphabet_is_a_term():
    assert terms("Туннель туннель") == ["туннель", "туннель"]


@pytest.mark.parametrize("token", ["camelCase", "ABCThing", "x86", "snake_case", "1.2", "a.b", "path/to", "me@host"])
def test_names_made_for_a_machine_are_identifiers(token):
    assert is_identifier(token)


@pytest.mark.parametrize("token", ["mount", "Mount", "don't", "well-known", "42"])
def test_plain_words_and_numbers_are_no_identifiers(token):
    assert not is_identifier(token)


def test_terms_are_repeated_as_often_as_they_occur():
    assert terms("disk disk disk") == ["disk"] * 3


def test_a_sentence_end_is_not_part_of_a_token():
    assert [match[0] for match in tokens("Use foo.js, v1.2. Then (stop).")] == ["Use", "foo.js", "v1.2", "Then", "stop"]


def test_a_token_of_any_length_gives_short_terms():
    assert all(len(term) <= LONGEST_TOKEN for term in terms_of("a1" * 10_000))


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_tokens_are_slices_of_the_text(text):
    assert all(text[match.start() : match.end()] == match[0] for match in tokens(text))


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_gives_terms_that_hold_no_white_space(text):
    assert all(term and term.split() == [term] for term in terms(text))


def test_no_term_has_capitals():
    assert all(term == term.lower() for term in terms("Mount NEPacketTunnelFlow V14.2 日本語TKVolume"))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from("mount TKVolume 14.2.1 日本語 sync_all don't disk0s1".split()), max_size=8))
def test_terms_of_a_text_are_those_of_its_tokens_in_order(words):
    assert terms(" ".join(words)) == [term for word in words for term in terms(word)]
