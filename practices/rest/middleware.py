"""The door of `/api/v1/`: whose key, how fast, which practice, and each POST at most once."""

import hashlib
import json
import time
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import Resolver404, is_valid_path, resolve
from django.utils import timezone
from redis.exceptions import RedisError

from practices import audit
from practices.api_keys import key_of
from practices.middleware import API, holds_a_nul
from practices.models import ApiKey, IdempotentAnswer
from practices.rest.problems import MEDIA_TYPE, problem
from practices.tenancy import acting_for, practice_transaction

#: The reference and the schema say nothing about any practice.
OPEN = {API, f"{API}openapi.json"}
KEPT = timedelta(hours=24)
LONGEST_KEY = 255
WINDOW = 60

log = structlog.get_logger(__name__)


class ApiMiddleware:
    """Lets programs with a key into their practice, and nobody else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(API) or request.path_info in OPEN:
            return self.get_response(request)
        if holds_a_nul(request):
            return problem(400, "Unusable address", "An address holds no NUL character.")
        if _lacks_its_slash(request.path_info):
            # 308 keeps the method and the body; Django's own 301 would turn a POST into a GET.
            whole = request.get_full_path(force_append_slash=True)
            return HttpResponsePermanentRedirect(whole, preserve_request=True)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        key = key_of(token.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            refused = problem(
                401, "No valid key", "Send `Authorization: Bearer ign_…` with a key of the practice."
            )
            refused.headers["WWW-Authenticate"] = 'Bearer realm="ignition"'
            return refused
        used, resets_in = _count(key)
        limit = settings.API_REQUESTS_PER_MINUTE
        if used > limit:
            answer: HttpResponse = problem(429, "Too many requests", f"Try again in {resets_in} seconds.")
            answer.headers["Retry-After"] = str(resets_in)
        else:
            answer = _unreadable(request) or self._answer_for(key, request)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            answer = _in_json(answer)
        answer.headers["RateLimit-Limit"] = str(limit)
        answer.headers["RateLimit-Remaining"] = str(max(0, limit - used))
        answer.headers["RateLimit-Reset"] = str(resets_in)
        answer.headers["Cache-Control"] = "private, no-cache"
        return answer

    def _answer_for(self, key: ApiKey, request: HttpRequest) -> HttpResponse:
        request.api_key = key  # type: ignore[attr-defined]
        zone = timezone.override(ZoneInfo(key.practice.time_zone))
        names = structlog.contextvars.bound_contextvars(practice_id=key.practice_id, api_key=key.prefix)
        request.looked_ahead = _looked_ahead(request)  # type: ignore[attr-defined]
        with zone, names, audit.acting_through(key), acting_for(key.practice_id), practice_transaction():
            if request.method == "POST" and "Idempotency-Key" in request.headers:
                return self._once(key, request, request.headers["Idempotency-Key"])
            return self.get_response(request)

    def _once(self, key: ApiKey, request: HttpRequest, name: str) -> HttpResponse:
        """The answer to the first request of this name; the row and what the request did commit together."""
        if not name or len(name) > LONGEST_KEY or "\x00" in name:
            return problem(400, "Unusable key", f"An Idempotency-Key has 1 to {LONGEST_KEY} characters.")
        asked = hashlib.sha256(f"{request.get_full_path()}\n".encode() + request.body).hexdigest()
        # Each program has names of its own: another one may lack the scope that this answer needed.
        kept_as = hashlib.sha256(f"{key.prefix} {name}".encode()).hexdigest()
        IdempotentAnswer.objects.filter(key=kept_as, created_at__lt=timezone.now() - KEPT).delete()
        row, is_first = IdempotentAnswer.objects.get_or_create(
            key=kept_as, defaults={"request_sha256": asked}
        )
        if not is_first:
            if row.request_sha256 != asked:
                return problem(422, "Key used before", "This Idempotency-Key belongs to another request.")
            kind = MEDIA_TYPE if (row.status or 200) >= 400 else "application/json"
            repeated = HttpResponse(row.body, status=row.status, content_type=kind)
            repeated.headers["Idempotency-Replayed"] = "true"
            return repeated
        answer = self.get_response(request)
        if answer.status_code >= 500:  # Nothing was done, so a repeat may try again.
            row.delete()
            return answer
        row.status, row.body = answer.status_code, answer.content.decode()
        row.save(update_fields=["status", "body"])
        return answer


def _lacks_its_slash(path: str) -> bool:
    return not path.endswith("/") and not is_valid_path(path) and bool(is_valid_path(f"{path}/"))


def _unreadable(request: HttpRequest) -> HttpResponse | None:
    """The refusal of a body of no or of too great a length, before a byte of it is read."""
    length = request.headers.get("Content-Length", "")
    if not length and request.headers.get("Transfer-Encoding"):
        return problem(411, "Length Required", "Send the body whole, with a Content-Length.")
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if length.isdecimal() and int(length) > most:
        return problem(413, "Content Too Large", f"A request holds at most {most:,} bytes.")
    return None


def _looked_ahead(request: HttpRequest) -> object:
    """What the resource of a POST has to know of the network, which nothing asks once a transaction is open."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return None
    look_ahead = getattr(getattr(view, "cls", None), "look_ahead", None)
    return look_ahead(request) if look_ahead and request.method == "POST" else None


def _in_json(page: HttpResponse) -> HttpResponse:
    """An answer of Django's own, such as 404 for an unknown address, in the API's words."""
    words = {404: "There is no such address.", 400: "This request could not be read."}
    detail = words.get(page.status_code, "This did not work, and nothing was changed. It has been reported.")
    return problem(page.status_code, page.reason_phrase, detail)


def _count(key: ApiKey) -> tuple[int, int]:
    """How many requests this key made in the running minute, this one included, and when it ends.

    While the cache is away nobody is held up.
    """
    now = int(time.time())
    name = f"api:{key.practice_id}:{key.pk}:{now // WINDOW}"
    try:
        cache.add(name, 0, timeout=2 * WINDOW)
        used = cache.incr(name)
    except (RedisError, ValueError):
        log.warning("cache away, requests of programs are not counted")
        used = 1
    return used, WINDOW - now % WINDOW


def etag_of(data: object) -> str:
    """A strong validator of a representation."""
    text = json.dumps(data, sort_keys=True, default=str)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
