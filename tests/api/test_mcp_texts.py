"""What a model reads of a result: no post can hide in it, or write a line that looks like ours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.api.mcp.arguments import inlined
from assistant.api.mcp.texts import answer_text, error_text, hits_text, post_text, quoted
from assistant.api.schemas import AskIn, SearchIn
from assistant.errors import IndexMissing
from assistant.language.controls import without_controls, without_hidden
from assistant.types import (
    Answer,
    Citation,
    Hit,
    Near,
    Post,
    Provenance,
    Refusal,
    Reply,
    Signals,
    Standalone,
    Status,
    Timings,
    Verdict,
)  # fmt: skip

HIDING = "\x00\x07\x1b\x7f\x9b\u00ad\u061c\u200b\u200f\u2028\u202e\u2066\ufeff\ufe0e\U000e0041\U000e01ef\U000f0041"
texts = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(HIDING + "\n[1]>: ")), max_size=80)
OURS = ("Sources:", "Status:", "Nearest posts", "[", "- ", "title:", "post_id:", "hint:", "error:")


def post_of(title, body, **more):
    return Post("p1", "t1", title, body, "sha", **more)


def lines_of_ours(text):
    return [line for line in text.split("\n") if line.startswith(OURS)]


@given(texts)
def test_nothing_that_is_obeyed_or_hidden_is_left_and_nothing_is_left_over(text):
    shown = without_hidden(text)
    assert not set(shown) & set(HIDING)
    assert without_hidden(shown) == shown == without_controls(shown)


@pytest.mark.parametrize("folder", ["/srv/forum/index", "../ix5", "~/forum"])
def test_no_folder_of_the_server_is_in_an_error(folder):
    said = error_text(IndexMissing(f"{folder}/CURRENT cannot be read", hint=f"assistant index --index {folder}"))
    assert folder not in said and "error: CURRENT cannot be read" in said


@given(texts)
def test_every_line_of_a_quotation_is_marked_as_one(text):
    assert all(line.startswith(">") for line in quoted(text).split("\n"))


@given(title=texts, body=texts, author=texts, tag=texts, url=texts)
def test_a_post_adds_no_line_of_ours(title, body, author, tag, url):
    text = post_text(post_of(title, body, author=author, tags=(tag,), url=url, created=author))
    names = [line.partition(":")[0] for line in text.split("\n\n")[0].split("\n")]
    assert len(names) == len(set(names))
    assert names[0] == "title"
    assert set(names) <= {"title", "post_id", "thread_id", "author", "created", "tags", "role", "url"}
    assert all(line.startswith(">") for line in text.split("\n\n", 1)[1].split("\n"))


@given(title=texts, body=texts, query=texts, url=st.one_of(texts, texts.map("https://".__add__)))
def test_a_hit_adds_no_line_of_ours(title, body, query, url):
    post = post_of(title, body, url=url)
    hit = Hit(1, 0.5, post, 0, len(body), body, Signals(None, 1.0, 0.0, None, 1))
    text = hits_text(query, query, [hit, replace(hit, rank=2)])
    assert [line[:2] for line in text.split("\n") if line and not line.startswith(">")] == ["1.", "2."]


@pytest.mark.parametrize(("url", "shown"), [
    ("https://forum.example/t/1", True), ("http://[", True), ("javascript:alert(1)", False), ("https://a b", False),
    ("", False),
])  # fmt: skip
def test_only_addresses_of_the_web_are_shown_with_a_hit(url, shown):
    hit = Hit(1, 0.5, post_of("T", "words", url=url), 0, 5, "words", Signals(None, 1.0, 0.0, None, 1))
    assert hits_text("q", "q", [hit]).split("\n")[0].endswith(f") {url}" if shown else ")")


@given(title=texts, quote=texts)
def test_a_source_adds_no_line_of_ours_and_holds_its_quote(title, quote):
    citations = (
        Citation(1, "claim", post_of(title, quote), 0, len(quote), quote),
        Citation(2, "claim", post_of(title, quote), 0, len(quote), quote, Verdict.UNSUPPORTED),
        Citation(3, "claim", None, 0, 0, "", Verdict.DANGLING),
    )
    text = answer_text(answer_with(citations))
    sources = text.partition("Sources:\n")[2].split("\n")
    assert [line[:3] for line in sources if not line.startswith(">")] == ["[1]", "[2]", "[3]"]
    assert quoted(quote) in text
    assert sum(line.endswith("(does not say so)") for line in sources if line.startswith("[2]")) == 1
    assert sources[-1] == "[3] (names no post that was found)"


def answer_with(citations=(), status=Status.PARTLY_GROUNDED, nearest=(), refusal=None):
    reply = Reply("Words [1].", status, 0.5, citations, refusal=refusal)
    times, made = Timings(0, 0, 0, 0), Provenance("g", "s", "", "e")
    return Answer("What?", Standalone("What?"), reply, nearest, "extractive", made, times)


def test_the_nearest_posts_are_named_only_where_there_is_no_answer():
    near = (Near("p7", "A thread", 0.5),)
    assert "p7: A thread" in answer_text(answer_with((), Status.REFUSED, near, Refusal.NOT_HERE))
    assert "p7" not in answer_text(answer_with((), Status.GROUNDED, near))


def test_without_hits_the_text_says_so():
    assert hits_text("tunel", "tunnel", []) == "(understood as: tunnel)\n\nNo post was found."


def test_a_schema_without_references_says_the_same():
    for model in (AskIn, SearchIn):
        schema = inlined(model.model_json_schema())
        assert "$defs" not in schema
        assert "$ref" not in str(schema)
        filters = schema["properties"]["filters"]["anyOf"][0]
        assert filters["properties"]["tags"]["maxItems"] == 50
        assert filters["additionalProperties"] is False
