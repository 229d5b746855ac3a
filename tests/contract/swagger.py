"""Sage's published OpenAPI documents as a judge of requests and answers.

Where the documents and what Sage is known to do differ, Sage wins, and the difference stands here
with its source: decimals come as strings and anything may be null or "" (FACTS.md 3), lists come in
an envelope (FACTS.md 3), and a few fields are undocumented.
"""

import functools
import json
import os
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("openapi.2025-02.json", "openapi.user_business.json")
BASE_PATH = "/v3.1"

#: Fields of answers that the documents lack and recordings of real answers have.
UNDOCUMENTED = {
    "$path",
    "displayed_as",
    "id",
    "links",
    "mandate_active",
    "pas_payment_submission",
    "preferred_address",
    "preferred_contact_person",
    "send_statements",
    "statement_run",
}
#: Answers without X-Business, to requests that need none (FACTS.md 2).
WITHOUT_BUSINESS = ("/businesses", "/user")
DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"

Json = Any


class ContractBroken(AssertionError):
    """A request or an answer differs from Sage's published contract."""


@dataclass(frozen=True)
class Request:
    """A request as it left: the path without `/v3.1`, the query still encoded."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    content: bytes


def documents_folder() -> Path:
    """Where Sage's documents are: SAGE_OPENAPI_DIR, or beside the checkout."""
    return Path(os.environ.get("SAGE_OPENAPI_DIR") or ROOT / ".." / "shared" / "sage").resolve()


def load_contract() -> "Contract":
    """The contract; skips the test if the documents are absent, or fails it if they are required."""
    contract = contract_or_none()
    if contract is None:
        pytest.skip(_absence())
    return contract


@functools.cache
def contract_or_none() -> "Contract | None":
    """The contract, or None if the documents are absent; fails the test if they are required."""
    folder = documents_folder()
    if all((folder / name).is_file() for name in DOCUMENTS):
        return Contract([json.loads((folder / name).read_text()) for name in DOCUMENTS])
    if os.environ.get("REQUIRE_SAGE_OPENAPI") == "1":
        pytest.fail(_absence())
    return None


def _absence() -> str:
    folder = documents_folder()
    return f"Sage's OpenAPI documents are not in {folder}: set SAGE_OPENAPI_DIR to check against them."


