"""Resolved posts to the files of a generation: chunks, vectors, search terms, manifest.

Vectors come from the embedding cache; only texts that it lacks are embedded, and each lot is stored before the next
begins: an interrupted build goes on where it stopped.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import IndexDamaged
from assistant.indexing import manifest as manifests
from assistant.indexing.chunker import Chunker
from assistant.indexing.embedding_cache import EmbeddingCache, vector_key
from assistant.indexing.lexical_store import write_lexical
from assistant.indexing.post_store import post_of
from assistant.indexing.vector_store import VectorStore, write_vectors
from assistant.indexing.vocabulary import write_vocabulary
from assistant.types import NONE, Parts

if TYPE_CHECKING:
    from assistant.indexing.embedders import Embedder, Vectors

EMBED_AT_ONCE = 256
STORE_AT_ONCE = 4000
PROBES = 64
PROBE_COSINE = 0.999
LIBRARIES = ("chromadb", "bm25s", "onnxruntime", "tokenizers", "llama-index-core")

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how much of it is done and how much there is (0: not known)."""


@dataclass(frozen=True, slots=True)
class Written:
    """A generation's manifest, how many chunks had to be embedded for it, and how long that took."""

    manifest: manifests.Manifest
    embedded: int = 0
    embed_seconds: float = 0.0


def write_generation(
    partial: Path,
    ledger: sqlite3.Connection,
    embedder: Embedder,
    cache_path: Path,
    identity: tuple[str, str],
    progress: Progress,
    without: Parts = NONE,
    *,
    redact: bool = True,
) -> Written:
    """Complete the build in `partial`, whose ledger holds resolved posts; `identity` is its name and corpus hash, `redact`
    whether the ledger's secrets were masked.

    Raises EmbedderError, ServerUnreachable, IndexDamaged (a vector just written is not found again).
    """
    name, corpus_hash = identity
    with closing(EmbeddingCache(cache_path)) as cache:
        texts = _write_chunks(ledger, embedder, Chunker(embedder.count_tokens, embedder.max_tokens, without), cache, progress)
        started = time.perf_counter()
        _embed(texts, embedder, cache, progress)
        embed_seconds = time.perf_counter() - started
        count = _count(ledger, "SELECT count(*) FROM chunks")
        write_vectors(partial / "chroma", count, _stored_vectors(ledger, cache, progress))
        ledger.commit()
        _probe(partial / "chroma", ledger, cache)
        dimension = _dimension(ledger, cache)
        cache.keep_only({row["vector_key"] for row in ledger.execute("SELECT vector_key FROM chunks")})
    progress("search terms", 0, 0)
    write_lexical(partial / "bm25", _documents(ledger), without)
    write_vocabulary(partial / "bm25", _documents(ledger))
    posts = _count(ledger, "SELECT count(*) FROM posts")
    threads = _count(ledger, "SELECT count(DISTINCT thread_id) FROM posts")
    ledger.commit()
    versions = {library: version(library) for library in LIBRARIES}
    recipe = manifests.Recipe.of(embedder.fingerprint, without, redact=redact)
    files = manifests.record_files(partial)
    manifest = manifests.Manifest(name, corpus_hash, recipe, posts, threads, count, dimension, versions, files)
    manifests.write_manifest(partial, manifest)
    return Written(manifest, len(texts), embed_seconds)


def _count(ledger: sqlite3.Connection, sql: str) -> int:
    (count,) = ledger.execute(sql).fetchone()
    return int(count)


def _write_chunks(
    ledger: sqlite3.Connection, embedder: Embedder, chunker: Chunker, cache: EmbeddingCache, progress: Progress
) -> dict[bytes, str]:
    """Fill table `chunks`; the texts to embed by their key, those that the cache holds left out."""
    total = _count(ledger, "SELECT count(*) FROM posts")
    texts: dict[bytes, str] = {}
    posts = ledger.execute(
        "SELECT posts.*, texts.body AS body FROM posts JOIN texts ON texts.sha = posts.body_sha ORDER BY row"
    )
    batch: dict[bytes, str] = {}
    for done, row in enumerate(posts, start=1):
        for chunk in chunker.chunks(post_of(row)):
            key = vector_key(embedder.fingerprint, chunk.embedded)
            batch[key] = chunk.embedded
            ledger.execute(
                "INSERT INTO chunks (chunk_id, post_row, number, start, end, vector_key) VALUES (?, ?, ?, ?, ?, ?)",
                (chunk.chunk_id, row["row"], chunk.number, chunk.start, chunk.end, key),
            )
        if len(batch) >= EMBED_AT_ONCE or done == total:
            texts.update((key, batch[key]) for key in cache.missing(batch))
            batch = {}
        progress("chunks", done, total)
    return texts


def _embed(texts: dict[bytes, str], embedder: Embedder, cache: EmbeddingCache, progress: Progress) -> None:
    keys = list(texts)
    for start in range(0, len(keys), EMBED_AT_ONCE):
        lot = keys[start : start + EMBED_AT_ONCE]
        cache.put(lot, embedder.embed([texts[key] for key in lot]))
        progress("embedding", start + len(lot), len(keys))


def _stored_vectors(
    ledger: sqlite3.Connection, cache: EmbeddingCache, progress: Progress
) -> Iterator[tuple[Sequence[str], Vectors]]:
    total = _count(ledger, "SELECT count(*) FROM chunks")
    chunks = ledger.execute("SELECT chunk_id, vector_key FROM chunks ORDER BY row")
    done = 0
    while rows := chunks.fetchmany(STORE_AT_ONCE):
        done += len(rows)
        yield [row["chunk_id"] for row in rows], cache.get([row["vector_key"] for row in rows])
        progress("vectors", done, total)


def _documents(ledger: sqlite3.Connection) -> Iterator[str]:
    query = "SELECT title, body FROM posts JOIN texts ON texts.sha = posts.body_sha ORDER BY row"
    return (f"{row['title']}\n{row['body']}" for row in ledger.execute(query))


def _dimension(ledger: sqlite3.Connection, cache: EmbeddingCache) -> int:
    row = ledger.execute("SELECT vector_key FROM chunks LIMIT 1").fetchone()
    return int(cache.get([row["vector_key"]]).shape[1]) if row else 0


def _probe(folder: Path, ledger: sqlite3.Connection, cache: EmbeddingCache) -> None:
    """Ask the store for chunks that it was just given: a count proves nothing about what a query finds."""
    total = _count(ledger, "SELECT count(*) FROM chunks")
    step = max(1, total // PROBES)
    rows = ledger.execute("SELECT chunk_id, vector_key FROM chunks WHERE (row - 1) % ? = 0", (step,)).fetchall()
    store = VectorStore(folder)
    try:
        for row in rows:
            hits = store.nearest(cache.get([row["vector_key"]])[0], 1)
            if not hits or hits[0][1] < PROBE_COSINE:
                raise IndexDamaged(
                    f"the vector of chunk {row['chunk_id']} was written but is not found",
                    hint="run `assistant index` again; if it stays so, delete the index folder's cache",
                )
    finally:
        store.close()
