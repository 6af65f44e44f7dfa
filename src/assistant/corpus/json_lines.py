"""Files of one JSON object a line. The first object that fits a schema decides for the file; every line is checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.corpus.json_object import JsonObject, NotAPost, brief, json_object
from assistant.corpus.json_schemas import Schema, schema_of
from assistant.corpus.layouts import Found, Reader
from assistant.corpus.lines import Line
from assistant.types import Skipped, Source

_OBJECT_START = re.compile(r"\s*\{\s*(?:[\"}]|$)")
_ARRAY_START = re.compile(r"\s*\[\s*(?:[\[{]|$)")
_LOOK_AT = 200  # lines with text


@dataclass(frozen=True, slots=True)
class JsonVerdict:
    """`schema` is None where a file is JSON of another kind; `why` says what it is."""

    schema: Schema | None
    line: int
    why: str


def judge_json(lines: Sequence[Line]) -> JsonVerdict | None:
    """What kind of JSON the first lines are; None if they are no JSON."""
    shown = [(number, text) for number, text in lines[: 4 * _LOOK_AT] if text and not text.isspace()][:_LOOK_AT]
    if not shown:
        return None
    number, text = shown[0]
    if _ARRAY_START.match(text[:80]):
        return JsonVerdict(None, number, "one JSON array: write one object a line (`jq -c '.[]' FILE`)")
    starts = sum(bool(_OBJECT_START.match(line[:80])) for _, line in shown)
    if not _OBJECT_START.match(text[:80]) and starts * 2 <= len(shown):
        return None
    return _judge_objects(shown)


def _judge_objects(shown: Sequence[Line]) -> JsonVerdict:
    other: tuple[int, JsonObject] | None = None
    for number, text in shown:
        try:
            item = json_object(text)
        except NotAPost:
            continue
        schema = schema_of(item)
        if schema is not None:
            return JsonVerdict(schema, number, f"line {number} is a JSON object with {schema.shape}")
        other = other or (number, item)
    if other is None:
        return JsonVerdict(None, shown[0][0], "begins like JSON, but no line is a JSON object: write one object a line")
    number, item = other
    if "_id" in item and "text" in item:
        why = f"line {number} has `_id` and `text` but no `title`, as BEIR writes queries, which are no posts"
        return JsonVerdict(None, number, why)
    keys = ", ".join(f"`{brief(key)}`" for key in list(item)[:6]) or "no keys"
    return JsonVerdict(None, number, f"line {number} is a JSON object with {keys}: none of the schemas of posts")


def reader_for(schema: Schema) -> Reader:
    """A reader that maps every line by this schema and skips, with the reason, the lines that it does not fit."""

    def read(lines: Iterable[Line], path: str) -> Iterator[Found]:
        for number, text in lines:
            if text and not text.isspace():
                yield from _posts_of(text, schema, Source(path, number))

    return read


def _posts_of(text: str, schema: Schema, source: Source) -> Iterator[Found]:
    try:
        item = json_object(text)
        if not schema.fits(item):
            other = schema_of(item)
            looks = f", it looks like {other.shape}" if other else ""
            raise NotAPost(f"not {schema.shape}, as the file began with{looks}")
        for found in schema.posts(item, source):
            yield Skipped(source.path, source.line, str(found)) if isinstance(found, NotAPost) else found
    except NotAPost as error:
        yield Skipped(source.path, source.line, str(error))
