"""Sources as other systems name them, to the posts that they mean: by address, id or title, and by the words quoted.

Nothing is guessed: a name that fits posts of several threads, and words that do not tell them apart, means no post.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from assistant.evaluation.records import PostRecord
from assistant.language.segments import Span


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A source as a reply names it: addresses and ids in `keys`, best first; in `loose` what may be an id or a mere running
    number; `quote` is said to be verbatim, `passage` is shown of it."""

    keys: tuple[str, ...] = ()
    title: str = ""
    quote: str = ""
    passage: str = ""
    loose: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What to call it where no post is known for it; empty for a source without any name."""
        return next((name for name in (*self.keys, self.title, *self.loose) if name), "")


def is_address(key: str) -> bool:
    """Whether a key is a URL."""
    return "://" in key


class KnownPosts:
    """Posts that sources can be led back to."""

    def __init__(self, posts: Iterable[PostRecord]) -> None:
        self._ids: dict[str, list[PostRecord]] = defaultdict(list)
        self._addresses: dict[str, list[PostRecord]] = defaultdict(list)
        self._titles: dict[str, list[PostRecord]] = defaultdict(list)
        for post in {post.post: post for post in posts}.values():
            for name in {post.post, post.source} - {None, ""}:
                self._ids[str(name)].append(post)
            if post.url:
                for address in set(_addresses(post.url)):
                    self._addresses[address].append(post)
            if title := _folded(post.title):
                self._titles[title].append(post)

    def find(self, source: NamedSource) -> PostRecord | None:
        """The post that a source means, None where there is none, or no telling which."""
        words = source.quote or source.passage
        groups = [
            *map(self._by_key, source.keys),
            self._titles.get(_folded(source.title), ()),
            *map(self._by_key, source.loose),
        ]
        return next((_one(group, words) for group in groups if group), None)

    def knows(self, key: str) -> bool:
        """Whether an address or an id is that of a post."""
        return bool(self._by_key(key))

    def _by_key(self, key: str) -> Sequence[PostRecord]:
        if key in self._ids:
            return self._ids[key]
        if not is_address(key):
            path = PurePosixPath(key)
            return self._ids.get(path.name) or self._ids.get(path.stem) or ()
        for address in _addresses(key):
            if address in self._addresses:
                return self._addresses[address]
        path = PurePosixPath(unquote(urlsplit(key).path))
        return self._ids.get(path.name) or self._ids.get(path.stem) or ()


def _addresses(url: str) -> list[str]:
    """A URL in the forms in which it may be meant: with its fragment, then without. The scheme and `www.` do not count."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return []
    bare = f"{host}{unquote(parts.path).rstrip('/')}" + (f"?{parts.query}" if parts.query else "")
    return [f"{bare}#{parts.fragment}", bare] if parts.fragment else [bare]


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _one(candidates: Sequence[PostRecord], words: str) -> PostRecord | None:
    if len(candidates) > 1 and words:
        holding = [post for post in candidates if located(words, post.body)]
        candidates = holding or candidates
    if not candidates:
        return None
    # Posts of one thread are often shown on one page: the address then means the thread, and its first post stands for it.
    one_thread = len(candidates) == 1 or (candidates[0].thread and len({post.thread for post in candidates}) == 1)
    return candidates[0] if one_thread else None


def located(words: str, body: str) -> Span | None:
    """Where words stand in a body: as they are, else with white space folded and marks of omission at the ends left out."""
    start = body.find(words)
    if words and start >= 0:
        return Span(start, start + len(words))
    bare = words.strip().removesuffix("...").strip("… \t\r\n").split()
    if not bare:
        return None
    match = re.search(r"\s+".join(map(re.escape, bare)), body)
    return Span(*match.span()) if match else None
