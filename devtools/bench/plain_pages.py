"""Plain pages of the same rows, as somebody new to Django would write them: what our pages are held against.

A floor contains all that an ordinary Django page contains: an address that is resolved, Django's own middleware as
`startproject` sets it up, the session and its person from the database, one transaction for the practice (row level
security shows nothing without), rows by the ORM with what belongs to them (`select_related`), and one of Django's
templates on a base with a menu, a form with its token, links, dates and amounts, drawn by Django's own engine. It has
nothing of ours: no roles, menus with counters, icons, filters, columns to choose, states of Sage, sums, bulk acts.

`list` is fifty invoices by key, newest first, behind any place; `detail` one invoice with its lines and history;
`search` fifty clients by `ILIKE`, in the order of their names, as clients are listed; `dashboard` five sums over all
invoices, made when they are asked for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, F, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.template.backends.django import DjangoTemplates
from django.urls import path, set_urlconf
from django.utils import timezone

from clients.models import Client
from invoicing.models import Invoice
from practices.models import AuditEntry
from practices.tenancy import practice_scope

#: What `django-admin startproject` puts there, and the practice.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "devtools.bench.plain_pages.inside_the_practice",
]
ROWS = 50
#: Which practice all of these pages are of.
shown: dict[str, int] = {}
_templates = DjangoTemplates(
    {
        "NAME": "plain",
        "DIRS": [Path(__file__).parent / "plain"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
)


def inside_the_practice(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: these addresses and the rows of the practice are there, and no others."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # A setting instead would make the addresses of our own pages anew, at the cost of who asks next.
        request.urlconf = __name__
        try:
            with practice_scope(shown["practice"]):
                return get_response(request)
        finally:
            set_urlconf(None)

    return middleware


def _render(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    return HttpResponse(_templates.get_template(name).render(context, request))


@login_required
def invoices(request: HttpRequest) -> HttpResponse:
    """Fifty invoices with their clients."""
    rows = Invoice.objects.select_related("client").order_by("-pk")
    if after := request.GET.get("after"):
        rows = rows.filter(pk__lt=int(after))
    found = list(rows[: ROWS + 1])
    more = found[ROWS - 1].pk if len(found) > ROWS else None
    return _render(request, "list.html", {"invoices": found[:ROWS], "next": more})


@login_required
def invoice(request: HttpRequest, pk: int) -> HttpResponse:
    """One invoice with its lines and what happened to it."""
    found = Invoice.objects.select_related("client").get(pk=pk)
    history = AuditEntry.objects.filter(subject_type="invoicing.invoice", subject_id=pk)
    context = {
        "invoice": found,
        "lines": found.lines.select_related("service", "tax_rate"),
        "history": history.select_related("actor").order_by("-pk"),
    }
    return _render(request, "detail.html", context)


@login_required
def clients(request: HttpRequest) -> HttpResponse:
    """Fifty clients whose names contain the words."""
    words = request.GET.get("q", "")
    found = Client.objects.filter(name__icontains=words).order_by("name")[:ROWS]
    return _render(request, "search.html", {"words": words, "clients": found})


@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """Five sums, made now."""
    today, gross = timezone.localdate(), F("net") + F("vat")
    late = Q(outstanding__gt=0, due_on__lt=today)
    sums = Invoice.objects.filter(status=Invoice.Status.ISSUED).aggregate(
        billed=Sum(gross, filter=Q(tax_point__gte=today.replace(day=1))),
        owed=Sum("outstanding"),
        late=Sum("outstanding", filter=late),
        invoices=Count("pk"),
        late_invoices=Count("pk", filter=late),
    )
    return _render(request, "dashboard.html", sums)


urlpatterns = [
    path("", dashboard, name="dashboard"),
    path("invoices/", invoices, name="list"),
    path("invoices/<int:pk>/", invoice, name="detail"),
    path("clients/", clients, name="search"),
    path("clients/<int:pk>/", invoice, name="client"),
]
