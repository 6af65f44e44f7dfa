"""POST /search: ranked posts, by pages where that is wanted."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Body
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assistant.api.disconnecting import gone, while_connected
from assistant.api.native.cursors import Listing, cursor_at, offset_at
from assistant.api.schemas import SEARCH_EXAMPLES, SEARCHED, SearchIn, problems_of
from assistant.api.service import Service
from assistant.api.telling import hit_json

router = APIRouter(tags=["posts"])


@router.post(
    "/search", operation_id="search", summary="Search the posts", response_model=None,
    responses={200: SEARCHED, **problems_of(409, 410, 415, 422, 503, 504)},
)  # fmt: skip
async def search(request: Request, body: Annotated[SearchIn, Body(openapi_examples=SEARCH_EXAMPLES)]) -> Response:
    """The best `k` posts, each with the span that matches: at most one a thread, unless `all_chunks` is true.

    With `limit` they come by pages: send the same request again with `cursor` set to `next_cursor`, until that is null. The
    pages together are what comes without `limit`. A cursor ends with the generation of the index that it was made for.
    """
    service: Service = request.app.state.service
    k = body.k or service.settings.k
    filters = body.chosen()
    found = await while_connected(request, service.search(body.query, k, filters, every_chunk=body.all_chunks))
    if found is None:
        return gone()
    asked = [body.query, k, filters.tags, filters.sources, filters.since, filters.unanswered, body.all_chunks]
    listing = Listing(found.generation, json.dumps(asked))
    start = offset_at(body.cursor, listing) if body.cursor is not None else 0
    end = start + (body.limit or k)
    return JSONResponse({
        "query": body.query, "understood": found.understood, "generation": found.generation,
        "hits": [hit_json(hit) for hit in found.hits[start:end]],
        "next_cursor": cursor_at(end, listing) if end < len(found.hits) else None,
    }, headers={"cache-control": "no-store"})  # fmt: skip
