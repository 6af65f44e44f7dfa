"""Numbered lines of text out of a file of any encoding and line end, with never more than one line in memory.

A line ends at LF, CRLF or CR and at nothing else: U+2028, U+0085, form feeds and the like belong to the text.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Generator, Iterator
from itertools import chain
from typing import TypeAlias

from assistant.corpus.files import FileToRead
from assistant.corpus.kinds import HEAD_BYTES, binary_kind
from assistant.corpus.unpacking import Damaged, chunks_of
from assistant.types import Notice, Skipped

Line: TypeAlias = tuple[int, str]
Report: TypeAlias = Callable[[Skipped | Notice], None]

LONGEST_LINE = 32 * 1024 * 1024  # bytes

_WIDE = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def open_lines(file: FileToRead, report: Report) -> Generator[Line, None, None]:
    """Lines with their 1-based numbers; what could not be read, or only with a limitation, goes to `report`.

    Never raises for what is in the file or for an OSError. Where the data breaks off (damaged gzip), the lines before
    are given, the unfinished one is not. Lines that are no UTF-8 are read as cp1252, with one notice a file.
    """
    text = _Text(file.name, report)
    try:
        head, chunks = _peek(chunks_of(file.location))
        kind = binary_kind(head[:HEAD_BYTES])
        if kind is not None:
            report(Skipped(file.name, 0, f"{kind}, not text"))
            return
        for block in _whole_lines(_as_utf8(head, chunks)):
            yield from text.lines_of(block)
    except Damaged as error:
        report(Skipped(file.name, text.number + 1, f"{error}; the lines before this one were read"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        report(Skipped(file.name, text.number, f"cannot be read: {reason}"))


class _Text:
    """Blocks of bytes -> numbered lines, with what is worth saying said once a file."""

    def __init__(self, name: str, report: Report) -> None:
        self.number = 0
        self._name = name
        self._report = report
        self._said: set[str] = set()

    def lines_of(self, block: bytes | None) -> Iterator[Line]:
        """The lines of a block that ends at a line's end; None stands for a line too long to be read."""
        if block is None:
            self.number += 1
            limit = LONGEST_LINE // (1024 * 1024)
            self._report(Skipped(self._name, self.number, f"a line of more than {limit} MiB"))
            return
        for text in self._decode(block.removesuffix(b"\n")):
            self.number += 1
            yield self.number, text

    def _decode(self, block: bytes) -> Iterator[str]:
        if b"\0" not in block:
            try:
                yield from block.decode("utf-8").split("\n")
                return
            except UnicodeDecodeError:
                pass
        for line in block.split(b"\n"):
            yield self._decode_line(line)

    def _decode_line(self, line: bytes) -> str:
        if b"\0" in line:
            line = line.replace(b"\0", b"")
            self._say_once("NUL bytes were removed, here and in later lines")
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            pass
        mended = line.decode("utf-8", "replace")
        broken = mended.count("\ufffd")
        if sum(char > "\x7f" for char in mended) > 2 * broken:
            self._say_once("damaged UTF-8: bytes that are none were replaced, here and in later lines")
            return mended
        self._say_once("not UTF-8: read as cp1252 (Western European), here and in later lines")
        return line.decode("cp1252", "replace")

    def _say_once(self, message: str) -> None:
        if message not in self._said:
            self._said.add(message)
            self._report(Notice(self._name, self.number + 1, message))


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The beginning of the data, and what follows it: more chunks, or the `Damaged` that came instead of them."""
    head = b""
    try:
        for chunk in chunks:
            head += chunk
            if len(head) >= HEAD_BYTES:
                break
    except Damaged as error:
        return head, _raising(error)
    return head, chunks


def _raising(error: Damaged) -> Iterator[bytes]:
    raise error
    yield b""


def _as_utf8(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for mark, encoding in _WIDE:
        if head.startswith(mark):
            return _transcoded(chain((head,), chunks), encoding)
    return chain((head.removeprefix(codecs.BOM_UTF8),), chunks)


def _transcoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8")
    yield decoder.decode(b"", final=True).encode("utf-8")


def _unix_ends(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """CRLF and CR -> LF. A CR that ends a chunk waits for the next one."""
    waiting = b""
    for chunk in chunks:
        data = waiting + chunk
        waiting = b"\r" if data.endswith(b"\r") else b""
        data = data.removesuffix(b"\r")
        yield data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
    if waiting:
        yield b"\n"


def _whole_lines(chunks: Iterator[bytes]) -> Iterator[bytes | None]:
    """Blocks of complete lines; None in the place of each line that is longer than the limit."""
    parts: list[bytes] = []
    size = 0
    too_long = False
    for chunk in _unix_ends(chunks):
        data = chunk
        if too_long:
            end = data.find(b"\n")
            if end < 0:
                continue
            yield None
            too_long = False
            data = data[end + 1 :]
        cut = data.rfind(b"\n") + 1
        if cut:
            yield b"".join((*parts, data[:cut]))
            parts, size = [], 0
        parts.append(data[cut:])
        size += len(data) - cut
        if size > LONGEST_LINE:
            too_long = True
            parts, size = [], 0
    if too_long:
        yield None
    elif size:
        yield b"".join(parts)
