"""Server-sent events, cut out of the bytes of an answer, and whatever stands there that is none.

Read as the HTML standard says (section 9.2.6), but that of an event only `data` counts.
Lines are cut in the bytes: what cuts text also cuts at U+2028 and the like, which stand in JSON as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

MOST_FOREIGN = 1 << 20
"""Bytes that are kept of what is no event: a whole answer as one document fits, a film does not."""
_FIELDS = frozenset({b"data", b"event", b"id", b"retry"})


class EventStream:
    """Takes the bytes in any pieces and gives the data of each event. What is given hangs on the joined bytes alone."""

    def __init__(self) -> None:
        self._held = b""
        self._after_cr = False
        self._data: list[bytes] = []
        self._foreign: list[bytes] = []
        self._kept = 0

    def feed(self, body: bytes) -> Iterator[str]:
        """The data of each event that has become whole."""
        if not body:
            return
        # A \r ends a line at once; a \n right behind it belongs to it, also in the next piece.
        lines = (self._held + (body.removeprefix(b"\n") if self._after_cr else body)).splitlines(keepends=True)
        self._after_cr = body.endswith(b"\r")
        self._held = lines.pop() if lines and not lines[-1].endswith((b"\r", b"\n")) else b""
        for line in lines:
            yield from self._line(line.rstrip(b"\r\n"))

    def end(self) -> str:
        """The lines that belong to no event stream, such as those of a web page. An event that is not whole is dropped."""
        for _ in self._line(self._held):
            pass
        return b"\n".join(self._foreign).decode(errors="replace").strip()

    def _line(self, line: bytes) -> Iterator[str]:
        name, _, value = line.partition(b":")
        if not line:
            if self._data:
                yield b"\n".join(self._data).decode(errors="replace")
            self._data = []
        elif name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif name and name not in _FIELDS and self._kept < MOST_FOREIGN:
            self._kept += len(line)
            self._foreign.append(line)
