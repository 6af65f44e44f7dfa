"""Requests that are not taken, as OpenAI's clients read them: which parameter, and a code that programs compare."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from assistant.api.problems import openai_error
from assistant.errors import RequestRefused

SEE = "docs/clients.md says what is taken"
_UNION = ("str", "list[")


class ParameterRefused(RequestRefused):
    """A parameter cannot be met. `param` is its path, as in `messages[0].content`; `code` one of OpenAI's codes."""

    def __init__(self, message: str, *, param: str | None, code: str = "unsupported_value", hint: str = SEE) -> None:
        super().__init__(message, hint=hint)
        self.param = param
        self.code = code


class ModelNotFound(ParameterRefused):
    """There is no model of this name."""

    http_status = 404


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
                return _response(ParameterRefused(str(error.detail), param=None, code="invalid_value"), request)
            except ParameterRefused as error:
                return _response(error, request)

        return handled


def _response(error: ParameterRefused, request: Request) -> JSONResponse:
    document = openai_error(error, getattr(request.state, "request_id", ""), error.param)
    document["error"]["code"] = error.code
    return JSONResponse(document, error.http_status)


def _unreadable(error: RequestValidationError) -> ParameterRefused:
    """The first fault of a body, without the value: it may be long, or no text."""
    first = error.errors()[0]
    param = None if first["type"] == "json_invalid" else path_of(first["loc"][1:])
    code = "missing_required_parameter" if first["type"] == "missing" else "invalid_value"
    return ParameterRefused(f"{param or 'the body'}: {first['msg']}", param=param, code=code)


def path_of(location: tuple[int | str, ...]) -> str | None:
    """A place in the body as OpenAI writes it: `messages[0].content`; None for the body as a whole."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith(_UNION):
            path += f".{part}" if path else part
    return path or None
