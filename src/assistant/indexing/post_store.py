"""Reading `posts.sqlite`: posts by id or row, threads, and where chunks lie. Never writes."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePath
from typing import NamedTuple, TypeVar

from assistant.errors import PostNotFound
from assistant.indexing.schema import open_read_only
from assistant.types import Entity, Post, Role, Source

_SELECT = "SELECT posts.*, texts.body AS body FROM posts JOIN texts ON texts.sha = posts.body_sha"
LOOKUP = 500
T = TypeVar("T")
HINT = "find posts with `assistant search WORDS`; the ids stand in its output"


class ChunkPlace(NamedTuple):
    """Which slice of which post a chunk is."""

    chunk_id: str
    post_row: int
    start: int
    end: int


def post_of(row: sqlite3.Row, sources: Iterable[Source] = ()) -> Post:
    """A `Post` from a row of table `posts` joined with its body."""
    return Post(
        post_id=row["post_id"], thread_id=row["thread_id"], title=row["title"], body=row["body"],
        body_sha=row["content"], role=Role(row["role"]), accepted=bool(row["accepted"]), source_id=row["source_id"],
        reply_to=row["reply_to"], author=row["author"], created=row["created"], activity=row["activity"],
        replies=row["replies"], boosts=row["boosts"], views=row["views"], score=row["score"],
        tags=tuple(json.loads(row["tags"])), url=row["url"],
        entities=tuple(Entity(kind, value) for kind, value in json.loads(row["entities"])), sources=tuple(sources),
    )  # fmt: skip


_TAGS = (
    "SELECT min(value) AS tag FROM posts, json_each(posts.tags) WHERE length(value) BETWEEN 1 AND 200 "
    "GROUP BY lower(value) ORDER BY count(*) DESC, lower(value) LIMIT ?"
)


class PostStore:
    """The posts of one generation. Usable from any thread: queries are short, and take turns on one connection."""

    def __init__(self, path: Path) -> None:
        self._connection = open_read_only(path)
        self._turn = threading.Lock()

    def threads(self) -> dict[str, str]:
        """The thread of every post, by `post_id` and by `source_id`; of posts with one source id, that of the last."""
        rows = self.query("SELECT post_id, source_id, thread_id FROM posts ORDER BY row")
        return {name: row["thread_id"] for row in rows for name in (row["post_id"], row["source_id"]) if name}

    def close(self) -> None:
        with self._turn:
            self._connection.close()

    def __len__(self) -> int:
        ((count,),) = self.query("SELECT count(*) FROM posts")
        return int(count)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Rows of a query over the tables of `schema`; `sql` is a constant of ours, values go into `parameters`."""
        with self._turn:
            return self._connection.execute(sql, parameters).fetchall()

    def posts(self, rows: Sequence[int]) -> list[Post]:
        """The posts at these rows, in the order asked for. Raises KeyError for a row that is not there."""
        found: dict[int, Post] = {}
        for part in _parts(rows):
            marks = ",".join("?" * len(part))
            places = self._sources(part)
            for row in self.query(f"{_SELECT} WHERE posts.row IN ({marks})", part):
                found[row["row"]] = post_of(row, places.get(row["row"], ()))
        return [found[row] for row in rows]

    def _sources(self, rows: Sequence[int]) -> dict[int, list[Source]]:
        marks = ",".join("?" * len(rows))
        places: dict[int, list[Source]] = {}
        statement = f"SELECT * FROM post_sources WHERE post_row IN ({marks}) ORDER BY post_row, path, line"  # noqa: S608
        for row in self.query(statement, rows):
            places.setdefault(row["post_row"], []).append(Source(row["path"], row["line"], self._root_of(row["path"])))
        return places

    def _root_of(self, path: str) -> str | None:
        """The source that was indexed and has the file: of one within another the inner one."""
        return next((place for place in (path, *map(str, PurePath(path).parents)) if place in self._roots), None)

    @cached_property
    def _roots(self) -> frozenset[str]:
        return frozenset(row["path"] for row in self.query("SELECT path FROM roots"))

    def find(self, name: str) -> Post:
        """The post with this `post_id`, else the only one with this `source_id`. Raises PostNotFound."""
        rows = self.query("SELECT row FROM posts WHERE post_id = ?", (name,))
        if not rows:
            rows = self.query("SELECT row FROM posts WHERE source_id = ? LIMIT 20", (name,))
        if not rows:
            raise PostNotFound(f"no post has the id {name!r}", hint=HINT)
        if len(rows) > 1:
            ids = ", ".join(post.post_id for post in self.posts([row["row"] for row in rows]))
            raise PostNotFound(f"{len(rows)} posts have the source id {name!r}: {ids}", hint="name one by its post_id")
        return self.posts([rows[0]["row"]])[0]

    def thread(self, thread_id: str) -> list[Post]:
        """All posts of a thread: the question first, then by date and id."""
        rows = self.query(
            "SELECT row FROM posts WHERE thread_id = ? ORDER BY role = 'reply', reply_to IS NOT NULL, created, source_id, row",
            (thread_id,),
        )
        return self.posts([row["row"] for row in rows])

    def tags(self, most: int) -> list[str]:
        """The tags that most posts have, without regard to case; takes a look at every post."""
        return [row["tag"] for row in self.query(_TAGS, (most,))]

    def places(self, chunk_ids: Sequence[str]) -> dict[str, ChunkPlace]:
        """Where these chunks lie."""
        found: dict[str, ChunkPlace] = {}
        for part in _parts(chunk_ids):
            marks = ",".join("?" * len(part))
            statement = f"SELECT chunk_id, post_row, start, end FROM chunks WHERE chunk_id IN ({marks})"  # noqa: S608
            for row in self.query(statement, part):
                found[row["chunk_id"]] = ChunkPlace(*row)
        return found

    def chunks_of(self, rows: Sequence[int]) -> list[ChunkPlace]:
        """All chunks of the posts at these rows, in order of row and place."""
        found: list[ChunkPlace] = []
        for part in _parts(rows):
            marks = ",".join("?" * len(part))
            statement = (
                f"SELECT chunk_id, post_row, start, end FROM chunks WHERE post_row IN ({marks}) "  # noqa: S608
                "ORDER BY post_row, number"
            )
            found.extend(ChunkPlace(*row) for row in self.query(statement, part))
        return found


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    yield from (values[start : start + LOOKUP] for start in range(0, len(values), LOOKUP))
