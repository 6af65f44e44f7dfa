"""GET /posts/{id}: one post, or for a browser the page that shows it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.status import HTTP_303_SEE_OTHER

from assistant.api.native.accepting import HTML, JSON, preferred
from assistant.api.schemas import POST_EXAMPLE, POSTED, SHOWN, problems_of
from assistant.api.service import Service
from assistant.api.telling import post_json

HEADERS = {"cache-control": "no-cache", "vary": "accept"}
PostId = Annotated[
    str, Path(description="a `post_id`, or a `source_id` that only one post has", examples=[POST_EXAMPLE["post_id"]])
]
router = APIRouter(tags=["posts"])


@router.get(
    "/posts/{post_id:path}", operation_id="get_post", summary="Read a post", response_model=None,
    responses={200: POSTED, 303: SHOWN, **problems_of(404, 409, 422, 503, 504)},
)  # fmt: skip
async def post(request: Request, post_id: PostId) -> Response:
    """The canonical text of a post and its fields; what is not known is null. Offsets of citations and hits count in `body`.

    A browser, which would rather have HTML, is sent to the page that shows the post.
    """
    service: Service = request.app.state.service
    found = await service.post(post_id)
    if preferred(",".join(request.headers.getlist("accept")), (JSON, HTML)) == HTML:
        return RedirectResponse(f"/#post={quote(found.post_id, safe='')}", HTTP_303_SEE_OTHER, HEADERS)
    return JSONResponse(post_json(found), headers=HEADERS)
