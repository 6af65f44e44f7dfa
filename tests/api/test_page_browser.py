"""The page in a real browser: a conversation from question to export, and all that can come between."""

from __future__ import annotations

import json
import random

from browsing import WORDS, marked, slowly
from scripted_model import Scripted

QUESTION = "Why is the preview of my external camera rotated by 90 degrees?"
FOLLOW_UP = "And on 14.0?"
REFUSED = "Which flour did Zanzibar Quux of Utrecht buy for the wedding cake in 1911?"


def answer_of(client, question=QUESTION, **more):
    return client.post("/ask", json={"question": question, **more}).json()


def kept_in_tab(page):
    return page.evaluate("({...sessionStorage})")


def test_a_conversation_from_a_question_to_its_sources(visit, client):
    reader = visit()
    page, answer = reader.page, answer_of(client)
    turn = reader.ask(QUESTION)
    assert turn.locator("h2").inner_text() == QUESTION
    assert "takes the rotation of the screen" in turn.locator(".answer").inner_text()
    assert turn.locator(".status").inner_text().startswith("Grounded")
    posts = list(dict.fromkeys(citation["post_id"] for citation in answer["citations"]))
    assert turn.locator(".card").count() == len(posts)
    assert turn.locator(".card h4").all_inner_texts() == [
        next(one["title"] for one in answer["citations"] if one["post_id"] == post) for post in posts
    ]
    assert any(facts.startswith("Reply") for facts in turn.locator(".card .facts").all_inner_texts())
    assert not [request.url for request in reader.requests if "/posts/" in request.url], "an answer holds what its cards show"
    for citation in answer["citations"]:
        for place in (".answer", ".card"):
            turn.locator(f"{place} button.marker:text-is('[{citation['label']}]')").first.click()
            assert marked(page) == citation["quote"]
            body = client.get(f"/posts/{citation['post_id']}").json()["body"]
            assert page.locator("#post .body").text_content() == body
            assert page.locator("#post mark").is_visible()
            page.keyboard.press("Escape")
            assert not page.locator("#post").is_visible()
    assert reader.complaints == []


def test_a_follow_up_is_understood_from_what_was_asked_before(visit, client):
    reader = visit()
    reader.ask(QUESTION)
    turn = reader.ask(FOLLOW_UP)
    sent = [json.loads(request.post_data) for request in reader.requests if request.url.endswith("/ask")]
    assert [one["role"] for one in sent[1]["history"]] == ["user", "assistant"]
    understood = answer_of(client, FOLLOW_UP, history=sent[1]["history"])["standalone_question"]
    assert understood != FOLLOW_UP
    assert turn.locator(".understood").inner_text() == f"Understood as: {understood}"
    reader.page.click("#new")
    assert reader.page.locator(".turn").count() == 0
    reader.ask(QUESTION)
    assert json.loads(reader.requests[-1].post_data or "{}").get("history", []) == []


def test_a_refusal_shows_the_nearest_threads(visit, client):
    reader = visit()
    turn = reader.ask(REFUSED)
    nearest = answer_of(client, REFUSED)["nearest"]
    assert turn.locator(".status").inner_text().startswith("Not answered")
    assert turn.locator(".nearest button").count() == len(nearest) > 0
    turn.locator(".nearest button").first.click()
    page = reader.page
    page.locator("#post .facts:not(:empty)").wait_for()
    assert page.locator("#post .body").text_content() == client.get(f"/posts/{nearest[0]['post_id']}").json()["body"]


def test_stop_keeps_what_came_and_the_next_question_works(visit, serve_with):
    model = Scripted(slowly, wait=0.02)
    reader = visit(url=serve_with(model=model))
    page = reader.page
    page.fill("#question", QUESTION)
    page.press("#question", "Enter")
    page.locator(".answer:has-text('rotation of the screen')").wait_for()
    assert page.locator(".answer").get_attribute("aria-busy") == "true"
    page.click("#ask:text-is('Stop')")
    turn = page.locator(".turn").first
    turn.locator(".status.stopped").wait_for()
    assert turn.locator(".answer").get_attribute("aria-busy") == "false"
    kept = turn.locator(".answer").inner_text()
    assert WORDS in kept
    second = reader.ask(REFUSED)
    assert second.locator(".status").inner_text().startswith("Not answered")
    assert turn.locator(".answer").inner_text() == kept
    assert model.closed == 1, "the model was stopped, not only the page"


def test_an_answer_grows_while_it_streams(visit, serve_with):
    reader = visit(url=serve_with(model=Scripted(lambda messages: slowly(messages)[:30], wait=0.02)))
    page = reader.page
    page.evaluate("""() => { window.sizes = []; new MutationObserver(() => {
      const answer = document.querySelector('.answer');
      if (answer) window.sizes.push([answer.textContent.length, answer.getAttribute('aria-busy')]);
    }).observe(document.querySelector('#conversation'), {childList: true, subtree: true}); }""")
    turn = reader.ask(QUESTION)
    sizes = [size for size, busy in page.evaluate("sizes") if busy == "true"]
    assert len(set(sizes)) > 3
    assert sizes == sorted(sizes)
    assert turn.locator(".answer button.marker").count() > 3, "when it is whole, its numbers open its sources"


