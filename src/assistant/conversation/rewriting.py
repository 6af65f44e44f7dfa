"""A model's way: it is asked for the standalone question, and what it says is used only if `guarding` has no objection.

A question that stands by itself is never sent, and a model that leaves one as it is is believed where it may stand.
Whatever goes wrong with the request, the rules' question is taken instead: to answer, the same server is asked next, and
if it is down for good that request says so.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from assistant.conversation.carrying import Judged, has_own_words, nothing, standalone
from assistant.conversation.guarding import LONGEST_REWRITING, objection, unchanged
from assistant.conversation.reading import Rarity
from assistant.errors import ServerUnreachable
from assistant.llm.model import Ended, Message, Model
from assistant.prompting import prompt
from assistant.types import Rewriting, Standalone, Turn, Usage

PROMPT = "standalone"
SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string", "minLength": 1, "maxLength": LONGEST_REWRITING}},
    "required": ["question"],
    "additionalProperties": False,
}
MOST_TOKENS = 160
"""Of a reply: the longest question that is let through, with its JSON, has some 130."""
LONGEST_WAIT = 15.0
"""Seconds that a reader waits for a rewriting before the search begins without it."""
LONGEST_HISTORY = 4000
"""Characters of the last turns that the model sees."""
LONGEST_TURN = 1200
_FENCE = re.compile(r"\A```\w*\s*|\s*```\Z")
_LABEL = re.compile(r"\A(?:the )?(?:standalone|rewritten|new)? ?question\s*:\s*", re.IGNORECASE)


async def rewritten(
    question: str, history: Sequence[Turn], rarity: Rarity, model: Model,
    about_posts: Judged = nothing, strange: Judged = nothing,
) -> tuple[Standalone, Usage | None]:  # fmt: skip
    """`question` as the model makes it stand by itself, and what that used; as the rules do where it needs no model, or the
    model fails or says what cannot be used. Raises nothing that a server does."""
    alone = standalone(question, history, rarity, about_posts, strange)
    if alone.leans_on is None:
        return alone, None
    alone = replace(alone, prompts=(prompt(PROMPT).used,))
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            reply, usage = await _asked(question, history, model)
    except TimeoutError:
        return _unused(alone, f"no answer within {LONGEST_WAIT:g} s"), None
    except ServerUnreachable as error:
        return _unused(alone, error.message), None
    text = question_in(reply)
    if unchanged(text, question) and (alone.how is Rewriting.AS_ASKED or has_own_words(question, history, rarity)):
        return replace(alone, text=text, how=Rewriting.MODEL, why="the model left it as it is"), usage
    reason = objection(text, question, history)
    if reason is not None:
        return _unused(alone, reason), usage
    return replace(alone, text=text, how=Rewriting.MODEL), usage


def _unused(alone: Standalone, reason: str) -> Standalone:
    return replace(alone, why=f"{alone.why}; the model's rewriting was not used: {reason}")


async def _asked(question: str, history: Sequence[Turn], model: Model) -> tuple[str, Usage | None]:
    """What the model replies, cut off where it is longer than any rewriting that could be used."""
    text = prompt(PROMPT).render(turns=as_data(last_turns(history)), question=as_data(question))
    reply = ""
    async with aclosing(model.stream([Message("user", text)], MOST_TOKENS, SCHEMA)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Ended):
                return reply, piece.usage
            reply += piece
            if len(reply) > 2 * LONGEST_REWRITING:
                break
    return reply, None


def as_data(value: Any) -> str:
    """`value` as JSON in which nothing can be taken for markup."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def last_turns(history: Sequence[Turn]) -> list[dict[str, str]]:
    """The last turns, oldest first, each cut to `LONGEST_TURN` and all to `LONGEST_HISTORY` characters."""
    kept: list[dict[str, str]] = []
    left = LONGEST_HISTORY
    for turn in reversed(history):
        content = turn.content[: min(LONGEST_TURN, left)]
        left -= len(content)
        if content.strip():
            kept.append({"role": turn.role, "content": content})
        if not left:
            break
    return kept[::-1]


def question_in(reply: str) -> str:
    """The question in a model's reply: in JSON as it was told, else the reply itself without fence, label and quotes."""
    text = _FENCE.sub("", reply.strip()).strip()
    found = _in_json(text)
    if found is None:
        found = _LABEL.sub("", text).strip().strip("\"“”'`")
    return "\n".join(" ".join(line.split()) for line in found.splitlines() if line.strip())


def _in_json(text: str) -> str | None:
    start = text.find("{")
    if start < 0:
        return None
    try:
        document, _ = json.JSONDecoder().raw_decode(text[start:])
    except ValueError:
        return None
    value = document.get("question") if isinstance(document, dict) else None
    return value if isinstance(value, str) else None
