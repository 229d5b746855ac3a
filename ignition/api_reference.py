"""The API's reference as a page of ours, read from its own OpenAPI description."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

from practices.api_keys import RESOURCES


def reference(request: HttpRequest) -> HttpResponse:
    """Every operation with its parameters and answers; public, since it says nothing about any practice."""
    return render(request, "api_reference.html", {"groups": operations(), "resources": RESOURCES.items()})


@cache
def operations() -> list[dict[str, Any]]:
    """The operations grouped by resource."""
    generator: Any = SchemaGenerator
    schema: dict[str, Any] = generator().get_schema(request=None, public=True)
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, verbs in schema["paths"].items():
        for verb, operation in verbs.items():
            groups.setdefault(path.split("/")[3], []).append(
                {
                    "verb": verb.upper(),
                    "path": path,
                    "id": operation["operationId"],
                    "summary": operation.get("description", ""),
                    "parameters": operation.get("parameters", []),
                    "fields": _fields(schema, operation),
                    "answers": sorted(operation["responses"].items()),
                }
            )
    return [{"name": name, "operations": found} for name, found in groups.items()]


def _fields(schema: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """What the body of a request may hold."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    body = schema["components"]["schemas"].get(name, {})
    required = body.get("required", [])
    return [
        {"name": name, "type": described.get("type", ""), "required": name in required}
        for name, described in body.get("properties", {}).items()
    ]
