"""Answers, hits and posts to terminal text and to the JSON of the contract.

The only place that prints post text, so the only place that neutralises it: control characters, escape sequences and
bidirectional overrides of a post never reach the terminal.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.answering.wording import MARKS, NO_POST, NOT_SAID
from assistant.language.code import outside_code
from assistant.language.controls import without_controls
from assistant.pipeline import Event, Retrieved, TextDelta
from assistant.types import Answer, Citation, Hit, Passage, Post, Source, Verdict

_QUOTED_MARKER = re.compile(r"\\\[([\d, -]+)\\\]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_MARK = re.compile("|".join(map(re.escape, MARKS)))
LONGEST_QUOTE = 240
_STYLES = {"bold": "1", "dim": "2", "cyan": "36", "yellow": "33"}


def one_line(text: str) -> str:
    """Harmless text with runs of white space folded."""
    return " ".join(without_controls(text).split())


def shown_path(path: str) -> str:
    """A path relative to the current folder where it lies below it."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


class Painter:
    """Our own colours, or none: the only escape sequences that are ever written."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self._colour else text


async def told(
    events: AsyncGenerator[Event, None],
    question: str,
    paint: Painter,
    write: Callable[[str], None],
    said: Callable[[str], None] = lambda text: None,
) -> Answer:
    """Write an answer to a terminal as it comes, then its sources; the answer. What is written is `answer_text`; `said` is
    told each piece of the answer's own text."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Retrieved):
                write(_understood(question, event.standalone_question, paint))
            elif isinstance(event, TextDelta):
                said(event.text)
                write(_piece(event.text, paint))
            else:
                write(f"{_sources(event.answer, paint)}\n")
                return event.answer
    raise AssertionError("an answer ends with Answered")


def answer_text(answer: Answer, paint: Painter) -> str:
    """An answer for a terminal: the text, then its sources by number."""
    understood = _understood(answer.question, answer.standalone.text, paint)
    return understood + _piece(answer.reply.text, paint) + _sources(answer, paint)


def _understood(question: str, standalone: str, paint: Painter) -> str:
    return "" if standalone == question else paint(f"(understood as: {one_line(standalone)})\n", "dim") + "\n"


def _piece(text: str, paint: Painter) -> str:
    """Whole sentences of an answer as a terminal shows them."""
    # A number in brackets that a post wrote must not look like a marker of ours. In code a backslash is a backslash.
    text = outside_code(without_controls(text), lambda words: _ESCAPED.sub(r"\1", _QUOTED_MARKER.sub(r"⟦\1⟧", words)))
    return _MARK.sub(lambda match: paint(match[0], "yellow"), text)


def _sources(answer: Answer, paint: Painter) -> str:
    """What follows the text: the sources by number, and what was dropped."""
    reply = answer.reply
    lines = ["", "", paint("Sources", "bold")] if reply.citations else []
    lines += [_source_line(citation, paint) for citation in reply.citations]
    if reply.left_out and answer.strict:
        lines += ["", "", paint(f"(left out, since nothing supports it: {_count(reply.left_out, 'sentence')})", "dim")]
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _source_line(citation: Citation, paint: Painter) -> str:
    label, post = paint(f"[{citation.label}]", "cyan"), citation.post
    if post is None:
        return f"{label} {paint(NO_POST, 'yellow')}"
    place = post.url or (f"{shown_path(post.sources[0].path)}:{post.sources[0].line}" if post.sources else "")
    line = f"{label} {one_line(_title(post))} · {post.post_id} {citation.start}–{citation.end} · {one_line(place)}"
    if citation.claim == citation.quote:
        return line  # the text is the quotation
    quote = one_line(citation.quote)
    shown = f"“{quote[:LONGEST_QUOTE]}{' …' if len(quote) > LONGEST_QUOTE else ''}”"
    doubt = "" if citation.verdict is Verdict.VERIFIED else paint(f" ({NOT_SAID})", "yellow")
    return f"{line}\n    {paint(shown, 'dim')}{doubt}"


def _title(post: Post) -> str:
    return post.title or f"{post.body[:60]} …"


def hits_text(hits: Sequence[Hit], paint: Painter) -> str:
    """Ranked hits for a terminal."""
    if not hits:
        return "No post was found."
    blocks = []
    for hit in hits:
        post = hit.post
        counts = [f"{value} {name}" for name, value in (("replies", post.replies), ("views", post.views)) if value is not None]
        facts = " · ".join([post.post_id, *counts, *(one_line(v) for v in (post.created, post.activity) if v)])
        snippet = one_line(hit.text)
        blocks.append("\n".join((
            f"{paint(f'{hit.rank:>2}.', 'cyan')} {paint(one_line(_title(post)), 'bold')}",
            f"    {paint(facts, 'dim')}",
            f"    {snippet[:300]}{' …' if len(snippet) > 300 else ''}",
        )))  # fmt: skip
    return "\n\n".join(blocks)


