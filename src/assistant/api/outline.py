"""An answer's Markdown as blocks, for a page that builds its elements itself and never reads HTML.

Blocks and spans are dicts of text, numbers and further blocks or spans. HTML, links and images stay the text that they are;
nothing of the Markdown is left out. Only numbers that are labels of the answer become markers; `markers` says where they are.

    block   paragraph {spans} · heading {level, spans} · quote {blocks} · list {ordered, start, items: [blocks]}
            code {language, text} · table {align, head: [spans], rows: [[spans]]} · rule {}
    span    text {text} · strong {spans} · emphasis {spans} · code {text} · break {} · marker {label} · mark {text}
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from assistant.answering.wording import MARKS
from assistant.language.segments import Span as Place

Block = dict[str, Any]
Span = dict[str, Any]
DEEPEST = 12
"""Levels of blocks that are told apart (a quotation has one, a list two); what lies deeper is a paragraph of its Markdown. Of
emphasis within emphasis as many are; what lies deeper is not emphasized further."""
ANY_LABEL = range(1, 1_000_000_000)
"""For text that is still growing: its citations are not known yet, but each number in bare brackets is one."""
_MARKER = re.compile(r"\[([1-9][0-9]{0,8})\]")
_MARK = re.compile(f"({'|'.join(map(re.escape, MARKS))})")
_LINE_END = re.compile(r"\r\n|\r|\n")
_OFF = ("link", "image", "autolink", "html_inline", "html_block", "reference")
_ALIGNED = re.compile(r"text-align:(left|center|right)")
_ROOMY = 10 * DEEPEST
"""Above any level of blocks that is reached: markdown-it drops what lies deeper than its own limit, ours keeps it."""


def blocks_of(text: str, labels: Collection[int]) -> list[Block]:
    """The blocks of a Markdown text; `[n]` is a marker where n is in `labels`. Never raises; equal for equal input."""
    return [block for block, _ in _parsed(text, labels)]


def markers(text: str, labels: Collection[int]) -> Iterator[tuple[int, Place]]:
    """The markers of `blocks_of(text, labels)` and where in the text they are: `text[start:end] == f"[{label}]"`."""
    # A parser of Markdown does not say where in a line a word stands. So the first number in brackets is made a 1, the second a
    # 2 and so on, and the parser asked which of these are markers.
    bracketed = list(_MARKER.finditer(text))
    places = iter(range(1, len(bracketed) + 1))
    numbered = _MARKER.sub(lambda _: f"[{next(places)}]", text)
    wanted = [number for number, found in enumerate(bracketed, 1) if int(found[1]) in labels]
    for place in sorted(_labels_in(blocks_of(numbered, frozenset(wanted)))):
        found = bracketed[place - 1]
        yield int(found[1]), Place(*found.span())


def _labels_in(part: object) -> Iterator[int]:
    """The labels of all markers in blocks, spans or lists of them."""
    if isinstance(part, dict):
        if part.get("type") == "marker":
            yield part["label"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _labels_in(inner)


class Growing:
    """The blocks of a text that comes in pieces, without reading from its beginning at each."""

    def __init__(self, labels: Collection[int] = ANY_LABEL) -> None:
        self._labels = labels
        self._finished = 0
        self._rest = ""

    def add(self, piece: str) -> tuple[int, list[Block]]:
        """How many of the blocks stand as they are, and those that follow: together `blocks_of` all the text so far."""
        self._rest += piece
        parsed, first = _parsed(self._rest, self._labels), self._finished
        ends = [match.end() for match in _LINE_END.finditer(self._rest)]
        if ends and ends[-1] == len(self._rest) and self._rest.endswith("\r"):
            ends.pop()  # half of a line's end, perhaps
        # A block is done with when the next one began on a line that is whole; what that line says can still end otherwise.
        begun = [number for number, (_, line) in enumerate(parsed) if line < len(ends)]
        if begun and begun[-1]:
            self._finished += begun[-1]
            line = parsed[begun[-1]][1]
            self._rest = self._rest[ends[line - 1] if line else 0 :]
        return first, [block for block, _ in parsed]


def _parsed(text: str, labels: Collection[int]) -> list[tuple[Block, int]]:
    """The blocks, each with the line (0-based) that it begins at."""
    return list(_blocks(iter(_reader().parse(text, {"labels": labels}))))


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": _ROOMY}).enable("table").disable(_OFF)
    reader.block.ruler.before("table", "too_deep", _too_deep)
    reader.inline.ruler.after("escape", "marker", _marker)
    return reader


def _too_deep(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A block rule: below the deepest level all lines are one paragraph."""
    if state.level < DEEPEST:
        return False
    if not silent:
        state.push("paragraph_open", "p", 1).map = [start_line, end_line]
        inline = state.push("inline", "", 0)
        inline.content = state.getLines(start_line, end_line, state.blkIndent, False).strip()
        inline.children = []
        state.push("paragraph_close", "p", -1)
        state.line = end_line
    return True


