"""Which posts a search may show: tag, source, date, unanswered. Evaluated on `posts.sqlite`, never in Chroma."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.indexing.post_store import PostStore

UNANSWERED = (
    "role <> 'reply' AND coalesce(replies, 0) = 0 AND NOT EXISTS "
    "(SELECT 1 FROM posts AS other WHERE other.thread_id = posts.thread_id AND other.role = 'reply')"
)
"""Condition on table `posts`: threads to which no reply is known."""
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that all must hold. `since` is YYYY, YYYY-MM or YYYY-MM-DD; a post without a date does not pass it.

    `unanswered` lets threads pass to which no reply is known.
    """

    tags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    since: str | None = None
    unanswered: bool = False

    def __post_init__(self) -> None:
        if self.since is not None and not _DATE.fullmatch(self.since):
            raise UsageError(f"--since {self.since!r} is no date", hint="write it as 2026, 2026-03 or 2026-03-31")

    def __bool__(self) -> bool:
        return bool(self.tags or self.sources or self.since or self.unanswered)


def allowed_rows(posts: PostStore, filters: Filters) -> list[int] | None:
    """Rows of the posts that pass, ascending; None when there is no condition."""
    if not filters:
        return None
    conditions: list[str] = []
    values: list[object] = []
    for tag in filters.tags:
        conditions.append("EXISTS (SELECT 1 FROM json_each(posts.tags) WHERE lower(value) = lower(?))")
        values.append(tag)
    if filters.sources:
        like = " OR ".join("instr(path, ?) > 0" for _ in filters.sources)
        conditions.append(f"EXISTS (SELECT 1 FROM post_sources WHERE post_row = posts.row AND ({like}))")  # noqa: S608
        values.extend(filters.sources)
    if filters.since:
        conditions.append("created >= ?")
        values.append(filters.since)
    if filters.unanswered:
        conditions.append(UNANSWERED)
    rows = posts.query(f"SELECT row FROM posts WHERE {' AND '.join(conditions)} ORDER BY row", values)  # noqa: S608
    return [row["row"] for row in rows]
