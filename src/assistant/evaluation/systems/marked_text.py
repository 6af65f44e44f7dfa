"""A reply's text and the places in it that name a source, whatever they look like: one plain text, and marks in it.

Read are numbers in brackets, footnotes, Markdown links, ids of known posts in brackets, addresses of known posts,
annotations with a range, and a list of sources at the end. Written out again every mark is `[n]` and stands before the
full stop of its sentence.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assistant.evaluation.systems.known_posts import NamedSource
from assistant.evaluation.systems.reply_sources import Annotation, source_in_line
from assistant.language.segments import Span, sentences

MOST_AT_ONCE = 20
"""Sources that a range `[1-9]` may name; a wider one is read as its two ends."""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_TOKEN = re.compile(
    r"(?<![\\!])(?:"
    r"\(?\[(?P<words>[^\[\]\n]{0,200})\]\(\s*<?(?P<link>https?://[^\s)>]+)>?(?:\s+\"[^\"\n]*\")?\s*\)\)?"
    r"|\[\^?(?:doc ?)?(?P<numbers>\d{1,3}(?:\s?[,;–-]\s?\^?\d{1,3})*)\](?!\()"
    r"|【(?P<lens>\d{1,3})[^】\n]{0,80}】"
    r"|\[(?P<id>[\w.:/#-]{3,200})\](?!\()"
    r"|<?(?P<bare>https?://[^\s<>\[\]\"]+[^\s<>\[\]\".,;:!?')])>?"
    r")"
)
_LIST_HEAD = re.compile(r"^\W*(?:sources?|references?|citations?|footnotes?)\W*$", re.IGNORECASE)
_LIST_LINE = re.compile(r"^\s*(?:[-*]\s*)?(?:\[\^?(?:doc ?)?(?P<label>\d{1,3})\]:?|(?P<dotted>\d{1,3})[.)])\s+(?P<rest>\S.*)$")
_FOOTNOTE = re.compile(r"^\s*\[\^?\d{1,3}\]:?\s")
_BULLET = re.compile(r"^\s*[-*•]\s+(?P<rest>\S.*)$")
_OPENER = re.compile(r"[\s\-*•>#]*(?:\d{1,3}[.)])?\s*\Z")
_CLOSING = re.compile(r"[.!?…。！？]+[\"'”’)\]」』]*\Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """A source named at a position of the plain text, and the sentence that it belongs to (None: the whole)."""

    source: NamedSource
    at: int
    sentence: Span | None


class MarkedText(NamedTuple):
    """Text without what names sources, and the marks in the order of their positions."""

    plain: str
    marks: tuple[Mark, ...]


class _Token(NamedTuple):
    start: int
    end: int
    shown: str
    sources: tuple[NamedSource, ...]


def marked(
    text: str, numbered: Sequence[NamedSource], ranges: Sequence[Annotation], knows: Callable[[str], bool]
) -> MarkedText:
    """Take a reply's text apart. `numbered` is what `[1]`, `[2]` count where the text has no list of its own, `ranges` the
    annotations that have a range, `knows` whether an id or address is that of a post."""
    body, own = without_source_list(text)
    sources = {str(number): source for number, source in enumerate(numbered, start=1)} | own
    placed = [item for item in ranges if item.start is not None and item.end is not None and item.start < len(body)]
    tokens = [_explained(token, placed) for token in _tokens(body, sources, bool(placed), knows)]
    plain, steps = _removed(body, tokens)
    found = [(_plain_position(steps, token.end), source) for token in tokens for source in token.sources]
    found += [(_plain_position(steps, item.end or 0), item.source) for item in placed]
    spans = sentences(plain)
    marks = [Mark(source, *_anchored(plain, min(at, len(plain)), spans)) for at, source in found]
    return MarkedText(plain, tuple(sorted(marks, key=lambda mark: mark.at)))


def without_source_list(text: str) -> tuple[str, dict[str, NamedSource]]:
    """The text without the list of sources or footnotes at its end, and that list by label."""
    lines = text.rstrip().split("\n")
    first = len(lines)
    while first and (not lines[first - 1].strip() or _LIST_LINE.match(lines[first - 1]) or _BULLET.match(lines[first - 1])):
        first -= 1
    headed = first > 0 and first < len(lines) and bool(_LIST_HEAD.match(lines[first - 1]))
    if not headed:
        # A numbered list without a heading may be the answer itself; only footnotes `[1] …` are surely none.
        first = len(lines)
        while first and (not lines[first - 1].strip() or _FOOTNOTE.match(lines[first - 1])):
            first -= 1
    listed: dict[str, NamedSource] = {}
    for line in lines[first:]:
        if match := _LIST_LINE.match(line):
            listed[match["label"] or match["dotted"]] = source_in_line(match["rest"])
        elif match := _BULLET.match(line):
            listed[str(len(listed) + 1)] = source_in_line(match["rest"])
    if not listed:
        return text, {}
    return "\n".join(lines[: first - headed]).rstrip(), listed


def _tokens(body: str, sources: Mapping[str, NamedSource], annotated: bool, knows: Callable[[str], bool]) -> list[_Token]:
    code = [match.span() for match in _CODE.finditer(body)]
    found = []
    for match in _TOKEN.finditer(body):
        if any(start < match.end() and match.start() < end for start, end in code):
            continue
        if token := _token(match, sources, annotated, knows):
            found.append(token)
    return found


def _token(
    match: re.Match[str], sources: Mapping[str, NamedSource], annotated: bool, knows: Callable[[str], bool]
) -> _Token | None:
    start, end = match.span()
    if match["link"]:
        enclosed = match[0].startswith("(") and match[0].endswith("))")
        opening = match[0].startswith("(") and not enclosed
        shown = "" if enclosed or match["words"].isdigit() else match["words"]
        return _Token(start + opening, end, shown, (NamedSource((match["link"],), match["words"]),))
    if name := match["id"] or match["bare"]:
        return _Token(start, end, "", (NamedSource((name,)),)) if knows(name) else None
    labels = _labels(match["numbers"] or match["lens"])
    known = [sources[label] for label in labels if label in sources]
    attached = start > 0 and (match.string[start - 1].isalnum() or match.string[start - 1] == "_")
    if attached and not known and not annotated:
        return None  # `argv[1]`: an index, not a marker
    # A number that no list explains is a marker that leads nowhere, and is kept as one.
    return _Token(start, end, "", tuple(sources.get(label) or NamedSource((f"[{label}]",)) for label in labels))


def _labels(numbers: str) -> list[str]:
    labels: list[str] = []
    for part in re.split(r"\s?[,;]\s?", numbers.replace("^", "")):
        ends = [int(piece) for piece in re.split(r"\s?[–-]\s?", part)]
        spread = range(ends[0], ends[-1] + 1) if ends[0] < ends[-1] < ends[0] + MOST_AT_ONCE else ends
        labels += [str(number) for number in spread]
    return labels


def _explained(token: _Token, placed: Sequence[Annotation]) -> _Token:
    """A token without the sources that an annotation around it names already, or that only the annotation can name."""
    around = [item for item in placed if (item.start or 0) <= token.end and token.start <= (item.end or 0)]
    names = {name for item in around for name in (*item.source.keys, item.source.title)}
    kept = tuple(
        source
        for source in token.sources
        if not around or not (names.intersection((*source.keys, source.title)) or source.name.startswith("["))
    )
    return token._replace(sources=kept)


def _removed(body: str, tokens: Sequence[_Token]) -> tuple[str, list[tuple[int, int]]]:
    """The body with each token replaced by what is shown of it, and steps (position in the body, position in the result)."""
    plain, steps, last = "", [(0, 0)], 0
    starts = {token.start for token in tokens}
    for token in tokens:
        plain += body[last : token.start]
        closes = token.end in starts or token.end == len(body) or body[token.end] in " \t\n.,;:!?)"
        if not token.shown and closes:
            plain = plain.rstrip(" \t")
        steps.append((token.start, len(plain)))
        plain += token.shown
        steps.append((token.end, len(plain)))
        last = token.end
    return plain + body[last:], steps


def _plain_position(steps: Sequence[tuple[int, int]], at: int) -> int:
    before = bisect_right(steps, (at, 1 << 60)) - 1
    position, plain = steps[before]
    following = steps[before + 1][1] if before + 1 < len(steps) else 1 << 60
    return min(plain + at - position, following)


def _anchored(plain: str, at: int, spans: Sequence[Span]) -> tuple[int, Span | None]:
    """Where a mark is written, and its sentence: the one that it stands in or directly after; at the beginning of a line,
    the one that follows."""
    line = plain.rfind("\n", 0, at) + 1
    leads = bool(_OPENER.fullmatch(plain[line:at])) and bool(plain[at:].split("\n", 1)[0].strip())
    if not leads:
        at = len(plain[:at].rstrip())
        if any(span.end == at for span in spans) and (closing := _CLOSING.search(plain[:at])):
            at = closing.start()
    inside = [span for span in spans if span.start <= at < span.end] or [span for span in spans if span.end == at]
    return at, inside[0] if inside else None


def written(plain: str, labels: Iterable[tuple[int, int]]) -> str:
    """The plain text with `[n]` at the positions; `labels` are pairs of position and number."""
    text, last = "", 0
    for at, number in sorted(set(labels)):
        text += plain[last:at]
        text += (
            f"[{number}]"
            if text.endswith("]") and last == at
            else f"{' ' if text and not text[-1].isspace() else ''}[{number}]"
        )
        last = at
    return text + plain[last:]
