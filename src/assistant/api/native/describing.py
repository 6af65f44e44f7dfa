"""What the OpenAPI document says beside the routes: schemas of errors, keys, and what the tags stand for."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic.json_schema import models_json_schema

from assistant.api.schemas import Problem

REF = "#/components/schemas/{model}"
TAGS = [
    {"name": "answers", "description": "Questions, answered from the posts."},
    {"name": "posts", "description": "The posts themselves."},
    {"name": "operation", "description": "How the server is."},
]
KEYS = {
    "key": {"type": "http", "scheme": "bearer", "description": "Needed where the server has keys; `assistant key` makes them."},
    "key_header": {
        "type": "apiKey", "in": "header", "name": "X-API-Key",
        "description": "The same key, for clients that cannot send it as a bearer token.",
    },
}  # fmt: skip


def describe(app: FastAPI) -> None:
    """Adds to the document that the app makes of its routes."""
    app.openapi_tags = TAGS
    of_routes = app.openapi

    def openapi() -> dict[str, Any]:
        made = app.openapi_schema is not None
        document = of_routes()
        if not made:
            _, schemas = models_json_schema([(Problem, "serialization")], ref_template=REF)
            components = document.setdefault("components", {})
            components["schemas"] = schemas["$defs"] | components.get("schemas", {})
            components["securitySchemes"] = KEYS
            document["security"] = [{}, *({name: []} for name in KEYS)]
            for context in iter_route_contexts(app.routes):
                route = context.original_route
                if isinstance(route, APIRoute) and context.path_format in document["paths"]:
                    for method in route.methods or ():
                        _keep_nulls(document["paths"][context.path_format][method.lower()]["responses"], route.responses)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _keep_nulls(told: dict[str, Any], meant: dict[int | str, dict[str, Any]]) -> None:
    """Puts back the examples of responses as they were written: of the whole document FastAPI leaves out what is null."""
    for status, response in meant.items():
        for kind, content in response.get("content", {}).items():
            for name in {"example", "examples"} & content.keys():
                told[str(status)]["content"][kind][name] = content[name]
