"""Vectors by what was embedded: sha256 of the model's fingerprint and the text.

What an interrupted build has embedded is kept, so the next build embeds only the rest. Text is not stored.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Vectors = np.ndarray[Any, np.dtype[np.float32]]

LOOKUP = 500
"""Keys a query; SQLite's oldest limit on parameters is 999."""


def vector_key(fingerprint: str, text: str) -> bytes:
    """32 bytes that stand for one text as seen by one model."""
    return hashlib.sha256(f"{fingerprint}\x1f{text}".encode()).digest()


def copy_cache(source: Path, target: Path) -> None:
    """Put a copy of one cache in place of another, with what its write-ahead log still holds; nothing where there is none."""
    if not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as whole, closing(sqlite3.connect(target)) as copy:
        whole.backup(copy)


class EmbeddingCache:
    """A table of vectors. One writer at a time (the index lock sees to it); each `put` is durable when it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path)
        self._connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;"
        )

    def missing(self, keys: Iterable[bytes]) -> set[bytes]:
        """Those of `keys` that have no vector yet."""
        wanted = list(dict.fromkeys(keys))
        return set(wanted).difference(key for key, _ in self._rows(wanted))

    def put(self, keys: Sequence[bytes], vectors: Vectors) -> None:
        """Store `vectors[i]` under `keys[i]`."""
        rows = [(key, vector.astype("<f4").tobytes()) for key, vector in zip(keys, vectors, strict=True)]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def get(self, keys: Sequence[bytes]) -> Vectors:
        """The vectors of `keys`, in order. Raises KeyError for a key that was never put."""
        import numpy as np

        found = dict(self._rows(list(dict.fromkeys(keys))))
        return np.stack([np.frombuffer(found[key], dtype="<f4") for key in keys])

    def keep_only(self, keys: set[bytes]) -> None:
        """Drop vectors of other keys, once they are more than the kept ones: a removed source may come back."""
        (count,) = self._connection.execute("SELECT count(*) FROM vectors").fetchone()
        if count <= 2 * len(keys):
            return
        with self._connection:
            self._connection.execute("CREATE TEMP TABLE kept (key BLOB PRIMARY KEY) WITHOUT ROWID")
            self._connection.executemany("INSERT INTO kept VALUES (?)", ((key,) for key in keys))
            self._connection.execute("DELETE FROM vectors WHERE key NOT IN (SELECT key FROM kept)")
            self._connection.execute("DROP TABLE kept")

    def _rows(self, keys: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for start in range(0, len(keys), LOOKUP):
            part = keys[start : start + LOOKUP]
            marks = ",".join("?" * len(part))
            yield from self._connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part)  # noqa: S608

    def close(self) -> None:
        self._connection.close()
