"""What posts hold, as data in a prompt: nothing in it can be taken for our markers, our lines or a model's own control words.

This makes an attack harder and no more: a model reads what is written, however it is written. What holds is what is done to its
answer afterwards (`defusing`, `support`).
"""

from __future__ import annotations

import re
import unicodedata

from assistant.language.controls import without_controls

_HIDDEN = re.compile(r"[\u00ad\u034f\u115f\u1160\u180e\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff\ue000-\uf8ff]")
_NUMBERS = r"\^?\s?\d{1,3}(?:\s?[-–,;]\s?\d{1,3})*\s?"
# Behind a letter brackets are an index, which code needs; behind anything else they could be a marker of ours.
_MARKER = re.compile(
    rf"(?<![^\W_])(?:\[(?P<a>{_NUMBERS})\]|[【［〔](?P<b>{_NUMBERS})[】］〕])|(?P<word>\w)[【［〔](?P<c>{_NUMBERS})[】］〕]"
)
_WIDE = re.compile("[＜＞｜［］＃]")
# Control words of chat templates: ChatML and its like, Llama, Mistral, Gemma, DeepSeek, Alpaca, Vicuna.
_TEMPLATE = re.compile(
    r"<(?=\|[^|<>\n]{1,60}\|>)|(?<=\|)>|<<(?=/?SYS>>)|<(?=/?s>|(?:bos|eos|pad|unk)>|/?(?:start|end)_of_turn>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"<(?=/?(?:system|user|assistant|developer|human|tool|context|passages?|posts?|documents?|doc|sources?|results?|instructions?|"
    r"question|answer|query|prompt|data|input|output|untrusted|think(?:ing)?|invoke|parameter|(?:tool|function)_\w+)\b[^<>\n]{0,200}>)",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    r"(^|[\n.!?>*\"”)]\s*)((?:\*\*|__)?(?:system|user|assistant|human|developer|ai|bot|model|tool|question|answer|instructions?)(?:\s(?:prompt|message|note))?"
    r"(?:\*\*|__)?)[ \t]{0,3}:(?![:/])",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"#{2,6}(?=[ \t]{0,3}(?:instructions?|system|user|assistant|response|input|human|context|question|answer)\b)", re.IGNORECASE
)
_RULES = re.compile(r"`{3,}|~{3,}|<{2,}|>{3,}|={4,}|-{4,}|\"{3,}")


def marked_data(passage_text: str) -> str:
    """The text of a passage for a prompt: without control and invisible characters, with `(1)` for what looks like a marker
    `[1]`, and with a gap in whatever could close our lines or open a turn of a chat template. Words are not changed."""
    text = _HIDDEN.sub("", without_controls(passage_text))
    text = _MARKER.sub(lambda match: f"{match['word'] or ''}({(match['a'] or match['b'] or match['c']).strip()})", text)
    text = _WIDE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _TEMPLATE.sub(lambda match: " >" if match[0] == ">" else f"{match[0]} ", text)
    text = _TAG.sub("< ", text)
    text = _SPEAKER.sub(r"\1\2 -", text)
    text = _HEADING.sub("", text)
    return _RULES.sub(lambda match: " ".join(match[0]) if match[0][0] in "<>" else match[0][:2], text)
