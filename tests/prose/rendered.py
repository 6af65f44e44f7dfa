"""What a reader's program makes of Markdown: raw HTML allowed, tables on, as the least careful one would have it."""

from __future__ import annotations

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

_RENDERERS = tuple(MarkdownIt(name, {"html": True}) for name in ("commonmark", "js-default"))


def _tokens(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _tokens(token.children or [])


def reached(text: str) -> set[str]:
    """Addresses that the rendered text links to or loads, and each piece of raw HTML in it."""
    found = set()
    for renderer in _RENDERERS:
        for token in _tokens(renderer.parse(text)):
            if token.type in ("html_block", "html_inline"):
                found.add(token.content)
            found |= {str(token.attrs[name]) for name in ("href", "src") if name in token.attrs}
    return found


def code_in(text: str) -> list[str]:
    """The blocks of code of the rendered text."""
    return [token.content for token in _RENDERERS[1].parse(text) if token.type in ("fence", "code_block")]
