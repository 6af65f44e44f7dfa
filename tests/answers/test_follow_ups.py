"""Follow-ups: a question that stands by itself is left alone, one that points back carries its subject."""

from __future__ import annotations

import pytest

from assistant.conversation import standalone
from assistant.types import Turn

SUBJECT = "What does TKMountErrorDomain Code=37 mean on Corvid OS 14.2?"
HISTORY = (Turn("user", SUBJECT), Turn("assistant", "It was refused by the broker [1]."))


def rarity(term):
    return 0.0 if term in {"mean", "post"} else 0.8


@pytest.mark.parametrize(
    "question",
    ["How do I mount a TideKit volume at login without a prompt?", "Which port does the local control socket of GNFlow use?",
     "Why does NTStoreCoordinator.stampModelHash take seconds per gigabyte on large stores?"],
)  # fmt: skip
def test_a_question_with_a_subject_of_its_own_is_left_alone(question):
    assert standalone(question, HISTORY, rarity) == question


@pytest.mark.parametrize(
    "question",
    ["How do I fix it?", "And on 14.1?", "What about the workaround?", "Why?", "Did anyone answer that?", "Is there a fix?"],
)
def test_a_question_that_points_back_carries_the_subject(question):
    asked = standalone(question, HISTORY, rarity)
    assert asked.startswith(question)
    assert "TKMountErrorDomain" in asked


def test_the_first_question_is_left_alone_whatever_it_says():
    assert standalone("And why is that so?", (), rarity) == "And why is that so?"


def test_only_what_the_user_said_is_carried():
    asked = standalone("How do I fix it?", HISTORY, rarity)
    assert "broker" not in asked
    assert standalone("How do I fix it?", (Turn("assistant", "About TKVolume."),), rarity) == "How do I fix it?"


def test_a_chain_of_follow_ups_keeps_the_first_subject():
    history = (*HISTORY, Turn("user", "How do I fix it?"), Turn("assistant", "Sign it."))
    assert "TKMountErrorDomain" in standalone("And then?", history, rarity)


def test_a_new_subject_replaces_the_old_one():
    history = (*HISTORY, Turn("user", "How do I set up push tokens with BPPushToken after a restore from backup?"))
    asked = standalone("Why does it fail?", history, rarity)
    assert "BPPushToken" in asked
    assert "TKMountErrorDomain" not in asked


def test_words_that_say_nothing_are_not_carried():
    assert " mean" not in standalone("How do I fix it?", HISTORY, rarity)


def test_what_is_carried_is_bounded():
    history = (Turn("user", " ".join(f"NAMEDThing{number}" for number in range(200))),)
    assert len(standalone("Why?", history, rarity).split()) < 20


def test_a_follow_up_finds_what_its_subject_names(sample):
    asked = standalone("How do I fix it?", HISTORY, sample.generation.lexical.rarity)
    assert "37" in sample.search(asked, 1)[0].post.title
