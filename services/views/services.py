"""The pages about the price list."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from money.amounts import ZERO
from practices import audit
from practices.lists import Column, List, ShownList, file_of
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_key, row_keys
from services import operations
from services.contributions import with_what_is_known
from services.errors import NameTaken
from services.forms import LONG_DESCRIPTION, BulkEditForm, PriceForm, ServiceForm, is_long
from services.models import Price, Service, ServiceCategory, VatSettings
from services.queries import default_tax_rate, shown_price, vat_settings, with_price

SERVICES = List(
    "services",
    "services:service-list",
    ("service", "services"),
    (
        Column("name", "Service", lambda service: service.name, fixed=True),
        Column("category", "Category", lambda service: service.category.name if service.category else ""),
        Column("basis", "Price type", lambda service: service.get_billing_basis_display()),
        Column("billing", "Billing", lambda service: service.get_billing_mode_display()),
        Column("rate", "VAT rate", lambda service: service.tax_rate.name),
        Column("price", "Price", lambda service: service.unit_price, is_figure=True),
        Column("account", "Account in Sage", lambda service: service.known.get("account", "")),
        Column("clients", "Clients", lambda service: service.known.get("clients", 0), True, hidden=True),
        Column("monthly", "A month", lambda service: service.known.get("monthly", ZERO), True, hidden=True),
        Column("state", "State", lambda service: service.get_status_display(), hidden=True),
        Column("description", "Description", lambda service: service.description, hidden=True),
    ),
    {"name": ("name", "pk")},
)
TABS = [
    ("Services", "services:service-list"),
    ("VAT rates", "services:tax-rate-list"),
    ("Use and income", "invoicing:service-use-list"),
    ("Fee uplifts", "invoicing:uplift-list"),
]


def library_tabs(request: PracticeRequest, active: str) -> list[dict[str, Any]]:
    """The views of the library, for `components/tabs.html`."""
    return [
        {"label": label, "url": reverse(name, args=[request.practice.slug]), "active": label == active}
        for label, name in TABS
    ]


@requires(Can.SEE)
@require_safe
def service_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """The price list, by words and category; archived services apart."""
    words, archived = request.GET.get("q", ""), request.GET.get("archived") == "1"
    category = request.GET.get("category", "")
    status = Service.Status.ARCHIVED if archived else Service.Status.ACTIVE
    services = Service.objects.filter(status=status, name__icontains=words)
    if key := row_key(category):
        services = services.filter(category=key)
    services = services.select_related("tax_rate", "category")
    vat, today = vat_settings(), request.practice.today()
    priced, shown = (
        with_price(services, today),
        ShownList(request, SERVICES, without=() if vat.charges_vat else ("rate",)),
    )
    if file := file_of(shown, priced, lambda rows: with_what_is_known(rows, shown)):
        return file
    page = shown.page_of(priced)
    with_what_is_known(page.rows, shown)
    context = {
        "list": shown,
        "page": page,
        "count": shown.counted(services),
        "rows": [(service, *_shown(service, vat, today)) for service in page],
        "price_label": price_label(vat),
        "words": words,
        "archived": archived,
        "category": category,
        "categories": ServiceCategory.objects.all(),
        "tabs": library_tabs(request, "Services"),
        "vat": vat,
    }
    template = "services/service_list.html" + ("#rows" if request.htmx else "")
    return render(request, template, context)


def _shown(service: Any, vat: VatSettings, on: date) -> tuple[Decimal | None, Decimal | None]:
    percent = service.tax_rate.percent_on(on)
    return shown_price(service.unit_price, percent, vat), shown_price(service.highest_price, percent, vat)


def price_label(vat: VatSettings) -> str:
    """What stands above prices: whether they hold VAT; nothing of it without a registration."""
    if not vat.charges_vat:
        return "Price"
    word = "including" if vat.shown == VatSettings.Shown.INCLUSIVE else "before"
    return f"Price {word} {vat.label}"


@requires(Can.SEE)
@require_safe
def service_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One service with its prices by date."""
    service = get_object_or_404(Service.objects.select_related("tax_rate", "category"), pk=pk)
    form = PriceForm(initial={"effective_from": request.practice.today()}, basis=service.billing_basis)
    return _render_service(request, service, form)


def _render_service(
    request: PracticeRequest, service: Service, form: PriceForm, status: int = 200
) -> HttpResponse:
    context = {
        "service": service,
        "prices": service.prices.all(),
        "form": form,
        "trail": audit.trail_of(service)[:20],
        "tone": "good" if service.status == Service.Status.ACTIVE else "neutral",
        "is_long": is_long(service.description),
        "vat": vat_settings(),
    }
    return render(request, "services/service_detail.html", context, status=status)


