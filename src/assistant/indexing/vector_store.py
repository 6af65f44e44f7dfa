"""Chroma, used as the embedded store of one finished generation: unit vectors by chunk id, cosine.

Only ids and vectors go in. Text stays in `posts.sqlite`, so that removing a post removes its text, and filters run
outside: a `where` of Chroma costs a hundred times the query and loses hits (see ARCHITECTURE.md).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import IndexDamaged
from assistant.indexing.generations import FRESH_HINT

if TYPE_CHECKING:
    from chromadb.api.client import Client

    from assistant.indexing.embedders import Vectors

COLLECTION = "chunks"
DATABASE = "chroma.sqlite3"
EF_SEARCH = 400
"""Candidates that a query looks at; it must be well above the chunks asked for, or near ones are missed."""
SYNC_THRESHOLD, BATCH_SIZE = 1000, 100  # Chroma's defaults

WRITABLE_HINT = "make it writable for who asks: Chroma notes in its own database that it was opened"

# Chroma shares what it opens between the clients of a folder, and counts them; opening and closing is not for two threads.
_CLIENTS = threading.Lock()


def _client(folder: Path) -> Client:
    import chromadb
    from chromadb.config import Settings

    with _CLIENTS:
        client: Client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))  # type: ignore[assignment]
    return client


def _close(client: Client) -> None:
    with _CLIENTS:
        client.close()


def _configuration(count: int) -> Any:
    # What lies in the write-ahead log at the end is applied anew each time the store is opened, and rewrites its files;
    # a threshold that the last vector reaches leaves nothing there.
    threshold = max(1, min(SYNC_THRESHOLD, count))
    return {
        "hnsw": {
            "space": "cosine",
            "ef_search": EF_SEARCH,
            "sync_threshold": threshold,
            "batch_size": min(BATCH_SIZE, threshold),
        }
    }


def write_vectors(folder: Path, count: int, batches: Iterable[tuple[Sequence[str], Vectors]]) -> None:
    """Create the collection in `folder` and add all batches, `count` vectors in all, cut to what the store takes at once."""
    client = _client(folder)
    try:
        # embedding_function=None: a persisted one is code that runs when the collection is opened.
        collection = client.create_collection(COLLECTION, configuration=_configuration(count), embedding_function=None)
        most = client.get_max_batch_size()
        for ids, vectors in batches:
            for start in range(0, len(ids), most):
                collection.add(ids=list(ids[start : start + most]), embeddings=vectors[start : start + most])
    finally:
        _close(client)


class VectorStore:
    """A finished collection, open for reading from any thread. `close` when the generation is no longer used.

    Raises IndexDamaged for one that cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        from chromadb.errors import ChromaError

        try:
            self._client = _client(folder)
            self._collection: Any = _collection(self._client)
        except ChromaError as error:
            hint = FRESH_HINT if os.access(folder / DATABASE, os.W_OK) else WRITABLE_HINT
            raise IndexDamaged(f"the vectors in {folder} cannot be opened ({error})", hint=hint) from error

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The `k` chunks nearest to a unit vector (shape (d,)), best first, each with its cosine in -1..1."""
        found = self._collection.query(query_embeddings=[vector], n_results=k, include=["distances"])
        return [(chunk_id, 1.0 - distance) for chunk_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)]

    def vectors(self, chunk_ids: Sequence[str]) -> tuple[list[str], Vectors]:
        """The stored vectors of these chunks, with the ids in the order of the rows."""
        import numpy as np

        found = self._collection.get(ids=list(chunk_ids), include=["embeddings"])
        return list(found["ids"]), np.asarray(found["embeddings"], dtype=np.float32)

    def ids(self) -> set[str]:
        """Ids of all chunks in the collection."""
        return set(self._collection.get(include=[])["ids"])

    def close(self) -> None:
        """Give up files and memory."""
        _close(self._client)


def _collection(client: Client) -> Any:
    from chromadb.errors import ChromaError

    try:
        return client.get_collection(COLLECTION, embedding_function=None)
    except ChromaError:
        # What stays open is handed to the next client of this folder, whatever lies there then.
        _close(client)
        raise
