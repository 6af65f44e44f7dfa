"""Raw posts to claims: canonical text, the key of identity, where the claim stands, and what of it may be kept.

Ids are made of what was written: they are the same whether or not secrets are masked. What the source itself calls a post
or a thread is kept as it is, since replies name it, but where that holds a secret: see `without_secret`.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assistant.corpus.text import canonical, fold
from assistant.indexing.schema import CLAIM_COLUMNS, insert
from assistant.language.redaction.masking import masked
from assistant.language.redaction.standing_in import MASK
from assistant.types import RawPost, Role

SEPARATOR = "\x1f"
HASH_BYTES = 8
_TOLD_APART = re.compile(rf"(?P<shown>[^{SEPARATOR}]*{MASK}[^{SEPARATOR}]*)~[0-9a-f]{{{2 * HASH_BYTES}}}")
NAMES = ("namespace", "source_id", "thread_key", "reply_to")
"""Fields that name a post or a thread."""


def digest(*parts: str) -> str:
    """16 hex digits that stand for `parts`."""
    return hashlib.blake2b(SEPARATOR.join(parts).encode(), digest_size=HASH_BYTES).hexdigest()


def without_secret(name: str | None) -> str | None:
    """What a source calls a post or a thread, with the secrets in it masked; a digest tells apart what is masked alike.

    Names without a secret stay as they are, and so does one that was masked before. Equal names stay equal, so a reply still
    finds what it answers.
    """
    if not name or (shown := masked(name)) == name:
        return name
    if (before := _TOLD_APART.fullmatch(name)) and masked(before["shown"]) == before["shown"]:
        return name
    return f"{shown}~{digest(name)}"


def identity_of(raw: RawPost, title: str, body: str) -> str:
    """What makes two claims one post: the id that the source gives, else title and body apart from case and spacing.

    A reply has its thread in it as well: two people may both write "Thanks!".
    """
    if raw.source_id is not None:
        return SEPARATOR.join(("id", without_secret(raw.namespace) or "", without_secret(raw.source_id) or ""))
    thread = raw.thread_key or "" if raw.role is Role.REPLY else ""
    return SEPARATOR.join(("text", digest(thread, fold(title), fold(body))))


def _kept(raw: RawPost, title: str, body: str) -> dict[str, Any]:
    """What is written by people, as it is without redaction."""
    tags = tuple(sorted(set(raw.tags)))
    texts = {"title": title, "body": body, "author": raw.author, "activity": raw.activity, "url": raw.url, "tags": tags}
    return texts | {name: getattr(raw, name) for name in NAMES}


def _redacted(kept: dict[str, Any]) -> dict[str, Any]:
    """The same with its secrets masked."""
    changed = {
        name: without_secret(value) if name in NAMES else masked(value)
        for name, value in kept.items()
        if isinstance(value, str)
    }
    return kept | changed | {"tags": tuple(sorted(set(map(masked, kept["tags"]))))}


def claim_of(root: str, raw: RawPost, *, redact: bool = True) -> tuple[dict[str, object], str]:
    """The row of table `claims` for a raw post found under `root`, and its canonical body, both masked where told to."""
    title, body = " ".join(canonical(raw.title).split()), canonical(raw.body)
    said = _kept(raw, title, body)
    kept = _redacted(said) if redact else said
    row: dict[str, object] = {
        "root": root,
        "path": raw.source.path,
        "line": raw.source.line,
        "body_sha": digest(kept["body"]),
        "masked": int(kept != said),
        **{name: kept[name] for name in ("title", "author", "activity", "url", *NAMES)},
        "identity": identity_of(raw, title, body),
        "content": digest(title, body) if raw.source_id is not None else "",
        "tags": json.dumps(kept["tags"], ensure_ascii=False),
        "role": raw.role.value,
        "accepted": int(raw.accepted),
    }
    for column in CLAIM_COLUMNS:
        if column not in row:
            row[column] = getattr(raw, column)
    return row, kept["body"]


def add_claims(ledger: sqlite3.Connection, root: str, posts: Iterable[RawPost], *, redact: bool = True) -> None:
    """Write the claims of one root, secrets masked where told to. Streams: one post is held at a time."""
    ledger.execute("INSERT OR IGNORE INTO roots (path) VALUES (?)", (root,))
    add_text = "INSERT OR IGNORE INTO texts (sha, body) VALUES (?, ?)"
    add_claim = insert("claims", CLAIM_COLUMNS)
    for raw in posts:
        row, body = claim_of(root, raw, redact=redact)
        ledger.execute(add_text, (row["body_sha"], body))
        ledger.execute(add_claim, row)


def copy_claims(ledger: sqlite3.Connection, previous: Path, without: Iterable[str]) -> None:
    """Take over from the ledger at `previous` all claims but those of the roots in `without`."""
    columns = ", ".join(CLAIM_COLUMNS)
    ledger.commit()
    ledger.execute("ATTACH DATABASE ? AS previous", (str(previous),))
    ledger.execute("CREATE TEMP TABLE renewed (path TEXT PRIMARY KEY)")
    ledger.executemany("INSERT OR IGNORE INTO renewed VALUES (?)", [(root,) for root in without])
    kept = "root NOT IN (SELECT path FROM renewed)"
    ledger.execute("INSERT INTO roots SELECT path FROM previous.roots WHERE path NOT IN (SELECT path FROM renewed)")
    ledger.execute(f"INSERT INTO claims ({columns}) SELECT {columns} FROM previous.claims WHERE {kept}")  # noqa: S608
    ledger.execute("INSERT INTO texts SELECT sha, body FROM previous.texts WHERE sha IN (SELECT body_sha FROM claims)")
    ledger.commit()
    ledger.execute("DETACH DATABASE previous")
    ledger.execute("DROP TABLE renewed")
