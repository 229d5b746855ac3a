"""Choosing the company and settling how invoices arrive in it; each page saves by itself."""

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from invoicing.operations.settings import invoicing_settings
from invoicing.practicalities import quiet_time_in_words
from ledger.outbox import ledger_settings
from ledger.queue import on_its_way
from ledger.subjects import with_clients
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.scalars import count_of, figures
from practices.tasks import wake
from practices.tenancy import practice_transaction
from sage_integration.companies import CompanyPage, companies_to_choose, connect_company
from sage_integration.connections import current_connection
from sage_integration.descriptions import LINE_LENGTH
from sage_integration.errors import QueueForAnotherBusiness
from sage_integration.explanations import sentence_of
from sage_integration.forms import AccountMapForm, DefaultAccountForm, SettingsForm, TaxRateMapForm, TermsForm
from sage_integration.line_previews import previews_of_long_descriptions
from sage_integration.models import (
    AccountMapping,
    ItemMapping,
    SageConnection,
    SageItem,
    SageLedgerAccount,
    TaxRateMapping,
)
from sage_integration.queries import set_up_steps, step_after
from sage_integration.sage.errors import SageError
from sage_integration.setup import (
    OF_THE_CONNECTION,
    apply_default_to_clients,
    choose_default_account,
    clients_unlike_the_default,
    map_account,
    map_item,
    map_tax_rate,
    mark_step_read,
    save_settings,
    suggested_account,
    usable_accounts,
    usable_rates,
    whom_settings_concern,
)
from sage_integration.tasks import read_contacts
from sage_integration.views.onwards import onwards, to_connection
from sage_integration.worked_dates import WorkedDates, worked_dates
from services.models import Service, TaxRate

PAGE = 50
#: Documents listed where somebody decides about all that wait; the rest is counted.
QUEUE_SHOWN = 10
#: Items to choose from on one page; a longer catalogue is not offered whole.
MOST_ITEMS = 500


@opens_own_scope
@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def business_choose(request: PracticeRequest, practice: str) -> HttpResponse:
    """The companies of the Sage login; choosing one reads its accounts and VAT rates."""
    if request.method == "POST":
        return _choose(request)
    with practice_transaction():
        connection = current_connection()
    if connection is None:
        return to_connection(request)
    words, number = request.GET.get("q", "").strip(), request.GET.get("page", "")
    problem, page = "", CompanyPage([], 1, has_next=False)
    try:
        page = companies_to_choose(
            connection, words=words, page=max(1, int(number)) if number.isdecimal() else 1
        )
    except SageError as error:
        problem = sentence_of(error)
    with practice_transaction():
        context = {"sage": connection, "page": page, "words": words, "problem": problem}
        context["steps"] = set_up_steps(connection, request.practice, "sage:business-choose")
        return render(
            request, "sage_integration/business_choose.html", context, status=503 if problem else 200
        )


def _choose(request: PracticeRequest) -> HttpResponse:
    business_id = request.POST.get("business_id", "")
    if not business_id:
        messages.error(request, "Choose one of the companies first.")
        return see_other(request, "sage:business-choose", practice=request.practice.slug)
    with practice_transaction():
        connection = current_connection()
    if connection is not None and connection.enabled_at:
        if connection.business_id == business_id:
            messages.info(request, f"{connection.business_name} is in use already. Choose another company.")
            return see_other(request, "sage:business-choose", practice=request.practice.slug)
        page = reverse("sage:company-switch", args=[request.practice.slug])
        return see_other(request, f"{page}?{urlencode({'business': business_id})}")
    try:
        connection = connect_company(business_id, queue=request.POST.get("queue", ""))
    except QueueForAnotherBusiness as question:
        return _ask_about_the_queue(request, business_id, question)
    except SageError as error:
        messages.error(request, f"{sentence_of(error)} The company was not chosen.")
        return see_other(request, "sage:business-choose", practice=request.practice.slug)
    wake(read_contacts, request.practice.pk)
    messages.success(request, f"{connection.business_name} is chosen. Its accounts and VAT rates were read.")
    return see_other(request, step_after("sage:business-choose"), practice=request.practice.slug)


