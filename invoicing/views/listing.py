"""The invoice list, and what is done with many invoices at once."""

from operator import add
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from invoicing.bulk_acts import ACTS, choices_for, start_bulk, start_bulk_of_all
from invoicing.exports import SOURCES, STATUSES
from invoicing.listing import AGES, VIEWS, InvoiceList, invoice_list_of
from invoicing.models import Allocation, CreditNote, Invoice
from invoicing.queries import (
    OF_THE_COPY,
    ledger_facts,
    rows_with_clients,
    state_of,
    with_newest_copy,
)
from ledger.outbox import ledger_settings
from practices.lists import Column, List, ShownList, as_it_is, file_of
from practices.permissions import Can, may
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_keys
from services.queries import columns_without_vat

_CREDITED = CreditNote.objects.filter(practice=OuterRef("practice"), invoice=OuterRef("pk"))
_GIVEN_UP = Allocation.objects.filter(practice=OuterRef("practice"), invoice=OuterRef("pk")).given_up()
#: How an invoice over which nothing is outstanding came to that.
_HOW_SETTLED = {"is_credited": Exists(_CREDITED), "is_written_off": Exists(_GIVEN_UP)}


def _number(number: int | None) -> str:
    return Invoice.label_of(number) if number else ""


def _settled(*fields: Any) -> str:
    """The same words as the badge on the page says, of the fields `OF_THE_STATE`."""
    status, outstanding, net, vat, is_late, is_credited, is_written_off = fields
    if status != Invoice.Status.ISSUED:
        return str(STATUSES[status])
    if not outstanding:
        given_up = "Written off" if is_written_off else "Paid"
        return "Credited" if is_credited else given_up
    if is_late:
        return "Overdue"
    return "Unpaid" if outstanding == net + vat else "Part paid"


OF_THE_STATE = ("status", "outstanding", "net", "vat", "is_late", "is_credited", "is_written_off")
INVOICES = List(
    "invoices",
    "invoicing:invoice-list",
    ("invoice", "invoices"),
    (
        Column("number", "Number", _number, fixed=True, reads=("number",)),
        Column("client", "Client", as_it_is, reads=("client__name",)),
        Column("source", "Source", SOURCES.get, hidden=True, reads=("source",)),
        Column("date", "Date", as_it_is, reads=("tax_point",)),
        Column("due", "Due", as_it_is, hidden=True, reads=("due_on",)),
        Column("net", "Net", as_it_is, is_figure=True, reads=("net",)),
        Column("vat", "VAT", as_it_is, is_figure=True, reads=("vat",)),
        Column("gross", "Gross", add, is_figure=True, reads=("net", "vat")),
        Column("outstanding", "Outstanding", as_it_is, is_figure=True, reads=("outstanding",)),
        Column("state", "Payment, Sage", _settled, reads=OF_THE_STATE),
        Column("sage_number", "Number in Sage", as_it_is, hidden=True, reads=("sage_number",)),
        Column("checked", "Last checked in Sage", as_it_is, hidden=True, reads=("sage_checked",)),
    ),
    {"number": ("-pk",), "date": ("-tax_point", "-pk"), "due": ("due_on", "pk")},
)


@requires(Can.SEE)
@require_safe
def invoice_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """The practice's invoices by view, number, client, source and dates, newest first, with totals for the choice."""
    today = request.practice.today()
    listed = invoice_list_of(request.GET, today)
    shown = ShownList(request, INVOICES, without=columns_without_vat())
    is_late = ExpressionWrapper(Q(due_on__lt=today), BooleanField())
    dated = listed.invoices.annotate(is_late=is_late, **_HOW_SETTLED)
    if file := file_of(shown, with_newest_copy(dated, [key for key in OF_THE_COPY if key in shown])):
        return file
    page = shown.page_of(rows_with_clients(listed.invoices).annotate(**_HOW_SETTLED))
    facts, ledger = (
        ledger_facts(
            [invoice.pk for invoice in page], {invoice.pk for invoice in page if invoice.is_credited}
        ),
        ledger_settings(),
    )
    context: dict[str, Any] = {
        "rows": [
            {
                "invoice": invoice,
                "settlement": invoice.settlement(
                    today, is_credited=invoice.is_credited, is_written_off=invoice.is_written_off
                ),
                "days_late": (today - invoice.due_on).days,
                "posting": facts[invoice.pk].posting,
                "state": state_of(invoice, facts[invoice.pk], ledger),
            }
            for invoice in page
        ],
        "totals": listed.totals(),
        "list": shown,
        "page": page,
        "acts": choices_for(lambda right: may(request.role, right)),
        "query": listed.address().lstrip("?"),
        "view": listed.view,
        "is_narrowed": listed.is_narrowed,
        "only_view": listed.only_view,
    }
    if not request.htmx:
        context |= _around(request, listed)
    return render(request, "invoicing/invoice_list.html" + ("#rows" if request.htmx else ""), context)


def _around(request: PracticeRequest, listed: InvoiceList) -> dict[str, Any]:
    """What stands around the rows: tabs and filters."""
    return {
        "form": listed.form,
        "has_filters": bool({"source", "since", "until"} & set(listed.chosen)),
        "client": listed.client,
        "month": listed.month,
        "age": listed.chosen.get("age", ""),
        "age_in_words": AGES[listed.chosen["age"]][0] if "age" in listed.chosen else "",
        "tabs": [
            {"label": label, "url": listed.address(view=view), "active": view == listed.view}
            for view, label in VIEWS
        ],
    }


@requires(Can.SEE)
@require_POST
def invoice_bulk(request: PracticeRequest, practice: str) -> HttpResponse:
    """Do one thing with the ticked invoices, or with all that the filters let through; each act asks its right."""
    query = QueryDict(request.POST.get("query", ""))
    key = request.POST.get("act", "")
    if key not in ACTS:
        messages.error(request, "Choose what to do with the ticked invoices. Nothing was done.")
        return see_other(request, f"{reverse('invoicing:invoice-list', args=[practice])}?{query.urlencode()}")
    if not may(request.role, ACTS[key].right):
        raise PermissionDenied(f"Your role does not let you {ACTS[key].right}. Ask an owner.")
    if request.POST.get("everybody") == "1":
        listed = invoice_list_of(query, request.practice.today())
        return see_other(request, start_bulk_of_all(key, listed.invoices, request.practice))
    ids = row_keys(request.POST)
    return see_other(request, start_bulk(key, ids, request.practice))
