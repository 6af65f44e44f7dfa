"""Posts to chunks: slices of the body that fit the embedder's window together with the title of their thread.

The splitting is llama-index's `SentenceSplitter`; what is ours is where it may cut (`language.segments`: white space
only, whole code blocks first) and how it counts (the embedder's own word pieces).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from assistant.language.segments import pieces
from assistant.types import NONE, Chunk, Part, Parts, Post

if TYPE_CHECKING:
    from llama_index.core.node_parser import SentenceSplitter

CHUNKER = "sentences/1"
"""Name and version of the way posts are cut; an index built by another one is rebuilt, not mixed."""


def chunker_name(without: Parts) -> str:
    """Name of the chunker with these parts switched off, as a recipe has it."""
    name = "whole/1" if Part.CHUNKS in without else CHUNKER
    return f"{name}-titles" if Part.TITLES in without else name


SPECIAL_TOKENS = 2
TITLE_SHARE = 0.25
# What a sentence too long for the window is cut into; leading space stays, so that nothing of the text is lost.
_WORD = re.compile(r"\s*\S+\s*")

TokenCount = Callable[[str], int]


def titled(title: str, text: str) -> str:
    """The text that is embedded for a chunk: what the thread is about, then the words themselves."""
    return f"{title}\n{text}" if title else text


class Chunker:
    """Cuts posts into chunks of at most `max_tokens` of `count`, title and special tokens included.

    A single word longer than the window is cut inside: nothing else could be embedded whole. Without `Part.CHUNKS` a post
    is one chunk, of which the embedder sees as much as fits; without `Part.TITLES` a chunk stands for itself.
    """

    def __init__(self, count: TokenCount, max_tokens: int, without: Parts = NONE) -> None:
        self._count = count
        self._without = without
        self._max_tokens = max_tokens
        self._splitters: dict[int, SentenceSplitter] = {}

    def context(self, title: str) -> str:
        """The part of a title that is put before each chunk: all of it, or as many words as a quarter of the window."""
        budget = int(self._max_tokens * TITLE_SHARE)
        if self._count(title) <= budget:
            return title
        kept = ""
        for word in _WORD.findall(title):
            if self._count(kept + word) > budget:
                break
            kept += word
        return kept.rstrip()

    def chunks(self, post: Post) -> list[Chunk]:
        """The chunks of a post in order; `body[start:end] == text` for each, and no word of the body is left out.

        A post without a body has one empty chunk, so that its title can be found.
        """
        context = "" if Part.TITLES in self._without else self.context(post.title)
        if not post.body:
            return [Chunk(post.post_id, 0, 0, 0, "", titled(context, ""))]
        if Part.CHUNKS in self._without:
            return [Chunk(post.post_id, 0, 0, len(post.body), post.body, titled(context, post.body))]
        budget = self._max_tokens - SPECIAL_TOKENS - self._count(context)
        texts = self._splitter(budget).split_text(post.body)
        return [
            Chunk(post.post_id, number, start, start + len(text), text, titled(context, text))
            for number, (start, text) in enumerate(_located(post.body, texts))
        ]

    def _splitter(self, budget: int) -> SentenceSplitter:
        if budget not in self._splitters:
            from llama_index.core.node_parser import SentenceSplitter

            self._splitters[budget] = SentenceSplitter(
                chunk_size=budget,
                chunk_overlap=0,
                # A piece that counts nothing (white space, an invisible character) would be repeated as overlap.
                tokenizer=lambda text: range(max(1, self._count(text))),
                chunking_tokenizer_fn=lambda text: [text[start:end] for start, end in pieces(text)],
                secondary_chunking_regex=_WORD.pattern,
            )
        return self._splitters[budget]


def _located(body: str, texts: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Where each text begins. They follow each other with white space between, so a search from the last end is exact;
    the splitter's own offsets are those of the first like text, which in a log is often an earlier one."""
    end = 0
    for text in texts:
        start = body.index(text, end)
        end = start + len(text)
        yield start, text
