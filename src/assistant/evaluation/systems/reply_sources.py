"""Sources in the many shapes in which chat servers give them, as `NamedSource`s in the order given.

Read are: `annotations` (OpenAI), `citations` and `search_results` (Perplexity and ours), `sources`, `context.citations`
(Azure), on the answer itself, on its choice or on the message. Shapes that are none of these are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from assistant.evaluation.systems.known_posts import NamedSource

_ADDRESSES = ("url", "link", "uri", "href", "source_url")
_LOOSE_IDS = ("source_id", "document_id", "doc_id", "chunk_id", "filepath", "file_id", "filename", "id", "source", "name")
_QUOTES = ("quote", "cited_text")
_PASSAGES = ("snippet", "content", "text", "excerpt", "document")
_NESTED = ("url_citation", "file_citation", "metadata", "source", "document")
CITING = ("citations", "sources")
"""Lists of what an answer cites; `search_results` are what was found, cited or not."""
FOUND = ("search_results", *CITING)

_ADDRESS = re.compile(r"https?://[^\s<>\[\]\"]+[^\s<>\[\]\".,;:!?')]")


class Annotation(NamedTuple):
    """A source and the range of the reply's text that it belongs to, None where none is said."""

    source: NamedSource
    start: int | None
    end: int | None


def places(response: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Where sources may stand in an answer, the most specific first: message, its context, choice, the answer."""
    choice = _first_choice(response)
    message = choice.get("message")
    message = message if isinstance(message, Mapping) else {}
    context = message.get("context")
    return [message, context if isinstance(context, Mapping) else {}, choice, response]


def _first_choice(response: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = response.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else {}
    return first if isinstance(first, Mapping) else {}


def content_of(response: Mapping[str, Any]) -> str:
    """The text of the reply, empty where there is none."""
    content = places(response)[0].get("content")
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def noted(response: Mapping[str, Any], length: int) -> list[Annotation]:
    """The annotations of the message; ranges outside of a text of `length` code points count as none."""
    found = []
    for item in _items(places(response)[0].get("annotations")):
        detail = next((item[name] for name in _NESTED[:2] if isinstance(item.get(name), Mapping)), item)
        start, end = detail.get("start_index"), detail.get("end_index")
        in_text = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= length
        if (source := source_of(item)).name:
            found.append(Annotation(source, start, end) if in_text else Annotation(source, None, None))
    return found


def listed(response: Mapping[str, Any], names: Sequence[str]) -> list[NamedSource]:
    """The first list of sources that stands under one of `names`; its order is what markers `[1]`, `[2]` count."""
    for name in names:
        for place in places(response):
            if isinstance(items := place.get(name), list) and items:
                return [source_of(item) for item in items]
    return []


def source_of(item: Any) -> NamedSource:
    """A source: a URL or an id as text, or an object that holds them under one of the usual names."""
    if isinstance(item, str):
        return source_in_line(item)
    if not isinstance(item, Mapping):
        return NamedSource()
    levels = [item, *(nested for name in _NESTED for nested in _items([*_as_list(item.get(name))]))]
    keys = tuple(dict.fromkeys((*_texts(levels, ("post_id",)), *_texts(levels, _ADDRESSES))))
    title, quote, passage = (next(iter(_texts(levels, names)), "") for names in (("title",), _QUOTES, _PASSAGES))
    # A bare `id` is often no more than a running number; it is taken for a post's only where there is no address.
    return NamedSource(keys, title, quote, passage, () if keys else _texts(levels, _LOOSE_IDS))


def source_in_line(line: str) -> NamedSource:
    """A source written as one line of text: the addresses in it, or else the line itself as id and title."""
    addresses = tuple(dict.fromkeys(match[0] for match in _ADDRESS.finditer(line)))
    bare = _ADDRESS.sub("", line).strip(' \t-–—:,*_()[]<>"“”')
    return NamedSource(addresses, bare, loose=() if addresses else (bare,))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _texts(levels: Sequence[Mapping[str, Any]], names: Sequence[str]) -> tuple[str, ...]:
    values = [value for name in names for level in levels for value in _as_list(level.get(name))]
    numbers = [str(value) if isinstance(value, int) and not isinstance(value, bool) else value for value in values]
    texts = [value for value in numbers if isinstance(value, str) and value]
    return tuple(dict.fromkeys(texts))
