"""The page as files: what is served, under which names, how it is kept, and that its code takes no string for HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest

from assistant.api.page import FOLDER, HOME, KINDS, assets

SINKS = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "createContextualFragment", "setHTML",
         "eval(", "new Function", "srcdoc", "localStorage", "document.cookie", "dangerously", "trustedTypes"]  # fmt: skip
IMPORT = re.compile(r'^(?:import|\} from) [^;]*?"([^"]+)";$', re.MULTILINE)


class Tags(HTMLParser):
    """The tags of a document with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.words = {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        tag = self.found[-1][0] if self.found else ""
        self.words[tag] = self.words.get(tag, "") + data.strip()


def test_every_file_is_served_with_its_type_and_a_tag(client):
    assert HOME in assets()
    for path, asset in assets().items():
        response = client.get(path)
        assert (response.status_code, response.content) == (200, asset.content)
        kind = KINDS[PurePosixPath(path).suffix or ".html"]
        assert response.headers["content-type"] == f"{kind}; charset=utf-8"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in response.headers["content-security-policy"]


def test_a_file_that_has_not_changed_is_not_sent_again(client):
    first = client.get("/page/main.js")
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"another, and more" , W/{tag}', "*"):
        again = client.get("/page/main.js", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), known
    for known in ('"another"', f'"not{tag[1:]}', tag.strip('"'), f'W/"{tag[1:-1]}x"', ""):
        assert client.get("/page/main.js", headers={"If-None-Match": known}).status_code == 200, known


@pytest.mark.parametrize("path", ["/page/", "/page/__init__.py", "/page/index.html", "/page/../app.py", "/page/%2e%2e/app.py",
                                  "/page/..%2fapp.py", "/page/main.js/", "/main.js", "/page//etc/passwd"])  # fmt: skip
def test_nothing_else_is_served(client, path):
    assert client.get(path).status_code == 404


def test_head_is_answered_without_a_body(client):
    response = client.head("/")
    assert (response.status_code, response.content) == (200, b"")


def test_the_page_is_not_in_the_description_of_the_api(client):
    assert not [path for path in client.get("/openapi.json").json()["paths"] if path == HOME or path.startswith(FOLDER)]


def test_all_that_the_page_loads_is_its_own_and_nothing_stands_inline():
    files = assets()
    tags = Tags(files[HOME].content.decode())
    loaded = [value for _, given in tags.found for name, value in given.items() if name in ("src", "href") and value[0] != "#"]
    assert sorted(loaded) == ["/page/icon.svg", "/page/main.js", "/page/style.css"]
    assert set(loaded) <= set(files)
    assert not [name for _, given in tags.found for name in given if name.startswith("on") or name == "style"]
    assert tags.words.get("script", "") == ""
    assert "style" not in tags.words
    scripts = {path: asset.content.decode() for path, asset in files.items() if path.endswith(".js")}
    imported = {FOLDER + PurePosixPath(name).name for text in scripts.values() for name in IMPORT.findall(text)}
    assert imported | {"/page/main.js"} == set(scripts), "each module is imported somewhere, and each import is a file of ours"
    assert not re.findall(r"url\(|@import|https?:", files["/page/style.css"].content.decode())


def test_no_code_of_the_page_takes_text_for_html_or_keeps_what_was_asked():
    for path, asset in assets().items():
        text = asset.content.decode()
        assert [sink for sink in SINKS if sink in text] == [], path
        assert not re.search(r"""setAttribute\(\s*["'](?:on|style|srcdoc)""", text), path