def test_a_search_lists_threads_with_the_words_that_match(visit, client):
    reader = visit()
    turn = reader.ask("push token after a restore", by_search=True)
    hits = client.post("/search", json={"query": "push token after a restore"}).json()["hits"]
    assert turn.locator(".card").count() == len(hits) > 3
    for number in (0, 2):
        turn.locator(".card button.thread").nth(number).click()
        assert marked(reader.page) == hits[number]["text"]
        reader.page.keyboard.press("Escape")


def test_filters_hold_for_questions_and_searches_until_they_are_cleared(visit, client):
    reader = visit()
    page = reader.page
    page.click("#filters summary")
    page.fill("#since", "2026-01-01")
    page.check("#unanswered")
    filters = {"tags": [], "sources": [], "since": "2026-01-01", "unanswered": True}
    assert page.locator("#filters-said").inner_text().strip() == "(2 in force)"
    turn = reader.ask("push token", by_search=True)
    hits = client.post("/search", json={"query": "push token", "filters": filters}).json()["hits"]
    assert 0 < turn.locator(".card").count() == len(hits)
    reader.ask(QUESTION)
    page.click("#clear")
    reader.ask(QUESTION)
    sent = [json.loads(request.post_data).get("filters") for request in reader.requests if request.method == "POST"]
    assert sent == [filters, filters, None]


def test_half_a_date_is_not_left_out_without_a_word(visit):
    page = (reader := visit()).page
    page.click("#filters summary")
    page.locator("#since").press_sequentially("0101")
    page.click("#filters summary")
    page.fill("#question", QUESTION)
    page.press("#question", "Enter")
    assert page.evaluate("document.activeElement.id") == "since"
    assert page.locator(".turn").count() == 0
    page.click("#clear")
    assert "Grounded" in reader.ask(QUESTION).inner_text()


def test_an_answer_that_the_page_cannot_read_does_not_hang(visit):
    reader = visit()
    stream = "".join(f"event: {name}\ndata: {{}}\n\n" for name in ("retrieved", "answer"))
    reader.page.route("**/ask", lambda route: route.fulfill(body=stream, content_type="text/event-stream"))
    assert "The page could not show the answer." in reader.ask(QUESTION).inner_text()


def test_the_conversation_can_be_taken_along_as_markdown(visit, client):
    reader = visit()
    for question in (QUESTION, REFUSED):
        reader.ask(question)
    with reader.page.expect_download() as download:
        reader.page.click("#export")
    assert download.value.suggested_filename == "conversation.md"
    with open(download.value.path(), encoding="utf-8") as file:
        written = file.read()
    answer = answer_of(client)
    assert f"## {QUESTION}\n\n{answer['text']}" in written
    for citation in answer["citations"]:
        assert f"\n{citation['label']}. " in written
        assert citation["post_id"] in written
    assert f"## {REFUSED}" in written


def test_an_answer_can_be_copied_with_its_sources(visit):
    reader = visit(permissions=["clipboard-read", "clipboard-write"])
    turn = reader.ask(QUESTION)
    turn.locator("button.copy").click()
    turn.locator("button.copy:text-is('Copied')").wait_for()
    copied = reader.page.evaluate("navigator.clipboard.readText()")
    assert "takes the rotation of the screen" in copied
    assert "\nSources:\n\n1. RMCaptureSession" in copied


def test_an_address_opens_a_post_at_its_words(visit, client):
    citation = answer_of(client)["citations"][1]
    place = f"#post={citation['post_id']}&start={citation['start']}&end={citation['end']}"
    reader = visit(f"/{place}")
    assert marked(reader.page) == citation["quote"]
    reader.page.click("#post .close")
    reader.page.wait_for_url(f"{reader.url}/")
    reader.ask(QUESTION).locator("button.marker:text-is('[2]')").first.click()
    assert reader.page.evaluate("location.hash") == place


def test_offsets_are_code_points(visit):
    reader = visit()
    body = "😀👩‍👧 e\u0301 — the words 𝒾𝓃 question — and the rest"
    post = {"post_id": "p1", "title": "T", "body": body, "url": None, "tags": [], "role": "reply"}
    reader.page.route("**/posts/p1", lambda route: route.fulfill(json=post))
    start = body.index("the words")
    end = start + len("the words 𝒾𝓃 question")
    reader.page.evaluate(f"location.hash = 'post=p1&start={start}&end={end}'")
    assert marked(reader.page) == "the words 𝒾𝓃 question"


