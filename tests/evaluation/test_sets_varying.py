"""Variants of topics: another surface, the same question, the same judgements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import EvaluationError
from assistant.evaluation.sets.auditing import audit
from assistant.evaluation.sets.loading import load_set, read_set
from assistant.evaluation.sets.posts import posts_in_sources
from assistant.evaluation.sets.validating import Level, validate
from assistant.evaluation.sets.varying import CHANGES, typo, vary, words_of, write_varied
from assistant.evaluation.topics import Topic
from assistant.language.terms import is_identifier, tokens

SAMPLE = Path(__file__).resolve().parents[2] / "eval" / "sample"
IDENTIFIERS = [
    "TKMountErrorDomain",
    "Code=37",
    "14.2",
    "coldStart",
    "rook-cache",
    "sync()",
    "`plain words`",
    "lsof_x",
    "NFC",
    "“a title”",
]
PLAIN = ["mount", "fails", "again", "Why?", "without", "network,", "since", "yesterday.", "über", "I"]
QUESTIONS = st.lists(st.sampled_from(IDENTIFIERS + PLAIN), min_size=1, max_size=12).map(" ".join)


def a_topic(question, **more):
    values = {"id": "T", "turns": [{"role": "user", "content": question}], "answerable": True, "expect": "answer"} | more
    return Topic.model_validate(values)


def names_in(text):
    return sorted(match[0] for match in tokens(text) if is_identifier(match[0]))


@settings(deadline=None)
@given(QUESTIONS)
def test_identifiers_and_quotations_stay_as_they_are(question):
    for variant in vary(a_topic(question)):
        assert names_in(variant.question) == names_in(question)
        for quoted in ("`plain words`", "“a title”", "NFC"):
            assert variant.question.count(quoted) == question.count(quoted)


@settings(deadline=None)
@given(QUESTIONS, st.integers(0, 3))
def test_a_typo_swaps_two_letters_inside_one_word(question, seed):
    changed = typo(question, np.random.default_rng(seed))
    places = [at for at, (old, new) in enumerate(zip(question, changed, strict=True)) if old != new]
    assert len(places) in (0, 2)
    if places:
        first, second = places
        assert second == first + 1
        assert question[first] + question[second] == changed[second] + changed[first]
        assert any(start < first and second < end for start, end in words_of(question))


@settings(deadline=None)
@given(QUESTIONS, st.integers(0, 3))
def test_variants_are_a_function_of_topic_and_seed(question, seed):
    assert vary(a_topic(question), seed) == vary(a_topic(question), seed)


def test_each_change_does_what_it_is_called():
    made = {one.id.split("~")[1]: one.question for one in vary(a_topic("My Volume fails, with Code=37. Why is that?"))}
    assert set(made) == set(CHANGES)
    assert made["lower"] == "my volume fails, with Code=37. why is that?"
    assert made["upper"] == "MY VOLUME FAILS, WITH Code=37. WHY IS THAT?"
    assert made["unpunctuated"] == "My Volume fails with Code=37 Why is that"
    assert made["reordered"] == "Why is that? My Volume fails, with Code=37."
    assert "My Volume fails, with Code=37. Why is that?" in made["polite"]


def test_a_variant_has_the_judgements_of_its_topic_and_belongs_to_it():
    topic = a_topic(
        "Why does it fail again?", posts={"p": 3}, reference="R", must_pass=True, lex_overlap=0.2, source_threads=["t7"]
    )
    for variant in vary(topic):
        assert (variant.posts, variant.reference, variant.pair_of, variant.cluster_id) == ({"p": 3}, "R", "T", "t7")
        assert (variant.must_pass, variant.lex_overlap) == (False, None)
        assert variant.provenance == {"method": "metamorphic:T"}


def test_only_the_last_turn_of_a_conversation_varies():
    turns = [{"role": "user", "content": "First thing?"}, {"role": "assistant", "content": "So."}]
    topic = a_topic(
        "", turns=[*turns, {"role": "user", "content": "And without network?"}], standalone="First without network?"
    )
    variants = vary(topic)
    assert variants
    for variant in variants:
        assert (variant.turns[:-1], variant.standalone) == (topic.turns[:-1], topic.standalone)


def test_a_question_of_identifiers_alone_has_few_variants():
    assert {one.id for one in vary(a_topic("TKMountErrorDomain Code=37"))} == {"T~polite"}


def test_a_varied_set_is_sound_and_finds_its_posts(tmp_path):
    count = write_varied(read_set(SAMPLE), tmp_path / "varied")
    reading = read_set(tmp_path / "varied")
    assert len(reading.set.topics) == 64 + count > 64 * 4
    posts = posts_in_sources(reading.set.sources, reading.set.ids)
    found = validate(reading, posts) + audit(reading, posts, lambda form, text: False)
    assert [one for one in found if one.level is Level.ERROR and "nugget" not in one.message] == []


def test_the_same_seed_writes_the_same_bytes_and_another_one_others(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_varied(read_set(SAMPLE), tmp_path / name, seed)
    first, second, third = ((tmp_path / name / "topics.jsonl").read_bytes() for name in "abc")
    assert first == second != third
    assert load_set(tmp_path / "a").sha256 != load_set(tmp_path / "c").sha256


def test_a_faulty_set_is_not_varied(tmp_path):
    (tmp_path / "topics.jsonl").write_text("{\n")
    with pytest.raises(EvaluationError, match=r"topics\.jsonl:1"):
        write_varied(read_set(tmp_path), tmp_path / "varied")
