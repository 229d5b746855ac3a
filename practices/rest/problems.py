"""Errors as `application/problem+json` (RFC 9457): what happened, and what to do next."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from practices.errors import DomainError

MEDIA_TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str = "", **more: Any) -> JsonResponse:
    """A problem outside any view."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JsonResponse(body, status=status, content_type=MEDIA_TYPE)


def handle(error: Exception, _context: dict[str, Any]) -> Response | None:
    """The answer to an error of a view; None lets Django answer 500."""
    if isinstance(error, DomainError):
        return _answer(409, "This cannot be done now", error.message)
    if isinstance(error, Http404):
        return _answer(404, "Not found", "There is no such record in this practice.")
    if isinstance(error, PermissionDenied):
        return _answer(403, "Not allowed", str(error))
    if isinstance(error, exceptions.ValidationError):
        return _answer(
            400, "The request does not fit", "See `errors` for each field.", errors=_lists(error.detail)
        )
    if isinstance(error, exceptions.APIException):
        return _answer(error.status_code, HTTPStatus(error.status_code).phrase, str(error.detail))
    return None


def _answer(status: int, title: str, detail: str, **more: Any) -> Response:
    set_rollback()
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(body, status=status, content_type=MEDIA_TYPE)


def _lists(detail: Any) -> Any:
    """Messages by field; those of the whole request stand under an empty name."""
    return detail if isinstance(detail, dict) else {"": detail}
