"""Typing errors are led back to words of the posts; names, identifiers and known words stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.indexing.vocabulary import Vocabulary, write_vocabulary
from assistant.retrieval.spelling import corrected

DOCUMENTS = 2 * ["the tunnel closes when the machine sleeps", "a tunnel provider; the machine restarts", "channel and tunnel",
                 "sleeps provider closes restarts certificates certificates tunel system system"]  # fmt: skip


@pytest.fixture
def vocabulary(tmp_path: Path) -> Vocabulary:
    write_vocabulary(tmp_path, DOCUMENTS)
    return Vocabulary(tmp_path)


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("tunel", "tunnel"), ("tunnle", "tunnel"), ("tunnnel", "tunnel"), ("machime", "machine"),
        ("certifcaets", "certificates"), ("systemd", None), ("closess", None), ("zzzz", None), ("unnel", None), ("tnel", None),
    ],
)  # fmt: skip
def test_a_word_is_led_back_over_one_error_or_two_in_a_long_one(vocabulary: Vocabulary, word: str, nearest: str | None) -> None:
    assert vocabulary.nearest(word) == nearest


def test_a_word_that_hardly_ever_stands_is_no_word_to_be_led_back_to(vocabulary: Vocabulary) -> None:
    assert vocabulary.nearest("chanel") is None


def test_of_words_as_near_the_more_frequent_is_taken(tmp_path: Path) -> None:
    write_vocabulary(tmp_path, ["hints hints hints hints hinds hinds hinds"])
    assert Vocabulary(tmp_path).nearest("hinks") == "hints"


KNOWN = frozenset("the machine does what with why is this closed".split())


def fix(question: str, vocabulary: Vocabulary) -> str:
    return corrected(question, KNOWN.__contains__, vocabulary.nearest)


@pytest.mark.parametrize(
    ("question", "understood"),
    [
        ("why is the tunel closed", "why is the tunnel closed"),
        ("Tunel with this machine?", "Tunnel with this machine?"),
        ("Does Tunel work?", "Does Tunel work?"),
        ("what is TUNEL", "what is TUNEL"),
        ("what is tunel.conf, tunel_id, tunel2", "what is tunel.conf, tunel_id, tunel2"),
        ("the tuel", "the tuel"),
        ("", ""),
    ],
)
def test_only_plain_words_are_corrected(vocabulary: Vocabulary, question: str, understood: str) -> None:
    assert fix(question, vocabulary) == understood


@given(st.text(max_size=80))
def test_what_is_between_the_words_stays(text: str) -> None:
    assert corrected(text, lambda word: True, lambda word: "never") == text
    assert corrected(text, lambda word: False, lambda word: None) == text


def test_a_question_with_an_error_finds_what_the_right_one_finds(small: Any, jsonl: Callable[..., Path]) -> None:
    from assistant.pipeline import Assistant
    from assistant.settings import Settings
    from assistant.types import Part

    posts = [{"id": str(n), "title": f"{word} notes", "body": f"About the {word}. The {word} is old, a {word}."} for n, word in
             enumerate(("anvil", "bellows", "chisel", "hammer"))]  # fmt: skip
    embedder = small.build(jsonl("posts.jsonl", *posts)) and small.embedder
    assistant = Assistant(Settings(index=small.folder.path), embedder)
    assert assistant.understood("where is the belows kept") == "where is the bellows kept"
    assert assistant.search("the belows", 1)[0].post.source_id == "1"
    assistant.close()
    typed = Assistant(Settings(index=small.folder.path, without=frozenset({Part.SPELLING})), embedder)
    assert typed.understood("the belows") == "the belows"
    typed.close()


def test_a_common_english_word_that_no_post_holds_is_left_alone(sample: Any) -> None:
    question = "How do I feed my kitten and clean the bathtub?"
    assert sample.understood(question) == question


def test_the_answer_shows_what_was_understood(run: Callable[..., Any], sample_index: Path) -> None:
    import json

    result = run("ask", "Why is the preveiw of my external camera rotated?", "--index", sample_index, "--json")
    answer = json.loads(result.stdout)
    assert answer["standalone_question"] == "Why is the preview of my external camera rotated?"
    assert answer["question"] == "Why is the preveiw of my external camera rotated?"


@pytest.mark.parametrize("question", [
    "What does swapping cost?", "is systemd affected by the volume bug", "launchd and runc with grub on overlayfs",
    "how do I read the edid of a screen",
])  # fmt: skip
def test_words_that_are_right_stay_though_no_post_has_them(sample: Any, question: str) -> None:
    assert sample.understood(question) == question
