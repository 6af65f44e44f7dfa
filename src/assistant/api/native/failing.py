"""What goes wrong in a route, as a response: every error of every route, whoever raised it, goes through here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assistant.api.problems import Fault, FieldsRefused, MethodUnknown, NotJson, RouteUnknown, error_response
from assistant.errors import AssistantError, BodyTooLarge, RequestRefused

SEE = "GET /openapi.json says what can be asked, and how"
MOST_FAULTS = 20
LONGEST_NAME = 100
_JSON = ("application/json", "+json")


def add_handlers(app: FastAPI) -> None:
    """All errors become responses; one that nobody foresaw is raised again, so that the server logs it."""
    app.add_exception_handler(AssistantError, _known)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _unrouted)
    app.add_exception_handler(Exception, _unforeseen)


def request_id_of(request: Request) -> str:
    """The id that the guards gave the request, empty without them."""
    return str(getattr(request.state, "request_id", ""))


def response_to(error: AssistantError, request: Request, **more: Any) -> JSONResponse:
    """The response to a request that ended in `error`."""
    return error_response(error, request.url.path, request_id_of(request), **more)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, AssistantError)
    return response_to(error, request)


async def _unfit(request: Request, error: Exception) -> Response:
    """A body that is not what a route takes. Of what it holds nothing is repeated but names of fields."""
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    first = faults[0]
    if first["type"] == "json_invalid":
        place = f"the body is not JSON: {first['ctx']['error']} at character {first['loc'][-1]}"
        return response_to(RequestRefused(place, hint=SEE), request)
    if len(first["loc"]) == 1 and first["type"] != "missing" and not _said_to_be_json(request):
        return response_to(NotJson("the body is not said to be JSON", hint="send Content-Type: application/json"), request)
    told = [{"field": _field(fault["loc"]), "message": fault["msg"]} for fault in faults[:MOST_FAULTS]]
    refused = FieldsRefused("; ".join(f"{each['field']}: {each['message']}" for each in told[:3]), hint=SEE)
    return response_to(refused, request, errors=told)


def _said_to_be_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower().endswith(_JSON)


def _field(place: Sequence[int | str]) -> str:
    """A place in a request as `history[3].content`. It may be named by the client, so it is short and valid text."""
    path = ""
    for part in place[1:]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    name = path or str(place[0])
    return name[:LONGEST_NAME].encode(errors="replace").decode()


async def _unrouted(request: Request, error: Exception) -> Response:
    """What the router does not know, and what cannot be read as a body."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, AssistantError):
        return response_to(error.__cause__, request)
    response = response_to(_named(error, request), request)
    response.headers.update(error.headers or {})
    return response


def _named(error: HTTPException, request: Request) -> AssistantError:
    if error.status_code == RouteUnknown.http_status:
        return RouteUnknown("nothing is served at this path", hint=SEE)
    if error.status_code == MethodUnknown.http_status:
        return MethodUnknown(f"this path does not take {request.method[:LONGEST_NAME]}", hint=SEE)
    if error.status_code == BodyTooLarge.http_status:
        return BodyTooLarge(str(error.detail), hint="send less")
    return RequestRefused("the body cannot be read", hint="send JSON in UTF-8, and not too deeply nested")


async def _unforeseen(request: Request, error: Exception) -> Response:
    return response_to(Fault("something went wrong in the server", hint="see its log, by the id of the request"), request)
