"""POST /ask: one Answer as JSON, or as events while it is made."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.sse import format_sse_event
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assistant.api.disconnecting import gone, while_connected
from assistant.api.native.accepting import EVENTS, JSON, preferred
from assistant.api.native.failing import request_id_of
from assistant.api.outline import Growing, blocks_of
from assistant.api.problems import PROBLEM, Fault, described, problem
from assistant.api.schemas import ASK_EXAMPLES, ASKED, AskIn, problems_of
from assistant.api.service import Asked, Service
from assistant.api.streaming import EventStream
from assistant.errors import AssistantError
from assistant.pipeline import Event, Retrieved, TextDelta
from assistant.render import answer_json, hit_json
from assistant.types import Answer, CutOff

SERVER_ERRORS = 500
HEADERS = {"cache-control": "no-store", "vary": "accept"}
router = APIRouter(tags=["answers"])


@router.post(
    "/ask", operation_id="ask", summary="Ask a question", response_model=None,
    responses={200: ASKED, **problems_of(409, 415, 422, 502, 503, 504)},
)  # fmt: skip
async def ask(request: Request, body: Annotated[AskIn, Body(openapi_examples=ASK_EXAMPLES)]) -> Response:
    """Answers from the posts alone: each `[n]` in the text has a citation with the exact words that it rests on.

    A question that the posts do not answer is refused, with status 200 and the nearest threads. With `Accept:
    text/event-stream` the answer comes as it is made: `retrieved` with what is read, `delta`s whose texts joined are the
    answer's text, then `answer` with the whole of it. What fails after the first event comes as the event `error`.
    """
    service: Service = request.app.state.service
    asked = Asked(body.question, tuple(turn.turn() for turn in body.history), body.chosen())
    if preferred(",".join(request.headers.getlist("accept")), (JSON, EVENTS)) == EVENTS:
        return EventStream(events_of(service.ask(asked), request_id_of(request), body.blocks))
    answer = await while_connected(request, service.answer(asked))
    if answer is None:
        return gone()
    told, cut_off = answer_of(answer, body.blocks), answer.reply.cut_off
    if cut_off is None or cut_off.http_status < SERVER_ERRORS:
        return JSONResponse(told, headers=HEADERS)
    document = _broken_off(cut_off, request_id_of(request)) | {"answer": told}
    return JSONResponse(document, cut_off.http_status, HEADERS, media_type=PROBLEM)


def answer_of(answer: Answer, with_blocks: bool) -> dict[str, Any]:
    """An Answer of the contract; `blocks` are those of its text, for a page that builds its own elements."""
    told = answer_json(answer)
    if with_blocks:
        told["blocks"] = blocks_of(answer.reply.text, {citation.label for citation in answer.reply.citations})
    return told


async def events_of(
    events: AsyncGenerator[Event, None], request_id: str, with_blocks: bool = False
) -> AsyncGenerator[bytes, None]:
    """The events of an answer as they go over the wire. Raises what is raised before the first; later it is an event too."""
    growing = Growing() if with_blocks else None
    begun = False
    try:
        async with aclosing(events):
            async for event in events:
                begun = True
                for name, data in _told(event, growing, request_id):
                    yield _line(name, data)
    except AssistantError as error:
        if not begun:
            raise
        yield _line("error", problem(error, request_id))
    except Exception:
        if begun:
            fault = Fault("something went wrong in the server", hint="see its log, by the id of the request")
            yield _line("error", problem(fault, request_id))
        raise


def _told(event: Event, growing: Growing | None, request_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(event, Retrieved):
        hits = [hit_json(hit) for hit in event.hits]
        yield "retrieved", {"standalone_question": event.standalone_question, "hits": hits}
    elif isinstance(event, TextDelta):
        yield "delta", {"text": event.text} | (_grown(growing, event.text) if growing else {})
    else:
        yield "answer", answer_of(event.answer, growing is not None)
        cut_off = event.answer.reply.cut_off
        if cut_off and cut_off.http_status >= SERVER_ERRORS:
            yield "error", _broken_off(cut_off, request_id)


def _grown(growing: Growing, piece: str) -> dict[str, Any]:
    first, blocks = growing.add(piece)
    return {"blocks_from": first, "blocks": blocks}


def _broken_off(cut_off: CutOff, request_id: str) -> dict[str, Any]:
    return described(cut_off.http_status, "AnswerCutOff", cut_off.message, cut_off.hint, request_id)


def _line(name: str, data: dict[str, Any]) -> bytes:
    # In ASCII: some clients take other line ends of Unicode for the end of a line.
    return format_sse_event(event=name, data_str=json.dumps(data))
