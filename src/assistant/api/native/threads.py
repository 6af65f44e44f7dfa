"""GET /threads/{id}: all posts of a thread, by pages: whoever reads one can see what was said before and after it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assistant.api.native.cursors import Listing, cursor_at, offset_at
from assistant.api.schemas import problems_of
from assistant.api.schemas.requests import LONGEST_CURSOR
from assistant.api.schemas.threads import DEFAULT_LIMIT, MOST_OF_A_PAGE, READ_THREAD, THREAD_EXAMPLE
from assistant.api.service import Service
from assistant.api.telling import post_json
from assistant.errors import PostNotFound
from assistant.opened import Opened
from assistant.types import Post

HINT = "the `thread_id` of a thread stands in its posts, and in hits and citations"
ThreadId = Annotated[str, Path(description="a `thread_id`", examples=[THREAD_EXAMPLE["thread_id"]])]
Limit = Annotated[int, Query(ge=1, le=MOST_OF_A_PAGE, description="posts of a page", examples=[DEFAULT_LIMIT])]
Cursor = Annotated[
    str | None,
    Query(
        max_length=LONGEST_CURSOR, description="`next_cursor` of the page before", examples=["WzUwLCAiYTNkMTkwZjJjMDRlN2I1OCJd"]
    ),
]
router = APIRouter(tags=["posts"])


@router.get(
    "/threads/{thread_id}", operation_id="get_thread", summary="Read a thread", response_model=None,
    responses={200: READ_THREAD, **problems_of(404, 409, 410, 422, 503, 504)},
)  # fmt: skip
async def thread(request: Request, thread_id: ThreadId, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """The posts of a thread in its order: the question, then replies by date.

    Where there are more than `limit`, send the request again with `cursor` set to `next_cursor`, until that is null. A cursor
    ends with the generation of the index that it was made for.
    """
    service: Service = request.app.state.service
    generation, posts = await service.read(lambda opened: _thread(opened, thread_id), "thread")
    listing = Listing(generation, f"thread {thread_id}")
    start = offset_at(cursor, listing) if cursor is not None else 0
    end = start + limit
    return JSONResponse({
        "thread_id": thread_id, "title": posts[0].title, "posts": [post_json(post) for post in posts[start:end]],
        "next_cursor": cursor_at(end, listing) if end < len(posts) else None,
    }, headers={"cache-control": "no-cache"})  # fmt: skip


def _thread(opened: Opened, thread_id: str) -> tuple[str, list[Post]]:
    """The generation in force, and all posts of the thread. Raises PostNotFound where there is none."""
    posts = opened.generation.posts.thread(thread_id)
    if not posts:
        raise PostNotFound(f"no thread has the id {thread_id!r}", hint=HINT)
    return opened.generation.name, posts
