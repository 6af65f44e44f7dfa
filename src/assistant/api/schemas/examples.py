"""Requests that can be sent as they are, and what came of them on the sample forum, for the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

_GENERATION = "gen-000001-8c41f0aa"
_QUESTION = "What does Roost leave out of a backup?"
_TEXT = (
    "Left out: Caches, Temporary, everything with the attribute dev.corvid.roost.exclude, and volumes of TideKit providers "
    "unless TKSupportsBackup is YES."
)
_PLACE = {
    "post_id": "pa03f9d991789842a", "source_id": "2203#1", "thread_id": "t6a4a3bb3773684eb", "title": _QUESTION,
    "url": "https://old.corvid.example/forum/2203.html", "source": "posts/dump_forum.jsonl",
}  # fmt: skip
_POST = {
    "role": "reply", "accepted": False, "author": None, "created": "2026-04-05T19:00", "activity": None, "replies": None,
}  # fmt: skip
_SPAN = {"start": 0, "end": len(_TEXT)}

ASK_EXAMPLES: dict[str, Any] = {
    "question": {"summary": "A question", "value": {"question": _QUESTION}},
    "follow_up": {"summary": "A follow-up", "value": {
        "question": "And how slow is it over the network?",
        "history": [{"role": "user", "content": _QUESTION}, {"role": "assistant", "content": f"> {_TEXT} [1]"}],
    }},
    "filters": {"summary": "From newer posts only", "value": {"question": _QUESTION, "filters": {"since": "2026-03"}}},
}  # fmt: skip
SEARCH_EXAMPLES: dict[str, Any] = {
    "search": {"summary": "The best three posts", "value": {"query": "backup leaves files out", "k": 3}},
    "pages": {"summary": "A hundred hits, ten a page", "value": {"query": "camera rotation", "k": 100, "limit": 10}},
    "filters": {"summary": "Threads without a reply", "value": {"query": "backup", "filters": {"unanswered": True}}},
}

HIT_EXAMPLE = {
    "rank": 1, "score": 2.5918, **_PLACE, **_SPAN, "text": _TEXT, "replies": None, "views": None, "activity": None,
    "created": "2026-04-05T19:00",
    "signals": {"dense": 0.4082, "lexical": 1.8411, "exact": 0.0, "dense_rank": 1, "lexical_rank": 2},
}  # fmt: skip
HITS_EXAMPLE = {
    "query": "backup leaves files out", "understood": "backup leaves files out", "generation": _GENERATION,
    "hits": [HIT_EXAMPLE], "next_cursor": None,
}  # fmt: skip
ANSWER_EXAMPLE: dict[str, Any] = {
    "question": _QUESTION, "standalone_question": _QUESTION, "rewriting": {"how": "as_asked", "why": ""},
    "text": f"> {_TEXT} [1]", "status": "grounded", "refusal": None, "confidence": 0.97,
    "citations": [{"label": 1, "claim": _TEXT, **_PLACE, **_POST, **_SPAN, "quote": _TEXT, "status": "verified"}],
    "passages": [{"label": 1, "post_id": _PLACE["post_id"], **_SPAN, "text": _TEXT, "score": 2.5918}],
    "nearest": [{"post_id": _PLACE["post_id"], "title": _QUESTION, "score": 2.5918}],
    "generator": "extractive",
    "provenance": {
        "generation": _GENERATION, "settings_hash": "f7349126f5cf0b4d", "prompt_hash": "",
        "embedder": "all-MiniLM-L6-v2/int8-3/53aa51172d14", "prompts": [],
    },
    "timings_ms": {"rewrite": 1.2, "retrieve": 21.4, "first_token": 88.0, "total": 88.1},
    "usage": None, "left_out": 0, "cut_off": None,
}  # fmt: skip
POST_EXAMPLE: dict[str, Any] = {
    "post_id": "pa03f9d991789842a", "thread_id": "t6a4a3bb3773684eb", "source_id": "2203#1", "title": _QUESTION,
    "body": _TEXT, **_POST, "boosts": None, "views": None, "score": None, "tags": [], "url": _PLACE["url"], "reply_to": "2203",
    "entities": [{"kind": "identifier", "value": "TKSupportsBackup"}],
    "sources": [{"path": "posts/dump_forum.jsonl", "line": 3}],
}  # fmt: skip
EVENTS_EXAMPLE = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in (
    ("retrieved", {"standalone_question": _QUESTION, "hits": [HIT_EXAMPLE]}),
    ("delta", {"text": ANSWER_EXAMPLE["text"]}),
    ("answer", ANSWER_EXAMPLE),
))  # fmt: skip
METRICS_EXAMPLE = "# TYPE process_open_fds gauge\nprocess_open_fds 21.0\n"
