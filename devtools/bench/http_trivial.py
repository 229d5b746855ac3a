"""The application behind a door that answers two addresses itself, in the same process: what pages are held against.

`/trivial` is what the server can do at most. `/floor/<practice>/` is a list of fifty invoices as bare as Django makes
it: a session, its person, fifty rows by key, their clients, a plain table.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test.utils import override_settings
from django.urls import path

from ignition.wsgi import application as django_application

BODY = b"ok"
HEADERS = [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))]
ROWS = 50


def bare_list(request: HttpRequest, practice: int) -> HttpResponse:
    """The newest invoices with nothing around them."""
    # Imported once Django is set up.
    from clients.models import Client  # noqa: PLC0415
    from invoicing.models import Invoice  # noqa: PLC0415
    from practices.tenancy import practice_scope  # noqa: PLC0415

    who = str(request.user)
    with practice_scope(practice):
        invoices = list(Invoice.objects.order_by("-pk")[: ROWS + 1])
        names = Client.objects.in_bulk({invoice.client_id for invoice in invoices})
        for invoice in invoices:
            invoice.client = names[invoice.client_id]
        return HttpResponse(_page().render({"who": who, "invoices": invoices[:ROWS]}, request))


def _page() -> Any:
    if not _made:
        _made.append(
            engines["django"].from_string(
                "<!doctype html><title>Invoices</title><p>{{ who }}</p><table>{% for each in invoices %}<tr>"
                '<td><a href="/{{ each.pk }}/">{{ each.number }}</a></td><td>{{ each.client.name }}</td>'
                "<td>{{ each.tax_point }}</td><td>{{ each.due_on }}</td><td>{{ each.get_status_display }}</td>"
                "<td>{{ each.net }}</td><td>{{ each.vat }}</td><td>{{ each.outstanding }}</td></tr>"
                "{% endfor %}</table>"
            )
        )
    return _made[0]


_made: list[Any] = []
urlpatterns = [path("floor/<int:practice>/", transaction.non_atomic_requests(bare_list))]


def bare_urls(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Requests that come this way know the addresses of this module alone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.urlconf = __name__
        return get_response(request)

    return middleware


def _bare_application() -> Any:
    from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415 - once Django is set up

    sessions = "django.contrib.sessions.middleware.SessionMiddleware"
    people = "django.contrib.auth.middleware.AuthenticationMiddleware"
    with override_settings(MIDDLEWARE=[f"{__name__}.bare_urls", sessions, people]):
        return WSGIHandler()


floor_application = _bare_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI entry point."""
    asked = environ["PATH_INFO"]
    if asked == "/trivial":
        start_response("200 OK", HEADERS)
        return [BODY]
    answer: Iterable[bytes] = (floor_application if asked.startswith("/floor/") else django_application)(
        environ, start_response
    )
    return answer
