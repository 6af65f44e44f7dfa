"""Requests that are not taken, as OpenAI's clients read them: which parameter, and a code that programs compare."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assistant.api.problems import field_of, openai_error, request_id_of
from assistant.errors import ParameterRefused

SEE = "docs/clients.md says what is taken"


class OpenAIRoute(APIRoute):
    """A route whose refusals carry a parameter and a code of OpenAI's."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with errors in the request turned into responses."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return _response(_unreadable(error), request)
            except HTTPException as error:
                return _response(ParameterRefused(str(error.detail), hint=SEE, param=None, code="invalid_value"), request)
            except ParameterRefused as error:
                return _response(error, request)

        return handled


def _response(error: ParameterRefused, request: Request) -> JSONResponse:
    document = openai_error(error, request_id_of(request.scope), error.param)
    document["error"]["code"] = error.code
    return JSONResponse(document, error.http_status)


def _unreadable(error: RequestValidationError) -> ParameterRefused:
    """The first fault of a body, without the value: it may be long, or no text."""
    first = error.errors()[0]
    param = None if first["type"] == "json_invalid" else field_of(first["loc"][1:]) or None
    code = "missing_required_parameter" if first["type"] == "missing" else "invalid_value"
    return ParameterRefused(f"{param or 'the body'}: {first['msg']}", hint=SEE, param=param, code=code)
