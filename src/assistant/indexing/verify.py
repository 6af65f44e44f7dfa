"""Whether a generation is whole: files against the manifest, ids against the ledger, vectors against the cache's rule.

The vector store is opened in a process of its own, and only after its files were checked: a damaged one can end the
process that reads it.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from assistant.errors import AssistantError
from assistant.indexing.lease import Lease
from assistant.indexing.lexical_store import LexicalStore
from assistant.indexing.manifest import FileRecord, Manifest, content_sha256, file_faults, read_manifest
from assistant.indexing.schema import open_read_only
from assistant.indexing.vector_store import VectorStore

PROBES = 256
SECONDS = 600


def verify_generation(folder: Path) -> list[str]:
    """What is wrong with the generation in `folder`, a sentence each; empty when it is whole. No build removes it meanwhile."""
    try:
        with closing(Lease(folder)):
            return _faults(folder)
    except FileNotFoundError:
        return [f"{folder} is not there"]


def _faults(folder: Path) -> list[str]:
    try:
        manifest = read_manifest(folder)
    except AssistantError as error:
        return [error.message]
    faults = list(file_faults(folder, manifest)) or [
        fault for record in manifest.files if (fault := _content_fault(folder, record))
    ]
    if faults:
        return faults
    return [*_ledger_faults(folder, manifest), *_lexical_faults(folder, manifest), *_vector_faults(folder)]


def _content_fault(folder: Path, record: FileRecord) -> str | None:
    path = folder / record.path
    try:
        found = content_sha256(path)
    except sqlite3.DatabaseError as error:
        return f"{path} is damaged ({error})"
    return None if found == record.sha256 else f"{path} is not what it was: its sha256 differs"


def _ledger_faults(folder: Path, manifest: Manifest) -> list[str]:
    with closing(open_read_only(folder / "posts.sqlite")) as ledger:
        found = [ledger.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("posts", "chunks")]  # noqa: S608
    wanted = [manifest.posts, manifest.chunks]
    return [] if found == wanted else [f"the ledger has {found} posts and chunks, the manifest says {wanted}"]


def _lexical_faults(folder: Path, manifest: Manifest) -> list[str]:
    size = LexicalStore(folder / "bm25").size
    return [] if size == manifest.posts else [f"the lexical index has {size} posts, the manifest says {manifest.posts}"]


def _vector_faults(folder: Path) -> list[str]:
    command = [sys.executable, "-m", "assistant.indexing.verify", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    if run.returncode != 0:
        detail = run.stderr.strip().splitlines()[-1:] or ["no message"]
        return [f"the vector store cannot be opened (exit {run.returncode}: {detail[0]})"]
    return list(json.loads(run.stdout))


def _probe(folder: Path) -> list[str]:
    """Compare ids, and ask for stored vectors: each must find itself."""
    with closing(open_read_only(folder / "posts.sqlite")) as ledger:
        wanted = [row["chunk_id"] for row in ledger.execute("SELECT chunk_id FROM chunks ORDER BY row")]
    with closing(VectorStore(folder / "chroma")) as store:
        stored = store.ids()
        faults = [f"{len(set(wanted) - stored)} chunks have no vector"] if set(wanted) - stored else []
        if stored - set(wanted):
            faults.append(f"{len(stored - set(wanted))} vectors belong to no chunk")
        sample = wanted[:: max(1, len(wanted) // PROBES)]
        present = [chunk_id for chunk_id in sample if chunk_id in stored]
        ids, vectors = store.vectors(present) if present else ([], ())
        lost = [chunk_id for chunk_id, vector in zip(ids, vectors, strict=True) if not _finds_itself(store, vector)]
    return [*faults, f"{len(lost)} of {len(ids)} vectors are not found, the first is {lost[0]}"] if lost else faults


def _finds_itself(store: VectorStore, vector: object) -> bool:
    hits = store.nearest(vector, 1)  # type: ignore[arg-type]
    return bool(hits) and hits[0][1] > 0.999


if __name__ == "__main__":
    print(json.dumps(_probe(Path(sys.argv[1]))))
