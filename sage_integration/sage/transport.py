"""Requests to one Sage business: headers, budget, deadlines, and reads tried again."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast
from urllib.parse import urlencode

import requests

from sage_integration.sage.answers import Answer, error_in
from sage_integration.sage.decimals import json_text, json_value
from sage_integration.sage.errors import (
    OutcomeUnknown,
    ReauthorisationRequired,
    SageError,
    SageRateLimited,
    SageUnavailable,
    UnexpectedAnswer,
    WrongBusiness,
)
from sage_integration.sage.network import Timeout, never_sent, open_session, timed_out
from sage_integration.sage.redaction import redacted
from sage_integration.sage.wire import Wire

JsonObject = dict[str, object]


class Held(Protocol):
    """Requests granted together: how many are left, seconds until the next may go, one spent, the rest given back."""

    @property
    def left(self) -> int: ...

    @property
    def wait(self) -> float: ...

    def spend(self) -> None: ...

    def close(self) -> None: ...


Params = Mapping[str, str | int | bool | None]

#: Seconds before the second and the third try of a read; together half a second.
READ_PAUSES = (0.1, 0.4)
#: A read that has already taken this many seconds is not tried again.
READ_PATIENCE = 5.0
#: Bytes at the end of a PDF within which its end is marked; readers look no further either.
END_OF_PDF = 1024
_GATEWAY_NOISE = {502, 503, 504}


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    params: Params
    content: bytes | None = None
    accept: str = "application/json"


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, free of secrets; bodies hold client data, so they do not belong in logs."""

    method: str
    path: str
    business_id: str | None
    seconds: float
    #: None when no answer came; `failure` then names what happened.
    status: int | None = None
    request_id: str | None = None
    failure: str = ""
    # As they went over the wire: cleaning them costs more than sending, and hardly anybody reads them.
    _content: bytes = field(default=b"", repr=False)
    _answer: Answer | None = field(default=None, repr=False)

    @property
    def sent(self) -> str:
        """The body of the request, shortened and without secrets."""
        return redacted(self._content.decode(), 4000)

    @property
    def received(self) -> str:
        """The body of the answer, shortened and without secrets."""
        return redacted(_readable(self._answer), 4000)


