"""A model's text cut into sentences: independent of the cuts of the stream, nothing lost, at once, and in linear time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assistant.answering.drafting.draft import LONGEST_CODE, Draft, written
from assistant.answering.drafting.gathering import LONGEST
from assistant.answering.drafting.sentences import Marker, Sentence

WORDS = st.sampled_from(
    "It fails mounts. Next the e.g. i.e. v1.2. foo.js No. 3 TKVolume "
    "virtiofs macOS 26.4 array[0] argv[1] matrix[1][2] foo()[1] a_b[2] "
    "[1] [2] [0] [1][2] [3] [1, [1,2] [1; 2] [1-3] [2–4] [1-90] [^1] 【1】 "
    "【2†source】 [post 1] [Source 2] (1) [x] [sic] [1]. [2]! word[1]. "
    "word[2], fails.[1] fails.[1][2] fails.” fails.** **Bold** `code` `a[1].b` ` "
    "`` ``` ` [1 ] [ ]( [a](u) [1](u) [1]: https://a.example/x[1]?b=[2] "
    "Wait... ... … Yes! No?! . , ; : ! ? ) ( \" ” “ ' * ** _ \\ \\[1\\] | || "
    "# ## > - -- --- + 1. 2) ~~~ ```py _x_[1] 失敗する。 なぜ？ 日本[1]。 。 」 "
    "كيف؟ نعم. 👍 👍. é. İ ß (see below) [[1]] [[ ]] [1]x [12 3] [999] [1000] !".split(" ")
)
SPACES = st.sampled_from(
    [
        "",
        " ",
        " ",
        " ",
        "  ",
        "\n",
        "\n",
        "\n\n",
        "\r\n",
        "\r\n\r\n",
        "\t",
        "\n    ",
        "\n\n    ",
        "\n- ",
        "\n1. ",
        "\n> ",
        "\u00a0",
    ]
)
LINES = st.sampled_from(
    [
        "\n```\ncode[1]. X\n```\n",
        "\n~~~sh\na[0]\n\n~~~\n[1]\n",
        "\n| a | b [1] |\n|---|:-:|\n| c. D | [2] |\n",
        "\n# Title [1].\n",
        "\n---\n",
        "\n\n    x[1]\n    y\n\n",
        "\n```\n",
    ]
)
LOOSE = st.text("[]1 2,.-`\n*a.A)(_|#>\\[]", max_size=60)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
FLOODS = st.sampled_from(["[" * 5000, "`" * 301, " " * 2100, "a" * 4100, "word " * 900, "[1]" * 50, "(" * 80])
TEXTS = st.one_of(
    st.lists(st.one_of(st.tuples(WORDS, SPACES).map("".join), st.tuples(WORDS, SPACES).map("".join), LINES), max_size=40).map(
        "".join
    ),
    st.lists(st.one_of(LOOSE, ANY, WORDS, SPACES), max_size=12).map("".join),
)
FLOODED = st.tuples(TEXTS, FLOODS, TEXTS).map("".join)
many = settings(max_examples=150, deadline=None, derandomize=True)
some = settings(max_examples=20, deadline=None, derandomize=True)


def drafted(text, size=None):
    return drafted_from([text[at : at + size] for at in range(0, len(text), size)] if size else [text])


def drafted_from(pieces):
    draft = Draft()
    return [unit for piece in pieces for unit in draft.feed(piece)] + draft.end()


def solid(text):
    return "".join(text.split())


def characters(units):
    """What stands outside of markers, code closed or not, without white space and without full stops that a marker passes."""
    parts = [
        unit.lead + "".join(part for part in unit.parts if isinstance(part, str))
        for unit in units
        if isinstance(unit, Sentence)
    ]
    return solid("".join(parts))


@many
@given(TEXTS, st.data())
def test_the_cuts_of_a_stream_change_nothing(text, data):
    whole = drafted(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert drafted(text, 1) == whole
    assert drafted_from(pieces) == whole


@many
@given(TEXTS)
def test_what_is_written_is_read_again_as_the_same(text):
    # Known: one label twice at a line's start, then a colon, is written as what opens a definition.
    assume(not re.search(r"[\]】]\s*[\[【][^\]】]*[\]】]:", text))
    units = drafted(text)
    assert drafted(written(units)) == units


@many
@given(TEXTS)
def test_a_text_without_markers_is_kept_as_it_is(text):
    units = drafted(text)
    if not any(isinstance(unit, Marker) or unit.labels for unit in units):
        kept = written(units)
        closing = kept[len(text.rstrip()) :].strip() if kept.startswith(text.rstrip()) else None
        assert closing is not None
        assert not solid(closing).strip("`~>")


@many
@given(TEXTS)
def test_every_character_outside_of_markers_is_kept_in_order(text):
    found = characters(drafted(text))
    rest = iter(solid(text) + "\0")
    lost = [char for char in found if not any(char == other for other in rest)]
    assert not [char for char in lost if char not in "`~>"]


@many
@given(TEXTS)
def test_only_brackets_and_numbers_are_taken_for_markers(text):
    kept, whole = characters(drafted(text)), solid(text)
    markers = "".join(re.findall(r"[\[【][^\[\]【】]{1,60}[\]】]", text))
    assert all(whole.count(char) - kept.count(char) <= markers.count(char) for char in set(whole))


@many
@given(TEXTS)
def test_no_text_of_a_sentence_has_a_marker_left(text):
    for unit in drafted(text):
        if isinstance(unit, Sentence) and not unit.code:
            assert not any(isinstance(again, Marker) or again.labels for again in drafted(unit.text)), unit


@many
@given(TEXTS)
def test_labels_are_whole_numbers_of_three_digits_once_each(text):
    for unit in drafted(text):
        assert all(isinstance(label, int) and 0 <= label <= 999 for label in unit.labels)
        assert len(set(unit.labels)) == len(unit.labels)


@some
@given(FLOODED, st.integers(1, 7))
def test_floods_of_one_character_keep_all_promises(text, size):
    units = drafted(text)
    assert drafted(text, size) == units
    assert drafted(written(units)) == units
    assert all(len(unit.text) <= LONGEST + 2100 for unit in units if isinstance(unit, Sentence) and not unit.code)


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "`",
        "` `` ``` ```` ````` `````` ",
        "[1] ",
        "[1, ",
        "word ",
        "It fails [1]. ",
        "a. ( . ",
        ". ",
        "* ",
        "\n",
        " ",
        "-",
        "\n```\n",
        "|",
        "#",
        "\\",
        "[1]",
        "```",
        "\n    a[",
        "a[1",
        "> ",
        "【",
        "失",
        'x. "',
        ".",
        "~~~\n[",
        "(x)[1]",
    ],
)
@pytest.mark.alone
def test_time_grows_with_the_text_alone(unit):
    def seconds(size):
        started = time.process_time()
        drafted((unit * size)[:size], 4)
        return time.process_time() - started

    # Eight times the text: eight times the time if it is linear, 64 times if it is quadratic.
    assert seconds(80_000) < 48 * max(min(seconds(10_000), seconds(10_000)), 0.01)


@pytest.mark.parametrize(
    "text", ["word " * 3000, "x" * 9000, "`a " * 3000, "[a " * 3000, "foo. ( " * 2000, " " * 9000 + "a", "[1] " * 3000 + "a"]
)
def test_what_is_held_back_is_bounded(text):
    draft, given, most = Draft(), 0, 0
    for at, char in enumerate(text):
        given += len(solid(written(draft.feed(char))))
        most = max(most, len(solid(text[: at + 1])) - given)
    assert most <= 3 * LONGEST or text.startswith("[1]")


def test_a_long_block_of_code_is_given_in_parts_that_lie_end_to_end():
    text = "```\n" + "call(argument)\n" * 4000 + "```"
    units = drafted(text, 7)
    assert written(units) == text
    assert len(units) > 2
    assert all(unit.code and len(unit.text) <= LONGEST_CODE for unit in units)


@pytest.mark.parametrize(
    "text",
    [
        "It fails [1].",
        "It fails [1][2]!",
        "Does it fail [1, 2]?",
        "失敗する[1]。",
        "It fails [1].\n",
        "- It fails [1].",
        "It virtiofs[1]. ",
    ],
)
def test_a_sentence_with_a_marker_before_its_stop_is_given_at_once(text):
    given = Draft().feed(text)
    assert len(given) == 1
    assert given[0].labels


def test_a_sentence_without_a_marker_waits_for_one():
    draft = Draft()
    assert draft.feed("It fails. ") == []
    assert draft.feed("[2]") == []
    assert draft.feed(" N") == [Sentence("", ("It fails ", Marker((2,)), "."))]


def test_a_marker_behind_an_end_that_was_given_comes_late():
    draft = Draft()
    assert len(draft.feed("It fails [1].")) == 1
    assert draft.feed(" [2] [3]") == []
    assert draft.feed(" Next") == [Marker((2, 3))]
    assert draft.end() == [Sentence(" ", ("Next",))]


def test_code_is_given_as_soon_as_its_fence_is_closed():
    draft = Draft()
    assert draft.feed("```\nx[1]\n```") == []
    assert draft.feed("\n") == [Sentence("", ("```\nx[1]\n```",), code=True)]


@pytest.mark.parametrize("behind", ["\n[1]\nNext", "\n[1]\n\nNext", "[1]\nNext", " [1]\nNext", "\n[1] Next"])
def test_a_marker_behind_code_comes_late(behind):
    units = drafted("```\nx\n```" + behind)
    assert units[1] == Marker((1,))
    assert units[2].text == "Next"


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("```\nx", "```\nx\n```"),
        ("~~~~\nx\n", "~~~~\nx\n~~~~"),
        ("```swift", "```swift\n```"),
        ("- a\n  ```\n  x", "- a\n  ```\n  x\n  ```"),
    ],
)
def test_a_fence_that_is_left_open_is_closed(text, closed):
    assert written(drafted(text)) == closed


def test_a_text_of_white_space_gives_nothing():
    assert drafted("") == drafted(" \n\n\t") == []
