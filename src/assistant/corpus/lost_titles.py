"""Listing pages that lost their titles and counts (L-B): bodies with line breaks, each followed by topic and tags.

The first body stands before the page's own title, without topic or tags. Where a body begins is known only if the tags
before it are: the line after `Tags:` is one, a later line is one for sure if the page shows it to be one elsewhere too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.corpus.layouts import Found
from assistant.corpus.lines import Line
from assistant.corpus.listing import HEADER, LAST_FIELDS, POSTS_UNDER
from assistant.types import Notice, RawPost, Skipped, Source

_LOST = "titles, counts and ages are lost in this layout; the bodies were read"
_PROSE = re.compile(r"[.!?:;,]$|[.!?:;,] |[={}\[\]\";]")
_LONGEST_TAG = 60
_MOST_TAG_WORDS = 6


@dataclass(frozen=True, slots=True)
class _Labels:
    """`Topic:`, `SubTopic:` and `Tags:` in a row; `start` and `end` are positions among the lines that have text."""

    start: int
    end: int
    topics: tuple[str, ...]
    has_tags: bool


def has_labels(lines: Sequence[Line]) -> int | None:
    """The number of the first line that opens a group of topic labels, None if there is none."""
    texts = [(number, text.strip()) for number, text in lines if text and not text.isspace()]
    group = next(_label_groups(texts), None)
    return texts[group.start][0] if group else None


def read_lost_titles(lines: Iterable[Line], path: str) -> Iterator[Found]:
    """Bodies with their tags. A line that may be a tag of one post or begin the next is left out and named."""
    texts = [(number, text.rstrip()) for number, text in lines if text and not text.isspace()]
    header = _header_end(texts)
    if header is None:
        yield Skipped(path, 0, "the header words are missing")
        return
    yield Notice(path, texts[header][0], _LOST)
    page_tag = _page_tag(texts[:header])
    yield from _first_body(texts[:header], page_tag, path)
    after = texts[header + 1 :]
    groups = list(_label_groups(after))
    yield from _later_bodies(after, groups, _known_tags(after, groups, page_tag), path)


def _header_end(texts: Sequence[Line]) -> int | None:
    words = [text for _, text in texts]
    for at in range(4, len(words)):
        if words[at] in LAST_FIELDS and tuple(words[at - 4 : at]) == HEADER:
            return at
    return None


def _page_tag(heading: Sequence[Line]) -> str | None:
    for _, text in reversed(heading):
        match = POSTS_UNDER.fullmatch(text.strip()) if text.startswith("Posts under ") else None
        if match:
            return match[1]
    return None


def _first_body(heading: Sequence[Line], page_tag: str | None, path: str) -> Iterator[Found]:
    """The lines before the page's title, which must be the tag of the page, directly before its `RSS for`."""
    ends = [
        at
        for at, ((_, title), (_, follows)) in enumerate(pairwise(heading))
        if title.strip() == page_tag and follows.startswith("RSS for ")
    ]
    if len(ends) == 1 and ends[0] > 0:
        yield _post(heading[: ends[0]], (page_tag,) if page_tag else (), path)
    elif not ends and heading:
        reason = "where the first body ends and the page's heading begins cannot be told"
        yield Skipped(path, heading[0][0], f"{reason} (lines {heading[0][0]}-{heading[-1][0]})")
    elif len(ends) > 1:
        reason = "the page's title stands more than once: where the first body ends cannot be told"
        yield Skipped(path, heading[0][0], reason)


def _label_groups(texts: Sequence[Line]) -> Iterator[_Labels]:
    at = 0
    while at < len(texts):
        group = _labels_at(texts, at) if texts[at][1].strip() == "Topic:" else None
        if group is None:
            at += 1
        else:
            yield group
            at = group.end


def _labels_at(texts: Sequence[Line], start: int) -> _Labels | None:
    words = [text.strip() for _, text in texts[start : start + 5]]
    if len(words) < 3 or words[2] not in ("SubTopic:", "Tags:"):
        return None
    if words[2] == "Tags:":
        return _Labels(start, start + 3, (words[1],), has_tags=True)
    if len(words) < 4:
        return None
    has_tags = len(words) == 5 and words[4] == "Tags:"
    return _Labels(start, start + (5 if has_tags else 4), (words[1], words[3]), has_tags)


def _known_tags(texts: Sequence[Line], groups: Sequence[_Labels], page_tag: str | None) -> frozenset[str]:
    """What is a tag for sure: the page's, a topic, the line after `Tags:`, all lines from `Tags:` to the file's end."""
    known = {page_tag} if page_tag else set()
    known.update(topic for group in groups for topic in group.topics)
    for group, end in _with_ends(groups, len(texts)):
        values = [text.strip() for _, text in texts[group.end : end]] if group.has_tags else []
        sure = values if end == len(texts) else values[:1]
        if all(map(_could_be_tag, sure)):
            known.update(sure)
    return frozenset(known)


def _could_be_tag(text: str) -> bool:
    short = len(text) <= _LONGEST_TAG and len(text.split()) <= _MOST_TAG_WORDS
    return short and any(map(str.isalpha, text)) and not _PROSE.search(text)


def _with_ends(groups: Sequence[_Labels], size: int) -> Iterator[tuple[_Labels, int]]:
    for at, group in enumerate(groups):
        yield group, groups[at + 1].start if at + 1 < len(groups) else size


def _later_bodies(texts: Sequence[Line], groups: Sequence[_Labels], known: frozenset[str], path: str) -> Iterator[Found]:
    body = list(texts[: groups[0].start]) if groups else list(texts)
    for group, end in _with_ends(groups, len(texts)):
        following = texts[group.end : end]
        tags = 0
        while group.has_tags and tags < len(following) and following[tags][1].strip() in known:
            tags += 1
        if body:
            yield _post(body, (*group.topics, *(text.strip() for _, text in following[:tags])), path)
        unsure = tags
        while group.has_tags and unsure < len(following) and _could_be_tag(following[unsure][1].strip()):
            yield _left_out(following[unsure], path)
            unsure += 1
        body = list(following[unsure:])
    if body:
        reason = "text at the end without `Topic:` and `Tags:` after it: not known to be a whole post"
        yield Skipped(path, body[0][0], reason)


def _left_out(line: Line, path: str) -> Skipped:
    number, text = line
    return Skipped(path, number, f"{text.strip()!r} may be a tag of the post above or the beginning of the one below")


def _post(lines: Sequence[Line], tags: tuple[str, ...], path: str) -> RawPost:
    parts = [lines[0][1]]
    for (before, _), (number, text) in pairwise(lines):
        parts.append("\n" * (number - before) + text)  # blank lines were left out, their numbers were not
    body = "".join(parts)
    return RawPost(body=body, source=Source(path, lines[0][0]), tags=tuple(dict.fromkeys(tags)))
