"""GET /about: how much there is to answer from, how fresh it is, and what it is about; for whoever is to ask something."""

from __future__ import annotations

from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assistant.api.schemas import problems_of
from assistant.api.schemas.threads import TOLD_ABOUT
from assistant.api.service import Service
from assistant.indexing.manifest import NAME
from assistant.opened import Opened

MOST_TAGS = 200
_TAGS = (
    "SELECT min(value) AS tag FROM posts, json_each(posts.tags) WHERE length(value) BETWEEN 1 AND 200 "
    "GROUP BY lower(value) ORDER BY count(*) DESC, lower(value) LIMIT ?"
)
_found: WeakKeyDictionary[Opened, list[str]] = WeakKeyDictionary()
"""Tags of the generations that are open: to count them takes a look at every post."""
router = APIRouter(tags=["operation"])


@router.get(
    "/about", operation_id="get_about", summary="What is there to ask about?", response_model=None,
    responses={200: TOLD_ABOUT, **problems_of(409, 503, 504)},
)  # fmt: skip
async def about(request: Request) -> Response:
    """Numbers of posts and threads, the generation in force and when it was finished, who words answers, the tags most used.

    A copy of an index that does not keep the times of files counts from the copying.
    """
    service: Service = request.app.state.service
    found = await service.read(lambda opened: _about(opened) | {"generator": service.settings.generator}, "about")
    return JSONResponse(found, headers={"cache-control": "no-store"})


def _about(opened: Opened) -> dict[str, object]:
    generation = opened.generation
    manifest = generation.manifest
    finished = datetime.fromtimestamp((generation.folder / NAME).stat().st_mtime, UTC)
    return {
        "posts": manifest.posts, "threads": manifest.threads, "generation": generation.name,
        "built": finished.strftime("%Y-%m-%dT%H:%M:%SZ"), "tags": _tags(opened),
    }  # fmt: skip


def _tags(opened: Opened) -> list[str]:
    if opened not in _found:
        _found[opened] = [row["tag"] for row in opened.generation.posts.query(_TAGS, (MOST_TAGS,))]
    return _found[opened]
