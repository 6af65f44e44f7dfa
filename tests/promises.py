"""What the contract promises of every answer, on every path, as one function that names the promises not kept."""

from __future__ import annotations

import itertools
import json
import re

from assistant.answering.wording import MARKS
from assistant.render import answer_json

STATUSES = {"grounded", "partly_grounded", "ungrounded", "refused"}
CODE = re.compile(r"^ *(```+|~~~+).*?(?:^ *\1|\Z)|(?<![\\`])(`+)(?!`)[^\n]*?(?<!`)\2(?!`)", re.DOTALL | re.MULTILINE)
MARKER = re.compile(r"(?<!\\)\[(\d+)\]")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def broken(posts, answer):
    """The promises that an answer does not keep; `posts` is where its posts can be found by id."""
    told = answer_json(answer)
    labels = [int(label) for label in MARKER.findall(CODE.sub(" ", told["text"]))]
    cited = {citation["label"]: citation for citation in told["citations"]}
    used = list(dict.fromkeys(labels))
    written = told["generator"] != "extractive"
    rules = {
        "the text is not empty": bool(told["text"].strip()),
        "the status is one of four": told["status"] in STATUSES,
        "confidence is 0..1": 0.0 <= told["confidence"] <= 1.0,
        "each marker has a citation": set(used) <= cited.keys(),
        "each citation has a marker": cited.keys() <= set(used),
        "labels run from 1 in order of use": used == list(range(1, len(used) + 1)),
        "a citation's label is its own": len(cited) == len(told["citations"]),
        "quotes are verbatim": all(_verbatim(posts, item, item["quote"]) for item in told["citations"]),
        "passages are verbatim": all(_verbatim(posts, item, item["text"]) for item in told["passages"]),
        "quotes are not empty": all(
            bool(item["quote"].strip()) != (item["status"] == "dangling") for item in told["citations"]
        ),
        "a refusal cites nothing": told["status"] != "refused" or not (told["citations"] or labels),
        "a refusal has a reason": (told["status"] == "refused") == (told["refusal"] is not None),
        "an answer cites something": told["status"] in ("refused", "ungrounded") or bool(told["citations"]),
        "a gap between quotations of a post is shown": written
        or all(
            f"[{before['label']}]\n>\n> … " in told["text"]
            for before, after in itertools.pairwise(told["citations"])
            if before["post_id"] == after["post_id"]
        ),
        "no control characters": not CONTROLS.search(told["text"]),
        "every sentence of a grounded answer is cited": written or told["status"] != "grounded" or not _uncited(told["text"]),
        "nothing marked is grounded": told["status"] != "grounded" or not any(mark in told["text"] for mark in MARKS[:3]),
        "a grounded answer has verified citations": told["status"] != "grounded"
        or any(item["status"] == "verified" for item in told["citations"]),
        "only prose has a prompt": written or not told["provenance"]["prompt_hash"],
        "it is JSON": json.loads(json.dumps(told)) == told,
    }
    return [rule for rule, kept in rules.items() if not kept]


def _verbatim(posts, item, text):
    return item.get("status") == "dangling" or posts.find(item["post_id"]).body[item["start"] : item["end"]] == text


def _uncited(text):
    """Quoted lines that end without a marker."""
    return [line for line in text.splitlines() if line.startswith("> ") and not MARKER.search(line[-5:])]
