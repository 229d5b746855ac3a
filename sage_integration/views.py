"""The apps page and the connection's own page."""

from django.http import HttpResponse
from django.shortcuts import render

from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from sage_integration.connections import current_connection


@requires(Can.SEE)
def app_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """Every integration with its state."""
    return render(request, "sage_integration/app_list.html", {"sage": current_connection()})


@requires(Can.SEE)
def connection_detail(request: PracticeRequest, practice: str) -> HttpResponse:
    """The connection's state and what can be done about it."""
    return render(request, "sage_integration/connection_detail.html", {"sage": current_connection()})
