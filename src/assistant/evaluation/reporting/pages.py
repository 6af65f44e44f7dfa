"""A topic as a page of a report: the conversation, what each run answered, and on which words of which posts that rests.

Only what was recorded and measured is put in order here. Posts with a gold span or a citation are painted; posts that were
read and neither are named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from assistant.evaluation.measures.case import Case
from assistant.evaluation.measures.quotes import Quote
from assistant.evaluation.records import AnswerRecord, Cited, PostRecord, Retrieved
from assistant.evaluation.reporting.figures import one_line, spoken
from assistant.evaluation.reporting.findings import Findings, NuggetFound, findings
from assistant.evaluation.reporting.painting import Layer, Mark, Piece, covered, folded, painted
from assistant.evaluation.topics import Topic

_MARKER = re.compile(r"(?<!\\)\[(\d{1,4})(?:\s*[,;–-]\s*\d{1,4})*\]")
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_FAULTS = {"invented": "stands in no post and not in the question", "miscited": "stands elsewhere than in what is cited"}
RANKED = 10
"""Places of a ranking that a page shows."""


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A stretch of an answer: plain, the marker of a citation, or a name or number with its fault."""

    text: str
    kind: str = "plain"
    number: int = 0


class Span(NamedTuple):
    """Where in an answer something other than plain words stands."""

    start: int
    end: int
    kind: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Lines of an answer that are all quotation, or all not."""

    quoted: bool
    lines: tuple[tuple[TextPiece, ...], ...]


@dataclass(frozen=True, slots=True)
class CitationView:
    """A citation with the state of its quote; `inside` of `length` characters are gold. `anchor` is its id on the page."""

    anchor: str
    cited: Cited
    state: Quote
    title: str
    inside: int
    length: int


@dataclass(frozen=True, slots=True)
class PostView:
    """A painted post. `gold` characters are gold, `seen` of them were read, `cited` of them were cited."""

    post: PostRecord
    link: str | None
    pieces: tuple[Piece, ...]
    gold: int
    seen: int
    cited: int


@dataclass(frozen=True, slots=True)
class RankView:
    """A place of the ranking with its grade, None where the post was not judged."""

    rank: int
    hit: Retrieved
    title: str
    grade: int | None


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What one run did with a topic. `targets` are the ids of citations by number, `faults` the kinds that are marked in
    the text, `read` titles of posts that were read and are not painted, `missed` names of posts with gold that
    the run never touched."""

    style: str
    anchor: str
    record: AnswerRecord
    stage: str
    text: tuple[TextBlock, ...]
    faults: tuple[tuple[str, str], ...]
    targets: dict[int, str]
    citations: tuple[CitationView, ...]
    nuggets: tuple[NuggetFound, ...]
    posts: tuple[PostView, ...]
    read: tuple[str, ...]
    missed: tuple[str, ...]
    ranking: tuple[RankView, ...]

    @property
    def cells(self) -> tuple[tuple[str, str], ...]:
        """Names and states of the nuggets, vital ones first."""
        return tuple((nugget.id, nugget.state) for nugget in sorted(self.nuggets, key=lambda nugget: not nugget.vital))


@dataclass(frozen=True, slots=True)
class Page:
    """One topic: `values` are its metrics by run; `before` and `after` are the ids of its neighbours."""

    anchor: str
    topic: Topic
    answers: tuple[AnswerView, ...]
    values: tuple[tuple[str, tuple[float | None, ...]], ...]
    before: str = ""
    after: str = ""


def anchor_of(topic: Topic, number: int) -> str:
    """The id of a topic's section: its own id where that can stand in an address, else its place in the set."""
    return f"t-{topic.id}" if _SAFE.fullmatch(topic.id) else f"topic-{number}"


def answer_view(case: Case, style: str, stage: str, anchor: str) -> AnswerView:
    """What a run did with a topic, ready to be shown."""
    library, record, found = case.library, case.record, findings(case)
    posts = tuple(_post_view(post, case) for post in _painted_posts(case))
    painted_ids = {view.post.post for view in posts}
    read = [post for post in dict.fromkeys(post for post, _, _ in case.context) if post not in painted_ids]
    citations = _citations(case, found, f"{anchor}-{style}")
    text = text_blocks(record.text, found)
    kinds = {piece.kind for block in text for line in block.lines for piece in line}
    return AnswerView(
        style, f"{anchor}-{style}", record, stage, text,
        tuple((kind, words) for kind, words in _FAULTS.items() if kind in kinds),
        {view.cited.n: view.anchor for view in reversed(citations)}, citations, found.nuggets, posts,
        tuple(_title(library.posts.get(post), post) for post in read),
        tuple(dict.fromkeys(span.post for span in case.topic.spans if library.named(span.post) is None)), _ranking(case),
    )  # fmt: skip


