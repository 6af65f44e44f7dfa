"""Characters of a post that a terminal, a browser or an eye obeys instead of showing."""

from __future__ import annotations

import re

# Whole escape sequences first (CSI, OSC, DCS, APC, PM, SOS), so that no half of one is left as text; then single controls.
# One without its end is no sequence: in text of a wrong encoding such bytes stand for quotation marks.
SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])"
    r"[^\x07\x1b\x9c\n\x9d\x90\x98\x9e\x9f]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
# Soft hyphens, fillers, variation selectors but that of pictures, private use, tags.
_HIDDEN = re.compile(
    r"[\u00ad\u034f\u115f\u1160\u180b-\u180f\u2800\u3164\ufe00-\ufe0e\uffa0\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010fffd]"
)


def without_controls(text: str) -> str:
    """Text without escape sequences, control characters, bidirectional overrides and invisible marks; newline and tab stay."""
    return _CONTROL.sub("", SEQUENCE.sub("", text))


def without_hidden(text: str) -> str:
    """The same without what nobody sees and a model reads all the same: fillers, tags, private use."""
    return _HIDDEN.sub("", without_controls(text))
