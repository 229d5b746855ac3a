"""Errors to Sentry, where the operator has one: without bodies, cookies or anybody's particulars."""

from typing import Any

import sentry_sdk

from practices.logs import redacted

#: Parts of an event that may hold a token, a client's name or an amount.
LEFT_OUT = ("cookies", "data", "env", "headers", "query_string")


def report_errors_to(dsn: str, release: str) -> None:
    """Send unexpected errors to this Sentry; an empty address sends nothing anywhere."""
    if dsn:
        sentry_sdk.init(
            dsn=dsn,
            release=release,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
            before_send=without_particulars,
        )


def without_particulars(event: Any, _hint: dict[str, Any]) -> Any:
    """The event without what could identify somebody or open something."""
    for part in LEFT_OUT:
        event.get("request", {}).pop(part, None)
    event.pop("user", None)
    return redacted(event)
