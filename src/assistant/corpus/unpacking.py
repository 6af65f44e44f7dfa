"""The bytes of a file, a chunk at a time, unpacked where they are gzip, however long the file and whatever its name."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

CHUNK = 256 * 1024
RATIO_LIMIT = 200
RATIO_GRACE = 64 * 1024 * 1024  # of unpacked bytes, before the ratio is looked at

_GZIP = b"\x1f\x8b"
_PIECE = 4096  # packed bytes a step: what a damaged step can lose at most
_MEMBER = 31  # zlib's name for "gzip with header and checksum"


class Damaged(Exception):
    """The bytes end here for a reason that the user must know; all that came before is good."""


def chunks_of(path: Path) -> Iterator[bytes]:
    """The content of a regular file in chunks, none empty. Raises OSError, and Damaged after the last good chunk."""
    # O_NONBLOCK: a pipe put in the place of the file since it was found must not hang the run
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with open(handle, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is no regular file any more")
        first = file.read(CHUNK)
        if first.startswith(_GZIP):
            yield from _gunzip(_rest(file.read, first))
        else:
            yield from _rest(file.read, first)


def _rest(read: Callable[[int], bytes | None], first: bytes) -> Iterator[bytes]:
    chunk: bytes | None = first
    while chunk:
        yield chunk
        chunk = read(CHUNK)


def _gunzip(packed: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_MEMBER)
    taken = given = 0
    for chunk in packed:
        for start in range(0, len(chunk), _PIECE):
            piece = chunk[start : start + _PIECE]
            taken += len(piece)
            while piece:
                if unpacker.eof:
                    piece = piece.lstrip(b"\0")  # padding between members
                    if not piece:
                        break
                    unpacker = zlib.decompressobj(_MEMBER)
                before = unpacker.copy()
                try:
                    out = unpacker.decompress(piece, CHUNK)
                except zlib.error as error:
                    yield from _salvage(before, piece)
                    raise Damaged(f"the gzip data is damaged ({error})") from error
                piece = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
                given += len(out)
                if given > RATIO_GRACE and given > taken * RATIO_LIMIT:
                    raise Damaged(f"the gzip data unpacks to more than {RATIO_LIMIT} times its size")
                if out:
                    yield out
    if not unpacker.eof:
        raise Damaged("the gzip data ends before its end mark (truncated)")


def _salvage(unpacker: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    """What a failed step would have given up to the byte that made it fail."""
    for at in range(len(piece)):
        try:
            out = unpacker.decompress(piece[at : at + 1])
        except zlib.error:
            return
        if out:
            yield out
