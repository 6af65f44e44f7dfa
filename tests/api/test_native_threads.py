"""GET /threads/{id} and its pages, GET /about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assistant.api.schemas import problems_of
from assistant.api.schemas.threads import ABOUT_EXAMPLE, MOST_OF_A_PAGE, THREAD_EXAMPLE, About, Thread
from assistant.api.telling import post_json
from assistant.opened import MOST_TAGS


@pytest.fixture(scope="module")
def longest(server):
    """The longest thread of the sample, as the store has it."""
    with server.service.assistant.opened() as opened:
        posts = opened.generation.posts
        (row,) = posts.query("SELECT thread_id FROM posts GROUP BY thread_id ORDER BY count(*) DESC, thread_id LIMIT 1")
        return posts.thread(row["thread_id"])


def test_a_thread_is_all_its_posts_in_order(client, longest):
    told = client.get(f"/threads/{longest[0].thread_id}").json()
    Thread.model_validate(told, extra="forbid")
    assert told == {
        "thread_id": longest[0].thread_id, "title": longest[0].title, "posts": [post_json(post) for post in longest],
        "next_cursor": None,
    }  # fmt: skip
    assert len(longest) > 3
    roles = [post["role"] for post in told["posts"]]
    assert roles == sorted(roles, key=lambda role: role == "reply"), "the question stands first"


@pytest.mark.parametrize("limit", [1, 2, 3, MOST_OF_A_PAGE])
def test_pages_of_a_thread_together_are_the_thread(client, longest, limit):
    address, found, cursor = f"/threads/{longest[0].thread_id}", [], {}
    while True:
        page = client.get(address, params={"limit": limit, **cursor}).json()
        found.append(page["posts"])
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert all(len(posts) == limit for posts in found[:-1])
    assert [post for posts in found for post in posts] == [post_json(post) for post in longest]


@pytest.mark.parametrize(("path", "status", "code"), [
    ("t0", 404, "PostNotFound"), ("%00", 404, "PostNotFound"), ("{0}?limit=0", 422, "FieldsRefused"),
    (f"{{0}}?limit={MOST_OF_A_PAGE + 1}", 422, "FieldsRefused"), ("{0}?cursor=nonsense", 400, "UsageError"),
    ("{0}?cursor={1}", 410, "CursorExpired"),
])  # fmt: skip
def test_what_is_no_thread_or_no_page_of_it_is_a_problem(client, longest, path, status, code):
    other = next(
        hit["thread_id"]
        for hit in client.post("/search", json={"query": longest[0].title, "k": 50, "all_chunks": True}).json()["hits"]
        if hit["thread_id"] != longest[0].thread_id and len(client.get(f"/threads/{hit['thread_id']}").json()["posts"]) > 1
    )
    foreign = client.get(f"/threads/{other}?limit=1").json()["next_cursor"]
    response = client.get(f"/threads/{path.format(longest[0].thread_id, foreign)}")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert status in problems_of(404, 409, 410, 422)


def test_about_says_how_much_there_is_how_fresh_and_of_what(client, server):
    told = client.get("/about").json()
    About.model_validate(told, extra="forbid")
    with server.service.assistant.opened() as opened:
        posts = opened.generation.posts
        assert (told["posts"], told["threads"]) == (len(posts), len(set(posts.threads().values())))
        assert told["generation"] == opened.generation.name
        tags = [tag.lower() for row in posts.posts(range(len(posts))) for tag in row.tags]
    assert told["generator"] == "extractive"
    counts = [tags.count(tag.lower()) for tag in told["tags"]]
    assert counts == sorted(counts, reverse=True)
    assert len(told["tags"]) == min(MOST_TAGS, len(set(tags))) > 3
    age = datetime.now(UTC) - datetime.fromisoformat(told["built"])
    assert timedelta(seconds=-2) < age < timedelta(days=1), "the sample is indexed when the tests run"
    assert client.get("/about").json() == told


def test_examples_have_every_field_that_there_is_and_none_besides():
    Thread.model_validate(THREAD_EXAMPLE, extra="forbid")
    About.model_validate(ABOUT_EXAMPLE, extra="forbid")