class Contract:
    """Judges one request or answer at a time; raises `ContractBroken` with every difference found."""

    def __init__(self, documents: list[Json]) -> None:
        self._paths: dict[str, tuple[int, Json]] = {}
        self._documents = documents
        sent, received = [], []
        for number, document in enumerate(documents):
            for path, operations in document["paths"].items():
                self._paths[path] = (number, operations)
            sent.append((f"urn:sent:{number}", _as_resource(_closed(document))))
            received.append((f"urn:received:{number}", _as_resource(_as_really_answered(document))))
        self._registry = Registry().with_resources(sent + received)

    def check_request(self, request: Request) -> None:
        """The request is one that Sage documents: method, path, query, headers and body."""
        number, template, operation = self._operation(request)
        problems = self._query_problems(operation, request)
        problems += self._header_problems(request)
        problems += self._body_problems(number, template, operation, request)
        self._judge(f"{request.method} {request.path}", problems)

    def check_answer(self, request: Request, status: int, headers: dict[str, str], content: bytes) -> None:
        """The answer is one that Sage would give to this request."""
        number, _, operation = self._operation(request)
        problems: list[str] = []
        if 200 <= status < 300:
            if headers.get("Content-Type", "").startswith("application/pdf"):
                return
            problems += self._success_problems(number, operation, request, status, content)
            if not request.path.startswith(WITHOUT_BUSINESS) and not headers.get("X-Business"):
                problems.append("the answer does not echo X-Business (FACTS.md 2)")
        elif status in (403, 404, 422):
            problems += _error_problems(content)
        self._judge(f"{status} to {request.method} {request.path}", problems)

    def _operation(self, request: Request) -> tuple[int, str, Json]:
        for template in sorted(self._paths, key=lambda path: path.count("{")):
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
            number, operations = self._paths[template]
            if re.fullmatch(pattern, request.path) and request.method.lower() in operations:
                return number, template, operations[request.method.lower()]
        raise ContractBroken(f"{request.method} {request.path} is not part of Sage's API")

    def _query_problems(self, operation: Json, request: Request) -> list[str]:
        documented = {item["name"]: item for item in operation.get("parameters", ()) if item["in"] == "query"}
        problems = []
        for name, text in parse_qsl(request.query, keep_blank_values=True):
            if name not in documented:
                problems.append(f"query parameter {name} is not documented")
            elif name == "attributes":
                problems += self._attribute_problems(operation, text)
            else:
                problems += _parameter_problems(documented[name], text)
        return problems

    def _attribute_problems(self, operation: Json, text: str) -> list[str]:
        schema = operation["responses"]["200"]["schema"]
        reference = schema.get("items", schema)["$ref"]
        for document in self._documents:
            definition = document["definitions"].get(reference.rsplit("/", 1)[1])
            if definition is not None:
                known = {"all", *definition["properties"]}
                return [f"attribute {name} does not exist" for name in text.split(",") if name not in known]
        return [f"{reference} is not defined"]

    def _header_problems(self, request: Request) -> list[str]:
        headers = request.headers
        problems = []
        if not headers.get("Authorization", "").startswith("Bearer "):
            problems.append("there is no bearer token")
        if not request.path.startswith(WITHOUT_BUSINESS) and not headers.get("X-Business"):
            problems.append("X-Business is missing, so the lead business would be used (FACTS.md 2)")
        if request.content and headers.get("Content-Type") != "application/json":
            problems.append("the body is not declared as JSON")
        return problems

    def _body_problems(self, number: int, template: str, operation: Json, request: Request) -> list[str]:
        parameters = [item for item in operation.get("parameters", ()) if item["in"] == "body"]
        if not request.content:
            return ["the body is missing"] if parameters else []
        body = json.loads(request.content, parse_float=Decimal)
        if not parameters:
            # A guide shows the reason of a void in the body, the Swagger in the query (FACTS.md 9.6).
            is_void = request.method == "DELETE" and set(body) == {"void_reason"}
            return [] if is_void else [f"{template} takes no body"]
        name = parameters[0]["schema"]["$ref"].rsplit("/", 1)[1]
        return self._schema_problems(f"urn:sent:{number}#/definitions/{name}", body)

    def _success_problems(
        self, number: int, operation: Json, request: Request, status: int, content: bytes
    ) -> list[str]:
        removed_draft = request.method == "DELETE" and status == 204
        documented = operation["responses"].get(str(status))
        if documented is None and not removed_draft:
            return [f"status {status} is not documented"]
        schema = (documented or {}).get("schema")
        if schema is None or removed_draft:
            return [f"{status} has a body"] if content else []
        body = json.loads(content, parse_float=Decimal)
        if schema.get("type") == "array":
            reference = schema["items"]["$ref"]
            return self._list_problems(f"urn:received:{number}{reference}", request, body)
        return self._schema_problems(f"urn:received:{number}{schema['$ref']}", body)

    def _list_problems(self, reference: str, request: Request, body: Json) -> list[str]:
        if not isinstance(body, dict):
            return ["a list comes in an envelope (FACTS.md 3)"]
        size = "$items_per_page" if request.path == "/businesses" else "$itemsPerPage"
        expected = {"$total", "$page", "$next", "$back", size, "$items"}
        if set(body) != expected:
            return [f"the envelope has {sorted(body)}, not {sorted(expected)} (FACTS.md 3)"]
        following = body["$next"]
        problems = []
        if following is not None and urlsplit(following).path != request.path:
            problems.append(f"$next is {following!r}, not a path without host and version (FACTS.md 3)")
        for row in body["$items"]:
            problems += [f"a row lacks {key}" for key in ("id", "displayed_as", "$path") if key not in row]
            problems += self._schema_problems(reference, row)
        return problems

    def _schema_problems(self, reference: str, instance: Json) -> list[str]:
        validator = Draft4Validator({"$ref": reference}, registry=self._registry, format_checker=FORMATS)
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(instance)]

    def _judge(self, what: str, problems: list[str]) -> None:
        if problems:
            raise ContractBroken(f"{what} breaks Sage's contract:\n  " + "\n  ".join(problems))


