"""Lines of a file descriptor, read so that a program can end while it waits for one."""

from __future__ import annotations

import asyncio
import codecs
import os
import threading
from collections.abc import AsyncIterator, Callable

PIECE = 65_536


async def lines_of(descriptor: int) -> AsyncIterator[str]:
    """Each line, in UTF-8, until the descriptor ends; what is no UTF-8 comes as U+FFFD.

    It is read by a thread that nobody waits for: one of a pool would keep a program that was interrupted from ending until
    the next line.
    """
    loop, pieces = asyncio.get_running_loop(), asyncio.Queue[bytes]()
    threading.Thread(target=_read, args=(descriptor, loop, pieces.put_nowait), daemon=True, name="standard input").start()
    decoder, rest = codecs.getincrementaldecoder("utf-8")("replace"), ""
    while piece := await pieces.get():
        *lines, rest = (rest + decoder.decode(piece)).split("\n")
        for line in lines:
            yield line
    if rest:
        yield rest


def _read(descriptor: int, loop: asyncio.AbstractEventLoop, take: Callable[[bytes], None]) -> None:
    piece = b" "
    while piece:
        try:
            piece = os.read(descriptor, PIECE)
        except OSError:
            piece = b""
        try:
            loop.call_soon_threadsafe(take, piece)
        except RuntimeError:
            return  # the loop has ended
