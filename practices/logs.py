"""Key-value logs: who and what, never a token or a client's name."""

import logging.config
import re
import time
import uuid
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

#: Names whose values never reach a log, and values that look like a bearer token, a JWT or a key of ours.
SECRET_NAMES = re.compile(r"token|secret|password|authorization|cookie|code$|session", re.IGNORECASE)
SECRET_VALUES = re.compile(
    r"Bearer\s+\S+|eyJ[\w-]+\.[\w-]+\.[\w-]+|[?&](?:code|token|state)=[^&\s]+|ign_[0-9a-f]{12}_[\w-]+|whsec_\S+"
)
#: Addresses that open something to whoever has them; Django logs the address of whatever it refuses.
LINKS = re.compile(
    r"(/proposals/(?=[^/\s]{20})|/invitations/|/confirm-email/|/password/reset/key/)[^/\s'\"?]+"
)
#: What a process prints is no log: without a mail server that is the messages, which somebody has to open.
PRINTED = "celery.redirected"
REMOVED = "[removed]"

log = structlog.get_logger("ignition.request")


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A log processor that removes secrets by name and by look."""
    is_printed = event.get("logger") == PRINTED
    for name, value in event.items():
        if SECRET_NAMES.search(name):
            event[name] = REMOVED
        elif isinstance(value, str):
            event[name] = SECRET_VALUES.sub(REMOVED, value) if is_printed else without_secrets(value)
    return event


def without_secrets(words: str) -> str:
    """The words without what looks like a secret, or like an address that opens something."""
    return LINKS.sub(rf"\1{REMOVED}", SECRET_VALUES.sub(REMOVED, words))


def redacted(value: Any) -> Any:
    """A structure of mappings and lists without its secrets, by name and by look."""
    if isinstance(value, dict):
        return {
            name: REMOVED if SECRET_NAMES.search(str(name)) else redacted(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(inner) for inner in value]
    return without_secrets(value) if isinstance(value, str) else value


def configure(options: dict[str, Any]) -> None:
    """Set up standard logging and structlog to print one key-value line an event."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "key_value": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.format_exc_info,
                        redact,
                        structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "key_value"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {
                # A line for every message that is taken, and one when it is done, would tell of nothing.
                "celery.app.trace": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "urllib3": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def request_log(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a request id on every line and on the answer, and one line a request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex[:16]
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = get_response(request)
            # The path's last part of a public page is a bearer secret, so the route is logged, not the path.
            match = request.resolver_match
            log.info(
                "request",
                method=request.method,
                route=match.route if match else "-",
                status=response.status_code,
                practice_id=getattr(getattr(request, "practice", None), "pk", None),
                milliseconds=round((time.perf_counter() - started) * 1000),
            )
        response.headers["X-Request-Id"] = request_id
        return response

    return middleware
