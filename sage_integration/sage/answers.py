"""What an HTTP answer of Sage means: nothing here waits, sends or remembers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from sage_integration.sage.decimals import json_value
from sage_integration.sage.errors import (
    AccessDenied,
    NotInSage,
    OutcomeUnknown,
    Problem,
    ReauthorisationRequired,
    SageError,
    SageRateLimited,
    SageRejected,
    SageUnavailable,
    SubscriptionInactive,
    UnexpectedAnswer,
)
from sage_integration.sage.redaction import redacted

#: Nothing that Sage asks for is obeyed for longer than this; its allowances are by minute and day (FACTS.md 4).
LONGEST_WAIT = 86_400.0


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; header names are matched without regard to case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def request_id(self) -> str | None:
        """The id Sage's support asks for; two spellings are documented (FACTS.md 2)."""
        return self.headers.get("X-Request-Id") or self.headers.get("x_request_id")

    @property
    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.content.decode("utf-8", errors="replace")


def error_in(answer: Answer, asked: str, *, writing: bool) -> SageError | None:
    """The error an answer stands for, or None for success (FACTS.md 5).

    A write that was not clearly refused may have been stored, even when Sage says 500.
    """
    if 200 <= answer.status < 300:
        return None
    problems = problems_in(answer.content)
    return _kind(answer.status, problems, writing=writing)(
        asked,
        status=answer.status,
        problems=problems,
        request_id=answer.request_id,
        retry_after=retry_after(answer.headers),
        raw=redacted(answer.text),
    )


def _kind(status: int, problems: list[Problem], *, writing: bool) -> type[SageError]:
    if status == 401:
        return SubscriptionInactive if _subscription_is_the_cause(problems) else ReauthorisationRequired
    if status in _REFUSALS:
        return _REFUSALS[status]
    if 400 <= status < 500 and status != 408:
        return SageRejected
    if writing:
        return OutcomeUnknown
    return SageUnavailable if status >= 500 or status == 408 else UnexpectedAnswer


_REFUSALS: dict[int, type[SageError]] = {
    403: AccessDenied,
    404: NotInSage,
    410: NotInSage,
    429: SageRateLimited,
}


def _subscription_is_the_cause(problems: list[Problem]) -> bool:
    # The one case where Sage's prose is the only sign (FACTS.md 5): refreshing does not cure it.
    return any("no active subscription" in problem["message"].lower() for problem in problems)


def problems_in(content: bytes) -> list[Problem]:
    """Sage's list of errors, or of the one error, or nothing when the body is something else."""
    try:
        body = json_value(content)
    except ValueError:
        return []
    if isinstance(body, dict) and isinstance(body.get("errors"), list):
        body = body["errors"]
    entries = body if isinstance(body, list) else [body]
    return [_problem(entry) for entry in entries if isinstance(entry, dict)]


def _problem(entry: dict[str, object]) -> Problem:
    def first(*names: str) -> str:
        found = next((entry[name] for name in names if entry.get(name)), "")
        return redacted(str(found))

    return Problem(
        code=first("$dataCode", "dataCode", "code", "error"),
        message=first("$message", "message", "error_description"),
        source=first("$source", "source"),
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait according to Retry-After, as a number or a date, a day at most; None if it does not say."""
    text = headers.get("Retry-After", "").strip()
    if text.replace(".", "", 1).isdecimal():
        return min(LONGEST_WAIT, float(text))
    until = _moment(text)
    if until is None:
        return None
    now = _moment(headers.get("Date", "")) or datetime.now(UTC)
    return min(LONGEST_WAIT, max(0.0, (until - now).total_seconds()))


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
