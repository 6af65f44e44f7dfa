"""Pages of one thread (T-A, T-C) and of one article (T-D): title, blank line, text, and markers on lines of their own.

Replies carry no marker of their own, so what stands between two markers is one post, with a notice that it may be
several. The accepted answer's end is known where the page gives its text twice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.corpus.layouts import Found, Layout
from assistant.corpus.lines import Line
from assistant.corpus.text import canonical, fold
from assistant.types import Notice, RawPost, Role, Skipped, Source

ACCEPTED = "Accepted Answer"
REPLIES = "Replies"
ANSWERED_BY = re.compile(r"Answered by (\S.{0,98}) in [0-9]{1,12}")
LOCKED = re.compile(r"(?:\S.{0,60} )?locked by (?:a|the) moderators?\b.{0,80}", re.IGNORECASE)

_RUN_TOGETHER = "replies are not marked in this layout: this post may hold several"
_OPEN_END = "where the accepted answer ends cannot be told: other replies may be run together with it"
_NO_TITLE = "no blank line after the first line: it was read as text, not as a title"
_TITLE_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Marks:
    """What a thread page is recognised by: line numbers of its markers, 0 where one is missing."""

    layout: Layout | None
    line: int = 0
    why: str = ""


def marks_of(lines: Sequence[Line]) -> Marks:
    """The layout that the markers in a whole file speak for; `layout` is None where there are none."""
    shown = [(number, text.strip()) for number, text in lines if text and not text.isspace()]
    for number, text in shown:
        if _answerer(text) is not None:
            return Marks(Layout.THREAD, number, f"line {number} reads `Answered by NAME in NUMBER`")
        if text == ACCEPTED:
            return Marks(Layout.THREAD, number, f"line {number} reads `{ACCEPTED}`")
    if not _has_title(lines):
        return Marks(None)
    title = shown[0][0]
    for number, text in shown[1:3]:
        if LOCKED.fullmatch(text):
            return Marks(Layout.ARTICLE, number, f"line {title} is a title and line {number} says that it was locked")
    replies = [number for number, text in shown[1:] if text == REPLIES]
    if len(replies) == 1 and shown[1][0] < replies[0] < shown[-1][0]:
        why = f"line {title} is a title, text follows, and line {replies[0]} reads `{REPLIES}`"
        return Marks(Layout.OLD_THREAD, replies[0], why)
    return Marks(None)


def _answerer(text: str) -> str | None:
    match = ANSWERED_BY.fullmatch(text) if text.startswith("Answered by ") else None
    return match[1] if match else None


def _has_title(lines: Sequence[Line]) -> bool:
    first = next((at for at, (_, text) in enumerate(lines) if text.strip()), None)
    if first is None or len(lines[first][1]) > _TITLE_LENGTH:
        return False
    return first + 1 < len(lines) and not lines[first + 1][1].strip()


def read_article(lines: Iterable[Line], path: str) -> Iterator[Found]:
    """One post with the role of an article, without the line that says it was locked."""
    title, text = _split_title(list(lines))
    yield replace(_opening(title, text, path), role=Role.ARTICLE)


def read_old_thread(lines: Iterable[Line], path: str) -> Iterator[Found]:
    """Question and replies on the two sides of the line `Replies`."""
    title, text = _split_title(list(lines))
    at = next((at for at, (_, line) in enumerate(text) if line.strip() == REPLIES), len(text))
    question = _opening(title, text[:at], path)
    yield question
    yield from _run_together(text[at + 1 :], question)


def read_thread(lines: Iterable[Line], path: str) -> Iterator[Found]:
    """Question, accepted answer once, and the other replies."""
    page = list(lines)
    title, text = _split_title(page)
    marks = [(at, _answerer(line.strip())) for at, (_, line) in enumerate(text) if _is_mark(line.strip())]
    ends = [at for at, _ in marks[1:]] + [len(text)]
    sections = [(name, text[at + 1 : end]) for (at, name), end in zip(marks, ends, strict=False)]
    question = _opening(title, text[: marks[0][0]] if marks else text, path)
    if question.title or question.body:
        yield question
    else:
        question = replace(question, thread_key=_key("", _text(page)))
        yield Notice(path, _first_number(page), "the page begins with an answer: its question is missing")
    if question.body and not title:
        yield Notice(path, question.source.line, _NO_TITLE)
    yield from _replies(sections, question)


def _replies(sections: Sequence[tuple[str | None, Sequence[Line]]], question: RawPost) -> Iterator[Found]:
    rest = sections
    name, answer = sections[0] if sections else (None, ())
    if name is not None:
        again = sections[1][1] if len(sections) > 1 and sections[1][0] is None else None
        yield from _answer(name, answer, again, question)
        rest = sections[1 if again is None else 2 :]
    for _, section in rest:
        yield from _run_together(section, question)


def _is_mark(text: str) -> bool:
    return text == ACCEPTED or _answerer(text) is not None


def _answer(name: str, answer: Sequence[Line], again: Sequence[Line] | None, question: RawPost) -> Iterator[Found]:
    """The accepted answer: where its text comes twice, what both copies share; what is left over is other replies."""
    shared = 0 if again is None else _shared_lines(answer, again)
    text = _first_lines(answer, shared) if shared else answer
    if not any(line.strip() for _, line in text):
        yield Skipped(question.source.path, question.source.line, f"no text follows `Answered by` {name!r}")
        yield from _run_together(again or (), question)
        return
    post = _reply(text, question, answerer=name)
    yield post
    if not shared:
        yield Notice(question.source.path, post.source.line, _OPEN_END)
        yield from _run_together(again or (), question)
        return
    for rest in (answer, again or ()):
        yield from _run_together(_after_copies(rest, text), question)


def _shown(lines: Sequence[Line]) -> list[str]:
    return [text.strip() for _, text in lines if text and not text.isspace()]


def _shared_lines(one: Sequence[Line], other: Sequence[Line]) -> int:
    """How many lines with text both begin with."""
    shared = 0
    for left, right in zip(_shown(one), _shown(other), strict=False):
        if left != right:
            break
        shared += 1
    return shared


def _first_lines(lines: Sequence[Line], count: int) -> Sequence[Line]:
    """The lines up to the one that is the `count`-th with text."""
    for at, (_, text) in enumerate(lines):
        count -= bool(text.strip())
        if count == 0:
            return lines[: at + 1]
    return lines


def _after_copies(lines: Sequence[Line], answer: Sequence[Line]) -> Sequence[Line]:
    """What follows the answer's text, however often that is repeated."""
    wanted, texts = _shown(answer), _shown(lines)
    copied = 0
    while texts[copied : copied + len(wanted)] == wanted:
        copied += len(wanted)
    return lines[len(_first_lines(lines, copied)) :] if copied else lines


