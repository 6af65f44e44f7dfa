"""The page over time: a post in its thread, Back and Reload, what the page says before and beside the answers."""

from __future__ import annotations

import json

import pytest
from browsing import marked, slowly
from scripted_model import Scripted

QUESTION = "Why is the preview of my external camera rotated by 90 degrees?"
FOLLOW_UP = "And on 14.0?"
REFUSED = "Which flour did Zanzibar Quux of Utrecht buy for the wedding cake in 1911?"


@pytest.fixture(scope="module")
def long_thread(server):
    """A thread of several posts, one of them an accepted answer, as the store has it."""
    with server.service.assistant.opened() as opened:
        posts = opened.generation.posts
        (row,) = posts.query(
            "SELECT thread_id FROM posts GROUP BY thread_id HAVING max(accepted) ORDER BY count(*) DESC, thread_id LIMIT 1"
        )
        return posts.thread(row["thread_id"])


def asked(reader):
    """The bodies of all questions that were sent."""
    return [json.loads(request.post_data) for request in reader.requests if request.url.endswith("/ask")]


def test_a_post_stands_in_the_midst_of_its_thread(visit, long_thread):
    assert len(long_thread) > 2
    middle = long_thread[1]
    reader = visit(f"/#post={middle.post_id}&start=3&end=12")
    page = reader.page
    page.locator("#post .along:visible").wait_for()
    assert marked(page) == middle.body[3:12]
    assert page.locator("#post mark").is_visible()
    assert page.locator("#post .before .words").all_text_contents() == [long_thread[0].body]
    assert page.locator("#post .body").text_content() == middle.body
    assert page.locator("#post .following .words").all_text_contents() == [post.body for post in long_thread[2:]]
    accepted = page.locator("#post article").evaluate_all("all => all.map(one => one.classList.contains('accepted'))")
    assert accepted == [post.accepted for post in long_thread]
    assert "Accepted answer" in page.locator("#post article.accepted").inner_text()
    assert reader.complaints == []


def test_a_post_that_is_opened_while_another_closes_is_shown(visit, long_thread):
    first, second = long_thread[:2]
    page = visit(f"/#post={first.post_id}").page
    page.locator("#post .along:visible").wait_for()
    for post in (second, first):
        # That the first is closed is told to the page after both.
        page.evaluate("id => { location.hash = 'none'; location.hash = `post=${id}`; }", post.post_id)
        page.wait_for_function("body => document.querySelector('#post .body').textContent === body", arg=post.body)
        assert page.locator("#post").evaluate("it => it.open")


def test_one_walks_through_a_thread_by_keyboard(visit, long_thread):
    page = visit(f"/#post={long_thread[0].post_id}").page
    where = page.locator("#post .where")
    where.wait_for()
    last = len(long_thread)
    for key, number in (("ArrowRight", 2), ("j", 3), ("k", 2), ("ArrowLeft", 1), ("ArrowLeft", 1), *[("j", None)] * last):
        page.keyboard.press(key)
        if number:
            assert where.inner_text() == f"Post {number} of {last}"
    assert where.inner_text() == f"Post {last} of {last}"
    assert page.evaluate("document.activeElement.querySelector('.words').textContent") == long_thread[-1].body
    assert page.evaluate("document.activeElement.ariaLabel").startswith(f"Post {last} of {last}: ")
    assert page.locator("#post .next").get_attribute("aria-disabled") == "true"


def test_a_post_without_its_thread_is_still_shown(visit, long_thread):
    reader = visit()
    reader.page.route("**/threads/**", lambda route: route.fulfill(status=503, json={"detail": "not now"}))
    reader.page.evaluate(f"location.hash = 'post={long_thread[0].post_id}'")
    reader.page.locator("#post .following:has-text('could not be loaded')").wait_for()
    assert reader.page.locator("#post .body").text_content() == long_thread[0].body


def test_back_closes_the_post_and_stays_on_the_page(visit):
    reader = visit()
    page = reader.page
    turn = reader.ask(QUESTION)
    turn.locator(".answer button.marker").first.click()
    words, address = marked(page), page.url
    page.go_back()
    page.locator("#post").wait_for(state="hidden")
    assert (page.url, page.locator(".turn").count()) == (f"{reader.url}/", 1)
    page.go_forward()
    assert (marked(page), page.url) == (words, address)
    page.keyboard.press("Escape")
    page.wait_for_url(f"{reader.url}/")
    steps = page.evaluate("history.length")
    for _ in range(4):
        turn.locator(".answer button.marker").first.click()
        assert (marked(page), page.url) == (words, address)
        page.keyboard.press("Escape")
    page.wait_for_url(f"{reader.url}/")
    assert page.evaluate("history.length") == steps, "posts that were closed leave no steps behind"
    assert len([one for one in reader.requests if one.is_navigation_request()]) == 1


