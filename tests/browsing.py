"""Debian's Chromium for tests of the web page: visitors that note all that a page asks for, says and does."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil

import pytest

REQUIRED = os.environ.get("ASSISTANT_REQUIRE_BROWSER") == "1"
BROWSER = shutil.which("chromium")
# No name but loopback's is looked up: what a page asks of elsewhere is seen, and goes nowhere.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]  # fmt: skip
WORDS = "takes the rotation of the screen"
ANSWERED = "#ask:text-is('Ask')"


@contextlib.contextmanager
def chromium():
    """A browser for the block. Skips, or with ASSISTANT_REQUIRE_BROWSER=1 fails, where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _do_without("playwright is not installed")
    if BROWSER is None:
        _do_without("there is no chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


def _do_without(reason):
    if REQUIRED:
        pytest.fail(reason)
    print(reason)
    pytest.skip(reason)


class Visitor:
    """One person before the page of the server at `url`; `requests`, `complaints`, `dialogs` are what happened so far."""

    def __init__(self, browser, url, path="/", **options):
        self.url = url
        self.requests, self.complaints, self.dialogs = [], [], []
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(10_000)
        self.page = self.context.new_page()
        self.context.on("request", self._requested)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.goto(url + path)

    def _requested(self, request):
        self.requests.append(request)

    def _dismiss(self, dialog):
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def ask(self, question, *, by_search=False):
        """Put a question and wait for what comes of it; the turn."""
        before = self.page.locator(".turn").count()
        self.page.fill("#question", question)
        if by_search:
            self.page.click("#search")
        else:
            self.page.press("#question", "Enter")
        turn = self.page.locator(".turn").nth(before)
        turn.locator(".answer[aria-busy=false]").wait_for(state="attached")
        self.page.locator(ANSWERED).wait_for()
        return turn

    @property
    def foreign(self):
        """Addresses that were asked for and are not the server's."""
        return [request.url for request in self.requests if not request.url.startswith((self.url + "/", f"blob:{self.url}/"))]


@contextlib.contextmanager
def visiting(browser, url):
    """Opens pages of the server at `url`, or another; when the block ends, none of them has asked for anything elsewhere."""
    visitors = []

    def open_page(path="/", url=url, **options):
        visitors.append(Visitor(browser, url, path, **options))
        return visitors[-1]

    yield open_page
    for visitor in visitors:
        assert visitor.foreign == []
        visitor.context.close()


def marked(page):
    """The words that are marked in the post that is open."""
    page.locator("#post mark").wait_for()
    return page.locator("#post mark").text_content()


def slowly(messages):
    """Sentences with the label of the passage that holds their words, a few letters at a time; more than anyone waits for."""
    told = messages[-1].content
    label = told[: told.index(WORDS)].rsplit(" POST ", 1)[1].split(" ", 1)[0]
    parts = itertools.permutations(("the preview layer", "the external camera", "the rotation of the screen", "the device"))
    text = "".join(f"Here {', '.join(part)}, and it {WORDS} [{label}]. " for part in parts)
    return [text[place : place + 20] for place in range(0, len(text), 20)]
