"""Faults that tests arm: each strikes requests of a method and path, so many times or with some probability."""

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from sage_sandbox.decimals import PENNY, sage_string
from sage_sandbox.errors import Refusal, entry, forbidden, no_subscription, unauthorised
from sage_sandbox.exchange import Answer, Call, html_answer, json_answer, redirect
from sage_sandbox.limits import too_many_requests
from sage_sandbox.request_log import under

HTML_PAGE = (
    "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>Please try again later.</p></body></html>"
)
LONGEST_HOLD = 60.0
Effect = Callable[["Strike"], Answer]


class Dropped(Exception):
    """The connection ends here; `sent` is what went out before, `reset` whether it is torn down hard."""

    def __init__(self, answer: Answer | None = None, sent: bytes = b"") -> None:
        super().__init__()
        self.answer = answer
        self.sent = sent


@dataclass(slots=True)
class Fault:
    """One armed fault. `when` says whether it strikes before the request is handled or after it was saved."""

    id: int
    name: str
    method: str
    path: str
    times: int | None
    probability: float
    skip: int
    business: str | None
    when: str
    parameters: dict[str, Any] = field(default_factory=dict)
    struck: int = 0

    def fits(self, call: Call) -> bool:
        """True when the fault is meant for this request."""
        if self.method not in ("*", call.method) or not (self.path == "/" or under(call.resource, self.path)):
            return False
        if self.business is not None and call.business_header != self.business:
            return False
        wanted = self.parameters.get("grant_type")
        return wanted is None or (call.path == "/token" and call.form().get("grant_type") == wanted)


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault meeting a request; before handling, the answer has status 0."""

    fault: Fault
    call: Call
    answer: Answer

    def option(self, name: str, default: Any = None) -> Any:
        """What the fault was armed with."""
        return self.fault.parameters.get(name, default)


@dataclass(frozen=True, slots=True)
class FaultKind:
    """What a fault does, when it strikes unless told otherwise, and what it aims at unless told otherwise."""

    effect: Effect
    when: str
    explains: str
    on: str = "*"
    parameters: dict[str, Any] = field(default_factory=dict)


class Faults:
    """The armed faults."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []
        self._number = 0
        self._random = random.Random(1)  # noqa: S311 - repeatable on purpose
        self._released = threading.Event()
        self.held = 0

    def arm(self, name: str, on: str | None, options: dict[str, Any]) -> Fault:
        """Arm a fault; raises ValueError for an unknown name or a target that is not `METHOD /path`."""
        kind = FAULTS.get(name)
        if kind is None:
            raise ValueError(f"There is no fault {name!r}. Faults: {', '.join(FAULTS)}.")
        target = on or kind.on
        method, _, path = ("*", "", "/") if target == "*" else target.partition(" ")
        if not path.startswith("/"):
            raise ValueError(f"{target!r} is not of the form 'METHOD /path'.")
        options = dict(options)
        times = options.pop("times", 1)
        with self._lock:
            self._number += 1
            if "seed" in options:
                self._random.seed(options.pop("seed"))
            fault = Fault(
                id=self._number,
                name=name,
                method=method,
                path=path,
                times=None if times is None else int(times),
                probability=float(options.pop("probability", 1)),
                skip=int(options.pop("skip", 0)),
                business=options.pop("business", None),
                when=options.pop("when", kind.when),
                parameters={**kind.parameters, **options},
            )
            if fault.when not in ("before", "after"):
                raise ValueError("when is 'before' or 'after'.")
            if name == "hold":
                self._released.clear()
            self._armed.append(fault)
        return fault

    def disarm(self, fault_id: int | None = None) -> None:
        """Disarm one fault or all of them; requests that are held go on."""
        with self._lock:
            self._armed = [fault for fault in self._armed if fault_id is not None and fault.id != fault_id]
        self.release()

    def release(self) -> None:
        """Let the requests go on that are held; later ones pass until another `hold` is armed."""
        self._released.set()

    def hold(self, seconds: float) -> None:
        """Wait until released, at most so long."""
        with self._lock:
            self.held += 1
        self._released.wait(seconds)
        with self._lock:
            self.held -= 1

    def take(self, call: Call) -> list[Fault]:
        """The faults that strike this request; each counts as one strike."""
        if not self._armed:
            return []
        struck = []
        with self._lock:
            for fault in self._armed:
                if not fault.fits(call) or fault.times == 0:
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.probability < 1 and self._random.random() >= fault.probability:
                    continue
                fault.struck += 1
                if fault.times is not None:
                    fault.times -= 1
                struck.append(fault)
        return struck

    def listing(self) -> list[dict[str, Any]]:
        """The faults that can still strike."""
        with self._lock:
            return [asdict(fault) for fault in self._armed if fault.times != 0]


