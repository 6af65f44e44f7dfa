"""POST /search and its pages, GET /posts/{id}."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.api.app import create_app
from assistant.api.native.cursors import Listing, cursor_at, offset_at
from assistant.api.schemas import Hits, Post
from assistant.api.service import Service
from assistant.api.telling import hit_json, post_json
from assistant.errors import CursorExpired, UsageError
from assistant.pipeline import Assistant
from assistant.settings import Settings

QUERY = "camera rotation"


def pages(client, body):
    """All pages of a search, by following its cursors."""
    found = [client.post("/search", json=body).json()]
    while found[-1]["next_cursor"]:
        found.append(client.post("/search", json={**body, "cursor": found[-1]["next_cursor"]}).json())
    return found


@pytest.mark.parametrize("body", [
    {"query": QUERY, "k": 7}, {"query": "", "k": 3}, {"query": QUERY, "k": 50, "all_chunks": True},
    {"query": "camra rotaton", "filters": {"unanswered": True}},
])  # fmt: skip
def test_a_search_finds_what_the_pipeline_finds_and_is_as_described(client, sample, body):
    told = client.post("/search", json=body).json()
    Hits.model_validate(told, extra="forbid")
    assert told["next_cursor"] is None
    if "filters" not in body and "all_chunks" not in body:
        assert told["hits"] == [hit_json(hit) for hit in sample.search(body["query"], body["k"])]


def test_without_a_number_as_many_hits_come_as_the_settings_say(client, server):
    assert len(client.post("/search", json={"query": QUERY}).json()["hits"]) == server.service.settings.k


def test_more_than_one_hit_a_thread_comes_only_when_asked_for(client):
    threads = [hit["thread_id"] for hit in client.post("/search", json={"query": QUERY, "k": 1000}).json()["hits"]]
    assert len(threads) == len(set(threads))
    body = {"query": QUERY, "k": 1000, "all_chunks": True}
    assert len(client.post("/search", json=body).json()["hits"]) > len(threads)


@pytest.mark.parametrize("limit", [1, 4, 10, 11, 1000])
def test_pages_together_are_the_whole_list(client, limit):
    body = {"query": QUERY, "k": 11}
    found = pages(client, {**body, "limit": limit})
    hits = [hit for page in found for hit in page["hits"]]
    assert hits == client.post("/search", json=body).json()["hits"]
    assert len(found) == -(-11 // limit)
    assert [hit["rank"] for hit in hits] == list(range(1, 12))


def test_a_cursor_is_refused_for_another_search(client):
    body = {"query": QUERY, "k": 10, "limit": 2}
    cursor = client.post("/search", json=body).json()["next_cursor"]
    for other in ({"query": "backup"}, {"k": 11}, {"filters": {"since": "2020"}}, {"all_chunks": True}):
        response = client.post("/search", json={**body, **other, "cursor": cursor})
        assert (response.status_code, response.json()["code"]) == (410, "CursorExpired")
    assert client.post("/search", json={**body, "limit": 3, "cursor": cursor}).json()["hits"][0]["rank"] == 3


def test_a_cursor_ends_with_its_generation(small, jsonl, keyless, serve_app):
    posts = [{"id": str(number), "title": f"camera {number}", "body": "The camera is rotated."} for number in range(5)]
    small.build(jsonl("posts.jsonl", *posts))
    settings = Settings(index=small.folder.path, api_keys=keyless)
    url = serve_app(create_app(Service(settings, Assistant(settings, small.embedder))))
    body = {"query": "camera", "k": 4, "limit": 2}
    cursor = httpx2.post(f"{url}/search", json=body).json()["next_cursor"]
    small.build(jsonl("posts.jsonl", *posts, {"id": "9", "title": "camera 9", "body": "Another."}))
    response = httpx2.post(f"{url}/search", json={**body, "cursor": cursor})
    assert (response.status_code, response.json()["code"]) == (410, "CursorExpired")


@pytest.mark.parametrize(
    "cursor", ["", "x", "%%%", "ä", "bnVsbA", "WzEsMl0", "W10", "WzAsICJhIl0", "[" * 400, "W3RydWUsICJhIl0"]
)
def test_a_cursor_that_nobody_made_is_refused(client, cursor):
    response = client.post("/search", json={"query": QUERY, "cursor": cursor})
    assert (response.status_code, response.json()["code"]) == (400, "UsageError")


listings = st.builds(Listing, st.text(), st.text())


@given(st.integers(1, 10**6), listings, listings)
def test_a_cursor_is_read_back_for_its_own_list_only(offset, listing, other):
    cursor = cursor_at(offset, listing)
    assert offset_at(cursor, listing) == offset
    assert cursor.isascii()
    assert not set(cursor) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    if other != listing:
        with pytest.raises(CursorExpired):
            offset_at(cursor, other)


@given(st.text() | st.recursive(st.integers() | st.text() | st.none(), st.lists).map(
    lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
))  # fmt: skip
def test_any_other_text_as_a_cursor_is_an_error_of_ours(text):
    with pytest.raises((UsageError, CursorExpired)):
        offset_at(text, Listing("gen-000001", "camera"))


def test_a_post_is_shown_whole_and_is_as_described(client, sample):
    for hit in sample.search(QUERY, 30):
        told = client.get(f"/posts/{hit.post.post_id}").json()
        assert told == json.loads(json.dumps(post_json(hit.post)))
        Post.model_validate(told, extra="forbid")


def test_a_post_goes_by_the_id_of_its_source_too_with_any_letters(small, jsonl, keyless, serve_app):
    names = ["a/b", "2203#1", "<x@y>", "p?q=1&r", "ü ñ", "100%"]
    small.build(jsonl("posts.jsonl", *({"id": name, "body": f"The body of {number}."} for number, name in enumerate(names))))
    settings = Settings(index=small.folder.path, api_keys=keyless)
    url = serve_app(create_app(Service(settings, Assistant(settings, small.embedder))))
    for name in names:
        response = httpx2.get(f"{url}/posts/{quote(name, safe='')}")
        assert response.json()["source_id"] == name


@pytest.mark.parametrize("name", ["p0", "", "%00", "%ff", "%2e%2e%2fetc", "x" * 900, "p%0d%0aset-cookie:a=b"])
def test_a_post_that_is_not_there_is_a_problem(client, name):
    response = client.get(f"/posts/{name}")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


def test_a_browser_is_sent_to_the_page_that_shows_the_post(client, sample):
    post = sample.search(QUERY, 1)[0].post
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    response = client.get(f"/posts/{post.post_id}", headers={"accept": accept}, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, f"/#post={post.post_id}")
    assert client.get("/posts/p0", headers={"accept": accept}).status_code == 404
