"""One line -> one JSON object, strictly, and its fields with their types checked. A reason instead of a traceback."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from assistant.corpus.dates import iso_date
from assistant.corpus.page_fields import count_of
from assistant.types import Role

DEEPEST = 64
MOST_PARTS = 1_000_000  # objects and lists on one line: small in the file, large in memory
LARGEST = 2**63 - 1

JsonObject = dict[str, Any]


class NotAPost(Exception):
    """Why a line, or a part of it, is no post; the message is what the user reads."""


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for at, key in enumerate(keys) if key in keys[:at])
        raise NotAPost(f"the key `{brief(twice)}` stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise NotAPost(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def json_object(line: str) -> JsonObject:
    """The object on this line. Raises NotAPost for malformed JSON, duplicate keys, other values and deep nesting."""
    parts = line.count("{") + line.count("[")
    if parts > MOST_PARTS:
        raise NotAPost(f"more than {MOST_PARTS} objects and lists on one line")
    try:
        value = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise NotAPost(f"malformed JSON: {error.msg} at column {error.pos + 1}") from error
    except RecursionError as error:
        raise NotAPost(f"nested deeper than {DEEPEST} levels") from error
    except ValueError as error:  # a number of more digits than Python converts
        raise NotAPost("malformed JSON: a number that is too long") from error
    if not isinstance(value, dict):
        raise NotAPost(f"{_kind(value)}, where one object a line belongs")
    if parts > DEEPEST and _is_deep(value):
        raise NotAPost(f"nested deeper than {DEEPEST} levels")
    return value


def _is_deep(value: JsonObject) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if inner and (isinstance(inner, dict) or isinstance(inner, list))  # noqa: SIM101 twice as fast as a union
        ]
        if not level:
            return False
    return True


def text_of(item: JsonObject, key: str) -> str:
    """A string, empty where the key is missing or null."""
    value = item.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotAPost(f"`{key}` is {_kind(value)}, not text")
    if not value.isascii():
        _refuse_surrogates(key, value)
    return value


def name_of(item: JsonObject, key: str) -> str | None:
    """A short text such as an author, None where it is missing, null or blank."""
    if item.get(key) is None:
        return None
    return text_of(item, key).strip() or None


def id_of(item: JsonObject, key: str) -> str | None:
    """An id as text: a string or an integer, None where it is missing, null or blank."""
    value = item.get(key)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) <= LARGEST else _refuse_number(key)
    return name_of(item, key)


def required_id(item: JsonObject, key: str) -> str:
    """As `id_of`, where a post without an id could not be told from others."""
    found = id_of(item, key)
    if found is None:
        raise NotAPost(f"`{key}` is missing or empty")
    return found


def count_in(item: JsonObject, key: str) -> int | None:
    """A count: an integer, or text as pages print it (`"12"`, `"3.1k"`). Never negative, never a boolean."""
    value = item.get(key)
    if value is None:
        return None
    if isinstance(value, str):
        count = count_of(value.strip())
        if count is None:
            raise NotAPost(f"`{key}` is `{brief(value)}`, not a count")
        return count
    number = number_in(item, key)
    if number is not None and number < 0:
        raise NotAPost(f"`{key}` is negative: {number}")
    return number


def number_in(item: JsonObject, key: str) -> int | None:
    """An integer that may be negative, such as a score."""
    value = item.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise NotAPost(f"`{key}` is {_kind(value)}, not an integer")
    return value if abs(value) <= LARGEST else _refuse_number(key)


def truth_in(item: JsonObject, key: str) -> bool:
    """A boolean, False where it is missing or null."""
    value = item.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise NotAPost(f"`{key}` is {_kind(value)}, not true or false")


def names_in(item: JsonObject, key: str) -> tuple[str, ...]:
    """A list of texts such as tags, without blanks and repetitions."""
    value = item.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise NotAPost(f"`{key}` is {_kind(value)}, not a list")
    names = (name_of({key: name}, key) for name in value)
    return tuple(dict.fromkeys(name for name in names if name))


def objects_in(item: JsonObject, key: str) -> list[Any]:
    """A list whose members are yet to be looked at, empty where it is missing or null."""
    value = item.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotAPost(f"`{key}` is {_kind(value)}, not a list")
    return value


def role_in(item: JsonObject, key: str, default: Role) -> Role:
    """One of the roles by name; any other name (`staff`) says who wrote a post, not what it is, and changes nothing."""
    value = name_of(item, key)
    return next((role for role in Role if role == value), default)


def date_in(item: JsonObject, key: str) -> tuple[str | None, str | None]:
    """The date as ISO 8601 and None; or, where it cannot be read as a date, None and the text as written."""
    text = name_of(item, key)
    if text is None:
        return None, None
    date = iso_date(text)
    return (date, None) if date else (None, text)


def _refuse_surrogates(key: str, value: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotAPost(f"`{key}` holds half a character (a lone surrogate) at {error.start}") from error


def _refuse_number(key: str) -> NoReturn:
    raise NotAPost(f"`{key}` is a number that is too big")


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    kinds = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number with a fraction"}
    return kinds.get(type(value), "null")


def brief(text: str) -> str:
    """A name from a file as a message may show it: short, and without characters that do more than show."""
    shown = text if len(text) <= 40 else text[:37] + "..."
    return shown if shown.isprintable() else repr(shown)
