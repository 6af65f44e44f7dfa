"""The posts of a run as measures look at them: bodies, folded text, terms by place, the name that judgements use.

Everything is made when it is first asked for and kept: a post stands in many answers.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from math import ceil
from sys import maxsize
from typing import Literal

from assistant.evaluation.measures.wordings import fold
from assistant.evaluation.measures.words import Rarity, content_of, content_words
from assistant.evaluation.records import PostRecord
from assistant.language.terms import TOKEN

IDF_SAMPLE = 2_000
"""Posts that rarity is read off, evenly spread over the ids, so that a large run takes no longer."""
WINDOW = 200
"""Code points on both sides of a cited span that a reader sees with it."""


class Library:
    """The posts that a run touched. `ids` says which of their two names the judgements use."""

    def __init__(self, posts: Mapping[str, PostRecord], ids: Literal["post", "source"] = "post") -> None:
        self.posts = posts
        self.ids = ids
        self._folded: dict[str, str] = {}
        self._terms: dict[str, tuple[list[int], list[tuple[str, ...]]]] = {}
        self._windows: dict[tuple[str, int, int], Window] = {}
        self._spans: dict[tuple[str, int, int], str] = {}

    @cached_property
    def rarity(self) -> Rarity:
        """How rare a term is among these posts."""
        names = sorted(self.posts)
        step = max(1, ceil(len(names) / IDF_SAMPLE))
        return Rarity([set().union(*self.terms(post)) for post in names[::step]])

    @cached_property
    def records_facts(self) -> bool:
        """Whether the run records what is known of posts beside their words."""
        return any(post.facts for post in self.posts.values())

    @cached_property
    def _of_gold(self) -> dict[str, str]:
        return {self.gold(post): post for post in sorted(self.posts, reverse=True)}

    @cached_property
    def _by_word(self) -> dict[str, set[str]]:
        found: defaultdict[str, set[str]] = defaultdict(set)
        for post, record in self.posts.items():
            for word in re.findall(r"\w+", record.body):
                found[word].add(post)
        return dict(found)

    def has_words(self, quote: str) -> bool:
        """Whether a quote stands in any post, character by character."""
        # The first and the last word may be parts of words; a word between them stands whole in a post that has the quote.
        inner = re.findall(r"\w+", quote)[1:-1]
        posts = min((self._by_word.get(word, set()) for word in inner), key=len, default=set(self.posts))
        return any(quote in self.posts[post].body for post in posts)

    def gold(self, post: str, source: str | None = None) -> str:
        """The name by which judgements know a post: its own where they use sources and it has none."""
        if self.ids == "post":
            return post
        if source is None and post in self.posts:
            source = self.posts[post].source
        return source or post

    def named(self, gold: str) -> PostRecord | None:
        """The post that judgements call so, None where the run did not touch it."""
        return self.posts.get(self._of_gold.get(gold, ""))

    def body(self, post: str) -> str | None:
        """Canonical text of a post, None for a post that the run does not have."""
        return self.posts[post].body if post in self.posts else None

    def folded(self, post: str) -> str:
        """Title and body of a post, folded; empty for a post that the run does not have."""
        if post not in self._folded:
            record = self.posts.get(post)
            self._folded[post] = fold(f"{record.title}\n{record.body}") if record else ""
        return self._folded[post]

    def clipped(self, post: str, start: int, end: int) -> tuple[int, int]:
        """A span as far as it lies in the post; the whole post where the span was not recorded (0 to 0)."""
        length = len(self.body(post) or "")
        if start == end == 0:
            return 0, length
        return min(max(start, 0), length), min(max(end, 0), length)

    def terms(self, post: str, start: int = 0, end: int = maxsize) -> Iterable[tuple[str, ...]]:
        """The content terms of the tokens that begin in a span of a post."""
        if post not in self._terms:
            found = [(match.start(), content_of(match[0])) for match in TOKEN.finditer(self.body(post) or "")]
            self._terms[post] = [place for place, _ in found], [terms for _, terms in found]
        places, terms = self._terms[post]
        return terms[bisect_left(places, start) : bisect_left(places, end)]

    def span(self, post: str, start: int, end: int) -> str:
        """The words of a span, folded."""
        key = post, start, end
        if key not in self._spans:
            first, last = self.clipped(post, start, end)
            self._spans[key] = fold((self.body(post) or "")[first:last])
        return self._spans[key]

    def window(self, post: str, start: int, end: int) -> Window:
        """What a reader of a cited span sees: the title, the span and what stands around it."""
        key = post, start, end
        if key not in self._windows:
            self._windows[key] = Window(self, *key)
        return self._windows[key]


class Window:
    """A cited span with its surroundings and the title of its post, as folded text and as content terms."""

    def __init__(self, library: Library, post: str, start: int, end: int) -> None:
        self._library, self._post = library, post
        body = library.body(post) or ""
        start, end = library.clipped(post, start, end)
        # A window ends between words: half a version is another version.
        self._start = body.rfind(" ", 0, max(0, start - WINDOW)) + 1
        last = body.find(" ", min(len(body), end + WINDOW))
        self._end = last if last >= 0 else len(body)
        self._title = library.posts[post].title if post in library.posts else ""
        self.text = fold(f"{self._title}\n{body[self._start : self._end]}")

    @cached_property
    def terms(self) -> frozenset[str]:
        """Its content terms."""
        of_tokens = self._library.terms(self._post, self._start, self._end)
        return frozenset(content_words(self._title)).union(*of_tokens)