def test_a_link_to_no_post_says_what_a_reader_can_do(visit):
    page = visit("/#post=p0").page
    page.locator("#post .body:has-text('No post has the id')").wait_for()
    assert "search for its words" in page.locator("#post .body").inner_text()
    assert "assistant" not in page.locator("#post .body").inner_text()


def test_a_reload_keeps_the_conversation(visit, server):
    reader = visit()
    page = reader.page
    reader.ask(QUESTION)
    reader.ask("push token", by_search=True)
    reader.ask(REFUSED)

    def shown():
        return [page.locator("#conversation").inner_text(), exported()]

    def exported():
        with page.expect_download() as download:
            page.click("#export")
        with open(download.value.path(), encoding="utf-8") as file:
            return file.read()

    before = shown()
    page.reload()
    page.locator(".turn").nth(2).wait_for()
    assert shown() == before
    page.locator(".turn").first.locator(".answer button.marker").first.click()
    assert marked(page)
    page.keyboard.press("Escape")
    reader.ask(FOLLOW_UP)
    assert [turn["content"] for turn in asked(reader)[-1]["history"]][::2] == [QUESTION, REFUSED]
    assert reader.complaints == []


def test_a_reload_in_the_midst_of_an_answer_keeps_what_had_come(visit, serve_with):
    reader = visit(url=serve_with(model=Scripted(slowly, wait=0.02)))
    page = reader.page
    page.fill("#question", QUESTION)
    page.press("#question", "Enter")
    page.locator(".answer:has-text('rotation of the screen')").wait_for()
    page.reload()
    page.locator(".turn .answer:has-text('rotation of the screen')").wait_for()
    assert page.locator(".answer").get_attribute("aria-busy") == "false"
    assert page.locator(".after > .stopped, .after .failure").count() == 1, "it says that this is not the whole answer"


def test_no_more_is_kept_than_there_is_room_for_and_what_cannot_be_read_is_given_up(visit):
    page = visit().page
    page.evaluate("""async () => { const {keep} = await import('/page/keeping.js');
      keep([...'abc'].map(one => ({kind: 'ask', question: one, text: one.repeat(700_000), stopped: true, blocks: []}))); }""")
    assert page.evaluate("JSON.parse(sessionStorage['assistant.conversation']).map(turn => turn.question)") == ["b", "c"]
    for unreadable in ("{", "{}", "[null]", json.dumps([{"kind": "ask", "question": "x", "answer": {"text": 7}}])):
        page.evaluate("text => { addEventListener('pagehide', () => sessionStorage.setItem('assistant.conversation', text)); }",
                      unreadable)  # fmt: skip
        page.reload()
        page.locator("#amount:not(:empty)").wait_for()
        assert page.locator(".turn").count() == 0


def test_the_page_says_how_much_there_is_to_ask_about(visit, client):
    facts = client.get("/about").json()
    reader = visit()
    page = reader.page
    page.locator("#amount:not(:empty)").wait_for()
    said = page.locator("#amount").inner_text()
    assert said.startswith(f"{facts['posts']} posts in {facts['threads']} threads, indexed ")
    assert page.locator("#topics button").all_inner_texts() == facts["tags"][:8]
    page.click("#topics button >> nth=0")
    page.locator(".turn.search .card").first.wait_for()
    times = {"2026-03-31T11:59:30Z": "just now", "2026-03-31T11:00:00Z": "1 hour ago", "2026-03-29T12:00:00Z": "2 days ago",
             "2025-03-01T00:00:00Z": "1 year ago", "2026-04-01T00:00:00Z": "just now"}  # fmt: skip
    told = page.evaluate(
        "async times => { const {ago} = await import('/page/about.js');"
        " return times.map(time => ago(time, Date.parse('2026-03-31T12:00:00Z'))); }",
        list(times),
    )
    assert told == list(times.values())


def test_a_question_is_asked_as_written_without_what_was_said_before(visit):
    reader = visit()
    first = reader.ask(QUESTION)
    assert not first.locator("button.alone").is_visible()
    turn = reader.ask(FOLLOW_UP)
    turn.locator("button.alone").click()
    reader.page.locator(".turn").nth(2).locator(".answer[aria-busy=false]").wait_for(state="attached")
    sent = asked(reader)[-1]
    assert (sent["question"], sent["history"]) == (FOLLOW_UP, [])
    assert not reader.page.locator(".turn").nth(2).locator("button.alone").is_visible()


