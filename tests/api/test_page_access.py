"""The page for everyone: by keyboard alone, heard instead of seen, in light and dark, on a narrow screen."""

from __future__ import annotations

import pytest
from browsing import marked, slowly
from node_packages import node_modules
from scripted_model import Scripted

QUESTION = "Why is the preview of my external camera rotated by 90 degrees?"
REFUSED = "Which flour did Zanzibar Quux of Utrecht buy for the wedding cake in 1911?"


def test_a_whole_round_by_keyboard_alone(visit):
    page = visit().page
    keys = page.keyboard
    assert page.evaluate("document.activeElement.id") == "question", "one can type at once"
    keys.type(QUESTION)
    keys.press("Shift+Enter")
    keys.type("Thanks")
    assert page.input_value("#question") == f"{QUESTION}\nThanks"
    keys.press("Enter")
    page.locator(".turn .cards").wait_for()
    assert page.evaluate("document.activeElement.id") == "question"
    for _ in range(30):
        keys.press("Shift+Tab")
        if page.evaluate("document.activeElement.matches('.answer .marker')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    label = page.evaluate("document.activeElement.textContent")
    keys.press("Enter")
    assert marked(page)
    assert page.evaluate("document.querySelector('#post').contains(document.activeElement)")
    keys.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == label, "one is back where one was"
    keys.press("/")
    keys.type("push token")
    keys.press("Tab")
    assert page.evaluate("document.activeElement.id") == "search"
    keys.press("Enter")
    page.locator(".turn.search .cards").wait_for()
    assert page.evaluate("document.activeElement.id") == "search"
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.reload()
    keys.press("/")
    assert page.evaluate("document.activeElement.id") == "question"


def test_a_screen_reader_hears_of_an_answer_once(visit, serve_with):
    reader = visit(url=serve_with(model=Scripted(lambda messages: slowly(messages)[:24], wait=0.02)))
    page = reader.page
    page.evaluate("""() => { window.heard = []; const said = document.querySelector('#announcement');
      new MutationObserver(() => said.textContent && window.heard.push(said.textContent))
        .observe(said, {childList: true, characterData: true, subtree: true}); }""")
    reader.ask(QUESTION)
    heard = page.evaluate("heard")
    assert len(heard) == 1
    assert heard[0].startswith("Answer with 1 source.")
    reader.ask(REFUSED)
    assert [words.split(":")[0] for words in page.evaluate("heard")[1:]] == ["Refused"]
    live = "[aria-live], [role=status], [role=alert], [role=log], [role=timer], output"
    assert page.evaluate(f"[...document.querySelectorAll('{live}')].map(one => one.id)") == ["announcement"]


@pytest.mark.parametrize("options", [
    {"color_scheme": "light"}, {"color_scheme": "dark"},
    {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
])  # fmt: skip
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(visit, options):
    axe = (node_modules() / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    page = (reader := visit(**options, reduced_motion="reduce", bypass_csp=True)).page

    def serious():
        page.evaluate(axe)
        found = page.evaluate("axe.run(document).then(result => result.violations)")
        return [
            (one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["impact"] in ("serious", "critical")
        ]

    assert serious() == []
    turn = reader.ask(QUESTION)
    reader.ask(REFUSED)
    reader.ask("push token", by_search=True)
    page.click("#filters summary")
    turn.locator(".made summary").click()
    assert serious() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    turn.locator(".answer button.marker").first.click()
    marked(page)
    assert serious() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_dark_is_dark_and_light_is_light(visit):
    ground = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    assert max(visit(color_scheme="dark").page.evaluate(ground)) < 60
    assert min(visit(color_scheme="light").page.evaluate(ground)) > 230