def apply_faults(faults: list[Fault], when: str, call: Call, answer: Answer | None) -> Answer | None:
    """Apply the faults of that moment; before handling, an answer means that the request is not handled at all."""
    for fault in faults:
        if fault.when == when:
            applied = FAULTS[fault.name].effect(Strike(fault, call, answer or Answer(0)))
            answer = applied if applied.status else answer
    return answer


def _drop(strike: Strike) -> Answer:
    raise Dropped(strike.answer if strike.answer.status else None)


def _half(strike: Strike) -> Answer:
    raise Dropped(strike.answer, strike.answer.body[: len(strike.answer.body) // 2])


def _delay(strike: Strike) -> Answer:
    time.sleep(float(strike.option("seconds", 1)))
    return strike.answer


def _hold(strike: Strike) -> Answer:
    strike.call.sage.faults.hold(float(strike.option("seconds", LONGEST_HOLD)))
    return strike.answer


def _status(strike: Strike) -> Answer:
    status = int(strike.option("status", 500))
    body = strike.option("body", "html" if status in (502, 503, 504) else "json")
    if body == "html":
        result = html_answer(status, HTML_PAGE.format(f"{status} Error"))
    elif body == "empty":
        result = Answer(status)
    elif body == "object":
        result = json_answer(status, {"message": "An unexpected error occurred.", "status": status})
    else:
        result = json_answer(status, [entry("An unexpected error occurred.", "", "UnexpectedError")])
    if "retry_after" in strike.fault.parameters:
        result.headers["Retry-After"] = str(strike.fault.parameters["retry_after"])
    return result


def _too_many(strike: Strike) -> Answer:
    result = too_many_requests(strike.call.sage.switches, None, strike.option("body"))
    retry_after = strike.option("retry_after", 1)
    if retry_after is not None:
        result.headers["Retry-After"] = str(retry_after)
    return result


def _truncated(strike: Strike) -> Answer:
    return Answer(
        strike.answer.status, strike.answer.body[: len(strike.answer.body) * 2 // 3], strike.answer.headers
    )


def _empty(strike: Strike) -> Answer:
    return Answer(strike.answer.status, b"", strike.answer.headers)


def _not_json(strike: Strike) -> Answer:
    page = HTML_PAGE.format("Sage").encode()
    return Answer(
        strike.answer.status, page, {**strike.answer.headers, "Content-Type": "text/html; charset=utf-8"}
    )


def _wrong_totals(strike: Strike) -> Answer:
    by = Decimal(str(strike.option("by", PENNY)))

    def shift(doc: dict[str, Any]) -> dict[str, Any]:
        for name in ("tax_amount", "total_amount", "outstanding_amount"):
            try:
                doc[name] = sage_string(Decimal(doc[name]) + by)
            except (KeyError, TypeError, InvalidOperation):
                continue
        return doc

    return _edited(strike.answer, shift)


def _next_elsewhere(strike: Strike) -> Answer:
    def redirect_next(doc: dict[str, Any]) -> dict[str, Any]:
        host = strike.option("host", "https://elsewhere.invalid/v3.1")
        return {**doc, "$next": f"{host}{strike.call.resource}?page=2"} if "$next" in doc else doc

    return _edited(strike.answer, redirect_next)


def _edited(answer: Answer, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Answer:
    if not 200 <= answer.status < 300 or "json" not in answer.headers.get("Content-Type", ""):
        return answer
    changed = json.dumps(edit(json.loads(answer.body)), separators=(",", ":"), ensure_ascii=False)
    return Answer(answer.status, changed.encode(), answer.headers)


def _wrong_echo(strike: Strike) -> Answer:
    return Answer(strike.answer.status, strike.answer.body, {**strike.answer.headers, "X-Business": "0" * 32})


def _invalid_grant(_strike: Strike) -> Answer:
    return json_answer(
        400, {"error": "invalid_grant", "error_description": "The refresh token is expired or used."}
    )


def _authorise_error(strike: Strike) -> Answer:
    asked = strike.call.query
    error = strike.option("error", "server_error")
    answer = {"error": error, "state": asked.get("state", "")}
    return redirect(f"{asked.get('redirect_uri', '/')}?{urlencode(answer)}", 302)


def _refusing(make: Callable[[], Refusal]) -> Effect:
    def effect(_strike: Strike) -> Answer:
        refusal = make()
        return json_answer(refusal.status, refusal.entries, refusal.headers)

    return effect


REFRESH = {"grant_type": "refresh_token"}
FAULTS: dict[str, FaultKind] = {
    "drop_answer_after_saving": FaultKind(
        _drop, "after", "saved, then the connection closes without an answer"
    ),
    "reset_before_saving": FaultKind(_drop, "before", "the connection is reset before anything is saved"),
    "half_answer": FaultKind(_half, "after", "saved, then the connection closes in the middle of the body"),
    "delay": FaultKind(_delay, "before", "wait `seconds`, before or after saving"),
    "hold": FaultKind(_hold, "before", "wait until released (at most `seconds`), before or after saving"),
    "status": FaultKind(_status, "before", "answer `status` (500), `body` json, html, empty or object"),
    "status_after_saving": FaultKind(_status, "after", "saved, yet the answer is `status` (500)"),
    "html_error": FaultKind(
        _status, "before", "a gateway's HTML page", parameters={"status": 502, "body": "html"}
    ),
    "too_many_requests": FaultKind(
        _too_many, "before", "429; `retry_after` seconds, a date, or None to leave it out"
    ),
    "truncated_json": FaultKind(_truncated, "after", "saved, and the JSON stops two thirds through"),
    "empty_answer": FaultKind(_empty, "after", "saved, and the body is empty"),
    "wrong_totals": FaultKind(
        _wrong_totals, "after", "saved, and the answer's tax and total are off by `by` (0.01)"
    ),
    "not_json": FaultKind(_not_json, "after", "saved, and the body is an HTML page under the success status"),
    "next_to_other_host": FaultKind(_next_elsewhere, "after", "`$next` of a list points at another host"),
    "wrong_business_echo": FaultKind(_wrong_echo, "after", "X-Business of the answer names another business"),
    "lost_refresh_answer": FaultKind(
        _drop, "after", "the refresh token is rotated and the answer lost", "POST /token", REFRESH
    ),
    "invalid_grant": FaultKind(
        _invalid_grant, "before", "refreshing is refused, nothing is rotated", "POST /token", REFRESH
    ),
    "authorise_error": FaultKind(
        _authorise_error,
        "before",
        "instead of the consent page, back to the app with `error` (server_error)",
        "GET /oauth2/auth/central",
    ),
    "unauthorised": FaultKind(_refusing(unauthorised), "before", "401, as for an expired access token"),
    "revoked": FaultKind(
        _refusing(lambda: forbidden("The authorisation was removed.")),
        "before",
        "403 as when the grant is gone",
    ),
    "no_subscription": FaultKind(_refusing(no_subscription), "before", "401 No active subscription. (MSE)"),
    "forbidden": FaultKind(
        _refusing(lambda: forbidden("The current user is not allowed to do that.")),
        "before",
        "403 for one operation",
    ),
}