def test_a_refusal_under_filters_says_so_and_asks_without_them(visit):
    reader = visit()
    page = reader.page
    page.click("#filters summary")
    page.fill("#since", "2026-03")
    page.fill("#tags", "nothing-has-this")
    turn = reader.ask(QUESTION)
    assert not page.locator("#since").is_visible(), "the filters are folded"
    assert page.locator("#chip span").inner_text() == "tag nothing-has-this · since 2026-03"
    assert "tag nothing-has-this · since 2026-03" in turn.locator(".filtered").inner_text()
    turn.locator(".filtered button").click()
    page.locator(".turn").nth(1).locator(".status:has-text('Grounded')").wait_for()
    assert [sent.get("filters", {}).get("since") for sent in asked(reader)] == ["2026-03", None]
    page.click("#clear")
    assert not page.locator("#chip").is_visible()


def test_tags_are_suggested_one_after_another(visit, client):
    page = visit().page
    page.locator("#topics:visible").wait_for()
    options = "[...document.querySelectorAll('#known-tags option')].map(one => one.value)"
    tags = client.get("/about").json()["tags"]
    assert page.evaluate(options) == tags[:50]
    page.click("#filters summary")
    page.fill("#tags", f"{tags[0]}, ")
    assert page.evaluate(options)[0] == f"{tags[0]}, {tags[1]}"
    assert tags[0] not in page.evaluate(options)


def test_a_refusal_is_told_once(visit):
    turn = visit().ask(REFUSED)
    assert turn.locator(".status").inner_text() == "Not answered"
    assert "do not answer this" in turn.locator(".answer").inner_text()


def test_stopped_before_the_first_word_the_question_is_back_in_the_box(visit):
    reader = visit()
    page = reader.page
    page.route("**/ask", lambda route: None)
    page.fill("#question", QUESTION)
    page.press("#question", "Enter")
    page.click("#ask:text-is('Stop')")
    assert page.locator(".status.stopped").inner_text() == "Stopped: nothing had come yet."
    assert page.input_value("#question") == QUESTION


def test_a_very_long_question_is_folded_and_the_limit_is_told(visit):
    reader = visit()
    page = reader.page
    page.fill("#question", "x" * 7600)
    assert page.locator("#limit").inner_text() == "400 characters left."
    page.locator("#question").press_sequentially("y" * 3)
    page.evaluate("() => { const box = document.querySelector('#question'); box.value = 'camera '.repeat(1200).slice(0, 8000);"
                  " box.dispatchEvent(new Event('input', {bubbles: true})); }")  # fmt: skip
    assert "at most 8000 characters" in page.locator("#limit").inner_text()
    turn = reader.ask("camera rotation " * 100)
    assert not page.locator("#limit").is_visible()
    folded = turn.locator("h2").bounding_box()["height"]
    turn.locator("button.expand").click()
    assert turn.locator("h2").bounding_box()["height"] > 2 * folded


def test_how_an_answer_was_made_does_not_unfold_behind_the_box(visit):
    reader = visit(viewport={"width": 900, "height": 560})
    page = reader.page
    reader.ask(REFUSED)
    made = reader.ask(QUESTION).locator(".made")
    made.locator("summary").click()
    page.wait_for_function(
        "() => document.querySelector('.turn:last-child .made').getBoundingClientRect().bottom"
        " <= document.querySelector('#composer').getBoundingClientRect().top + 1"
    )
    assert made.locator("dl").is_visible()


def test_words_of_a_search_are_marked_whole_and_excerpts_end_at_a_word(visit):
    reader = visit()
    turn = reader.ask("the CAMERA rotation", by_search=True)
    words = {word.lower() for word in turn.locator(".match mark").all_inner_texts()}
    assert {"camera"} <= words <= {"camera", "rotation"}
    cut, short, nodes = reader.page.evaluate("""async () => {
      const {excerptOf, withMarks} = await import('/page/hits.js');
      const marks = withMarks('Cat, cats; CAT. café', 'the cat caf')
        .map(one => typeof one === 'string' ? one : `<${one.textContent}>`);
      return [excerptOf('wörd '.repeat(200)), excerptOf(' a  b '), marks.join('')]; }""")
    assert (len(cut) <= 402, cut.endswith("wörd …"), short) == (True, True, "a b")
    assert nodes == "<Cat>, cats; <CAT>. café"


@pytest.mark.parametrize("width", [320, 375])
def test_on_a_narrow_screen_box_and_header_leave_room_to_read(visit, width):
    reader = visit(viewport={"width": width, "height": 640})
    page = reader.page
    reader.ask(QUESTION)
    heights = page.evaluate("['.top', '#composer'].map(name => document.querySelector(name).getBoundingClientRect().height)")
    assert heights[0] <= 56
    assert heights[1] <= 96
    assert page.evaluate("document.documentElement.scrollWidth") <= width
