"""The sources as a list at the end of the text, for clients that show nothing else, and how it is taken off again.

Nothing in it links but the sources' own addresses: what a post says is escaped, and addresses in it stand as code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.answering.defusing.addresses import LEFT_OUT, addresses
from assistant.answering.wording import NOT_SAID, quoted
from assistant.api.openai.sources import Source
from assistant.render import LONGEST_QUOTE, one_line
from assistant.types import Verdict

_HEAD = "\n**Sources**\n"
_LIST = re.compile(r"- \[1\] [^\n]*(?:\n- \[\d+\] [^\n]*)*")
_PARENTHESES = str.maketrans({"(": "%28", ")": "%29"})


def footnotes(sources: Sequence[Source]) -> str:
    """The list as Markdown, to be put behind the answer's text; empty where there is no source. One line a source."""
    return f"\n{_HEAD}\n" + "\n".join(map(_line, sources)) if sources else ""


def without_footnotes(content: str) -> str:
    """The text of an answer that came with its list: `without_footnotes(text + footnotes(sources))` is the text, but for
    white space at its end. Only a list at the very end is taken off, whatever a client did to the line ends."""
    text, head, listed = content.replace("\r\n", "\n").rpartition(_HEAD)
    return text.rstrip() if head and _LIST.fullmatch(listed.strip()) else content


def _line(source: Source) -> str:
    citation = source.citation
    if citation.post is None:
        return f"- [{source.label}] {source.title}"
    line = f"- [{source.label}] [{inert(source.title)}]({source.url.translate(_PARENTHESES)})"
    if citation.claim != citation.quote:
        # Else the text is the quotation already.
        quote = one_line(citation.quote)
        line += f": “{inert(quote[:LONGEST_QUOTE])}{' …' if len(quote) > LONGEST_QUOTE else ''}”"
    return line if citation.verdict is Verdict.VERIFIED else f"{line} ({NOT_SAID})"


def inert(text: str) -> str:
    """Text of a post on one line, as Markdown in which nothing is a link, a tag, a marker or code but its addresses."""
    line = one_line(text)
    done, last = [], 0
    for start, end in addresses(line):
        done += [_escaped(line[last:start]), LEFT_OUT if "`" in line[start:end] else f"`{line[start:end]}`"]
        last = end
    return "".join([*done, _escaped(line[last:])])


def _escaped(words: str) -> str:
    """`quoted`, with the blanks at the ends kept."""
    bare = words.strip()
    before = len(words) - len(words.lstrip())
    return words if not bare else words[:before] + quoted(words) + words[before + len(bare) :]