def post_text(post: Post, paint: Painter) -> str:
    """One post with its fields for a terminal."""
    fields = [(name, value) for name, value in post_json(post).items() if name not in ("title", "body", "sources", "entities")]
    lines = [paint(one_line(_title(post)), "bold"), ""]
    lines += [f"{name:>10}  {one_line(_plain(value))}" for name, value in fields if value not in (None, [], False)]
    lines += [f"{'source':>10}  {one_line(shown_path(source.path))}:{source.line}" for source in post.sources]
    return "\n".join([*lines, "", without_controls(post.body)])


def thread_json(posts: Sequence[Post]) -> dict[str, Any]:
    """`show --thread --json`: the posts of one thread, at least one."""
    return {"thread_id": posts[0].thread_id, "title": posts[0].title, "posts": [post_json(post) for post in posts]}


def thread_text(posts: Sequence[Post], paint: Painter) -> str:
    """The posts of one thread for a terminal, each with who wrote it, when, and its id."""
    shown = [paint(one_line(_title(posts[0])), "bold")]
    for number, post in enumerate(posts, 1):
        role = "accepted answer" if post.accepted else post.role.value
        facts = [f"{number} of {len(posts)}", role, post.author, post.created or post.activity, post.post_id]
        shown += [paint(one_line(" · ".join(filter(None, facts))), "cyan"), without_controls(post.body)]
    return "\n\n".join(shown)


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def post_json(post: Post, *, whole_paths: bool = True) -> dict[str, Any]:
    """`show --json` of the contract. Without `whole_paths` the path of a source begins with what was indexed."""
    return {
        "post_id": post.post_id, "thread_id": post.thread_id, "source_id": post.source_id, "title": post.title,
        "body": post.body, "author": post.author, "created": post.created, "activity": post.activity,
        "replies": post.replies, "boosts": post.boosts, "views": post.views, "score": post.score,
        "tags": list(post.tags), "url": post.url, "role": post.role.value, "accepted": post.accepted,
        "reply_to": post.reply_to, "entities": [asdict(entity) for entity in post.entities],
        "sources": [{"path": _path(source, whole_paths), "line": source.line} for source in post.sources],
    }  # fmt: skip


def _path(source: Source, whole: bool) -> str:
    return source.path if whole else source.below


def _source(post: Post, whole_paths: bool) -> str | None:
    return _path(post.sources[0], whole_paths) if post.sources else None


def hit_json(hit: Hit, *, whole_paths: bool = True) -> dict[str, Any]:
    """One hit of `search --json`; paths as in `post_json`."""
    post = hit.post
    return {
        "rank": hit.rank, "score": hit.score, "post_id": post.post_id, "source_id": post.source_id,
        "thread_id": post.thread_id, "title": post.title, "url": post.url, "source": _source(post, whole_paths),
        "start": hit.start, "end": hit.end, "text": hit.text, "replies": post.replies, "views": post.views,
        "activity": post.activity, "created": post.created, "signals": asdict(hit.signals),
    }  # fmt: skip


def _citation_json(citation: Citation, whole_paths: bool) -> dict[str, Any]:
    post = citation.post
    names = (
        "post_id",
        "source_id",
        "thread_id",
        "title",
        "url",
        "role",
        "accepted",
        "author",
        "created",
        "activity",
        "replies",
    )
    place = {name: getattr(post, name, None) for name in names} | {"source": _source(post, whole_paths) if post else None}
    return {
        "label": citation.label, "claim": citation.claim, **place, "start": citation.start, "end": citation.end,
        "quote": citation.quote, "status": citation.verdict.value,
    }  # fmt: skip


def _passage_json(passage: Passage) -> dict[str, Any]:
    return {
        "label": passage.label, "post_id": passage.post.post_id, "start": passage.start, "end": passage.end,
        "text": passage.text, "score": passage.score,
    }  # fmt: skip


def answer_json(answer: Answer, *, whole_paths: bool = True) -> dict[str, Any]:
    """An Answer of the contract; paths as in `post_json`."""
    reply = answer.reply
    return {
        "question": answer.question,
        "standalone_question": answer.standalone.text,
        "rewriting": {"how": answer.standalone.how.value, "why": answer.standalone.why},
        "text": reply.text,
        "status": reply.status.value,
        "refusal": reply.refusal.value if reply.refusal else None,
        "confidence": reply.confidence,
        "citations": [_citation_json(citation, whole_paths) for citation in reply.citations],
        "passages": [_passage_json(passage) for passage in reply.passages],
        "nearest": [asdict(near) for near in answer.nearest],
        "generator": answer.generator,
        "provenance": asdict(answer.provenance) | {"prompts": [prompt.label for prompt in answer.provenance.prompts]},
        "timings_ms": asdict(answer.timings_ms),
        "usage": asdict(reply.usage) if reply.usage else None,
        "left_out": reply.left_out,
        "cut_off": {"message": reply.cut_off.message, "hint": reply.cut_off.hint} if reply.cut_off else None,
    }