class Transport:
    """Sends requests on behalf of one business and turns whatever comes back into JSON or a `SageError`.

    `access_token()` gives a valid token; `refresh(stale)` a newer one than the stale one that
    Sage has just refused. `acquire()` raises `SageRateLimited` when the budget is spent; `hold(count)`
    takes several requests at once, at least one, or raises the same.
    `on_exchange` sees every request and must not raise.
    """

    def __init__(
        self,
        base_url: str,
        business_id: str | None,
        access_token: Callable[[], str],
        *,
        refresh: Callable[[str], str] | None = None,
        acquire: Callable[[], None] | None = None,
        hold: Callable[[int], Held] | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        timeout: Timeout = (5, 30),
        session: requests.Session | Wire | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.business_id = business_id
        self._access_token = access_token
        self._refresh = refresh
        self._acquire = acquire
        self._hold = hold
        self._held: Held | None = None
        self._on_exchange = on_exchange
        self._timeout = timeout
        self._session: requests.Session | Wire = session or open_session()
        self._reserved = False

    def reserve(self, count: int = 1) -> int:
        """Take token and budget for up to so many requests now, so that neither holds up an announced write.

        How many may leave, at least one. Raises what token and budget raise; nothing has been sent then.
        """
        self._access_token()
        if self._held is not None and self._held.left:
            if wait := self._held.wait:
                raise SageRateLimited("requests are answered quicker than they are allowed", retry_after=wait)
            return self._held.left
        if count > 1 and self._hold is not None:
            self.release()
            self._held = self._hold(count)
            return self._held.left
        if self._acquire is not None and not self._reserved:
            self._acquire()
            self._reserved = True
        return 1

    def release(self) -> None:
        """Give back what was reserved by `reserve` of several and is not needed."""
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def close(self) -> None:
        """Give the kept connection back."""
        self._session.close()

    def read(self, path: str, params: Params | None = None) -> JsonObject:
        """The JSON object at a path; raises `SageUnavailable`, `UnexpectedAnswer` or a refusal."""
        answer = self._read(_Request("GET", path, params or {}))
        try:
            return _json_object(answer)
        except ValueError as error:
            raise _unreadable(UnexpectedAnswer, f"GET {path}", answer) from error

    def read_pdf(self, path: str, params: Params | None = None) -> bytes:
        """The PDF at a path (FACTS.md 9.5); raises as `read` does."""
        answer = self._read(_Request("GET", path, params or {}, accept="application/pdf"))
        if not answer.content.startswith(b"%PDF-") or b"%%EOF" not in answer.content[-END_OF_PDF:]:
            raise _unreadable(UnexpectedAnswer, f"GET {path} as PDF", answer)
        return answer.content

    def write(
        self, method: str, path: str, body: Mapping[str, object] | None, params: Params | None = None
    ) -> JsonObject:
        """What Sage answered to a change that was sent once; {} when it answered 204 to a DELETE.

        Raises `SageUnavailable` only if nothing was stored; `OutcomeUnknown` if that is not certain.
        """
        asked = f"{method} {path}"
        content = None if body is None else json_text(body).encode()
        try:
            answer = self._authorised(_Request(method, path, params or {}, content))
        except requests.RequestException as error:
            raise (SageUnavailable if never_sent(error) else OutcomeUnknown)(asked) from error
        self._refuse_errors(answer, asked, writing=True)
        if method == "DELETE" and answer.status == 204:
            return {}
        try:
            return _json_object(answer)
        except ValueError as error:
            raise _unreadable(OutcomeUnknown, asked, answer) from error

    def _read(self, request: _Request) -> Answer:
        asked = f"GET {request.path}"
        started = time.monotonic()
        pauses = iter(READ_PAUSES)
        while True:
            patient = time.monotonic() - started < READ_PATIENCE
            try:
                answer = self._authorised(request)
            except requests.RequestException as error:
                pause = None if timed_out(error) or not patient else next(pauses, None)
                if pause is None:
                    raise SageUnavailable(asked) from error
            else:
                pause = next(pauses, None) if answer.status in _GATEWAY_NOISE and patient else None
                if pause is None:
                    self._refuse_errors(answer, asked, writing=False)
                    return answer
            time.sleep(pause)

    def _authorised(self, request: _Request) -> Answer:
        """The answer to a request, repeated once with a newer token if Sage refused the first.

        Safe for writes too: a 401 means that nothing was stored.
        """
        token = self._access_token()
        answer = self._send(request, token)
        refused = isinstance(error_in(answer, request.path, writing=True), ReauthorisationRequired)
        if refused and self._refresh is not None:
            answer = self._send(request, self._refresh(token))
        return answer

    def _send(self, request: _Request, token: str) -> Answer:
        if self._held is not None and self._held.left and not self._held.wait:
            self._held.spend()
        elif self._reserved:
            self._reserved = False
        elif self._acquire is not None:
            self._acquire()
        started = time.monotonic()
        try:
            response = self._session.request(
                request.method,
                f"{self.base_url}{request.path}{_query(request.params)}",
                data=request.content,
                headers=self._headers(request, token),
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            self._tell(request, time.monotonic() - started, failure=type(error).__name__)
            raise
        answer = Answer(response.status_code, response.headers, response.content)
        self._tell(request, time.monotonic() - started, answer)
        return answer

    def _headers(self, request: _Request, token: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token}", "Accept": request.accept}
        if request.content is not None:
            headers["Content-Type"] = "application/json"
        if self.business_id is not None:
            headers["X-Business"] = self.business_id
        return headers

    def _tell(
        self, request: _Request, seconds: float, answer: Answer | None = None, failure: str = ""
    ) -> None:
        if self._on_exchange is None:
            return
        self._on_exchange(
            Exchange(
                method=request.method,
                path=request.path,
                business_id=self.business_id,
                seconds=seconds,
                status=answer.status if answer else None,
                request_id=answer.request_id if answer else None,
                failure=failure,
                _content=request.content or b"",
                _answer=answer,
            )
        )

    def _refuse_errors(self, answer: Answer, asked: str, *, writing: bool) -> None:
        error = error_in(answer, asked, writing=writing)
        echo = answer.headers.get("X-Business")
        # /businesses and /user carry no echo; a different one is never right (FACTS.md 2).
        if answer.status < 500 and self.business_id and echo and echo != self.business_id:
            raise WrongBusiness(asked, status=answer.status, request_id=answer.request_id)
        if error is not None:
            raise error


def _query(params: Params) -> str:
    """Names and values after a question mark; None leaves a parameter out."""
    given = {name: value for name, value in params.items() if value is not None}
    texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}
    return f"?{urlencode(texts)}" if texts else ""


def _json_object(answer: Answer) -> JsonObject:
    value = json_value(answer.content)
    if not isinstance(value, dict):
        raise ValueError("Sage answered with JSON that is not an object")
    return cast(JsonObject, value)


def _unreadable(kind: type[SageError], asked: str, answer: Answer) -> SageError:
    return kind(asked, status=answer.status, request_id=answer.request_id, raw=redacted(answer.text))


def _readable(answer: Answer | None) -> str:
    if answer is None:
        return ""
    if answer.content.startswith(b"%PDF-"):
        return f"PDF of {len(answer.content)} bytes"
    return answer.text