def text_blocks(text: str, found: Findings) -> tuple[TextBlock, ...]:
    """An answer as passages and quotations, each cut at markers and at names and numbers at fault. Backslashes that keep
    Markdown from obeying a quotation are left out."""
    spans = [Span(match.start(), match.end(), "marker", int(match[1])) for match in _MARKER.finditer(text)]
    spans += [Span(atom.start, atom.end, atom.state) for atom in found.atoms]
    lines, place = [], 0
    for line in text.split("\n"):
        said = line.removeprefix(">").removeprefix(" ") if line.startswith(">") else line
        end = place + len(line)
        lines.append((line.startswith(">"), _pieces(text, end - len(said), end, sorted(spans))))
        place = end + 1
    blocks = []
    for quoted, group in groupby(lines, key=lambda line: line[0]):
        found_lines = [pieces for _, pieces in group]
        while found_lines and not found_lines[-1]:
            found_lines.pop()
        while found_lines and not found_lines[0]:
            found_lines.pop(0)
        if found_lines:
            blocks.append(TextBlock(quoted, tuple(found_lines)))
    return tuple(blocks)


def _pieces(text: str, place: int, end: int, spans: Sequence[Span]) -> tuple[TextPiece, ...]:
    pieces = []
    for span in spans:
        if place <= span.start and span.end <= end:
            pieces += [TextPiece(spoken(text[place : span.start]))]
            pieces += [TextPiece(spoken(text[span.start : span.end]), span.kind, span.number)]
            place = span.end
    return tuple(piece for piece in [*pieces, TextPiece(spoken(text[place:end]))] if piece.text)


def marks_of(post: PostRecord, case: Case) -> tuple[Mark, ...]:
    """All ranges of one post that are gold, were read or were cited."""
    name = case.library.gold(post.post)
    gold = [Mark(span.start, span.end, Layer.GOLD) for span in case.topic.spans if span.post == name]
    seen = [Mark(start, end, Layer.SEEN) for read, start, end in case.context if read == post.post]
    cited = [Mark(one.start, one.end, Layer.CITED, str(one.n)) for one in case.record.citations if one.post == post.post]
    return (*gold, *seen, *cited)


def _painted_posts(case: Case) -> list[PostRecord]:
    """The posts to paint: cited ones in order of use, then those that hold gold and were not cited."""
    gold = [post.post for span in case.topic.spans if (post := case.library.named(span.post))]
    names = dict.fromkeys([*(cited.post for cited in case.record.citations), *gold])
    return [case.library.posts[name] for name in names if name in case.library.posts]


def _post_view(post: PostRecord, case: Case) -> PostView:
    marks = marks_of(post, case)
    seen, gold = covered(marks, Layer.GOLD, Layer.SEEN)
    cited, _ = covered(marks, Layer.GOLD, Layer.CITED)
    return PostView(post, web_address(post.url), folded(painted(post.body, marks)), gold, seen, cited)


def web_address(url: str | None) -> str | None:
    """The address if a browser may follow it: a post may give `javascript:` for one."""
    return url if url and re.fullmatch(r"https?://\S+", url, re.IGNORECASE) else None


def _citations(case: Case, found: Findings, anchor: str) -> tuple[CitationView, ...]:
    views = []
    for place, (cited, state) in enumerate(zip(case.record.citations, found.quotes, strict=True), start=1):
        post = case.library.posts.get(cited.post)
        gold = [mark for mark in marks_of(post, case) if mark.layer is Layer.GOLD] if post else []
        inside, length = covered([*gold, Mark(cited.start, cited.end, Layer.CITED)], Layer.CITED, Layer.GOLD)
        views.append(CitationView(f"{anchor}-c{place}", cited, state, _title(post, cited.post), inside, length))
    return tuple(views)


def _ranking(case: Case) -> tuple[RankView, ...]:
    views = []
    for rank, hit in enumerate(case.record.retrieved[:RANKED], start=1):
        grade = case.topic.posts.get(case.library.gold(hit.post, hit.source), case.topic.threads.get(hit.thread))
        views.append(RankView(rank, hit, _title(case.library.posts.get(hit.post), hit.post), grade))
    return tuple(views)


def _title(post: PostRecord | None, name: str) -> str:
    return one_line((post.title or post.body[:80] or name) if post else name, 120)
