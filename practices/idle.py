"""Sessions end by themselves: after a while without a request, and after some days whatever happens."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

SEEN, BEGAN = "last_seen", "began"
#: The last request is noted no more often than that: a note is a write.
NOTED_EVERY = 60


def idle_time_out(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: signs out whoever did nothing for `SESSION_IDLE_SECONDS`, or signed in `SESSION_COOKIE_AGE` ago."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            if is_over(request, now):
                logout(request)
                messages.info(request, "You were signed out because nothing happened for a while.")
            else:
                _note(request, now)
        return get_response(request)

    return middleware


def is_over(request: HttpRequest, now: int) -> bool:
    """Whether the session has been idle, or has lasted, for too long at this instant (seconds since 1970)."""
    idle: int = now - request.session.get(SEEN, now)
    lasted: int = now - request.session.get(BEGAN, now)
    return bool(idle > settings.SESSION_IDLE_SECONDS or lasted > settings.SESSION_COOKIE_AGE)


def _note(request: HttpRequest, now: int) -> None:
    request.session.setdefault(BEGAN, now)
    if now - request.session.get(SEEN, 0) >= NOTED_EVERY:
        request.session[SEEN] = now
