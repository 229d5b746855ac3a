"""What the OpenAPI description says beyond the resources: keys, idempotency, errors."""

from typing import Any

PROBLEM = {
    "type": "object",
    "description": "What happened and what to do next (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "description": "Messages by field.", "additionalProperties": True},
    },
    "required": ["type", "title", "status"],
}
REFUSALS = {
    "400": "The request does not fit.",
    "401": "No valid key.",
    "403": "The key lacks the scope.",
    "404": "There is no such record in this practice.",
    "409": "A rule of the practice forbids it now.",
    "411": "A body without a Content-Length.",
    "412": "The record changed since it was read.",
    "413": "The body is too large.",
    "422": "The Idempotency-Key belongs to another request.",
    "429": "Too many requests; `Retry-After` says when to try again.",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeating a POST with the same key within 24 hours gives the first answer and does nothing.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
FIELDS = {
    "name": "fields",
    "in": "query",
    "required": False,
    "description": "Only these fields, separated by commas.",
    "schema": {"type": "string"},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag the record was read with, or `*`: what changed meanwhile is not changed (412).",
    "schema": {"type": "string"},
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETags of answers that are there already: then 304 and no body.",
    "schema": {"type": "string"},
}
VERBS = ("get", "post", "put", "patch", "delete")


def describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The description with what every operation shares."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    result["security"] = [{"key": []}]
    for path in result["paths"].values():
        for verb, operation in path.items():
            if verb in VERBS:
                _complete(verb, operation)
    return result


def _complete(verb: str, operation: dict[str, Any]) -> None:
    operation["security"] = [{"key": []}]
    parameters = operation.setdefault("parameters", [])
    if verb == "post":
        parameters.append(IDEMPOTENCY_KEY)
    if verb != "get" and any(parameter["in"] == "path" for parameter in parameters):
        parameters.append(IF_MATCH)
    if verb == "get":
        parameters += [FIELDS, IF_NONE_MATCH]
        operation["responses"]["304"] = {"description": "Unchanged since `If-None-Match`."}
    for status, words in REFUSALS.items():
        operation["responses"].setdefault(
            status,
            {
                "description": words,
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
