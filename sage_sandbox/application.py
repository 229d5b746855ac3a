"""The pretend Sage as a WSGI application."""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sage_sandbox import accountant, control, seed
from sage_sandbox.books import Books
from sage_sandbox.businesses import lead_business
from sage_sandbox.clock import Clock
from sage_sandbox.errors import Refusal, forbidden, no_subscription, not_found, unauthorised
from sage_sandbox.exchange import Answer, Call, json_answer
from sage_sandbox.faults import Dropped, Faults, apply_faults
from sage_sandbox.limits import Limits
from sage_sandbox.oauth import AUTHORISE_PATH, OAuth
from sage_sandbox.request_log import RequestLog
from sage_sandbox.resources import build_router
from sage_sandbox.router import Route, check_access
from sage_sandbox.store import Doc, Store
from sage_sandbox.switches import Switches
from sage_sandbox.tokens import Grant, Tokens

OAUTH_PATHS = (AUTHORISE_PATH, "/token", "/revoke")


class PretendSage:
    """Everything the sandbox is; `application(environ, start_response)` like any WSGI application."""

    def __init__(
        self,
        db: str | None = None,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        public_url: str | None = None,
    ) -> None:
        self.store = Store(db)
        self.clock = Clock(float(self.store.setting("clock_offset") or 0))
        self.switches = Switches(self.store)
        self.faults = Faults()
        self.limits = Limits(self.switches, self.clock)
        self.log = RequestLog(self.clock)
        self.tokens = Tokens(self.store, self.clock, self.switches)
        self.oauth = OAuth(self, client_id, client_secret)
        self.router = build_router()
        self.public_url = public_url.rstrip("/") if public_url else None
        if not self.store.businesses:
            self._plant()

    @property
    def user(self) -> Doc:
        """The one person who has a login here."""
        saved = self.store.setting("user")
        return json.loads(saved) if saved else dict(seed.USER)

    def save_user(self, user: Doc) -> None:
        """Store the user."""
        self.store.set_setting("user", json.dumps(user))

    def books(self, business: Doc) -> Books:
        """The books of a business."""
        return Books(self.store, business, self.switches, self.clock)

    def add_business(self, name: str, country: str = "GB", plan: str = "P") -> Doc:
        """Open the books of a new business."""
        business = seed.business_document(name, country, plan)
        with self.store.transaction():
            seed.open_business(self.books(business))
        return business

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's clock, also for the next start."""
        self.clock.advance(seconds)
        self.store.set_setting("clock_offset", str(self.clock.offset))

    def reset(self) -> None:
        """Back to the state of a first start: data, tokens, switches, faults, clock and log."""
        self.faults.disarm()
        self.store.clear()
        self.clock.offset = 0.0
        self.switches.load()
        self.tokens.forget()
        self.limits.reset()
        self.log.clear()
        self._plant()

    def close(self) -> None:
        """Let held requests go and close the database."""
        self.faults.disarm()
        self.store.close()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        call = Call(self, environ)
        try:
            answer = self._answer(call)
        except Dropped as dropped:
            if dropped.answer is None or not dropped.sent:
                raise
            start_response(dropped.answer.status_line, self._headers(dropped.answer))
            return _then_drop(dropped.sent)
        start_response(answer.status_line, self._headers(answer))
        return [answer.body]

    def _headers(self, answer: Answer) -> list[tuple[str, str]]:
        headers = [("Date", self.clock.http_date()), *answer.headers.items()]
        if answer.status != 204:
            headers.append(("Content-Length", str(len(answer.body))))
        return headers

    def _answer(self, call: Call) -> Answer:
        if call.path.startswith("/v3.1/") or call.path in OAUTH_PATHS:
            return self._logged(call)
        try:
            if call.path.startswith("/_control/"):
                return control.answer(self, call)
            return accountant.answer(self, call)
        except Refusal as refusal:
            return json_answer(refusal.status, refusal.entries)

    def _logged(self, call: Call) -> Answer:
        request_id = secrets.token_hex(16)
        call.grant = self._grant_of(call)
        entry = self.log.begin(call, request_id)
        answer = None
        try:
            answer = self._limited(call, entry)
            answer.headers.setdefault("X-Request-Id", request_id)
        finally:
            self.log.end(entry, call, answer, keep_body=self.switches["record_answers"])
        return answer

    def _grant_of(self, call: Call) -> Grant | None:
        scheme, _, token = call.header("Authorization").partition(" ")
        if scheme.lower() != "bearer" or call.path in OAUTH_PATHS:
            return None
        return self.tokens.check(token.strip())

    def _limited(self, call: Call, entry: dict[str, Any]) -> Answer:
        if call.grant is None:
            return self._struck(call, entry)
        call.client_id = call.grant.client_id
        busy = self.limits.enter(call.client_id)
        if busy is not None:
            return busy
        try:
            return self._struck(call, entry)
        finally:
            self.limits.leave(call.client_id)

    def _struck(self, call: Call, entry: dict[str, Any]) -> Answer:
        faults = self.faults.take(call)
        entry["faults"] = [fault.name for fault in faults]
        answer = apply_faults(faults, "before", call, None) or self._handle(call)
        return apply_faults(faults, "after", call, answer) or answer

    def _handle(self, call: Call) -> Answer:
        if call.path in OAUTH_PATHS:
            return self.oauth.answer(call)
        try:
            return self._api(call)
        except Refusal as refusal:
            answer = json_answer(refusal.status, refusal.entries, refusal.headers)
            if call.is_open:
                answer.headers["X-Business"] = call.books.key
            return answer

    def _api(self, call: Call) -> Answer:
        _check_grant(call)
        route = self.router.match(call)
        if not route.about_business:
            return self._run(call, route)
        business = self._choose_business(call)
        call.open_books(business)
        refused = self.limits.refuse(business["id"])
        answer = refused or self._inside(call, route, business)
        answer.headers["X-Business"] = business["id"]
        return answer

    def _choose_business(self, call: Call) -> Doc:
        wanted = call.business_header
        if not wanted:
            return lead_business(call)
        business = self.store.businesses.get(wanted)
        if business is None or not business["accessible"]:
            if self.switches["unknown_business_status"] == "403":
                raise forbidden("The current user cannot open this business.")
            raise not_found()
        return business

    def _inside(self, call: Call, route: Route, business: Doc) -> Answer:
        if not any(subscription["active"] for subscription in business["answer"]["subscriptions"]):
            raise no_subscription()
        check_access(call, route, business)
        return self._run(call, route)

    def _run(self, call: Call, route: Route) -> Answer:
        if call.method in ("POST", "PUT", "DELETE"):
            with self.store.transaction():
                return route.handler(call)
        with self.store.lock:
            return route.handler(call)

    def _plant(self) -> None:
        for name, country, plan in seed.SEED_BUSINESSES:
            self.add_business(name, country, plan)


def _check_grant(call: Call) -> None:
    if call.grant is None:
        raise unauthorised()
    if call.grant.revoked:
        raise forbidden("The authorisation was removed.")
    if call.grant.scope == "readonly" and call.method != "GET":
        raise forbidden("The scope of this token is readonly.")


def _then_drop(sent: bytes) -> Iterator[bytes]:
    yield sent
    raise Dropped
