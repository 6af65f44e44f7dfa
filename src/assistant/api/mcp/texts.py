"""What a model reads of a tool's result, where the client hands it no JSON: answers, hits and posts as plain text.

What posts hold stands behind `> ` on every line, or on a line of ours, so that no post can write a line that looks like ours.
Control characters and invisible ones, in which instructions can be hidden, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.answering.wording import NO_POST, NOT_SAID
from assistant.api.problems import public
from assistant.api.telling import post_json
from assistant.errors import AssistantError, Overloaded
from assistant.language.controls import without_hidden
from assistant.render import one_line
from assistant.types import Answer, Citation, Hit, Post, Refusal, Status, Verdict

LONGEST_MATCH = 600
_ADDRESS = re.compile(r"https?://\S+")
_DOUBTS = {Verdict.VERIFIED: "", Verdict.UNSUPPORTED: f" ({NOT_SAID})", Verdict.DANGLING: f" ({NO_POST})"}
_FIELDS = (
    "post_id", "thread_id", "source_id", "author", "created", "activity", "replies", "views", "boosts", "score", "tags", "role",
    "accepted", "reply_to", "url",
)  # fmt: skip
_MEANINGS = {
    Status.GROUNDED: "every sentence is borne out by the posts cited",
    Status.PARTLY_GROUNDED: "some sentences are not borne out by the posts cited",
    Status.UNGROUNDED: "no sentence is borne out by a post",
    Status.REFUSED: "the posts stored here do not answer this",
}
_NOTHING_ASKED = "nothing was looked up"


def answer_text(answer: Answer) -> str:
    """An answer: what was understood, the text with its markers, how far it holds, and each source with its quote."""
    reply = answer.reply
    blocks = [_understood(answer.question, answer.standalone.text), without_hidden(reply.text)]
    if reply.cut_off:
        message, hint = map(_line, (reply.cut_off.message, reply.cut_off.hint))
        blocks.append(f"The answer ended early: {message} ({hint})")
    meaning = _NOTHING_ASKED if reply.refusal is Refusal.EMPTY_QUESTION else _MEANINGS[reply.status]
    blocks.append(f"Status: {reply.status.value} ({meaning}); confidence {reply.confidence:.2f}")
    if reply.citations:
        blocks.append("Sources:\n" + "\n".join(map(_source, reply.citations)))
    if reply.status is Status.REFUSED and answer.nearest:
        near = [f"- {near.post_id}: {_line(near.title) or '(no title)'}" for near in answer.nearest]
        blocks.append("Nearest posts, for get_post:\n" + "\n".join(near))
    return "\n\n".join(block for block in blocks if block)


def hits_text(query: str, understood: str, hits: Sequence[Hit]) -> str:
    """The hits of a search by rank, each with its ids and the text that matches."""
    if not hits:
        return "\n\n".join(filter(None, [_understood(query, understood), "No post was found."]))
    return "\n\n".join(filter(None, [_understood(query, understood), *map(_hit, hits)]))


def post_text(post: Post) -> str:
    """One post: its fields, then its words."""
    fields = post_json(post)
    lines = [f"{name}: {_value(fields[name])}" for name in _FIELDS if fields[name] not in (None, "", [], False)]
    return "\n".join([f"title: {_line(post.title) or '(no title)'}", *lines, "", quoted(post.body)])


def error_text(error: AssistantError) -> str:
    """What went wrong, and what to do about it; no folder of the server's."""
    message, hint = public(error)
    if isinstance(error, Overloaded):
        hint = f"call again after {error.retry_after} s"
    return f"error: {_line(message)}\nhint: {_line(hint)}"


def quoted(text: str) -> str:
    """Each line of the text behind `> `."""
    return "\n".join(f"> {line}".rstrip() for line in without_hidden(text).split("\n"))


def _line(text: str) -> str:
    return one_line(without_hidden(text))


def _value(value: object) -> str:
    return _line(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _understood(asked: str, understood: str) -> str:
    return "" if understood == asked else f"(understood as: {_line(understood)})"


def _source(citation: Citation) -> str:
    head, post = f"[{citation.label}]", citation.post
    if post is None:
        return f"{head}{_DOUBTS[citation.verdict]}"
    place = f"post {post.post_id}, characters {citation.start}-{citation.end}"
    named = f"{head} {_line(post.title) or '(no title)'} ({place}){_url(post)}{_DOUBTS[citation.verdict]}"
    return f"{named}\n{quoted(citation.quote)}"


def _hit(hit: Hit) -> str:
    post = hit.post
    counts = ((post.replies, "replies"), (post.views, "views"))
    facts = [
        f"post {post.post_id}",
        f"score {hit.score:.3f}",
        *(f"{value} {name}" for value, name in counts if value is not None),
    ]
    facts += [_line(value) for value in (post.created, post.activity) if value]
    shown = hit.text[:LONGEST_MATCH] + (" …" if len(hit.text) > LONGEST_MATCH else "")
    head = f"{hit.rank}. {_line(post.title) or '(no title)'} ({', '.join(facts)}){_url(post)}"
    return f"{head}\n{quoted(shown)}" if shown else head


def _url(post: Post) -> str:
    """The address of a post where it is one of the web."""
    address = without_hidden(post.url or "")
    return f" {address}" if _ADDRESS.fullmatch(address) else ""
