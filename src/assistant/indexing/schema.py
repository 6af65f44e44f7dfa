"""The tables of `posts.sqlite`, the one source of text and fields in a generation.

A *claim* is what one source says of a post: which text, which fields, at which place. Claims are the ledger; posts are a
function of all claims (`resolve`), so neither the order in which sources were added nor the history of updates shows.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

TABLES = """
CREATE TABLE roots (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE texts (sha TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE claims (
    root TEXT NOT NULL, path TEXT NOT NULL, line INTEGER NOT NULL,
    body_sha TEXT NOT NULL, title TEXT NOT NULL, identity TEXT NOT NULL, content TEXT NOT NULL,
    namespace TEXT NOT NULL, source_id TEXT, thread_key TEXT, reply_to TEXT,
    role TEXT NOT NULL, accepted INTEGER NOT NULL, author TEXT, created TEXT, activity TEXT,
    replies INTEGER, boosts INTEGER, views INTEGER, score INTEGER, tags TEXT NOT NULL, url TEXT,
    masked INTEGER NOT NULL
);
CREATE INDEX claims_by_root ON claims (root);
CREATE TABLE posts (
    row INTEGER PRIMARY KEY, post_id TEXT NOT NULL UNIQUE, thread_id TEXT NOT NULL,
    title TEXT NOT NULL, body_sha TEXT NOT NULL, content TEXT NOT NULL,
    role TEXT NOT NULL, accepted INTEGER NOT NULL, source_id TEXT, reply_to TEXT,
    author TEXT, created TEXT, activity TEXT,
    replies INTEGER, boosts INTEGER, views INTEGER, score INTEGER,
    tags TEXT NOT NULL, url TEXT, entities TEXT NOT NULL
);
CREATE INDEX posts_by_thread ON posts (thread_id);
CREATE INDEX posts_by_source_id ON posts (source_id);
CREATE TABLE post_sources (
    post_row INTEGER NOT NULL, path TEXT NOT NULL, line INTEGER NOT NULL,
    PRIMARY KEY (post_row, path, line)
) WITHOUT ROWID;
CREATE INDEX post_sources_by_path ON post_sources (path);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, chunk_id TEXT NOT NULL UNIQUE, post_row INTEGER NOT NULL,
    number INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, vector_key BLOB NOT NULL
);
CREATE INDEX chunks_by_post ON chunks (post_row);
"""

CLAIM_COLUMNS = (
    "root", "path", "line", "body_sha", "title", "identity", "content", "namespace", "source_id", "thread_key",
    "reply_to", "role", "accepted", "author", "created", "activity", "replies", "boosts", "views", "score", "tags",
    "url", "masked",
)  # fmt: skip
POST_COLUMNS = (
    "row", "post_id", "thread_id", "title", "body_sha", "content", "role", "accepted", "source_id", "reply_to",
    "author", "created", "activity", "replies", "boosts", "views", "score", "tags", "url", "entities",
)  # fmt: skip


def insert(table: str, columns: tuple[str, ...]) -> str:
    """An INSERT statement with named parameters; table and columns are constants of this module."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"  # noqa: S608


def create(path: Path) -> sqlite3.Connection:
    """A new ledger at `path`. It is written once, in a folder nobody reads yet: no journal is needed before the commit."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA page_size = 4096;" + TABLES)
    return connection


def open_read_only(path: Path) -> sqlite3.Connection:
    """A finished ledger, immutable: SQLite neither locks it nor looks for a journal. Usable from any thread."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection
