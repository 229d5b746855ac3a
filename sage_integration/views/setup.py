"""Choosing the company and settling how invoices arrive in it; each page saves by itself."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models.functions import Length
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from invoicing.operations.settings import invoicing_settings
from ledger.outbox import ledger_settings
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from sage_integration.companies import CompanyPage, companies_to_choose, connect_company
from sage_integration.connections import current_connection
from sage_integration.explanations import sentence_of
from sage_integration.forms import AccountMapForm, SettingsForm, TaxRateMapForm
from sage_integration.models import AccountMapping, SageConnection, SageLedgerAccount, TaxRateMapping
from sage_integration.queries import set_up_steps
from sage_integration.sage.errors import SageError
from sage_integration.setup import (
    map_account,
    map_tax_rate,
    save_settings,
    suggested_account,
    usable_accounts,
    usable_rates,
)
from sage_integration.worked_dates import worked_dates
from services.forms import LONG_DESCRIPTION
from services.models import Service, TaxRate

PAGE = 50


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
        return _to_connection(request)
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
    try:
        connection = connect_company(business_id)
    except SageError as error:
        messages.error(request, f"{sentence_of(error)} The company was not chosen.")
        return see_other(request, "sage:business-choose", practice=request.practice.slug)
    messages.success(request, f"{connection.business_name} is chosen. Its accounts and VAT rates were read.")
    return see_other(request, "sage:settings-edit", practice=request.practice.slug)


@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def settings_edit(request: PracticeRequest, practice: str) -> HttpResponse:
    """Default account, descriptions, payment terms and payments."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return _to_connection(request)
    accounts = usable_accounts()
    initial = _current_settings(connection, accounts)
    form = SettingsForm(request.POST or None, accounts=accounts, initial=initial)
    if request.method == "POST" and form.is_valid():
        save_settings(form.wanted())
        messages.success(request, "Saved for invoices made from now on.")
        return _onwards(request, connection, "sage:tax-rate-map")
    context = {
        "sage": connection,
        "form": form,
        "steps": set_up_steps(connection, request.practice, "sage:settings-edit"),
        "dates": worked_dates(
            request.practice.today(),
            request.practice.invoice_day,
            initial["manual_terms_days"],
            initial["automatic_terms_days"],
        ),
        "long_descriptions": _services_with_long_descriptions(),
        "longest": LONG_DESCRIPTION,
        "account_is_gone": bool(connection.default_account_id) and not initial["default_account_id"],
    }
    return _form_page(request, "sage_integration/settings_edit.html", context)


def _current_settings(connection: SageConnection, accounts: list[SageLedgerAccount]) -> dict[str, Any]:
    invoicing = invoicing_settings()
    chosen = connection.default_account_id
    is_usable = any(account.sage_id == chosen for account in accounts)
    return {
        "default_account_id": chosen if is_usable else "" if chosen else suggested_account(accounts),
        "pulls_payments": connection.pulls_payments,
        "posts_new_clients": ledger_settings().posts_new_clients,
        "includes_descriptions": invoicing.includes_descriptions,
        "manual_terms_days": invoicing.manual_terms_days,
        "automatic_terms_days": invoicing.automatic_terms_days,
    }


def _services_with_long_descriptions() -> int:
    lengths = Service.objects.offered().annotate(length=Length("description"))
    return int(lengths.filter(length__gt=LONG_DESCRIPTION).count())


@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def tax_rate_map(request: PracticeRequest, practice: str) -> HttpResponse:
    """Which of Sage's VAT rates each of the practice's own is; in force once saved (F32)."""
    connection = current_connection()
    if connection is None or not connection.business_id:
        return _to_connection(request)
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
        return _onwards(request, connection, "sage:connection-detail")
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
        return _to_connection(request)
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
        default_account_id=connection.default_account_id,
    )
    if request.method == "POST" and form.is_valid():
        for service, account_id in form.chosen():
            map_account(service, account_id)
        messages.success(request, "The accounts are saved, for invoices copied from now on.")
        return see_other(request, request.get_full_path())
    context = {
        "sage": connection,
        "form": form,
        "page": page,
    }
    return _form_page(request, "sage_integration/account_map.html", context)


def _to_connection(request: PracticeRequest) -> HttpResponse:
    """Nothing to set up yet: to the page that says what comes first."""
    return see_other(request, "sage:connection-detail", practice=request.practice.slug)


def _onwards(request: PracticeRequest, connection: SageConnection, following: str) -> HttpResponse:
    """The next step while the connection is being set up, the same page afterwards."""
    if connection.enabled_at:
        return see_other(request, request.get_full_path())
    return see_other(request, following, practice=request.practice.slug)


def _form_page(request: PracticeRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, context, status=422 if request.method == "POST" else 200)
