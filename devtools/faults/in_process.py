"""The pretend Sage called in this process, without sockets: what a history costs is then what the application costs."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, unquote_to_bytes, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from sage_integration.sage.wire import Headers, Response, Wire
from sage_sandbox.application import PretendSage
from sage_sandbox.faults import Dropped
from sage_sandbox.handle import Doc, SandboxHandle, SandboxProblem

ADDRESS = "http://sandbox.in.process"


class NearHandle(SandboxHandle):
    """The sandbox's control endpoint, asked without a connection."""

    def __init__(self, sage: PretendSage) -> None:
        super().__init__(ADDRESS)
        self._sage = sage

    def _ask(self, method: str, path: str, body: object = None) -> Doc:
        target = quote(f"/_control/{path}", safe="/?=&%+")
        text = b"" if body is None else json.dumps(body).encode()
        status, _, content = _call(self._sage, method, target, text, {"Content-Type": "application/json"})
        payload: Doc = json.loads(content) if content else {}
        if status >= 400:
            raise SandboxProblem(f"{method} {target}: {status} {json.dumps(payload)}")
        return payload


@contextmanager
def near_sage(client_id: str, client_secret: str) -> Iterator[NearHandle]:
    """A pretend Sage that the application reaches at `ADDRESS` while the block lasts."""
    sage = PretendSage(client_id=client_id, client_secret=client_secret)

    def by_wire(_: Wire, method: str, url: str, **options: Any) -> Response:
        status, headers, content = _asked(sage, method, url, options["data"] or b"", options["headers"])
        told = Headers((name.lower(), value) for name, value in dict(headers).items())
        return Response(status, told, content)

    def by_adapter(_: HTTPAdapter, request: requests.PreparedRequest, **__: Any) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        asked = request.method or "GET", request.url or ADDRESS, bytes(body), request.headers
        answer = requests.Response()
        answer.status_code, headers, content = _asked(sage, *asked)
        answer.headers, answer.raw = CaseInsensitiveDict(headers), io.BytesIO(content)
        answer.request, answer.url = request, request.url or ADDRESS
        return answer

    try:
        with patch.object(Wire, "request", by_wire), patch.object(HTTPAdapter, "send", by_adapter):
            yield NearHandle(sage)
    finally:
        sage.close()


def _asked(
    sage: PretendSage, method: str, url: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, list[tuple[str, str]], bytes]:
    """An answer; raises as a network does where the sandbox drops the connection."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    try:
        return _call(sage, method, target, body, headers)
    except Dropped as error:
        raise requests.ConnectionError("Dropped") from error


def _call(
    sage: PretendSage, method: str, target: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, list[tuple[str, str]], bytes]:
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    started: list[Any] = []

    def start_response(status: str, answered: list[tuple[str, str]], _: object = None) -> None:
        started[:] = [int(status.split(maxsplit=1)[0]), answered]

    chunks: Iterable[bytes] = sage(environ, start_response)
    content = b"".join(chunks)
    return started[0], started[1], content
