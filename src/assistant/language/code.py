"""Code in Markdown: spans between backticks, and blocks between fences."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator

from assistant.language.segments import Span

_RUN = re.compile(r"\\`|`+")
_FENCED = re.compile(
    r"^[ \t>]*(?:[-*+]|\d{1,9}[.)])?[ \t]*(`{3,}|~{3,})[^\n]*$.*?(?:^[ \t>]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)


def code_spans(text: str) -> Iterator[Span]:
    """Code between runs of as many backticks on one line; what is open at its end is no code, as it must not take in more."""
    offset = 0
    for line in text.split("\n"):
        runs = [match.span() for match in _RUN.finditer(line)]
        of_length: defaultdict[int, list[int]] = defaultdict(list)
        for start, end in runs:
            # An escaped backtick opens nothing but closes: in code a backslash is a backslash.
            of_length[1 if line[start] == "\\" else end - start].append(end)
        position = 0
        for start, end in runs:
            if start < position or line[start] == "\\":
                continue
            ends = of_length[end - start]
            if (following := bisect_right(ends, end)) < len(ends):
                yield Span(offset + start, offset + ends[following])
                position = ends[following]
        offset += len(line) + 1


def outside_code(text: str, changed: Callable[[str], str]) -> str:
    """The text with what is neither a code span nor a fenced block put through `changed`."""
    done, last = "", 0
    for block in _FENCED.finditer(text):
        done += _outside_spans(text[last : block.start()], changed) + block[0]
        last = block.end()
    return done + _outside_spans(text[last:], changed)


def _outside_spans(text: str, changed: Callable[[str], str]) -> str:
    done, last = "", 0
    for start, end in code_spans(text):
        done += changed(text[last:start]) + text[start:end]
        last = end
    return done + changed(text[last:])
