"""Text of whole characters: JSON may write half of one (`"\\ud83d"`), which nothing behind us can encode.

The halves of a pair are joined, also when they come in two pieces; a half that stays alone becomes U+FFFD.
"""

from __future__ import annotations

_FIRST_HALVES = "\ud800", "\udbff"


def mended(text: str) -> str:
    """The text without a surrogate."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Characters:
    """Takes pieces of text and gives them mended. What is given hangs on the joined text alone."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """The whole characters of what has come; empty where that is half of one."""
        text = self._held + piece
        open_end = _FIRST_HALVES[0] <= text[-1:] <= _FIRST_HALVES[1]
        self._held = text[-1:] if open_end else ""
        return mended(text[:-1] if open_end else text)

    def end(self) -> str:
        """What is left when the text has ended: the sign for a half that stayed alone."""
        return mended(self._held)
