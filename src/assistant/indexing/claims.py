"""Raw posts to claims: canonical text, the key of identity, and where the claim stands."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from assistant.corpus.text import canonical, fold
from assistant.indexing.schema import CLAIM_COLUMNS, insert
from assistant.types import RawPost, Role

SEPARATOR = "\x1f"
HASH_BYTES = 8


def digest(*parts: str) -> str:
    """16 hex digits that stand for `parts`."""
    return hashlib.blake2b(SEPARATOR.join(parts).encode(), digest_size=HASH_BYTES).hexdigest()


def identity_of(raw: RawPost, title: str, body: str) -> str:
    """What makes two claims one post: the id that the source gives, else title and body apart from case and spacing.

    A reply has its thread in it as well: two people may both write "Thanks!".
    """
    if raw.source_id is not None:
        return SEPARATOR.join(("id", raw.namespace, raw.source_id))
    thread = raw.thread_key or "" if raw.role is Role.REPLY else ""
    return SEPARATOR.join(("text", digest(thread, fold(title), fold(body))))


def claim_of(root: str, raw: RawPost) -> tuple[dict[str, object], str]:
    """The row of table `claims` for a raw post found under `root`, and its canonical body."""
    title, body = " ".join(canonical(raw.title).split()), canonical(raw.body)
    row: dict[str, object] = {
        "root": root,
        "path": raw.source.path,
        "line": raw.source.line,
        "body_sha": digest(body),
        "title": title,
        "identity": identity_of(raw, title, body),
        "content": digest(title, body) if raw.source_id is not None else "",
        "tags": json.dumps(sorted(set(raw.tags)), ensure_ascii=False),
        "role": raw.role.value,
        "accepted": int(raw.accepted),
    }
    for column in CLAIM_COLUMNS:
        if column not in row:
            row[column] = getattr(raw, column)
    return row, body


def add_claims(ledger: sqlite3.Connection, root: str, posts: Iterable[RawPost]) -> None:
    """Write the claims of one root. Streams: one post is held at a time."""
    ledger.execute("INSERT OR IGNORE INTO roots (path) VALUES (?)", (root,))
    add_text = "INSERT OR IGNORE INTO texts (sha, body) VALUES (?, ?)"
    add_claim = insert("claims", CLAIM_COLUMNS)
    for raw in posts:
        row, body = claim_of(root, raw)
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
