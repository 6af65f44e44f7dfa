"""An index as it would be had some threads never been posted: the counterfactual that a right refusal is tested with.

Made from the claims of a finished generation, so the sources are neither read nor needed; vectors are taken over.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection
from contextlib import closing
from typing import TYPE_CHECKING

from assistant.indexing import schema
from assistant.indexing.build import written_from
from assistant.indexing.claims import copy_claims
from assistant.indexing.embedding_cache import copy_cache
from assistant.indexing.generations import IndexFolder
from assistant.indexing.manifest import read_manifest
from assistant.indexing.resolve import resolve
from assistant.types import NONE, Parts

if TYPE_CHECKING:
    from assistant.indexing.embedders import Embedder


def leave_out(
    folder: IndexFolder, target: IndexFolder, embedder: Embedder, threads: Collection[str], without: Parts = NONE
) -> None:
    """Build in `target` the index in force in `folder` without these threads. What `target` held before is replaced.

    Raises IndexMissing, IndexDamaged, IndexLocked, EmbedderError, ServerUnreachable.
    """
    current = folder.current()
    ledger_path, redact = current / "posts.sqlite", read_manifest(current).recipe.redact
    with target.writer():
        copy_cache(folder.cache, target.cache)
        partial = target.start_partial()
        try:
            with closing(schema.create(partial / "posts.sqlite")) as ledger:
                copy_claims(ledger, ledger_path, without=())
                resolve(ledger)
                _drop(ledger, threads)
                written = written_from(
                    target, partial, ledger, embedder, lambda step, done, total: None, without, redact=redact
                )
            target.publish(partial, written.manifest.generation)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _drop(ledger: sqlite3.Connection, threads: Collection[str]) -> None:
    """Remove the posts of some threads; the rows of the others close up, since row i is document i of the search terms."""
    ledger.execute("CREATE TEMP TABLE dropped (thread_id TEXT PRIMARY KEY)")
    ledger.executemany("INSERT OR IGNORE INTO dropped VALUES (?)", [(thread,) for thread in threads])
    ledger.execute("DELETE FROM posts WHERE thread_id IN (SELECT thread_id FROM dropped)")
    ledger.execute("DELETE FROM post_sources WHERE post_row NOT IN (SELECT row FROM posts)")
    ledger.execute("CREATE TEMP TABLE moved AS SELECT row AS old, row_number() OVER (ORDER BY row) - 1 AS new FROM posts")
    # By way of negative numbers: no two rows may meet on the way.
    for table, column in (("posts", "row"), ("post_sources", "post_row")):
        ledger.execute(f"UPDATE {table} SET {column} = -1 - (SELECT new FROM moved WHERE old = {column})")  # noqa: S608
        ledger.execute(f"UPDATE {table} SET {column} = -1 - {column}")  # noqa: S608
    ledger.execute("DROP TABLE moved")
    ledger.execute("DROP TABLE dropped")
    ledger.execute("DELETE FROM texts WHERE sha NOT IN (SELECT body_sha FROM posts)")
    ledger.execute("DELETE FROM claims WHERE body_sha NOT IN (SELECT sha FROM texts)")
    ledger.commit()
