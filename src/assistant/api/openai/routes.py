"""The routes below /v1."""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assistant.api.disconnecting import gone, while_connected
from assistant.api.openai.completion import Envelope, chunks, completion
from assistant.api.openai.described import COMPLETION, EXAMPLES, MODELS, ONE_MODEL, ModelOut, ModelsOut
from assistant.api.openai.refusing import OpenAIRoute
from assistant.api.openai.request import MODEL, ChatIn, asked, known_model
from assistant.api.problems import request_id_of
from assistant.api.service import Service
from assistant.api.streaming import EventStream
from assistant.pipeline import Assistant, in_thread

router = APIRouter(prefix="/v1", tags=["OpenAI"], route_class=OpenAIRoute)


@router.get("/models", response_model=ModelsOut, responses=MODELS)
async def models(request: Request) -> Any:
    """The models that can be named in a chat completion: this server is one."""
    return {"object": "list", "data": [await _model(request)]}


@router.get("/models/{model:path}", response_model=ModelOut, responses=ONE_MODEL)
async def model(request: Request, model: Annotated[str, Path(examples=[MODEL])]) -> Any:
    """One model."""
    known_model(model)
    return await _model(request)


@router.post("/chat/completions", response_model=None, responses=COMPLETION)
async def chat_completions(request: Request, body: Annotated[ChatIn, Body(openapi_examples=EXAMPLES)]) -> Response:
    """Answer the last message of the user from the posts, in the light of the conversation before it.

    The sources are in the text as `[n]` and listed behind it, in `annotations` with their exact places, and in
    `search_results`. Parameters that would promise what is not done are refused; others that mean nothing here are let pass.
    """
    service: Service = request.app.state.service
    question = asked(body)
    envelope = envelope_of(request)
    if body.stream:
        return EventStream(chunks(service.ask(question), envelope, body.wants_usage))
    answer = await while_connected(request, service.answer(question))
    return gone() if answer is None else JSONResponse(completion(answer, envelope))


def envelope_of(request: Request) -> Envelope:
    """What every document of the reply to a request carries."""
    request_id = request_id_of(request.scope)
    return Envelope(f"chatcmpl-{request_id or uuid.uuid4().hex}", int(time.time()), origin_of(request), request_id)


def origin_of(request: Request) -> str:
    """The address that people reach the server by, without a slash at its end: that of the settings, else the one that it was
    asked at, which the guards have checked."""
    service: Service = request.app.state.service
    if service.settings.public_url:
        return service.settings.public_url.rstrip("/")
    return f"http://{getattr(request.state, 'authority', '') or request.headers.get('host', '')}"


async def _model(request: Request) -> dict[str, Any]:
    service: Service = request.app.state.service
    created = await in_thread(_built, service.assistant)
    return {"id": MODEL, "object": "model", "created": created, "owned_by": MODEL}


def _built(assistant: Assistant) -> int:
    """When the generation in force was built, in whole seconds since 1970."""
    with assistant.opened() as opened:
        return int(opened.generation.built)
