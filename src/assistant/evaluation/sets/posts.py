"""The posts that a set's judgements name: out of an index, or out of the set's sources without building one.

Posts are keyed by the ids that the set uses. Of several posts with one source id the first by `post_id` is kept.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Literal

from assistant.corpus import read
from assistant.evaluation.sets.reading import PostText
from assistant.types import Post, RawPost

Ids = Literal["post", "source"]


def posts_in_index(folder: Path, ids: Ids) -> dict[str, PostText]:
    """All posts of an index. Raises IndexMissing, IndexDamaged."""
    from assistant.indexing.generations import IndexFolder

    return _stored(IndexFolder(folder).current() / "posts.sqlite", ids)


def posts_in_sources(paths: Iterable[Path], ids: Ids, *, redact: bool = True) -> dict[str, PostText]:
    """All posts that an index of these sources would hold, with the ids it would give them, and secrets masked where
    `redact` says so. Raises SourceError."""
    from assistant.indexing import schema
    from assistant.indexing.claims import add_claims
    from assistant.indexing.resolve import resolve

    roots = [str(path.resolve()) for path in paths]
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "posts.sqlite"
        with closing(schema.create(ledger)) as connection:
            for root in roots:
                posts = (item for item in read([root]) if isinstance(item, RawPost))
                add_claims(connection, root, posts, redact=redact)
            resolve(connection)
            connection.commit()
        return _stored(ledger, ids)


def _stored(ledger: Path, ids: Ids) -> dict[str, PostText]:
    from assistant.indexing.post_store import PostStore

    with closing(PostStore(ledger)) as store:
        return named(store.posts(range(len(store))), ids)


def named(posts: Iterable[Post], ids: Ids) -> dict[str, PostText]:
    """Posts by the ids that a set uses; one that has none is left out."""
    found: dict[str, PostText] = {}
    for post in sorted(posts, key=lambda post: post.post_id):
        if name := post.post_id if ids == "post" else post.source_id:
            found.setdefault(name, PostText(post.thread_id, post.title, post.body))
    return found
