"""One request as the handlers see it, and the answer they give."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from sage_sandbox.books import Books
from sage_sandbox.errors import bad_request, invalid
from sage_sandbox.store import Doc
from sage_sandbox.tokens import Grant

if TYPE_CHECKING:
    from sage_sandbox.application import PretendSage

ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(slots=True)
class Answer:
    """Status, headers and body of a response."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status_line(self) -> str:
        """The status as WSGI wants it."""
        return f"{self.status} {REASONS.get(self.status, 'Unknown')}"


def json_answer(status: int, payload: Any, headers: dict[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    body = ENCODE(payload).encode()
    return Answer(status, body, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})})


def html_answer(status: int, page: str) -> Answer:
    """An answer in HTML."""
    return Answer(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def redirect(location: str, status: int = 303) -> Answer:
    """An answer that sends the browser elsewhere."""
    return Answer(status, b"", {"Location": location})


class Call:
    """A request: method, path, query and body, and, once routed, the books it is about."""

    def __init__(self, sage: "PretendSage", environ: dict[str, Any]) -> None:
        self.sage = sage
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        self.raw_query: str = environ.get("QUERY_STRING", "")
        self.pairs = parse_qsl(self.raw_query, keep_blank_values=True)
        self.query = dict(self.pairs)
        length = environ.get("CONTENT_LENGTH") or "0"
        self.body: bytes = environ["wsgi.input"].read(int(length)) if length.isdigit() else b""
        self.business_header: str | None = environ.get("HTTP_X_BUSINESS")
        self.client_id = ""
        self.grant: Grant | None = None
        self.key = ""
        self._books: Books | None = None

    @property
    def base_url(self) -> str:
        """The address a browser finds this sandbox at, without a slash at the end."""
        if self.sage.public_url:
            return self.sage.public_url
        return f"{self.environ.get('wsgi.url_scheme', 'http')}://{self.environ.get('HTTP_HOST', '127.0.0.1')}"

    @property
    def resource(self) -> str:
        """The path without `/v3.1`."""
        return self.path.removeprefix("/v3.1") or "/"

    @property
    def books(self) -> Books:
        """The books of the business the request is for."""
        if self._books is None:
            raise LookupError(f"{self.path} is not about one business")
        return self._books

    @property
    def is_open(self) -> bool:
        """True once it is known which business the request is for."""
        return self._books is not None

    def open_books(self, business: Doc) -> None:
        """From here on the request is about this business."""
        self._books = self.sage.books(business)

    def header(self, name: str) -> str:
        """A request header, or an empty text."""
        return str(self.environ.get(f"HTTP_{name.upper().replace('-', '_')}", ""))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean query parameter."""
        return self.query[name].lower() == "true" if name in self.query else default

    def form(self) -> dict[str, str]:
        """The fields of a form body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> Doc:
        """The JSON object in the body, fractions as Decimal; raises 400 for anything else."""
        content_type = self.environ.get("CONTENT_TYPE", "")
        if self.body and not content_type.startswith("application/json"):
            raise bad_request("The content type must be application/json.")
        try:
            payload = json.loads(self.body, parse_float=Decimal, parse_constant=_refuse_constant)
            if b"\\u" in self.body:
                # half of a surrogate pair is no text that could be stored
                json.dumps(payload, default=str, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise bad_request("The body is not valid JSON.") from error
        if not isinstance(payload, dict):
            raise bad_request("The body must be a JSON object.")
        return payload

    def attributes(self, root: str) -> Doc:
        """The attributes under the resource's root key; raises 422 when there are none."""
        attributes = self.json().get(root)
        if not isinstance(attributes, dict):
            raise invalid(root)
        return attributes


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def chosen(names: str | None) -> Iterable[str] | None:
    """The names in `attributes=a,b`; None stands for `all`."""
    if names is None or names.strip() == "all":
        return None
    return [name.strip() for name in names.split(",") if name.strip()]
