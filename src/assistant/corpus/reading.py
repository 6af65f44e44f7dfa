"""Files -> raw posts: finds the files, asks the sniffer, runs the reader, and keeps everything a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from assistant.corpus.files import FileToRead, PathLike, discover
from assistant.corpus.layouts import Found, Layout
from assistant.corpus.lines import Line, open_lines
from assistant.corpus.sniff import Verdict, sniff
from assistant.types import Notice, RawPost, Skipped

HEAD_CHARS, HEAD_LINES = 64 * 1024, 2_000
PAGE_CHARS, PAGE_LINES = 8 * 1024 * 1024, 200_000
SKIPPED_LIMIT = 10_000  # a file with more than these, and not a tenth as many posts, is read no further


@dataclass(frozen=True, slots=True)
class Explained:
    """What became of one file: its layout, why that one, and how much was found in it."""

    path: str
    layout: str
    why: str
    posts: int
    skipped: int
    notices: int


def read(paths: PathLike | Iterable[PathLike]) -> Iterator[Found]:
    """All posts of these files and folders, with what was skipped and what the user should know, in order of files.

    Raises SourceError at the call if a named path does not exist or must not be read; after that nothing in a file
    raises. Nothing is read ahead but the head of the current file (a whole thread page, of 8 MiB at most).
    """
    return chain.from_iterable((item,) if isinstance(item, Skipped) else _FileReading(item).found() for item in discover(paths))


def explain(paths: PathLike | Iterable[PathLike]) -> Iterator[Explained]:
    """One line of account a file, after reading it. Raises as `read` does."""
    return map(_explained, discover(paths))


def _explained(item: FileToRead | Skipped) -> Explained:
    if isinstance(item, Skipped):
        return Explained(item.path, Layout.UNKNOWN.value, item.reason, posts=0, skipped=1, notices=0)
    reading = _FileReading(item)
    counts = {RawPost: 0, Skipped: 0, Notice: 0}
    for found in reading.found():
        counts[type(found)] += 1
    verdict = reading.verdict
    return Explained(item.name, verdict.layout.value, verdict.why, counts[RawPost], counts[Skipped], counts[Notice])


class _FileReading:
    """One file, read once; `verdict` holds from the first thing found on."""

    def __init__(self, file: FileToRead) -> None:
        self.verdict = Verdict(Layout.UNKNOWN, None, False, "not read yet")
        self._file = file
        self._problems: list[Skipped | Notice] = []

    def found(self) -> Iterator[Found]:
        with closing(open_lines(self._file, self._problems.append)) as lines:
            head: list[Line] = []
            self.verdict = self._judge(head, lines)
            if not head and self._problems:  # nothing could be read, which is said already
                first = self._problems[0]
                why = first.reason if isinstance(first, Skipped) else first.message
                self.verdict = Verdict(Layout.UNKNOWN, None, False, why, first.line)
                yield from self._reported()
                return
            yield from self._reported()
            if self.verdict.reader is None:
                yield Skipped(self._file.name, self.verdict.line, self.verdict.why)
                return
            yield from self._until_hopeless(self.verdict.reader(chain(head, lines), self._file.name))
            yield from self._reported()

    def _until_hopeless(self, reader: Iterator[Found]) -> Iterator[Found]:
        """What the reader finds, with what is reported meanwhile, unless nearly all of very much cannot be read."""
        posts = skipped = 0
        for found in reader:
            yield from self._reported()
            yield found
            if isinstance(found, RawPost):
                posts += 1
            elif isinstance(found, Skipped):
                skipped += 1
                if skipped >= SKIPPED_LIMIT and posts * 10 < skipped:
                    why = f"{skipped} places up to this line cannot be read, and {posts} can: read no further"
                    yield Skipped(self._file.name, found.line, why)
                    return

    def _judge(self, head: list[Line], lines: Iterator[Line]) -> Verdict:
        """Looks at the head, and at a whole page if that decides nothing; `head` then holds the lines taken."""
        whole = _take(lines, head, HEAD_CHARS, HEAD_LINES)
        verdict = sniff(head, whole=whole)
        if not whole and not verdict.certain:
            whole = _take(lines, head, PAGE_CHARS, PAGE_LINES)
            verdict = sniff(head, whole=whole)
        if whole or verdict.certain or (verdict.reader is None and verdict.line):
            return verdict
        limit = f"{PAGE_CHARS // (1024 * 1024)} MiB or {PAGE_LINES} lines"
        why = f"a text of more than {limit} that is neither JSON lines nor a listing"
        return Verdict(Layout.UNKNOWN, None, False, why)

    def _reported(self) -> Iterator[Skipped | Notice]:
        while self._problems:
            yield self._problems.pop(0)


def _take(lines: Iterator[Line], into: list[Line], chars: int, count: int) -> bool:
    """Adds lines up to these limits; True if that was all of the file."""
    size = sum(len(text) + 1 for _, text in into)
    while size < chars and len(into) < count:
        line = next(lines, None)
        if line is None:
            return True
        into.append(line)
        size += len(line[1]) + 1
    return False
