"""The one definition of canonical text, which every offset of the program counts in.

Control characters such as ESC stay: an offset must point into what the post says, and it is rendering that neutralises
them. U+2028, U+0085 and the like stay too, and do not end a line.
"""

from __future__ import annotations

import re
import unicodedata

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def canonical(text: str) -> str:
    """NFC, LF line ends, no NUL, no lone surrogates, no white space at line ends, no blank lines around. Idempotent."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if not text.isascii():
        text = unicodedata.normalize("NFC", _LONE_SURROGATE.sub("\ufffd", text))
    return "\n".join(map(str.rstrip, text.split("\n"))).strip("\n")


def fold(text: str) -> str:
    """A form for comparing only: NFKC, case folded, runs of white space as one space. Idempotent."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", text).casefold())
    return " ".join(text.casefold().split())
