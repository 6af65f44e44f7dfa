"""What a server says, made fit to be shown: without the key that was sent to it, on one line, not too long."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

LONGEST_REASON = 300
_KEY = re.compile(r"\b(?:sk|pk|pplx|gsk)[-_][\w*-]{6,}")


def without_key(text: str, key: str | None) -> str:
    """The text without `key`, and without what looks like a key of the known vendors, masked ones included."""
    return _KEY.sub("…", text.replace(key, "…") if key else text)


def reason_of(body: str, key: str | None) -> str:
    """Why a server says no, from the body of its answer: the message inside, where it is a document of a known form."""
    return one_line(_message(body), key)


def one_line(text: str, key: str | None) -> str:
    """The text without the key and without what a terminal obeys, on one line, cut where it gets long."""
    said = "".join(char if char.isprintable() else " " for char in text)
    return without_key(" ".join(said.split()), key)[:LONGEST_REASON]


def _message(body: str) -> str:
    document = document_of(body)
    error = document.get("error", document)
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("detail")
    return error if isinstance(error, str) else body


def document_of(body: str) -> Mapping[str, Any]:
    """The JSON object that the text is; empty where it is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, Mapping) else {}