def _marker(state: StateInline, silent: bool) -> bool:
    """An inline rule: `[n]` for a label n. Escapes and code were read before it."""
    found = _MARKER.match(state.src, state.pos, state.posMax)
    if found is None or int(found[1]) not in state.env["labels"]:
        return False
    if not silent:
        state.push("marker", "", 0).meta = {"label": int(found[1])}
    state.pos = found.end()
    return True


def _parts(tokens: Iterator[Token]) -> Iterator[Token]:
    """The tokens up to the end of the part that they stand in; whoever takes one that opens a part reads to its end."""
    for token in tokens:
        if token.nesting < 0:
            return
        yield token


def _blocks(tokens: Iterator[Token]) -> Iterator[tuple[Block, int]]:
    for token in _parts(tokens):
        yield _block(token, tokens), token.map[0] if token.map else 0


def _inner(tokens: Iterator[Token]) -> list[Block]:
    return [block for block, _ in _blocks(tokens)]


def _block(token: Token, tokens: Iterator[Token]) -> Block:
    match token.type:
        case "heading_open":
            return {"type": "heading", "level": int(token.tag[1:]), "spans": _content(tokens)}
        case "blockquote_open":
            return {"type": "quote", "blocks": _inner(tokens)}
        case "bullet_list_open" | "ordered_list_open":
            ordered, start = token.tag == "ol", int(token.attrs.get("start", 1))
            return {"type": "list", "ordered": ordered, "start": start, "items": [_inner(tokens) for _ in _parts(tokens)]}
        case "fence" | "code_block":
            return {"type": "code", "language": "".join(token.info.split()[:1]), "text": token.content}
        case "table_open":
            return _table(tokens)
        case "hr":
            return {"type": "rule"}
    return {"type": "paragraph", "spans": _content(tokens)}


def _table(tokens: Iterator[Token]) -> Block:
    rows = [
        [(str(cell.attrs.get("style", "")), _content(tokens)) for cell in _parts(tokens)]
        for _section in _parts(tokens)
        for _row in _parts(tokens)
    ]
    align = ["".join(_ALIGNED.findall(style)) for style, _ in rows[0]]
    head, *body = [[spans for _, spans in row] for row in rows]
    return {"type": "table", "align": align, "head": head, "rows": body}


def _content(tokens: Iterator[Token]) -> list[Span]:
    return [span for token in _parts(tokens) for span in _spans(token.children or ())]


def _spans(tokens: Sequence[Token]) -> list[Span]:
    """Spans of inline tokens; neighbouring pieces of text are one span, cut at our marks."""
    around: list[list[Span]] = [[]]
    depth = 0
    for token in tokens:
        depth += token.nesting > 0
        if token.nesting > 0 and depth <= DEEPEST:
            inside: list[Span] = []
            around[-1].append({"type": "strong" if token.tag == "strong" else "emphasis", "spans": inside})
            around.append(inside)
        elif token.nesting < 0 and depth <= DEEPEST:
            around.pop()
        elif token.nesting == 0:
            _append(around[-1], _leaf(token))
        depth -= token.nesting < 0
    return around[0]


def _append(spans: list[Span], more: list[Span]) -> None:
    for span in more:
        if span["type"] == "text" and spans and spans[-1]["type"] == "text":
            spans[-1]["text"] += span["text"]
        else:
            spans.append(span)


def _leaf(token: Token) -> list[Span]:
    match token.type:
        case "code_inline":
            return [{"type": "code", "text": token.content}]
        case "hardbreak":
            return [{"type": "break"}]
        case "marker":
            return [{"type": "marker", "label": token.meta["label"]}]
    text = "\n" if token.type == "softbreak" else token.content
    return [
        {"type": "mark" if number % 2 else "text", "text": piece} for number, piece in enumerate(_MARK.split(text)) if piece
    ]