def test_what_goes_wrong_is_said_with_what_to_do(visit):
    reader = visit()
    page, answers = reader.page, [
        {"status": 429, "headers": {"Retry-After": "2"}, "json": {"status": 429, "detail": "full", "hint": "come again"}},
        {"status": 503, "json": {"status": 503, "detail": "there is no index", "hint": "build one with `assistant index`"}},
        {"status": 502, "body": "<h1>Bad gateway</h1>", "content_type": "text/html"},
    ]  # fmt: skip
    page.route("**/ask", lambda route: route.fulfill(**answers.pop(0)) if answers else route.continue_())
    turn = reader.ask(QUESTION)
    again = turn.locator("button.retry")
    assert "Full. Wait a little" in turn.inner_text()
    assert again.is_disabled()
    assert "Try again in" in again.inner_text()
    turn.locator("button.retry:enabled").click()
    turn.locator(".failure:has-text('There is no index. Build one with `assistant index`.')").wait_for()
    again.click()
    turn.locator(".failure:has-text('The server answered with status 502.')").wait_for()
    again.click()
    turn.locator(".status:has-text('Grounded')").wait_for()
    assert turn.locator(".failure").count() == 0
    reader.context.set_offline(True)
    assert "The server was not reached." in reader.ask(QUESTION).inner_text()


def test_an_answer_that_breaks_off_is_shown_as_far_as_it_came(visit, serve_with):
    reader = visit(url=serve_with(model=Scripted(lambda messages: slowly(messages)[:24], breaks_off=True)))
    turn = reader.ask(QUESTION)
    assert WORDS in turn.locator(".answer").inner_text()
    assert "The answer ends early." in turn.inner_text()
    assert "the scripted model broke off" in turn.inner_text()
    assert turn.locator("button.retry").is_enabled()


def test_a_key_is_asked_for_and_kept_in_the_tab_only(visit, serve_with):
    reader = visit(url=serve_with({"api_key": "a-key-of-at-least-twenty-letters"}))
    page = reader.page
    page.fill("#question", QUESTION)
    page.press("#question", "Enter")
    for said, key in (("Whoever runs it", "wrong-wrong-wrong-wrong"), ("is not one of", "a-key-of-at-least-twenty-letters")):
        page.locator(f"#key-why:has-text('{said}')").wait_for()
        page.fill("#key-value", key)
        page.press("#key-value", "Enter")
    page.locator(".turn .status:has-text('Grounded')").wait_for()
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    assert [name for name, value in kept_in_tab(page).items() if "a-key-of" in value] == ["assistant.key"]
    assert "a-key-of" not in page.url
    page.locator(".answer button.marker").first.click()
    assert marked(page), "posts are fetched with the key too"
    other = reader.context.new_page()
    other.goto(page.url)
    assert other.evaluate("sessionStorage.length") == 0
    other.fill("#key-value", "a-key-of-at-least-twenty-letters")
    other.press("#key-value", "Enter")
    assert marked(other) == marked(page), "an address to a post asks for the key too"


def test_what_was_asked_is_kept_in_the_tab_only_and_until_a_new_conversation(visit):
    reader = visit()
    page = reader.page
    assert kept_in_tab(page) == {}
    reader.ask(QUESTION).locator("button.marker").first.click()
    marked(page)
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    assert reader.context.cookies() == []
    assert not [request.url for request in reader.requests if "camera" in request.url]
    assert list(kept_in_tab(page)) == ["assistant.conversation"]
    other = reader.context.new_page()
    other.goto(reader.url)
    assert kept_in_tab(other) == {}
    page.keyboard.press("Escape")
    page.click("#new")
    assert kept_in_tab(page) == {}
    page.reload()
    page.locator("#welcome").wait_for()
    assert kept_in_tab(page) == {}


def test_events_are_read_the_same_however_they_are_cut(visit):
    stream = ("\ufeff: a comment\nevent: delta\ndata: one\ndata:two\n\r\nid: 7\rdata\r\rretry: 5\r\nevent:  spaced\r\n"
              "data: 😀é\r\n\r\n:\n\ndata: a: b\nunknown: x\n\nevent: lost\n\ndata: not ended\n")  # fmt: skip
    wanted = [{"name": "delta", "data": "one\ntwo"}, {"name": "message", "data": ""}, {"name": " spaced", "data": "😀é"},
              {"name": "message", "data": "a: b"}]  # fmt: skip
    dice = random.Random(5)
    cuts = [sorted(dice.sample(range(1, len(stream)), dice.randrange(0, 12))) for _ in range(300)]
    pieces = [
        [stream[a:b] for a, b in zip([0, *cut], [*cut, len(stream)], strict=True)] for cut in [*cuts, range(1, len(stream))]
    ]
    read = visit().page.evaluate(
        """async pieces => { const {EventParser} = await import('/page/sse.js');
           return pieces.map(cut => { const parser = new EventParser();
             return cut.flatMap(piece => parser.push(piece)); }); }""",
        pieces,
    )
    assert [one for one in read if one != wanted] == []
