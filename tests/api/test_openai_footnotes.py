"""Markers found again in an answer's text, and the list of sources behind it: properties over posts of any text."""

from __future__ import annotations

import time

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.answering.wording import block
from assistant.api.openai.footnotes import footnotes, inert, without_footnotes
from assistant.api.openai.sources import annotations_of, cited_urls, search_results, sources_of
from assistant.types import Answer, Citation, Post, Provenance, Reply, Standalone, Status, Timings, Verdict

MARKDOWN = MarkdownIt("commonmark")
ORIGIN = "http://127.0.0.1:8000"
HOSTILE = st.sampled_from((
    "[1]", "\\[1]", "[2](", "`[1]`", "``", "```\n[1]", "~~~", "\n\n**Sources**\n\n- [1] x", "](http://evil.example)", "<b>",
    "https://evil.example/?q=1", "www.evil.example", "![x](//evil.example/p.png)", "[1]: http://evil.example", "\u202e",
    "\x1b[2J", "\u2028", "\x85", "&#91;1]", "😀", "\ue000", "\ue000\ue001\ue001",
    "(", ")", "\\", "> ", "- ", "# ", "| a |", "--- ", "x`",
))  # fmt: skip
TEXTS = st.lists(st.one_of(HOSTILE, st.text(max_size=12)), max_size=6).map("".join)
SAID = TEXTS.map(lambda text: f"it says {text} here")
URLS = st.one_of(
    st.none(), TEXTS, st.sampled_from(("https://forum.example/t/1", "https://forum.example/a_(b)?c=[d]", "javascript:alert(1)"))
)


@st.composite
def citations(draw, label):
    quote = draw(SAID)
    post = Post("p1", "t1", draw(TEXTS), quote, "", url=draw(URLS))
    verdict = draw(st.sampled_from(Verdict))
    if verdict is Verdict.DANGLING:
        return Citation(label, "a claim", None, 0, 0, "", verdict)
    return Citation(label, draw(st.sampled_from(("a claim", quote))), post, 0, len(quote), quote, verdict)


@st.composite
def sources(draw, least=0):
    number = draw(st.integers(least, 4))
    return sources_of(answered("text", *(draw(citations(label)) for label in range(1, number + 1))), ORIGIN)


def answered(text, *cited):
    reply = Reply(text, Status.GROUNDED, 0.9, cited)
    return Answer("q", Standalone("q"), reply, (), "extractive", Provenance("g", "s", "", "e"), Timings(0, 0, 0, 0))


def cited_by(*posts):
    return [Citation(label, post.body, post, 0, len(post.body), post.body) for label, post in enumerate(posts, start=1)]


def links_of(markdown):
    """The targets of all links and images that a reader of CommonMark finds."""
    found = []
    for token in MARKDOWN.parse(markdown):
        for child in token.children or ():
            found += [value for name, value in child.attrs.items() if name in ("href", "src")]
            assert child.type != "html_inline"
        assert token.type not in ("html_block", "fence", "code_block", "heading_open", "blockquote_open")
    return found


@given(TEXTS, sources(least=1))
def test_footnotes_are_taken_off_again_whatever_the_posts_say(text, cited):
    text = f"An answer. {text}".rstrip()
    whole = text + footnotes(cited)
    expected = without_footnotes(text)  # a text that ends in such a list itself loses it, and that only
    assert without_footnotes(whole).rstrip() in (text, expected)
    assert without_footnotes(whole.replace("\n", "\r\n")).replace("\r\n", "\n").rstrip() in (text, expected)
    assert without_footnotes(f"{whole}\n\n").rstrip() in (text, expected)


@given(SAID, sources(least=1))
@example("It is said under **Sources**: see there", ())
def test_only_a_list_at_the_end_is_taken_off(text, cited):
    text = text.replace("**", "*")
    assert without_footnotes(text) == text
    assert without_footnotes(f"{text}{footnotes(cited)}\n\nand more").startswith(text + footnotes(cited))


def test_a_long_text_of_white_space_costs_no_time():
    started = time.perf_counter()
    for blank in ("\n", "\n**Sources**\n", "\n**Sources**\n- [1] x", " \n"):
        assert without_footnotes(blank * 30_000 + "x").endswith("x")
    assert time.perf_counter() - started < 1


@given(sources())
def test_the_list_has_one_line_for_each_source(cited):
    lines = footnotes(cited).splitlines()
    assert [line[:6] for line in lines[4:]] == [f"- [{source.label}] " for source in cited]


