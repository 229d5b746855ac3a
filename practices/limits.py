"""What costs much for a click: files, PDFs and mail, each person only so often a minute."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.core.cache import cache
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from redis.exceptions import RedisError

from practices.requests import PracticeRequest

#: Far more than anybody clicks, far less than a program in a loop.
TIMES_A_MINUTE = 40

log = structlog.get_logger(__name__)


def costly(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Marks a view that makes a file or sends mail; beyond `TIMES_A_MINUTE` a person has to wait (429).

    Below `@requires`, so that only members are counted.
    """

    @wraps(view)
    def counted(request: PracticeRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if asked_too_often(request):
            return too_often(request)
        return view(request, *args, **kwargs)

    counted.is_costly = True  # type: ignore[attr-defined]  # read by the test that no file or message is forgotten
    return counted


def too_often(request: PracticeRequest) -> HttpResponse:
    """429 in words."""
    message = "That was a lot of files and messages within a minute. Wait a minute, then go on."
    answer = render(request, "problem.html", {"message": message}, status=429)
    answer.headers["Retry-After"] = "60"
    return answer


def asked_too_often(request: PracticeRequest) -> bool:
    """Whether this was once too often this minute; counts it. Without the cache nobody is held up."""
    name = f"costly:{request.practice.pk}:{request.user.pk}:{int(time.time()) // 60}"
    try:
        cache.add(name, 0, timeout=120)
        return cache.incr(name) > TIMES_A_MINUTE
    except (RedisError, ValueError):
        log.warning("cache away, files and messages are not counted")
        return False
