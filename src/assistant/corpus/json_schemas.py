"""How objects of five schemas become posts: one mapping each, which raises NotAPost for what it cannot take.

Keys that a schema does not name are ignored. `created` is the date where it can be read as one; where not, the text as
written goes to `activity`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from assistant.corpus.json_object import (
    JsonObject,
    NotAPost,
    brief,
    count_in,
    date_in,
    id_of,
    name_of,
    names_in,
    number_in,
    objects_in,
    required_id,
    role_in,
    text_of,
    truth_in,
)
from assistant.corpus.layouts import Layout
from assistant.types import RawPost, Role, Source

Mapping: TypeAlias = Callable[[JsonObject, Source], Iterator[RawPost | NotAPost]]


class Schema(NamedTuple):
    """A layout of JSON lines: `fits` decides on an object's keys alone, `posts` maps an object that fits."""

    layout: Layout
    shape: str
    fits: Callable[[JsonObject], bool]
    posts: Mapping


def own_posts(item: JsonObject, source: Source) -> Iterator[RawPost | NotAPost]:
    """Our own schema (contract, "Posts as JSON lines"). A post with `reply_to` and no `role` is a reply."""
    created, as_written = date_in(item, "created")
    reply_to = id_of(item, "reply_to")
    url = name_of(item, "url")
    yield _with_text(
        RawPost(
            body=text_of(item, "body"),
            source=source,
            title=text_of(item, "title"),
            source_id=id_of(item, "id"),
            namespace=_host(url),
            thread_key=id_of(item, "thread_id"),
            reply_to=reply_to,
            role=role_in(item, "role", Role.REPLY if reply_to else Role.QUESTION),
            accepted=truth_in(item, "accepted"),
            author=name_of(item, "author"),
            created=created,
            activity=name_of(item, "activity") or as_written,
            replies=count_in(item, "replies"),
            boosts=count_in(item, "boosts"),
            views=count_in(item, "views"),
            score=number_in(item, "score"),
            tags=names_in(item, "tags"),
            url=url,
        )
    )


def beir_documents(item: JsonObject, source: Source) -> Iterator[RawPost | NotAPost]:
    """BEIR's `_id`, `title`, `text`."""
    yield _with_text(
        RawPost(
            body=text_of(item, "text"),
            source=source,
            title=text_of(item, "title"),
            source_id=required_id(item, "_id"),
        )
    )


def question_with_answers(item: JsonObject, source: Source) -> Iterator[RawPost | NotAPost]:
    """A Stack Exchange thread: `answers` with ids and scores, `accepted` the id of one of them."""
    question = _opening(item, source, date_key="created", replies=count_in(item, "answer_count"))
    accepted = id_of(item, "accepted")
    yield question
    for place, value in enumerate(objects_in(item, "answers"), start=1):
        try:
            answer = _an_object(value)
            answer_id = required_id(answer, "id")
            is_accepted = accepted is not None and answer_id == accepted
            score = number_in(answer, "score")
            yield _reply(answer, question, answer_id, date_key="created", accepted=is_accepted, score=score)
        except NotAPost as error:
            yield NotAPost(f"answer {place} of thread {brief(question.source_id or '')}: {error}")


def thread_with_replies(item: JsonObject, source: Source) -> Iterator[RawPost | NotAPost]:
    """A forum dump: `replies` without ids, which become `<thread>#<place>`; `forum` is kept as a tag."""
    replies = objects_in(item, "replies")
    question = _opening(item, source, date_key="date", replies=len(replies))
    yield question
    for place, reply in enumerate(replies, start=1):
        try:
            yield _reply(_an_object(reply), question, f"{question.source_id}#{place}", date_key="date")
        except NotAPost as error:
            yield NotAPost(f"reply {place} of thread {brief(question.source_id or '')}: {error}")


def list_message(item: JsonObject, source: Source) -> Iterator[RawPost | NotAPost]:
    """A message of a mailing list. Its thread is known only from `parent` links, so `thread_key` stays None."""
    created, as_written = date_in(item, "date")
    parent = id_of(item, "parent")
    yield _with_text(
        RawPost(
            body=text_of(item, "body"),
            source=source,
            title=text_of(item, "subject"),
            source_id=required_id(item, "id"),
            namespace=name_of(item, "list") or "",
            reply_to=parent,
            role=Role.REPLY if parent or truth_in(item, "is_reply") else Role.QUESTION,
            author=name_of(item, "author"),
            created=created,
            activity=as_written,
        )
    )


def _opening(item: JsonObject, source: Source, *, date_key: str, replies: int | None) -> RawPost:
    created, as_written = date_in(item, date_key)
    url = name_of(item, "url")
    thread = required_id(item, "id")
    forum = name_of(item, "forum")
    return _with_text(
        RawPost(
            body=text_of(item, "body"),
            source=source,
            title=text_of(item, "title"),
            source_id=thread,
            namespace=_host(url),
            thread_key=thread,
            author=name_of(item, "author") or name_of(item, "author_hash"),
            created=created,
            activity=as_written,
            replies=replies,
            views=count_in(item, "views"),
            score=number_in(item, "score"),
            tags=names_in(item, "tags") + ((forum,) if forum else ()),
            url=url,
        )
    )


def _an_object(value: Any) -> JsonObject:
    if not isinstance(value, dict):
        raise NotAPost("it is no object")
    return value


def _reply(
    item: JsonObject,
    question: RawPost,
    reply_id: str,
    *,
    date_key: str,
    accepted: bool = False,
    score: int | None = None,
) -> RawPost:
    """A reply under the title, the address and the key of its thread; its own text must not be empty."""
    body = text_of(item, "body")
    if not body.strip():
        raise NotAPost("it has no text")
    created, as_written = date_in(item, date_key)
    return RawPost(
        body=body,
        source=question.source,
        title=question.title,
        source_id=reply_id,
        namespace=question.namespace,
        thread_key=question.thread_key,
        reply_to=question.source_id,
        role=Role.REPLY,
        accepted=accepted,
        author=name_of(item, "author") or name_of(item, "author_hash"),
        created=created,
        activity=as_written,
        score=score,
        url=question.url,
    )


def _with_text(post: RawPost) -> RawPost:
    if post.title.strip() or post.body.strip():
        return post
    raise NotAPost("neither a title nor a body")


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url).hostname or "") if url else ""
    except ValueError:  # brackets that hold no IPv6 address
        return ""


def _has(*keys: str) -> Callable[[JsonObject], bool]:
    return lambda item: all(key in item for key in keys)


def _has_list(key: str, item: JsonObject) -> bool:
    return isinstance(item.get(key), list) and "id" in item and ("title" in item or "body" in item)


SCHEMAS: tuple[Schema, ...] = (  # the first that fits, so the most particular come first
    Schema(Layout.BEIR, "`_id`, `title`, `text`", _has("_id", "title", "text"), beir_documents),
    Schema(Layout.ANSWERS, "`id` and a list `answers`", lambda item: _has_list("answers", item), question_with_answers),
    Schema(Layout.REPLIES, "`id` and a list `replies`", lambda item: _has_list("replies", item), thread_with_replies),
    Schema(Layout.MESSAGES, "`id`, `list`, `parent`, `body`", _has("id", "list", "parent", "body"), list_message),
    Schema(
        Layout.POSTS,
        "`body`, or `id` and `title`",
        lambda item: "body" in item or ("id" in item and "title" in item),
        own_posts,
    ),
)


def schema_of(item: JsonObject) -> Schema | None:
    """The schema that an object's keys speak for, None if there is none."""
    return next((schema for schema in SCHEMAS if schema.fits(item)), None)
