"""Where a page of the set-up leads."""

from django.http import HttpResponse

from practices.requests import PracticeRequest, see_other
from sage_integration.models import SageConnection
from sage_integration.queries import step_after


def to_connection(request: PracticeRequest) -> HttpResponse:
    """Nothing to set up yet: to the page that says what comes first."""
    return see_other(request, "sage:connection-detail", practice=request.practice.slug)


def onwards(request: PracticeRequest, connection: SageConnection, page: str) -> HttpResponse:
    """The step after this page while the connection is being set up, the same page afterwards."""
    if connection.enabled_at:
        return see_other(request, request.get_full_path())
    return see_other(request, step_after(page), practice=request.practice.slug)
