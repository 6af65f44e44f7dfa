"""The HTML report in a real browser: it fetches and runs nothing, can be read by everyone, and marks the right words.

Skipped where there is no Chromium; `ASSISTANT_REQUIRE_BROWSER=1` makes that a failure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import browsing
import pytest

from assistant.evaluation.comparing import compare
from assistant.evaluation.records import AnswerRecord
from assistant.evaluation.reporting.html import report_html
from assistant.evaluation.runs import POSTS, TOPICS, RunFolder
from assistant.evaluation.scoring import write_scores

ATTACK = (
    "<script>document.title='owned'</script><img src=https://evil.example/x onerror=\"document.title='owned'\">"
    "<svg onload=\"document.title='owned'\"><a href=\"javascript:document.title='owned'\">x</a> \"'></style>" + "longword" * 60
)
LEAST_CONTRAST = 4.5
"""WCAG 2.2 AA for text of ordinary size."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browsing.chromium() as browser:
        yield browser


class Reader:
    """A reader of one report: every page it opens notes what was asked for and what the console said."""

    def __init__(self, browser: Any, path: Path) -> None:
        self._browser = browser
        self.address = path.as_uri()
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def open(self, fragment: str = "", **options: Any) -> Any:
        page = self._browser.new_context(**options).new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.address + fragment)
        return page


@pytest.fixture
def attacked(forum: Any) -> RunFolder:
    """A run in which every field that comes from outside holds markup, and one topic has a name that no address can have."""

    def hostile(number: int, answer: AnswerRecord) -> AnswerRecord:
        return forum.changed(answer, text=answer.text + ATTACK + "\u202e") if number < 6 else answer

    def questions(topic: dict[str, Any]) -> None:
        topic["turns"][0]["content"] += ATTACK
        if "nuggets" in topic:
            topic["nuggets"][0]["text"] = ATTACK

    def posts(post: dict[str, Any]) -> None:
        post.update(title=post["title"] + ATTACK, body=post["body"] + ATTACK, url="javascript:document.title='owned'")

    run = forum.run("attacked" + ATTACK.replace("/", "|")[:80], hostile)
    _rewrite(run.path / TOPICS, questions)
    _rewrite(run.path / POSTS, posts)
    write_scores(RunFolder(run.path))
    return RunFolder(run.path)


def _rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        change(record)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.fixture
def reader(chromium: Any, forum: Any, baseline: RunFolder, tmp_path: Path) -> Reader:
    """Two runs against each other."""
    worse = forum.run("worse", forum.worse_chunking)
    path = tmp_path / "two.html"
    path.write_text(report_html(baseline, worse, compare(baseline, worse).to_json()))
    return Reader(chromium, path)


@pytest.fixture
def victim(chromium: Any, attacked: RunFolder, tmp_path: Path) -> Reader:
    """A run that attacks who reads its report."""
    path = tmp_path / "attacked.html"
    path.write_text(report_html(attacked))
    return Reader(chromium, path)


def test_nothing_is_fetched_and_nothing_complains(reader: Reader) -> None:
    for fragment in ("", "#t-T01", "#t-T01-a-c1"):
        reader.open(fragment)
    assert set(reader.requests) <= {reader.address + fragment for fragment in ("", "#t-T01", "#t-T01-a-c1")}
    assert reader.complaints == []


def test_markup_in_questions_posts_and_answers_stays_text(victim: Reader) -> None:
    for fragment in ("", "#t-T01"):
        page = victim.open(fragment)
        assert page.title() != "owned"
        assert page.evaluate("document.querySelectorAll('script, img, iframe, [onerror], [onload]').length") == 0
        assert page.evaluate("[...document.links].filter(link => link.protocol === 'javascript:').length") == 0
        assert "<script>" in page.inner_text("body")
    assert all(url.startswith(victim.address) for url in victim.requests)
    assert victim.complaints == []


def test_every_link_within_the_report_resolves_and_no_name_is_given_twice(reader: Reader) -> None:
    lost = """() => {
      const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
      const targets = [...document.querySelectorAll('a[href^="#"]')].map(link => link.getAttribute('href').slice(1));
      const named = [...document.querySelectorAll('[aria-labelledby]')].map(element => element.getAttribute('aria-labelledby'));
      return [ids.filter((id, place) => ids.indexOf(id) !== place),
              [...targets, ...named].filter(target => !document.getElementById(target)), targets.length];
    }"""
    twice, nowhere, links = reader.open().evaluate(lost)
    assert twice == []
    assert nowhere == []
    assert links > 24


def test_a_topic_is_a_page_of_its_own_and_leads_back(reader: Reader) -> None:
    page = reader.open()
    assert not page.is_visible("#t-T01")
    page.click(".topic-list a[href='#t-T01']")
    assert page.is_visible("#t-T01")
    assert not page.is_visible(".overview")
    assert page.locator("article.page:visible").count() == 1
    page.click("#t-T01 .marker >> nth=0")
    assert page.is_visible("#t-T01"), "a citation is on the page of its topic"
    page.click("#t-T01 .steps a[href='#topics']")
    assert page.is_visible(".overview")


def test_the_list_of_topics_can_be_narrowed(reader: Reader) -> None:
    page = reader.open()
    assert page.locator(".topic-list tbody tr:visible").count() == 24
    page.check("#show-retriever")
    assert page.locator(".topic-list tbody tr:visible").count() == page.locator(".topic-list tr.is-retriever").count() == 5


