"""What is outstanding here beside what Sage says: the last comparison, and one made now."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from invoicing.models import Invoice
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.explanations import sentence_of
from sage_integration.outstanding import (
    come_since,
    keep_comparison,
    last_comparison,
    owed_in_sage,
    paid_on_earlier_copies,
)
from sage_integration.sage.errors import SageError
from sage_integration.sessions import open_sage


@requires(Can.SEE)
@require_safe
def outstanding(request: PracticeRequest, practice: str) -> HttpResponse:
    """The last comparison, with the invoices that differ; alone where htmx asks for it."""
    found = last_comparison()
    comparison, at = found or (None, None)
    invoices = (
        Invoice.objects.select_related("client").in_bulk([pk for pk, _, _ in comparison.apart])
        if comparison
        else {}
    )
    context = {
        "comparison": comparison,
        "at": at,
        "since": come_since(*found) if found else "",
        "paid_earlier": [] if request.htmx else paid_on_earlier_copies(),
        "is_connected": current_connection() is not None,
        "apart": [
            {"invoice": invoices[pk], "here": here, "sage": there, "difference": there - here}
            for pk, here, there in (comparison.apart if comparison else [])
            if pk in invoices
        ],
    }
    part = "#comparison" if request.htmx else ""
    return render(request, f"sage_integration/outstanding.html{part}", context)


@opens_own_scope
@requires(Can.POST_TO_LEDGER)
@require_POST
def outstanding_check(request: PracticeRequest, practice: str) -> HttpResponse:
    """Ask Sage now what is outstanding, and compare."""
    with practice_transaction():
        connection = current_connection()
    if connection is None or not connection.is_enabled:
        messages.error(request, "Sage is not connected, so there is nothing to compare with.")
        return see_other(request, "invoicing:aged-debt", practice=practice)
    try:
        with open_sage(connection, urgent=True) as sage:
            owed = owed_in_sage(sage)
    except SageError as error:
        messages.error(request, f"{sentence_of(error)} Nothing was compared.")
        return see_other(request, "invoicing:aged-debt", practice=practice)
    with practice_transaction():
        found = keep_comparison(owed, connection.business_id)
    words = (
        "The sum here equals Sage's." if not found.difference else "The sums differ; see which invoices do."
    )
    (messages.success if not found.difference else messages.warning)(request, words)
    return see_other(request, "sage:outstanding", practice=practice)
