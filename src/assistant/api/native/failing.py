"""What goes wrong in a route, as a response: every error of every route, whoever raised it, goes through here."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assistant.api.problems import LONGEST_NAME, error_response, field_of, request_id_of
from assistant.errors import AssistantError, Fault, FieldsRefused, MethodUnknown, NotJson, RequestRefused, RouteUnknown

SEE = "GET /openapi.json says what can be asked, and how"
MOST_FAULTS = 20
_JSON = ("application/json", "+json")


def add_handlers(app: FastAPI) -> None:
    """All errors become responses; one that nobody foresaw is raised again, so that the server logs it."""
    app.add_exception_handler(AssistantError, _known)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _unrouted)
    app.add_exception_handler(Exception, _unforeseen)


def response_to(error: AssistantError, request: Request, **more: Any) -> JSONResponse:
    """The response to a request that ended in `error`."""
    return error_response(error, request.url.path, request_id_of(request.scope), **more)


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
    told = [
        {"field": field_of(fault["loc"][1:]) or str(fault["loc"][0]), "message": fault["msg"]} for fault in faults[:MOST_FAULTS]
    ]
    refused = FieldsRefused("; ".join(f"{each['field']}: {each['message']}" for each in told[:3]), hint=SEE)
    return response_to(refused, request, errors=told)


def _said_to_be_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower().endswith(_JSON)


async def _unrouted(request: Request, error: Exception) -> Response:
    """What the router does not know, and what cannot be read as a body."""
    assert isinstance(error, HTTPException)
    response = response_to(_named(error, request), request)
    response.headers.update(error.headers or {})
    return response


def _named(error: HTTPException, request: Request) -> AssistantError:
    if error.status_code == RouteUnknown.http_status:
        return RouteUnknown("nothing is served at this path", hint=SEE)
    if error.status_code == MethodUnknown.http_status:
        return MethodUnknown(f"this path does not take {request.method[:LONGEST_NAME]}", hint=SEE)
    return RequestRefused("the body cannot be read", hint="send JSON in UTF-8, and not too deeply nested")


async def _unforeseen(request: Request, error: Exception) -> Response:
    return response_to(Fault(), request)
