"""POST /ask: one Answer as JSON, or as events while it is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Body
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assistant.api.disconnecting import gone, while_connected
from assistant.api.native.accepting import EVENTS, JSON, preferred
from assistant.api.outline import Growing, blocks_of
from assistant.api.problems import PROBLEM, described, problem, request_id_of
from assistant.api.schemas import ASK_EXAMPLES, ASKED, AskIn, problems_of
from assistant.api.service import Asked, Service
from assistant.api.streaming import EventStream, event_of, with_failures
from assistant.api.telling import answer_json, hit_json
from assistant.pipeline import Event, Retrieved, TextDelta
from assistant.types import Answer, CutOff

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
        return EventStream(events_of(service.ask(asked), request_id_of(request.scope), body.blocks))
    answer = await while_connected(request, service.answer(asked))
    if answer is None:
        return gone()
    told, cut_off = answer_of(answer, body.blocks), answer.reply.cut_off
    if cut_off is None or not cut_off.by_server:
        return JSONResponse(told, headers=HEADERS)
    document = _broken_off(cut_off, request_id_of(request.scope)) | {"answer": told}
    return JSONResponse(document, cut_off.http_status, HEADERS, media_type=PROBLEM)


def answer_of(answer: Answer, with_blocks: bool) -> dict[str, Any]:
    """An Answer of the contract; `blocks` are those of its text, for a page that builds its own elements."""
    told = answer_json(answer)
    if with_blocks:
        told["blocks"] = blocks_of(answer.reply.text, {citation.label for citation in answer.reply.citations})
    return told


def events_of(events: AsyncGenerator[Event, None], request_id: str, with_blocks: bool = False) -> AsyncGenerator[bytes, None]:
    """The events of an answer as they go over the wire. Raises what is raised before the first; later it is an event too."""
    return with_failures(_events(events, request_id, with_blocks), lambda error: event_of(problem(error, request_id), "error"))


async def _events(events: AsyncGenerator[Event, None], request_id: str, with_blocks: bool) -> AsyncGenerator[bytes, None]:
    growing = Growing() if with_blocks else None
    async with aclosing(events):
        async for event in events:
            for name, document in _documents(event, growing, request_id):
                yield event_of(document, name)


def _documents(event: Event, growing: Growing | None, request_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(event, Retrieved):
        hits = [hit_json(hit) for hit in event.hits]
        yield "retrieved", {"standalone_question": event.standalone_question, "hits": hits}
    elif isinstance(event, TextDelta):
        yield "delta", {"text": event.text} | (_grown(growing, event.text) if growing else {})
    else:
        yield "answer", answer_of(event.answer, growing is not None)
        cut_off = event.answer.reply.cut_off
        if cut_off and cut_off.by_server:
            yield "error", _broken_off(cut_off, request_id)


def _grown(growing: Growing, piece: str) -> dict[str, Any]:
    first, blocks = growing.add(piece)
    return {"blocks_from": first, "blocks": blocks}


def _broken_off(cut_off: CutOff, request_id: str) -> dict[str, Any]:
    return described(cut_off.http_status, "AnswerCutOff", cut_off.message, cut_off.hint, request_id)