FORMATS = FormatChecker(formats=())


@FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or (len(value) == 10 and bool(date.fromisoformat(value)))


@FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("int32")
def _is_int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


@FORMATS.checks("decimal-text")
def _is_decimal_text(value: object) -> bool:
    return not isinstance(value, str) or value == "" or re.match(DECIMAL, value) is not None


def _parameter_problems(parameter: Json, text: str) -> list[str]:
    value: object = text
    if parameter["type"] == "boolean":
        value = {"true": True, "false": False}.get(text, text)
    elif parameter["type"] == "integer" and text.isdecimal():
        value = int(text)
    schema = {
        key: parameter[key] for key in ("type", "format", "enum", "minimum", "maximum") if key in parameter
    }
    errors = Draft4Validator(schema, format_checker=FORMATS).iter_errors(value)
    return [f"query parameter {parameter['name']}: {error.message}" for error in errors]


def _error_problems(content: bytes) -> list[str]:
    """Errors come as an array of objects with four keys (FACTS.md 5)."""
    body = json.loads(content)
    keys = {"$severity", "$dataCode", "$message", "$source"}
    if not isinstance(body, list) or not all(isinstance(item, dict) and set(item) == keys for item in body):
        return [f"an error body is a list of {sorted(keys)}, not {str(body)[:200]}"]
    return []


def _as_resource(document: Json) -> Resource[Json]:
    return Resource(contents=document, specification=DRAFT4)


def _closed(document: Json) -> Json:
    """The schemas of what we send: nothing beyond what is documented, except the idempotency id.

    The guide on idempotency allows it inside the namespace of a body (FACTS.md 14).
    """
    idempotency_id = {"type": "string", "pattern": "^[0-9a-f]{32}$"}

    def close(schema: Json, depth: int) -> Json:
        if isinstance(schema, list):
            return [close(part, depth) for part in schema]
        if not isinstance(schema, dict):
            return schema
        closed = {
            key: {name: close(part, depth + 1) for name, part in value.items()}
            if key == "properties"
            else close(value, depth)
            for key, value in schema.items()
        }
        if schema.get("type") == "object" and "properties" in schema:
            closed["additionalProperties"] = False
            if depth == 1:
                closed["properties"]["idempotency_id"] = idempotency_id
        return closed

    return {"definitions": {name: close(schema, 0) for name, schema in document["definitions"].items()}}


def _as_really_answered(document: Json) -> Json:
    """The schemas of answers, with decimals as strings, nulls and empty strings (FACTS.md 3)."""

    def property_of(schema: Json) -> Json:
        if "$ref" in schema:
            return {"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]}
        loosened = answered(schema)
        kind = schema.get("type")
        if kind == "number":
            return {"type": ["string", "number", "null"], "format": "decimal-text"}
        if kind == "string" and ("format" in schema or "enum" in schema):
            return {"anyOf": [loosened, {"type": "null"}, {"enum": [""]}]}
        return {"anyOf": [loosened, {"type": "null"}]}

    def answered(schema: Json) -> Json:
        if not isinstance(schema, dict):
            return schema
        loosened = {key: value for key, value in schema.items() if key not in ("description", "required")}
        if "properties" in schema:
            loosened["properties"] = {
                **{name: {} for name in UNDOCUMENTED},
                **{name: property_of(part) for name, part in schema["properties"].items()},
            }
            loosened["additionalProperties"] = False
        if "items" in schema:
            loosened["items"] = answered(schema["items"])
        return loosened

    return {"definitions": {name: answered(schema) for name, schema in document["definitions"].items()}}