def _ask_about_the_queue(
    request: PracticeRequest, business_id: str, question: QueueForAnotherBusiness
) -> HttpResponse:
    """What waits for another company is somebody's decision, made before anything is chosen (ruling D16)."""
    with practice_transaction():
        context = {
            "question": question,
            "before": question.subject,
            "business_id": business_id,
            "unknown": on_its_way().perhaps_landed().count(),
            "refused": on_its_way().clearly_refused().count(),
            "waiting": with_clients(on_its_way()).order_by("id")[:QUEUE_SHOWN],
            "number": on_its_way().count(),
        }
        return render(request, "sage_integration/queue_decide.html", context, status=409)


@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def settings_edit(request: PracticeRequest, practice: str) -> HttpResponse:
    """The rules: posting, numbers, descriptions, terms, names and payments."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return to_connection(request)
    accounts = usable_accounts()
    initial = _current_settings(connection, accounts)
    form = SettingsForm(request.POST or None, accounts=accounts, initial=initial)
    if request.method == "POST" and form.is_valid():
        save_settings(form.wanted())
        mark_step_read("sage:settings-edit")
        messages.success(request, "Saved for invoices made from now on.")
        return onwards(request, connection, "sage:settings-edit")
    context = {
        "sage": connection,
        "form": form,
        "steps": set_up_steps(connection, request.practice, "sage:settings-edit"),
        "dates": _example(request, TermsForm(request.POST or None), initial),
        "previews": previews_of_long_descriptions(),
        "longest": LINE_LENGTH,
        **figures(unlike=count_of(clients_unlike_the_default())),
        **_around_the_settings(request, connection),
        "account_is_gone": bool(connection.default_account_id) and not initial["default_account_id"],
    }
    return _form_page(request, "sage_integration/settings_edit.html", context)


def _around_the_settings(request: PracticeRequest, connection: SageConnection) -> dict[str, Any]:
    """What stands beside the settings: how much is mapped, when invoices leave, whom a change concerns."""
    offered = TaxRate.objects.offered()
    return {
        "rates": offered.count(),
        "mapped": TaxRateMapping.objects.filter(tax_rate__in=offered).count(),
        "leaves_quietly": quiet_time_in_words(invoicing_settings()),
        "connected_on": timezone.localdate(connection.connected_at, ZoneInfo(request.practice.time_zone)),
        "affected": whom_settings_concern(),
    }


@requires(Can.MANAGE_CONNECTION)
@require_safe
def terms_example(request: PracticeRequest, practice: str) -> HttpResponse:
    """What payment terms mean in dates, redrawn while somebody types them; the saved ones where these are wrong."""
    invoicing = invoicing_settings()
    saved = {name: getattr(invoicing, name) for name in TermsForm.base_fields}
    context = {"dates": _example(request, TermsForm(request.GET), saved)}
    return render(request, "sage_integration/settings_edit.html#dates", context)


def _example(request: PracticeRequest, form: TermsForm, saved: dict[str, Any]) -> WorkedDates:
    days = form.cleaned_data if form.is_valid() else saved
    return worked_dates(
        request.practice.today(),
        request.practice.invoice_day,
        days["manual_terms_days"],
        days["automatic_terms_days"],
    )


@requires(Can.MANAGE_CONNECTION)
@require_POST
def clients_switch(request: PracticeRequest, practice: str) -> HttpResponse:
    """Give every client on the books the switch that new ones start with (ruling D8)."""
    number = apply_default_to_clients()
    messages.success(request, f"Switched: {number} {'client' if number == 1 else 'clients'}.")
    return see_other(request, "sage:settings-edit", practice=request.practice.slug)


def _current_settings(connection: SageConnection, accounts: list[SageLedgerAccount]) -> dict[str, Any]:
    invoicing = invoicing_settings()
    chosen = connection.default_account_id
    is_usable = any(account.sage_id == chosen for account in accounts)
    return {
        "default_account_id": chosen if is_usable else "" if chosen else suggested_account(accounts),
        **{name: getattr(connection, name) for name in OF_THE_CONNECTION if name != "default_account_id"},
        "posts_new_clients": ledger_settings().posts_new_clients,
        "includes_descriptions": invoicing.includes_descriptions,
        "manual_terms_days": invoicing.manual_terms_days,
        "automatic_terms_days": invoicing.automatic_terms_days,
    }


@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def tax_rate_map(request: PracticeRequest, practice: str) -> HttpResponse:
    """Which of Sage's VAT rates each of the practice's own is; in force once saved (F32)."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return to_connection(request)
    form = TaxRateMapForm(
        request.POST if request.method == "POST" else None,
        rates=list(TaxRate.objects.offered()),
        mapped=dict(TaxRateMapping.objects.values_list("tax_rate", "sage_tax_rate_id")),
        offered=usable_rates(),
        tax_scheme=connection.tax_scheme,
        today=request.practice.today(),
    )
    if request.method == "POST" and form.is_valid():
        for rate, sage_id in form.chosen():
            map_tax_rate(rate, sage_id)
        messages.success(request, "The VAT rates are mapped, for invoices copied from now on.")
        return onwards(request, connection, "sage:tax-rate-map")
    context = {
        "sage": connection,
        "form": form,
        "steps": set_up_steps(connection, request.practice, "sage:tax-rate-map"),
    }
    return _form_page(request, "sage_integration/tax_rate_map.html", context)