def test_it_can_be_walked_by_keyboard(reader: Reader) -> None:
    page = reader.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.tagName + (document.activeElement.type || '')"))
    assert {"A", "SUMMARY", "DIV"} <= seen, "links, folded parts and wide tables are stops"


@pytest.mark.parametrize("fragment", ["", "#t-T01", "#t-T20"])
@pytest.mark.parametrize("which", ["reader", "victim"])
def test_a_narrow_screen_never_scrolls_sideways(request: pytest.FixtureRequest, which: str, fragment: str) -> None:
    page = request.getfixturevalue(which).open(fragment, viewport={"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("fragment", ["", "#t-T01", "#t-T00"])
def test_all_text_stands_out_from_its_ground(reader: Reader, scheme: str, fragment: str) -> None:
    page = reader.open(fragment, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    shown = page.evaluate(CONTRASTS)
    assert len(shown) > 40
    assert [text for text in shown if text["ratio"] < LEAST_CONTRAST] == []


def test_dark_is_dark_and_light_is_light(reader: Reader) -> None:
    ground = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    assert max(reader.open(color_scheme="dark").evaluate(ground)) < 60
    assert min(reader.open(color_scheme="light").evaluate(ground)) > 230


def test_marks_stand_where_the_offsets_say(reader: Reader, baseline: RunFolder) -> None:
    page = reader.open("#t-T03")
    found = page.evaluate(MARKS, "#t-T03 .side.a .body")
    topic, answer = baseline.topics[3], next(one for one in baseline.answers if one.tid == "T03")
    wanted = {
        "gold": {(span.post, place) for span in topic.spans for place in range(span.start, span.end)},
        "cited": {(one.post, place) for one in answer.citations for place in range(one.start, one.end)},
    }
    for layer, places in wanted.items():
        assert places
        assert places == {
            (post, place)
            for post, marks in found
            for start, end, kind, _ in marks
            if layer in kind.split()
            for place in range(start, end)
        }
    for post, marks in found:
        assert all(baseline.posts[post].body[start:end] == text for start, end, _, text in marks)


def test_layers_of_evidence_differ_by_more_than_colour(reader: Reader) -> None:
    page = reader.open("#t-T03")
    marks = """kind => { const style = getComputedStyle(document.querySelector('#t-T03 .key .piece.' + kind));
      return [style.borderTopWidth, style.borderBottomWidth, style.textDecorationLine].join(' '); }"""
    assert len({page.evaluate(marks, kind) for kind in ("gold", "seen", "cited")}) == 3


def test_its_structure_can_be_heard(reader: Reader) -> None:
    for fragment in ("", "#t-T01"):
        found = reader.open(fragment).evaluate(STRUCTURE)
        assert found["h1"] == 1
        assert found["main"] == 1
        assert found["lang"] == "en"
        assert found["skipped"] == [], "headings go down one step at a time"
        assert found["unscoped"] == 0, "every header cell says what it heads"
        assert found["unnamed"] == [], "drawings, regions, choices and links have names"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)])
def test_a_screenshot_is_not_blank(reader: Reader, scheme: str, width: int) -> None:
    size = {"width": width, "height": 800}
    shown = reader.open("#t-T01", color_scheme=scheme, viewport=size).screenshot()
    page = reader.open("#t-T01", color_scheme=scheme, viewport=size)
    page.evaluate("document.body.replaceChildren()")
    assert len(shown) > 3 * len(page.screenshot())


MARKS = """posts => [...document.querySelectorAll(posts)].map(body => [body.dataset.post,
  [...body.querySelectorAll('mark')].map(mark =>
    [+mark.dataset.start, +mark.dataset.end, mark.className, mark.textContent])])"""

CONTRASTS = """() => {
  const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = element => { for (let at = element; at; at = at.parentElement) {
    const colour = rgba(getComputedStyle(at).backgroundColor); if (colour[3] === 255) return colour; }
    return [255, 255, 255, 255]; };
  const text = [];
  for (const element of document.body.querySelectorAll('*')) {
    const words = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data).join(' ').trim();
    if (!words || !element.checkVisibility() || element.matches('.skip, title, desc')) continue;
    const style = getComputedStyle(element), drawn = element instanceof SVGElement;
    const part = element.matches('.on') && element.parentElement.querySelector('rect');
    const under = part ? rgba(getComputedStyle(part).fill) : ground(element);
    const [one, two] = [light(rgba(drawn ? style.fill : style.color)), light(under)].sort((a, b) => b - a);
    const kind = element.className.baseVal ?? element.className;
    text.push({words: words.slice(0, 40), kind, ratio: (one + 0.05) / (two + 0.05)});
  }
  return text;
}"""

STRUCTURE = """() => {
  const visible = [...document.querySelectorAll('h1, h2, h3, h4, h5')].filter(heading => heading.checkVisibility());
  const levels = visible.map(heading => +heading.tagName[1]);
  const names = element => element.getAttribute('aria-label') || element.getAttribute('aria-labelledby')
    || element.textContent.trim() || element.labels?.length;
  return {
    h1: document.querySelectorAll('h1').length, main: document.querySelectorAll('main').length,
    lang: document.documentElement.lang,
    skipped: visible.filter((_, place) => place && levels[place] > levels[place - 1] + 1).map(heading => heading.textContent),
    unscoped: document.querySelectorAll('th:not([scope])').length,
    unnamed: [...document.querySelectorAll('svg[role=img], [role=region], nav, a, input, summary')].filter(one => !names(one))
      .map(one => one.outerHTML.slice(0, 80)),
  };
}"""
