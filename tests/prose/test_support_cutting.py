"""What of a post is its own words, and what of a sentence its clauses."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.support.clauses import clauses
from assistant.answering.support.spans import Reading
from assistant.answering.support.verbatim import own_words
from assistant.types import Post

TWO = "The export of single tables still works, and it also wipes every mailbox of the accounting department."


def test_no_span_reaches_over_a_quotation() -> None:
    body = "The kiln is new.\n> Which one?\nIt glows."
    reading = Reading(Post("p1", "t1", "Kiln", body, "sha"))
    assert [body[start:end] for start, end in map(reading.span, reading.runs)] == [
        "The kiln is new.",
        "It glows.",
    ]


@given(st.lists(st.sampled_from(["> said by others", "own words", "", "```", "  > x", "    > code"]), max_size=8))
def test_blanking_quotations_moves_nothing(lines: list[str]) -> None:
    body = "\n".join(lines)
    own = own_words(body)
    assert len(own) == len(body)
    assert all(kept in (was, "\n") for kept, was in zip(own, body, strict=True))


def test_the_clauses_of_a_sentence_are_cut_at_marks_and_words_that_begin_one() -> None:
    assert [part.strip() for part in clauses(TWO)] == [
        "The export of single tables still works",
        "it also wipes every mailbox of the accounting department.",
    ]
    assert clauses("The disk and the fan are loud.") == ("The disk and the fan are loud.",)
