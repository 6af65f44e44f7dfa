"""From a model's sentences to the text that is shown: labels, marks, what is dropped."""

from __future__ import annotations

import pytest

from assistant.answering.drafting.draft import Draft
from assistant.answering.prose.composing import Composition, Known
from assistant.answering.support.check import Support
from assistant.answering.wording import CUT_OFF, DANGLING, UNCITED, UNSUPPORTED
from assistant.types import Part, Passage, Post, Status

BODIES = (
    "The mount fails with Code=37 on Corvid OS 14.1. It is fixed in 14.2. The cache stays empty after a restart.",
    "Calling setRetry(false) stops the loop.\n\n    session.setRetry(false)\n    session.start()\n\nIt returns after a reboot.",
)
QUESTION = "Why does the mount fail with Code=37?"


@pytest.fixture(scope="module")
def passages():
    posts = [
        Post(f"p{n}", f"t{n}", f"Mount {n}", body, "sha", url=f"https://forum.example/{n}") for n, body in enumerate(BODIES, 1)
    ]
    return [Passage(n, post, 0, len(post.body), post.body, 1.0) for n, post in enumerate(posts, 1)]


@pytest.fixture
def compose(passages, embedder):
    def composed(text, *, cut_off=False, **options):
        support = Support(passages, embedder, lambda term: 0.5)
        composition = Composition(passages, support, Known(passages, QUESTION), **options)
        draft = Draft()
        pieces = [composition.add(unit) for unit in [*draft.feed(text), *draft.end()]]
        pieces.append(composition.end(cut_off=cut_off))
        assert "".join(pieces) == composition.text
        return composition

    return composed


def told(composition):
    return [
        (citation.label, citation.post and citation.post.post_id, citation.verdict.value) for citation in composition.citations
    ]


def test_labels_run_from_one_in_order_of_use_and_each_claim_has_its_own_words(compose):
    done = compose(
        "Calling setRetry(false) stops the loop [2]. "
        "The mount fails with Code=37 on Corvid OS 14.1 [1]. It is fixed in 14.2 [1]."
    )
    assert done.text.endswith("14.1 [2]. It is fixed in 14.2 [3].")
    assert told(done) == [(1, "p2", "verified"), (2, "p1", "verified"), (3, "p1", "verified")]
    assert [citation.quote for citation in done.citations] == [
        "Calling setRetry(false) stops the loop.", "The mount fails with Code=37 on Corvid OS 14.1.", "It is fixed in 14.2.",
    ]  # fmt: skip
    assert done.status is Status.GROUNDED


def test_a_sentence_that_its_post_does_not_support_is_marked_and_keeps_its_citation(compose):
    done = compose("The mount fails with Code=38 on Corvid OS 14.1 [1].")
    assert UNSUPPORTED in done.text
    assert told(done) == [(1, "p1", "unsupported")]
    assert done.status is Status.UNGROUNDED


def test_a_marker_of_no_passage_is_a_dangling_citation(compose):
    done = compose("The mount fails with Code=37 on Corvid OS 14.1 [9].")
    assert done.text.endswith(f"[1] {DANGLING}.")
    assert told(done) == [(1, None, "dangling")]


def test_a_sentence_without_a_marker_is_marked_and_makes_the_answer_less_than_grounded(compose):
    done = compose("It is fixed in 14.2 [1]. The mount fails on Corvid OS.")
    assert done.text.endswith(f"The mount fails on Corvid OS {UNCITED}.")
    assert done.status is Status.PARTLY_GROUNDED


def test_a_strict_answer_drops_what_is_not_supported_and_counts_it(compose):
    done = compose("It is fixed in 14.2 [1]. It is fixed in 14.3 [1]. The mount fails on Corvid OS.", strict=True)
    assert done.text == "It is fixed in 14.2 [1]."
    assert (done.left_out, done.status) == (2, Status.GROUNDED)


def test_a_sentence_that_cites_nothing_and_says_what_no_post_says_is_left_out(compose):
    done = compose("It is fixed in 14.2 [1]. Bananas ripen quicker beside pears!")
    assert "Bananas" not in done.text
    assert "one sentence was left out" in done.text
    assert done.status is Status.PARTLY_GROUNDED


def test_an_invented_name_is_not_shown_where_nothing_supports_it(compose):
    done = compose("The mount is repaired by FVRepairKit 9.9.9 [1].")
    assert "FVRepairKit" not in done.text and "9.9.9" not in done.text
    assert "▯" in done.text
    assert all("FVRepairKit" not in citation.claim for citation in done.citations)


def test_a_marker_behind_the_end_of_a_sentence_is_checked_too(compose):
    done = compose("It is fixed in 14.2 [1]. [2]")
    assert told(done) == [(1, "p1", "verified"), (2, "p2", "unsupported")]
    assert done.text == "It is fixed in 14.2 [1]. [2]"


def test_two_claims_in_one_sentence_are_checked_apart(compose):
    done = compose("The mount fails with Code=37 on Corvid OS 14.1 [1], and calling setRetry(false) stops the loop [2].")
    assert told(done) == [(1, "p1", "verified"), (2, "p2", "verified")]
    assert done.status is Status.GROUNDED


def test_code_that_the_post_has_is_verified_and_cited_below_it(compose):
    done = compose("Calling setRetry(false) stops the loop [2]:\n\n```\nsession.setRetry(false)\nsession.start()\n```\n")
    assert "```\nsession.setRetry(false)\nsession.start()\n```\n[2]" in done.text
    assert done.status is Status.GROUNDED


def test_code_that_no_post_has_is_marked(compose):
    done = compose("```\nsession.eraseDisk()\n```\n[2]\n")
    assert UNSUPPORTED in done.text
    assert done.status is Status.UNGROUNDED


def test_brackets_of_code_stay_and_brackets_of_text_cannot_be_taken_for_a_marker(compose):
    done = compose(r"The mount fails with Code=37 on Corvid OS 14.1, see `array[7]` and \[8\] [1].", without={Part.MASKING})
    assert "`array[7]`" in done.text
    assert r"\[8\]" in done.text


def test_a_mark_in_a_table_stays_in_the_row(compose):
    done = compose("| release | colour |\n|---|---|\n| 14.2 | broken [1] |\n")
    assert [line[0] + line[-1] for line in done.text.strip().splitlines()] == ["||"] * 3, done.text


def test_an_answer_cut_off_says_so(compose):
    assert compose("It is fixed in 14.2 [1]. The cache", cut_off=True).text.rstrip().endswith(CUT_OFF)


def test_an_address_that_is_not_a_cited_posts_own_is_left_out(compose):
    done = compose("It is fixed in 14.2, see https://evil.example/x and https://forum.example/1 [1].", without={Part.MASKING})
    assert "evil.example" not in done.text
    assert "https://forum.example/1" in done.text


def test_a_late_marker_before_any_sentence_adds_nothing(compose):
    done = compose("[1]")
    assert (done.text, done.citations, done.claims) == ("", [], 0)
