"""No folder of the server's is told to a client: a source is named from what was indexed on."""

from __future__ import annotations

import json

import pytest
from mcp_calls import calling, told

from assistant.types import Source

QUESTION = "How do I mount a volume at login without the prompt?"
ASKED = {"messages": [{"role": "user", "content": QUESTION}], "model": "forum-assistant"}


@pytest.fixture
def bodies(client):
    """What each way of asking answers with."""
    found = client.post("/search", json={"query": QUESTION}).json()
    first = found["hits"][0]
    events = {"accept": "text/event-stream"}
    return {
        "search": json.dumps(found),
        "answer": client.post("/ask", json={"question": QUESTION}).text,
        "events": client.post("/ask", json={"question": QUESTION}, headers=events).text,
        "post": client.get(f"/posts/{first['post_id']}").text,
        "thread": client.get(f"/threads/{first['thread_id']}").text,
        "completion": client.post("/v1/chat/completions", json=ASKED).text,
        "streamed": client.post("/v1/chat/completions", json={**ASKED, "stream": True}).text,
        "page": client.get("/").text,
    }


def test_no_answer_names_a_folder_of_the_server(bodies, sample, server):
    [path] = {source.path for source in sample.search(QUESTION, 1)[0].post.sources}
    folder = path.rsplit("/", 2)[0]
    assert folder.startswith("/")
    results = [
        told(server.url, calling("search", query=QUESTION)),
        told(server.url, calling("ask", question=QUESTION)),
        told(server.url, calling("get_post", post_id=sample.search(QUESTION, 1)[0].post.post_id)),
    ]
    bodies |= {f"tool {number}": result.model_dump_json() for number, result in enumerate(results)}
    assert [name for name, body in bodies.items() if folder in body] == []
    named = ("search", "answer", "events", "post", "thread", "completion")
    assert [bodies[name] for name in named if "posts/" not in bodies[name]] == []


@pytest.mark.parametrize(
    ("path", "root", "named"),
    [("/srv/forum/posts/a/page.html", "/srv/forum/posts", "posts/a/page.html"),
     ("/srv/dump.jsonl", "/srv/dump.jsonl", "dump.jsonl"), ("/srv/dump.jsonl", None, "dump.jsonl"),
     ("/a.jsonl", "/", "a.jsonl"), ("-", "-", "-"),
     ("/srv/dump.jsonl", "/other", "dump.jsonl")],
)  # fmt: skip
def test_a_source_is_named_from_what_was_indexed_on(path, root, named):
    assert Source(path, 1, root).below == named


def test_of_a_source_within_another_the_inner_one_counts(small, tmp_path):
    outer = tmp_path / "forum"
    inner = outer / "archive"
    inner.mkdir(parents=True)
    path = inner / "posts.jsonl"
    path.write_text('{"id": "1", "title": "A pump", "body": "The pump is loud."}\n')
    small.build(outer, inner)
    [source] = small.posts()[0].sources
    assert (source.root, source.below) == (str(inner), "archive/posts.jsonl")
