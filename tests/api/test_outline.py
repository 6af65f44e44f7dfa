"""Answers as blocks: nothing of the text is lost, nothing of it becomes more than text, and only labels become markers."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.answering.wording import MARKS, quoted
from assistant.api.outline import ANY_LABEL, DEEPEST, Growing, blocks_of, markers

PIECES = [
    *(
        "[1]",
        "[2]",
        "[99]",
        "\\[1\\]",
        "[01]",
        "`[1]`",
        "*",
        "**",
        "_",
        "`",
        "```",
        "~~~",
        "\n",
        "\n\n",
        "> ",
        "- ",
        "* ",
        "1. ",
    ),
    *(
        "7) ",
        "# ",
        "    ",
        "|",
        "|-|-|\n",
        "---",
        "===",
        "<b>",
        "&amp;",
        "![x](y)",
        "[x](javascript:y)",
        "[1]: z",
        "<http://a.b>",
    ),
    *("\\", "  \n", "\r\n", "\r", "\t", "word", "word ", "é", "😀", *MARKS),
]
MARKDOWN = st.one_of(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.text(max_size=200))
LABELS = st.frozensets(st.integers(1, 3))
DEEPEST_JSON = 4 * DEEPEST
KINDS = {
    "paragraph",
    "heading",
    "quote",
    "list",
    "code",
    "table",
    "rule",
    "text",
    "strong",
    "emphasis",
    "break",
    "marker",
    "mark",
}


def dicts_in(value):
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from dicts_in(inner)


def depth_of(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth_of, inner), default=0)


def shown(blocks):
    """All that a reader of the blocks sees, without white space."""
    words = (str(found.get("text", "")) if found["type"] != "marker" else f"[{found['label']}]" for found in dicts_in(blocks))
    return "".join("".join(words).split())


def rendered(text):
    """The same of what another path through markdown-it gives: its HTML, with the tags taken out."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.disable(["link", "image", "autolink", "html_inline", "html_block", "reference"])
    html = re.sub(r"<[^>]*>", "", reader.render(text))
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        html = html.replace(entity, character)
    return "".join(html.split())


@given(MARKDOWN, LABELS)
def test_what_a_reader_sees_is_what_the_markdown_says(text, labels):
    assert shown(blocks_of(text, labels)) == rendered(text)


@given(MARKDOWN, LABELS)
def test_blocks_are_json_of_known_kinds_with_markers_among_the_labels(text, labels):
    blocks = blocks_of(text, labels)
    assert json.loads(json.dumps(blocks)) == blocks
    assert {found["type"] for found in dicts_in(blocks)} <= KINDS
    assert {found["label"] for found in dicts_in(blocks) if found["type"] == "marker"} <= labels
    assert {found["text"] for found in dicts_in(blocks) if found["type"] == "mark"} <= set(MARKS)
    assert blocks == blocks_of(text, labels)


@given(st.lists(MARKDOWN, max_size=6))
def test_a_text_that_comes_in_pieces_has_the_blocks_of_the_whole(pieces):
    growing, blocks, text = Growing(), [], ""
    for piece in pieces:
        text += piece
        kept, more = growing.add(piece)
        assert kept <= len(blocks)
        blocks = blocks[:kept] + more
        assert blocks == blocks_of(text, ANY_LABEL)


@given(st.text(min_size=1, max_size=200))
def test_words_of_a_post_stay_one_paragraph_of_text(text):
    words = quoted(text)
    spans = [span for block in blocks_of(words, ANY_LABEL) for span in block["spans"]]
    assert not [span for span in spans if span["type"] == "marker"]