def _split_title(lines: Sequence[Line]) -> tuple[Line | None, Sequence[Line]]:
    at = next((at for at, (_, text) in enumerate(lines) if text.strip()), 0)
    if not _has_title(lines) or _is_mark(lines[at][1].strip()):
        return None, lines
    return (lines[at][0], lines[at][1].strip()), lines[at + 1 :]


def _opening(title: Line | None, text: Sequence[Line], path: str) -> RawPost:
    """The post that opens the page, without the line that says it was locked; its key is that of the whole thread."""
    shown = [line for line in text if line[1].strip()][:2]
    locked = next((number for number, line in shown if LOCKED.fullmatch(line.strip())), 0)
    body = _text([line for line in text if line[0] != locked])
    number, words = title or (_first_number(text), "")
    return RawPost(body=body, source=Source(path, number), title=words, thread_key=_key(words, body))


def _key(title: str, body: str) -> str:
    """What mirrors of one page have in common, whatever their files are called."""
    digest = hashlib.sha256(f"{fold(canonical(title))}\n{fold(canonical(body))}".encode()).hexdigest()
    return f"page-{digest[:20]}"


def _run_together(text: Sequence[Line], question: RawPost) -> Iterator[Found]:
    if not any(line.strip() for _, line in text):
        return
    post = _reply(text, question)
    yield post
    yield Notice(post.source.path, post.source.line, _RUN_TOGETHER)


def _reply(lines: Sequence[Line], question: RawPost, answerer: str | None = None) -> RawPost:
    return RawPost(
        body=_text(lines),
        source=Source(question.source.path, _first_number(lines)),
        title=question.title,
        thread_key=question.thread_key,
        role=Role.REPLY,
        accepted=answerer is not None,
        author=answerer,
    )


def _text(lines: Sequence[Line]) -> str:
    return "\n".join(text for _, text in lines).strip("\n")


def _first_number(lines: Sequence[Line]) -> int:
    """The first line that has text; 1 where none has."""
    return next((number for number, text in lines if text.strip()), lines[0][0] if lines else 1)
