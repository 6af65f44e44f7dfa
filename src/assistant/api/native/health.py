"""How the server is, for what watches it: whether it runs, whether it is to get requests, what it has done."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from assistant.api.native.failing import response_to
from assistant.api.problems import public
from assistant.api.schemas import HEALTHY, METRICS, READY, problems_of
from assistant.api.service import Service
from assistant.errors import AssistantError, NotReady
from assistant.pipeline import in_thread

HEADERS = {"cache-control": "no-store"}
router = APIRouter(tags=["operation"])


@router.get(
    "/healthz", operation_id="get_health", summary="Does the server run?", response_model=None,
    responses={200: HEALTHY, **problems_of()},
)  # fmt: skip
async def health() -> Response:
    """200 as long as the process answers: what is asked for here is whether to start it anew."""
    return JSONResponse({"status": "ok"}, headers=HEADERS)


@router.get(
    "/readyz", operation_id="get_readiness", summary="Is the server to get requests?", response_model=None,
    responses={200: READY, **problems_of(503)},
)  # fmt: skip
async def readiness(request: Request) -> Response:
    """200 when there is an index to answer from and the server is not about to stop; 503 with the reason otherwise."""
    service: Service = request.app.state.service
    if service.draining:
        stopping = NotReady("the server is stopping", hint="send requests to another, or wait until it is started again")
        return response_to(stopping, request, ready=False)
    try:
        generation = await in_thread(_generation, service)
    except AssistantError as error:
        message, hint = public(error)
        return response_to(NotReady(message, hint=hint), request, ready=False)
    return JSONResponse({"ready": True, "generation": generation, "busy": service.busy}, headers=HEADERS)


def _generation(service: Service) -> str:
    with service.assistant.opened() as opened:
        return opened.generation.name


@router.get(
    "/metrics", operation_id="get_metrics", summary="Counts and times", response_model=None, response_class=PlainTextResponse,
    responses={200: METRICS, **problems_of()},
)  # fmt: skip
async def metrics(request: Request) -> Response:
    """Prometheus' text format: requests, answers by status, errors, times by stage, citations by verdict, index in force."""
    service: Service = request.app.state.service
    text, media_type = await in_thread(service.observer.exposition)
    return Response(text, media_type=media_type, headers=HEADERS)