def test_each_construct_has_its_block():
    def words(text):
        return {"type": "text", "text": text}

    text = "# Head\n\n> quoted [1]\n\n3. *one*\n4. **two**\n\n```py extra\n<i>\n```\n\n|a|b|\n|:-|-:|\n|1|`2`|\n\n***\n"
    assert blocks_of(text, {1}) == [
        {"type": "heading", "level": 1, "spans": [words("Head")]},
        {"type": "quote", "blocks": [{"type": "paragraph", "spans": [words("quoted "), {"type": "marker", "label": 1}]}]},
        {"type": "list", "ordered": True, "start": 3, "items": [
            [{"type": "paragraph", "spans": [{"type": "emphasis", "spans": [words("one")]}]}],
            [{"type": "paragraph", "spans": [{"type": "strong", "spans": [words("two")]}]}]]},
        {"type": "code", "language": "py", "text": "<i>\n"},
        {"type": "table", "align": ["left", "right"], "head": [[words("a")], [words("b")]],
         "rows": [[[words("1")], [{"type": "code", "text": "2"}]]]},
        {"type": "rule"},
    ]  # fmt: skip


def test_only_a_bare_label_of_the_answer_is_a_marker():
    text = r"a [1] \[1\] `[1]` [2] [01] [1](http://x.y) [1]: z"
    spans = blocks_of(text, {1})[0]["spans"]
    assert [span["label"] for span in spans if span["type"] == "marker"] == [1, 1, 1]
    assert "".join(str(span.get("text", "·")) for span in spans) == "a · [1] [1] [2] [01] ·(http://x.y) ·: z"


@given(MARKDOWN, st.one_of(LABELS, st.just(ANY_LABEL)))
@example("[01] [1]", ANY_LABEL)
@example("\\\\[1] \\[2]", ANY_LABEL)
@example("    [1]\n\n[2]", ANY_LABEL)
@example("|[1]|[2]|\n|-|-|\n|[3]|[4]|[5]|\n", ANY_LABEL)
def test_markers_are_found_in_the_text_where_the_blocks_have_them(text, labels):
    found = list(markers(text, labels))
    assert [label for label, _ in found] == [
        part["label"] for part in dicts_in(blocks_of(text, labels)) if part["type"] == "marker"
    ]
    assert all(text[place.start : place.end] == f"[{label}]" for label, place in found)
    assert [place for _, place in found] == sorted({place for _, place in found})


def test_brackets_in_code_and_behind_a_backslash_are_no_markers():
    text = "`a[1]` \\[1] row [1][2] [3].\n\n```\nx [1]\n```\n[1]"
    assert [(label, place.start) for label, place in markers(text, (1, 2))] == [
        (1, text.index("row ") + 4),
        (2, text.index("row ") + 7),
        (1, len(text) - 3),
    ]


def test_nothing_links_or_embeds():
    for text in ("[x](http://a.b)", "![x](http://a.b)", "<http://a.b>", "<b>x</b>", "[x][y]\n\n[y]: http://a.b", "http://a.b"):
        blocks = blocks_of(text, ANY_LABEL)
        assert {found["type"] for found in dicts_in(blocks)} == {"paragraph", "text"}
        assert shown(blocks) == "".join(text.split())


def test_what_lies_too_deep_is_kept_as_text():
    for opener in ("> ", "- ", "1. ", "> - "):
        blocks = blocks_of(opener * 500 + "the end", set())
        assert shown(blocks).endswith("theend")
        assert depth_of(blocks) <= DEEPEST_JSON
    emphasized = blocks_of("**a" * 700 + "**" * 700, set())
    assert shown(emphasized).count("a") == 700
    assert depth_of(emphasized) <= DEEPEST_JSON


@pytest.mark.alone
def test_time_grows_with_the_text_and_not_with_its_square():
    for unit in ("word [1] ", "> line [1]\n", "para *x* [1].\n\n", "[", "`" * 3 + " x ", "\\", "- a\n", "*a ", "|a"):
        spent = []
        for size in (4_000, 32_000):
            text = unit * (size // len(unit))
            start = time.process_time()
            blocks_of(text, ANY_LABEL)
            spent.append(time.process_time() - start)
        assert spent[1] < 30 * max(spent[0], 0.02), unit
