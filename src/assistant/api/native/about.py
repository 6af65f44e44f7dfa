"""GET /about: how much there is to answer from, how fresh it is, and what it is about; for whoever is to ask something."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assistant.api.schemas import problems_of
from assistant.api.schemas.threads import TOLD_ABOUT
from assistant.api.service import Service
from assistant.opened import Opened

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
    finished = datetime.fromtimestamp(generation.built, UTC)
    return {
        "posts": manifest.posts, "threads": manifest.threads, "generation": generation.name,
        "built": finished.strftime("%Y-%m-%dT%H:%M:%SZ"), "tags": opened.tags,
    }  # fmt: skip
