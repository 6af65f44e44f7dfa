"""Markup in all that the page shows: posts, a model's words, questions, addresses, errors. None of it runs or goes elsewhere.

What is attacked with is in page_attacks.json: each tries to set `window.owned`, to open a dialog or to reach evil.example.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from browsing import Visitor
from scripted_model import Scripted

from assistant.api.outline import ANY_LABEL, Growing, blocks_of
from assistant.indexing.build import build
from assistant.indexing.generations import IndexFolder

ATTACKS = json.loads(Path(__file__).with_name("page_attacks.json").read_text(encoding="utf-8"))
AT_ONCE = 4000
BUILT = frozenset(
    "A ARTICLE BLOCKQUOTE BR BUTTON CODE DD DETAILS DIV DL DT EM H2 H3 H4 HEADER HR LI OL P PRE Q SECTION SPAN STRONG SUMMARY "
    "TABLE TBODY TD TH THEAD TR UL MARK".split()
)
GIVEN = frozenset(
    "aria-busy aria-haspopup aria-label aria-labelledby class data-status dir disabled hidden href id open rel role "
    "scope start tabindex target type".split()
)
LEFT = """parts => [...document.querySelectorAll(parts)].flatMap(part => [...part.querySelectorAll('*')])
  .flatMap(element => [element.tagName, ...[...element.attributes].map(one => one.name)])"""
LINKS = "[...document.querySelectorAll('#conversation a, #post a')].map(link => [link.protocol, link.rel, link.target])"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory, hashing):
    """Settings of a server over posts in which every field that a source can fill holds an attack; each does once."""
    posts = [
        {"id": f"a{number}", "title": attack, "body": f"The mooring rope is wet. {attack} It dries in May.", "author": attack,
         "activity": attack, "tags": [attack], "url": attack, "role": "question"}
        for number, attack in enumerate(ATTACKS)
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("attacked")
    source = folder / "posts.jsonl"
    source.write_text("".join(json.dumps(post) + "\n" for post in posts), encoding="utf-8")
    report = build(IndexFolder(folder / "index"), hashing(), [str(source)])
    assert report.posts > 0.9 * len(ATTACKS)
    return {"index": folder / "index", "embedder": hashing(), "k": 1000, "refuse_below": 0.0, "max_characters": 10_000}


# In the console without being ours to mend: a post that is not there, and a test's own server that is gone before the page is.
# What is asked of another place is in `foreign`, whether it is refused or not.
NO_COMPLAINT = ("the server responded with a status of", "net::ERR_CONNECTION_REFUSED")


@pytest.fixture
def visit(browser):
    """Opens the page; when the test ends, nothing has run and nothing has left the origin."""
    visitors = []

    def open_page(url, path="/"):
        visitors.append(Visitor(browser, url, path))
        return visitors[-1]

    yield open_page
    for visitor in visitors:
        unharmed(visitor)
        visitor.context.close()


def unharmed(visitor):
    """Nothing ran, nothing was fetched from elsewhere, and the page holds no element but those that it builds itself."""
    page = visitor.page
    assert page.evaluate("window.owned") is None
    assert page.title() == "Ask the forum"
    assert visitor.dialogs == []
    assert visitor.foreign == []
    assert len(visitor.context.pages) == 1
    assert page.url.startswith(visitor.url + "/")
    assert [words for words in visitor.complaints if not any(said in words for said in NO_COMPLAINT)] == []
    assert set(page.evaluate(LEFT, ".turn, #post")) <= BUILT | GIVEN
    for protocol, rel, target in page.evaluate(LINKS):
        assert (protocol in {"http:", "https:"}, rel, target) == (True, "noopener noreferrer", "_blank")


def words_of(element):
    return "".join(element.text_content().split())


def answering(*texts):
    """What POST /ask sends for an answer of these pieces, as if nothing in the server had looked at them."""
    growing, whole = Growing(), "".join(texts)
    events = [("retrieved", {"standalone_question": ATTACKS[0], "hits": []})]
    for text in texts:
        first, blocks = growing.add(text)
        events.append(("delta", {"text": text, "blocks_from": first, "blocks": blocks}))
    citations = [
        {"label": label, "claim": attack, "post_id": attack, "thread_id": attack, "title": attack, "url": attack,
         "source": attack, "role": attack, "accepted": False, "author": attack, "created": attack, "activity": attack,
         "replies": label, "start": 0, "end": 1, "quote": attack, "status": ("verified", "unsupported")[label % 2]}
        for label, attack in enumerate(ATTACKS, 1)
    ]  # fmt: skip
    events.append(("answer", {
        "question": ATTACKS[1], "standalone_question": ATTACKS[2], "text": whole, "status": ATTACKS[3], "refusal": ATTACKS[4],
        "confidence": 0.5, "citations": citations, "nearest": [], "generator": ATTACKS[5], "usage": None, "left_out": 0,
        "cut_off": {"message": ATTACKS[8], "hint": ATTACKS[9]}, "timings_ms": {"retrieve": 1, "first_token": 1, "total": 1},
        "provenance": {"generation": ATTACKS[6], "embedder": ATTACKS[7]}, "blocks": blocks_of(whole, ANY_LABEL),
    }))  # fmt: skip
    return "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)


def test_posts_in_a_list_of_hits_and_opened(visit, serve_with, attacked):
    reader = visit(serve_with(attacked))
    turn = reader.ask("mooring rope", by_search=True)
    buttons = turn.locator("button.thread")
    assert buttons.count() > 100, "all but what is taken for a copy of another"
    assert "<imgsrc=xonerror=window.owned=1>" in words_of(turn)
    page = reader.page
    for number in range(0, buttons.count(), 5):
        buttons.nth(number).click()
        page.locator("#post mark").wait_for()
        assert words_of(page.locator("#post h2"))[:20] in words_of(buttons.nth(number))
        assert set(page.evaluate(LEFT, "#post")) <= BUILT | GIVEN
        page.keyboard.press("Escape")


def test_posts_quoted_in_an_answer_with_its_cards(visit, serve_with, attacked):
    reader = visit(serve_with(attacked))
    shown = ""
    for attack in ATTACKS[::25]:
        turn = reader.ask(f"When does the mooring rope dry? {attack}")
        assert turn.locator(".card, .nearest").count() > 0
        shown += words_of(turn)
    assert "window.owned=1" in shown


def test_what_a_model_writes(visit, serve_with):
    def says(messages):
        return [piece for attack in ATTACKS for piece in (f"The preview layer takes the rotation {attack}", " [1].", "\n\n")]

    url = serve_with({"answer_tokens": 32_000, "context_tokens": 200_000}, Scripted(says, window=200_000))
    reader = visit(url)
    turn = reader.ask("Why is the preview of my external camera rotated by 90 degrees?")
    assert words_of(turn.locator(".answer")).count("Thepreviewlayertakestherotation") > 0.5 * len(ATTACKS)


@pytest.mark.parametrize("between", ["\n\n", "\n> "])
def test_an_answer_that_nothing_looked_at_before_the_page(visit, server, between):
    reader = visit(server.url)
    written = [f"{attack} [{label}]{between}" for label, attack in enumerate(ATTACKS, 1)]
    pieces = ["".join(written[place : place + 15]) for place in range(0, len(written), 15)]
    reader.page.route("**/ask", lambda route: route.fulfill(body=answering(*pieces), content_type="text/event-stream"))
    reader.page.route(
        "**/posts/**", lambda route: route.fulfill(json={"title": ATTACKS[0], "body": ATTACKS[1], "url": ATTACKS[2]})
    )
    turn = reader.ask(ATTACKS[0])
    assert turn.locator(".card").count() == len(ATTACKS)
    for number in range(0, len(ATTACKS), 40):
        turn.locator(".card button.marker").nth(number).click()
        reader.page.locator("#post .body:not(:empty)").wait_for()
        unharmed(reader)
        reader.page.keyboard.press("Escape")


def test_questions(visit, server):
    reader = visit(server.url)
    question = ""
    for attack in ATTACKS:
        if len(question) + len(attack) > AT_ONCE:
            turn = reader.ask(question)
            assert words_of(turn.locator("h2")) == "".join(question.split())
            question = ""
        question += f"{attack}\n"
    reader.ask(question)
    assert reader.page.locator(".turn").count() > 1


def test_addresses(visit, server):
    reader = visit(server.url, f"/#post={quote(ATTACKS[0])}")
    page = reader.page
    page.route("**/posts/**", lambda route: route.fulfill(status=404, json={"detail": "no such post", "hint": ATTACKS[7]}))
    forms = ("post={0}&start=0&end=5", "{1}", "post=x&start={1}&end={1}")
    places = [forms[number % 3].format(quote(attack), attack) for number, attack in enumerate(ATTACKS)]
    places.append("post=gone")
    page.evaluate(
        "async all => { for (const one of all) { location.hash = one; await new Promise(go => setTimeout(go)); } }", places
    )
    page.locator("#post:has-text('No such post.')").wait_for()
    page.goto(f"{server.url}/?{quote(ATTACKS[0])}={ATTACKS[7]}#{ATTACKS[7]}")


def test_errors(visit, server):
    reader = visit(server.url)
    documents = [dict.fromkeys(("title", "detail", "hint", "code"), attack) for attack in ATTACKS[::20]]
    reader.page.route("**/ask", lambda route: route.fulfill(status=500, json=documents.pop(0)))
    for attack in ATTACKS[::20]:
        assert "".join(attack.split())[1:] in words_of(reader.ask(attack).locator(".failure"))
    broken = f"event: retrieved\ndata: {ATTACKS[0]}\n\n"
    reader.page.route("**/ask", lambda route: route.fulfill(body=broken, content_type="text/event-stream"))
    assert "The connection broke off" in reader.ask("again").inner_text()


def test_the_policy_would_stop_a_page_that_took_markup(browser, server):
    reader = Visitor(browser, server.url)
    with pytest.raises(Exception, match="TrustedHTML"):
        reader.page.evaluate("document.querySelector('#welcome').innerHTML = '<img src=x onerror=window.owned=1>'")
    reader.context.close()
