"""The list of payments: mirrored from Sage and entered here, and which invoices they settled."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from invoicing.models import Payment
from invoicing.payments_list import VIEWS, counts, invoices_settled, payment_list_of, signed, state_of
from practices.lists import Column, List, ShownList, file_of
from practices.permissions import Can
from practices.requests import PracticeRequest, requires

Row = dict[str, Any]


def payment_rows(payments: Sequence[Payment], view: str = "") -> Iterator[Row]:
    """Each payment with the invoices it is set against, and whether it counts in the total of the view."""
    settled = invoices_settled(list(payments))
    for payment in payments:
        yield {
            "payment": payment,
            "state": state_of(payment),
            "invoices": settled.get(payment.pk, []),
            "amount": signed(payment),
            "counts": counts(payment, view),
        }


def _numbers(row: Row) -> str:
    return ", ".join(invoice.number_label for invoice in row["invoices"])


PAYMENTS = List(
    "payments",
    "invoicing:payment-list",
    ("payment", "payments"),
    (
        Column("date", "Date", lambda row: row["payment"].received_on, fixed=True),
        Column("client", "Client", lambda row: row["payment"].client.name),
        Column("kind", "Kind", lambda row: row["state"]),
        Column("source", "Entered in", lambda row: row["payment"].get_source_display()),
        Column("reference", "Reference", lambda row: row["payment"].reference),
        Column("invoices", "Invoices", _numbers),
        Column("amount", "Amount", lambda row: row["amount"] if row["counts"] else None, is_figure=True),
        Column("on_account", "On account", lambda row: row["payment"].on_account, is_figure=True),
        Column("taken_back", "Taken back", lambda row: row["payment"].reversed_at, hidden=True),
        # The file's amounts add up to the page's total; here is also what does not count in it.
        Column("recorded", "Amount recorded", lambda row: row["amount"], is_figure=True, hidden=True),
    ),
    {"date": ("-received_on", "-pk"), "amount": ("-amount", "-pk")},
    prepared=payment_rows,
)


@requires(Can.SEE)
@require_safe
def payment_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Every payment, newest first, by kind, client, source and dates, with totals for the choice."""
    listed, shown = payment_list_of(request.GET), ShownList(request, PAYMENTS)
    payments = listed.payments.select_related("client")
    prepared = partial(payment_rows, view=listed.view)
    if file := file_of(shown, payments, prepared):
        return file
    page = shown.page_of(payments)
    context = {
        "list": shown,
        "page": page,
        "rows": list(prepared(page.rows)),
        "totals": listed.totals(),
        "view": listed.view,
        "form": listed.form,
        "has_filters": any(listed.form.cleaned_data.get(name) for name in ("source", "since", "until")),
        "tabs": [
            {"label": label, "url": f"?view={key}" if key else "?", "active": key == listed.view}
            for key, (label, _) in VIEWS.items()
        ],
    }
    return render(request, "invoicing/payment_list.html" + ("#rows" if request.htmx else ""), context)
