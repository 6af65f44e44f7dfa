"""Where the next page of a list begins, as a word that only the server reads: bound to the list that it was made for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from assistant.errors import CursorExpired, UsageError

AGAIN = "leave the cursor out, and begin with the first page"


@dataclass(frozen=True, slots=True)
class Listing:
    """What decides a list: the generation that was searched, and what was searched for."""

    generation: str
    asked: str

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that another list does not have."""
        return hashlib.blake2b(f"{self.generation}\n{self.asked}".encode(), digest_size=8).hexdigest()


def cursor_at(offset: int, listing: Listing) -> str:
    """The cursor of the page that begins with the hit at `offset`, in letters that a URL takes."""
    return base64.urlsafe_b64encode(json.dumps([offset, listing.digest]).encode()).decode().rstrip("=")


def offset_at(cursor: str, listing: Listing) -> int:
    """The offset that a cursor stands for, at least 1. Raises CursorExpired for one of another list, UsageError for any other
    text."""
    try:
        read = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        offset, digest = read
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise UsageError("the cursor is none that this server made", hint=AGAIN) from error
    if type(offset) is not int or type(digest) is not str or offset < 1:
        raise UsageError("the cursor is none that this server made", hint=AGAIN)
    if digest != listing.digest:
        raise CursorExpired("the cursor belongs to another search, or the index has changed since", hint=AGAIN)
    return offset