@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def account_map(request: PracticeRequest, practice: str) -> HttpResponse:
    """The sales account of each service, where it is not the default one."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return to_connection(request)
    priced = Service.objects.offered().exclude(billing_basis=Service.BillingBasis.INCLUDED)
    page = Paginator(priced, PAGE).get_page(request.GET.get("page"))
    services = list(page.object_list)
    form = AccountMapForm(
        request.POST if request.method == "POST" else None,
        services=services,
        mapped=dict(
            AccountMapping.objects.filter(service__in=services).values_list("service", "ledger_account_id")
        ),
        accounts=list(SageLedgerAccount.objects.all()),
        default_account_id=connection.default_account_id or suggested_account(usable_accounts()),
        items=list(SageItem.objects.filter(is_usable=True)[:MOST_ITEMS]),
        linked_items=dict(
            ItemMapping.objects.filter(service__in=services).values_list("service", "sage_item_id")
        ),
    )
    default = _default_account_form(request, connection)
    if request.method == "POST" and form.is_valid() and (not default.is_bound or default.is_valid()):
        if default.is_bound:
            choose_default_account(default.cleaned_data["default_account_id"])
        for service, account_id in form.chosen():
            map_account(service, account_id)
        for service, item_id in form.chosen_items():
            map_item(service, item_id)
        messages.success(request, "The accounts are saved, for invoices copied from now on.")
        return onwards(request, connection, "sage:account-map")
    context = {
        "sage": connection,
        "form": form,
        "default": default,
        "page": page,
        "steps": set_up_steps(connection, request.practice, "sage:account-map"),
    }
    return _form_page(request, "sage_integration/account_map.html", context)


def _default_account_form(request: PracticeRequest, connection: SageConnection) -> DefaultAccountForm:
    """The choice of the default account; a page of services may also be saved without it."""
    accounts = usable_accounts()
    answer = request.POST if "default_account_id" in request.POST else None
    chosen = connection.default_account_id or suggested_account(accounts)
    return DefaultAccountForm(answer, accounts=accounts, initial={"default_account_id": chosen})


def _form_page(request: PracticeRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, context, status=422 if request.method == "POST" else 200)
