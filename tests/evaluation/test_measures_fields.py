"""What an answer states of a post beside its words, held against what is known of that post."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.wording import circumstances, title_of
from assistant.evaluation.measures import grounding
from assistant.evaluation.measures.case import Case, Facts
from assistant.evaluation.measures.fields import holds, stated_fields, without_fields
from assistant.evaluation.measures.library import Library
from assistant.evaluation.measures.reading import Reading
from assistant.evaluation.records import AnswerRecord, PostRecord
from assistant.evaluation.systems.system import post_record
from assistant.evaluation.topics import Topic
from assistant.types import Post

QUOTE = "Turn the relay off before you sleep."
KNOWN = {
    "p1": {"title": "Relay and sleep", "facts": ("ann", "2026-03-07T10:00:00Z", "4")},
    "p2": {"title": "Relay (again) “once more”", "facts": ("ben", "3d", "12", "350")},
}


def case(text: str, facts: bool = True) -> Case:
    """An answer that quotes the first post and found both."""
    posts = {
        name: PostRecord(post=name, title=known["title"], body=QUOTE, facts=known["facts"] if facts else ())
        for name, known in KNOWN.items()
    }
    asked = {"id": "T", "turns": [{"role": "user", "content": "How?"}], "answerable": True, "expect": "answer"}
    record: dict[str, Any] = {
        "tid": "T", "decision": "answer", "text": text,
        "citations": [{"n": 1, "post": "p1", "start": 0, "end": len(QUOTE), "quote": QUOTE}],
        "retrieved": [{"post": name, "thread": name} for name in KNOWN],
    }  # fmt: skip
    return Case(Topic.model_validate(asked), AnswerRecord.model_validate(record), Library(posts), Facts(answerable=1))


def invented(text: str, facts: bool = True) -> list[str]:
    return [atom.key for atom in grounding.sort_atoms(case(text, facts)).invented]


def framed(bracket: str, title: str = "Relay and sleep") -> str:
    return f"In “{title}” ({bracket}), the poster reports:\n\n> {QUOTE} [1]"


def test_what_is_known_of_the_post_is_grounded():
    first = [framed(bracket) for bracket in ("written 2026-03-07, 4 replies", "4 replies", "written 2026-03-07")]
    second = [framed("active 3d, 12 replies", KNOWN["p2"]["title"]), "“Relay (again) “once more””: 350 views [1]"]
    for text in (*first, *second):
        assert invented(text) == []
        assert grounding.sort_atoms(case(text)).cited
        assert grounding.measure(case(text), grounding.sort_atoms(case(text)))["groundedness"].value == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (framed("written 2026-03-07, 9 replies"), ["9 replies"]),
        # The day and the month of the date, and the count of another post, are no counts of this one.
        (framed("7 replies"), ["7 replies"]),
        (framed("3 replies"), ["3 replies"]),
        (framed("12 replies"), ["12 replies"]),
        (framed("written 2026-07-03"), ["written 2026-07-03"]),
        (framed("active 4d", KNOWN["p2"]["title"]), ["active 4d"]),
        ("“Relay and sleep”: 350 views [1]", ["350 views"]),
        ("This was raised in “Relay and sleep” (5 replies), but the posts stored here hold no answer to it.", ["5 replies"]),
    ],
)
def test_a_count_or_a_date_that_the_post_has_not_is_invented(text: str, found: list[str]):
    assert invented(text) == found
    measured = grounding.measure(case(text), grounding.sort_atoms(case(text)))["groundedness"]
    assert measured.value is not None
    assert measured.value < 1


def test_without_recorded_facts_nothing_can_be_said_of_fields():
    assert invented(framed("written 2020-01-01, 9 replies"), facts=False) == []


def test_counts_of_all_that_is_stored_are_left_out_and_those_of_prose_are_not():
    assert invented("7 threads about “relays” stored here, 2 of them:\n\n- “Relay and sleep” (4 replies) [1]") == []
    assert invented("All 7 relays failed. [1]") == ["7"]


@given(
    st.text("ab “”(),.*_[]\\", min_size=1, max_size=20),
    st.integers(0, 999) | st.none(),
    st.sampled_from(["2026-03-07T10:00:00Z", None]),
    st.sampled_from(["3d", "2 weeks ago", None]),
    st.integers(0, 12),
)
def test_our_own_wording_of_a_post_is_read_back_and_held_true(
    title: str, replies: int | None, created: str | None, activity: str | None, later: int
):
    post = Post("p1", "t", title, "x", "sha", created=created, activity=activity, replies=replies)
    fields = {"post_id": "p1", "title": title, "body": "x", "created": created, "activity": activity, "replies": replies}
    shown = Reading(f"In {title_of(post)}{circumstances(post, later)}, a reply says:").plain
    record = post_record(fields)
    stated = list(stated_fields(shown))
    assert len(stated) == (replies is not None) + bool(created or activity)
    assert all(holds(one, [record]) for one in stated)
    assert len(without_fields(shown)) == len(shown)
    assert "later" not in without_fields(shown)