@requires(Can.MANAGE_SERVICES)
@require_http_methods(["GET", "HEAD", "POST"])
def service_new(request: PracticeRequest, practice: str) -> HttpResponse:
    """Add a service with its first price."""
    form = ServiceForm(request.POST or None, initial={"tax_rate": default_tax_rate()})
    if request.method == "POST" and form.is_valid():
        service = _entered(form)
        try:
            operations.add_service(
                service,
                unit_price=form.cleaned_data["unit_price"],
                highest_price=form.cleaned_data["highest_price"],
                effective_from=request.practice.today(),
            )
        except NameTaken as problem:
            form.add_error("name", problem.message)
        else:
            messages.success(request, f"{service.name} is in the library.")
            return see_other(request, "services:service-detail", practice=practice, pk=service.pk)
    return _render_edit(request, form)


def _entered(form: ServiceForm) -> Service:
    service: Service = form.save(commit=False)
    service.category = operations.category_named(form.cleaned_data["category_name"])
    return service


@requires(Can.MANAGE_SERVICES)
@require_http_methods(["GET", "HEAD", "POST"])
def service_edit(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Change a service's particulars; proposals already made keep their copy."""
    form = ServiceForm(request.POST or None, instance=get_object_or_404(Service, pk=pk))
    if request.method == "POST" and form.is_valid():
        try:
            operations.amend_service(_entered(form))
        except NameTaken as problem:
            form.add_error("name", problem.message)
        else:
            operations.remove_empty_categories()
            messages.success(request, "Saved. Proposals and billing already agreed keep their copy.")
            return see_other(request, "services:service-detail", practice=practice, pk=pk)
    return _render_edit(request, form)


def _render_edit(request: PracticeRequest, form: ServiceForm) -> HttpResponse:
    context = {
        "form": form,
        "service": form.instance,
        "known_as": form.initial.get("name"),  # an entered name that was refused is not the service's
        "long_description": LONG_DESCRIPTION,
        "categories": ServiceCategory.objects.all(),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "services/service_edit.html", context, status=status)


@requires(Can.MANAGE_SERVICES)
@require_POST
def service_reprice(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Add a price from a date on."""
    service = get_object_or_404(Service.objects.select_related("tax_rate", "category"), pk=pk)
    form = PriceForm(request.POST, basis=service.billing_basis, instance=Price(service=service))
    if not form.is_valid():
        return _render_service(request, service, form, status=422)
    entered = form.cleaned_data
    operations.reprice_service(
        service,
        unit_price=entered["unit_price"],
        highest_price=entered.get("highest_price"),
        effective_from=entered["effective_from"],
    )
    messages.success(request, "The new price is in the list. Proposals already made keep theirs.")
    return see_other(request, "services:service-detail", practice=practice, pk=pk)


@requires(Can.MANAGE_SERVICES)
@require_POST
def service_archive(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Take a service out of the offer."""
    operations.archive_service(get_object_or_404(Service, pk=pk))
    messages.success(request, "Archived. What was sold goes on being billed.")
    return see_other(request, "services:service-detail", practice=practice, pk=pk)


@requires(Can.MANAGE_SERVICES)
@require_POST
def service_restore(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Offer an archived service again."""
    operations.restore_service(get_object_or_404(Service, pk=pk))
    messages.success(request, "The service is offered again.")
    return see_other(request, "services:service-detail", practice=practice, pk=pk)


@requires(Can.MANAGE_SERVICES)
@require_http_methods(["GET", "HEAD", "POST"])
def service_bulk_edit(request: PracticeRequest, practice: str) -> HttpResponse:
    """Change many services at once: those ticked in the list."""
    sent = request.POST if request.method == "POST" else request.GET
    chosen = Service.objects.filter(pk__in=row_keys(sent))
    if not chosen.exists():
        messages.error(request, "Tick the services you want to change first.")
        return see_other(request, "services:service-list", practice=practice)
    form = BulkEditForm(request.POST if "save" in request.POST else None)
    if form.is_bound and form.is_valid():
        messages.success(request, _change(chosen, form.cleaned_data))
        return see_other(request, "services:service-list", practice=practice)
    context = {
        "form": form,
        "services": with_price(chosen.select_related("tax_rate", "category"), request.practice.today()),
        "categories": ServiceCategory.objects.all(),
        "vat": vat_settings(),
    }
    return render(request, "services/service_bulk_edit.html", context, status=422 if form.is_bound else 200)


def _change(chosen: Any, entered: dict[str, Any]) -> str:
    """Apply the changes; what was done, in words."""
    number = operations.amend_services(
        chosen,
        category=operations.category_named(entered["category_name"]),
        tax_rate=entered["tax_rate"],
        billing_mode=entered["billing_mode"],
        status=entered["status"],
    )
    words = f"{number} service{'' if number == 1 else 's'} changed."
    if entered["percent"]:
        repriced, left = operations.reprice_services(
            chosen, percent=entered["percent"], effective_from=entered["effective_from"]
        )
        words = f"{number} service{'' if number == 1 else 's'} looked through, {repriced} with a new price."
        if left:
            words += f" {len(left)} kept theirs: no price yet, or one from that day already."
    return words
