"""Characters of a post that a terminal, a browser or an eye obeys instead of showing."""

from __future__ import annotations

import re

# Whole escape sequences first (CSI, OSC, DCS, APC, PM, SOS), so that no half of one is left as text; then single controls.
# One without its end is no sequence: in text of a wrong encoding such bytes stand for quotation marks.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])"
    r"[^\x07\x1b\x9c\n\x9d\x90\x98\x9e\x9f]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)


def without_controls(text: str) -> str:
    """Text without escape sequences, control characters, bidirectional overrides and invisible marks; newline and tab stay."""
    return _CONTROL.sub("", _SEQUENCE.sub("", text))
