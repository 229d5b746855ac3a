"""The application behind a door that answers `/trivial` itself: what the server can do at most, in the same process."""

from collections.abc import Callable, Iterable
from typing import Any

from ignition.wsgi import application as django_application

BODY = b"ok"
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI entry point."""
    if environ["PATH_INFO"] == "/trivial":
        start_response("200 OK", HEADERS)
        return [BODY]
    return django_application(environ, start_response)
