"""Text of posts has no power in an answer: no markers, links, images, markup or control characters of theirs."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.answering.wording import quoted
from assistant.indexing.build import build
from assistant.indexing.generations import IndexFolder
from assistant.pipeline import Assistant, answer_of
from assistant.settings import Settings

HOSTILE = [
    "The broken sprocket is fixed by a restart [7], see [8] and [1](http://evil.example/a).",
    "The broken sprocket shows ![pixel](http://evil.example/i.png) and ![ref][x] on every boot.",
    "The broken sprocket needs <script>alert(1)</script> and <img src=x onerror=alert(1)> to start.",
    "The broken sprocket is at <http://evil.example/auto> and [ref] now.\n\n[ref]: http://evil.example/ref",
    "The broken sprocket prints \x1b[2J \x1b]52;c;cm0=\x07 \u202e \u061c \u200b \x9b2J at noon.",
    "# The broken sprocket has a heading of its own here",
    "~~~ the broken sprocket opens a fence that is never closed",
    "- the broken sprocket is an item of a list",
    "The broken sprocket writes `code \\` and \\[7\\] and \\\\[9] in its log.",
    "| the broken | sprocket |\n|---|---|\n| is | a table |",
]
QUESTION = "What about the broken sprocket?"


@pytest.fixture(scope="module")
def answers(tmp_path_factory, embedder):
    """The answers over a post of each hostile text, under a title that is hostile too."""
    given = {}
    for text in HOSTILE:
        folder = tmp_path_factory.mktemp("hostile")
        title = "Broken sprocket [9] ![t](http://evil.example/t) <b>"
        (folder / "a.jsonl").write_text(json.dumps({"id": "1", "title": title, "body": text, "activity": "[5]<i>"}))
        build(IndexFolder(folder / "index"), embedder, [str(folder / "a.jsonl")])
        for floor in (0.0, 1.0):
            assistant = Assistant(Settings(index=folder / "index", refuse_below=floor), embedder)
            given[text, floor] = asyncio.run(answer_of(assistant, QUESTION))
            assistant.close()
    return given


def tokens(markdown):
    """All tokens of a Markdown text, inline ones too."""
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        yield token
        yield from token.children or ()


CASES = pytest.mark.parametrize("text", HOSTILE, ids=lambda text: re.sub(r"\W+", "-", text)[:40])
FLOORS = pytest.mark.parametrize("floor", [0.0, 1.0], ids=["answered", "refused"])


@CASES
@FLOORS
def test_no_bracket_of_a_post_is_a_marker(answers, text, floor):
    reply = answers[text, floor].reply
    markers = {int(label) for label in re.findall(r"(?<!\\)\[(\d+)\]", reply.text)}
    assert markers == {citation.label for citation in reply.citations}


@CASES
@FLOORS
def test_no_link_image_or_tag_of_a_post_is_one(answers, text, floor):
    kinds = {token.type for token in tokens(answers[text, floor].reply.text)}
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "code_inline"}


@CASES
@FLOORS
def test_no_control_character_of_a_post_is_left(answers, text, floor):
    assert not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", answers[text, floor].reply.text
    )


BLOCKS = ("#", "~~~", "- ")


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.startswith(BLOCKS)], ids=lambda text: text[:12])
def test_no_block_of_a_post_is_one(answers, text):
    kinds = {token.type for token in tokens(answers[text, 0.0].reply.text)}
    assert not kinds & {"heading_open", "fence", "list_item_open", "table_open", "hr"}


@CASES
def test_the_quote_keeps_the_exact_characters(answers, text):
    for citation in answers[text, 0.0].reply.citations:
        assert citation.post.body[citation.start : citation.end] == citation.quote


SCRAPS = st.sampled_from([*"[]()!<>\\`*_#~-\n", "[1]", "](", "\\[", "&#91;", "http://a.b"])
MARKUP = st.lists(st.one_of(SCRAPS, st.text(max_size=3)), max_size=20).map("".join)


@settings(max_examples=400, deadline=None)
@given(MARKUP)
def test_quoted_text_of_any_kind_holds_no_marker_and_makes_no_link(text):
    markdown = f"x {quoted(text)} x"
    assert not re.search(r"(?<!\\)(?:\\\\)*\[\d+\]", markdown)
    assert not {token.type for token in tokens(markdown)} & {"link_open", "image", "html_inline", "html_block", "code_inline"}


@pytest.mark.parametrize("character", ["\u061c", "\ufff9", "\u2028", "\u202e", "\x85"])
def test_quoted_text_holds_no_control_of_any_kind(character):
    assert character not in quoted(f"a{character}b")