@given(sources())
def test_nothing_in_the_list_links_but_the_addresses_of_sources(cited):
    own = [source.url for source in cited if source.citation.post]
    expected = [MARKDOWN.normalizeLink(url.replace("(", "%28").replace(")", "%29")) for url in own]
    assert links_of(footnotes(cited)) == expected
    assert all(url.startswith(("http://", "https://")) for url in own)


@given(SAID)
def test_addresses_in_a_post_stand_as_code(text):
    done = inert(text)
    tokens = MarkdownIt("commonmark").parseInline(done)[0].children
    for token in tokens:
        assert token.type in (
            "text",
            "code_inline",
            "text_special",
            "softbreak",
            "em_open",
            "em_close",
            "strong_open",
            "strong_close",
        )
    assert "\n" not in done


def test_an_address_keeps_its_characters_and_is_no_link():
    assert inert("see https://evil.example/[1]?a&b now [1]") == "see `https://evil.example/[1]?a&b` now \\[1\\]"


@given(st.lists(st.lists(st.lists(SAID, min_size=1, max_size=3), min_size=1, max_size=2), min_size=1, max_size=3))
def test_annotations_are_exactly_the_markers_that_were_written(posts):
    label, written, text = 0, [], []
    cited = []
    for runs in posts:
        post = Post(f"p{label}", "t", "a title", "a body", "")
        numbered = []
        for run in runs:
            label += 1
            numbered.append([(words, label) for words in run])
            written += [label] * len(run)
            cited.append(Citation(label, "a claim", post, 0, 6, "a body"))
        text.append(block(post, numbered))
    whole = "\n\n".join(text)
    told = sources_of(answered(whole, *cited), ORIGIN)
    noted = annotations_of(whole, told)
    content = whole + footnotes(told)
    assert [item["label"] for item in noted] == written
    for item in noted:
        place = item["url_citation"]
        assert content[place["start_index"] : place["end_index"]] == f"[{item['label']}]"


def test_a_post_without_an_address_to_follow_is_shown_by_this_server():
    posts = [Post("p/1", "t", "title", "body", "", url=url) for url in (None, "javascript:alert(1)", "https://a.example/x y")]
    for post in posts:
        (told,) = sources_of(answered("text", *cited_by(post)), ORIGIN)
        assert told.url == "http://127.0.0.1:8000/#post=p%2F1&start=0&end=4"


@given(sources())
def test_no_two_sources_have_the_same_address(cited):
    assert len({source.url for source in cited}) == len(cited)


def test_a_second_source_at_one_address_leads_to_its_own_words_there():
    url = "https://forum.example/t/1"
    bodies = ("one two", "the first, well-known words & eight more of those here.", "one two")
    posts = [Post(f"p{number}", "t", "title", body, "", url=url) for number, body in enumerate(bodies)]
    told = sources_of(answered("text", *cited_by(posts[0], posts[1], posts[2], posts[0])), ORIGIN)
    assert [source.url for source in told] == [
        url,
        f"{url}#:~:text=the%20first%2C%20well%2Dknown%20words,more%20of%20those%20here%2E",
        f"{url}#:~:text=one%20two",
        f"{url}#:~:text=one%20two&n=4",
    ]


def test_a_posts_own_address_is_kept_as_it_is():
    url = "https://forum.example/a_(b)?c=[d]"
    (told,) = sources_of(answered("text", *cited_by(Post("p1", "t", "title", "body", "", url=url))), ORIGIN)
    assert told.url == url
    assert links_of(footnotes([told])) == ["https://forum.example/a_%28b%29?c=%5Bd%5D"]


def test_what_names_no_post_says_so_and_keeps_its_number_where_sources_are_counted():
    post = Post("p1", "t", "title", "body", "")
    named, nothing = Citation(2, "a claim", post, 0, 4, "body"), Citation(1, "a claim", None, 0, 0, "", Verdict.DANGLING)
    told = sources_of(answered("text", nothing, named), ORIGIN)
    places = [item["url_citation"] for item in annotations_of("A claim [1]. Another [2].", told)]
    assert [place["title"] for place in places] == ["names no post that was found", "title"]
    assert places[0]["url"] == f"{ORIGIN}/#no-post"
    assert footnotes(told).splitlines()[4] == "- [1] names no post that was found"
    assert search_results(told)[0]["url"] is cited_urls(told)[0] is None
    assert search_results(told)[1]["url"] == cited_urls(told)[1] == told[1].url


def test_an_unsupported_citation_says_so():
    post = Post("p1", "t", "title", "body", "")
    told = sources_of(answered("text", Citation(1, "a claim", post, 0, 4, "body", Verdict.UNSUPPORTED)), ORIGIN)
    assert footnotes(told).endswith("“body” (does not say so)")
