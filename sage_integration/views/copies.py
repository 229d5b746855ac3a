"""Copies in Sage from a person's side: check, update, copy once more, see what differs and decide."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from invoicing.models import Invoice
from invoicing.queries import postings_of
from invoicing.revisions import as_of
from ledger.models import Posting
from practices.errors import DomainError
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from sage_integration.connections import current_connection
from sage_integration.corrections import WORDS, Path
from sage_integration.differences import rows_between
from sage_integration.explanations import sentence_of
from sage_integration.mappings import load_mappings
from sage_integration.models import SageConnection, SageLink
from sage_integration.operations import latest_copy, path_of, replace_copy, update_copy, wanted_now
from sage_integration.sage.errors import NotInSage, SageError
from sage_integration.sessions import open_sage
from sage_integration.sync.comparison import compare


@opens_own_scope
@requires(Can.SEE)
@require_POST
def invoice_check(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Look at the copy in Sage now."""
    with practice_transaction():
        invoice = get_object_or_404(Invoice, pk=pk)
        copy, connection = latest_copy(invoice), current_connection()
        link = SageLink.objects.filter(posting=copy).first() if copy else None
    words = _look(link, connection)
    with practice_transaction():
        if words:
            messages.warning(request, words)
        else:
            messages.success(request, f"{invoice.number_label} was looked at in Sage just now.")
        return see_other(request, "invoicing:invoice-detail", practice=request.practice.slug, pk=pk)


def _look(link: SageLink | None, connection: SageConnection | None) -> str:
    """Read a copy and keep how it was found; what went wrong, in words."""
    if link is None or connection is None or link.business_id != connection.business_id:
        return "This invoice is not in the connected company, so there is nothing to look at."
    try:
        with open_sage(connection, urgent=True) as sage:
            stored = sage.sales_invoices.get(link.sage_id)
    except NotInSage:
        stored = None
    except SageError as error:
        return sentence_of(error)
    with practice_transaction():
        compare(SageLink.objects.select_related("posting").get(pk=link.pk), stored)
    return ""


@requires(Can.POST_TO_LEDGER)
@require_POST
def invoice_update(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Bring the latest copy up to date with the invoice (F73, F74)."""
    invoice = get_object_or_404(Invoice, pk=pk)
    posting = update_copy(invoice)
    words = "is being updated in Sage."
    if posting.kind == Posting.Kind.INVOICE_VOID:
        words = "is voided in Sage and copied again, because a line has to go."
    messages.success(request, f"{invoice.number_label} {words}")
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


@requires(Can.POST_TO_LEDGER)
@require_POST
def invoice_replace(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Void the latest copy and make a new one."""
    invoice = get_object_or_404(Invoice, pk=pk)
    replace_copy(invoice, reason="Replaced by a new copy")
    messages.success(request, f"{invoice.number_label} is voided in Sage and copied again.")
    return see_other(request, "invoicing:invoice-detail", practice=practice, pk=pk)


@requires(Can.SEE)
@require_safe
def invoice_differences(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Agreed, ours, last copied and in Sage, side by side, and what can be done about it now (ideas 5 and 6)."""
    invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
    copies = [each for each in postings_of(invoice) if each.kind == Posting.Kind.INVOICE_CREATE]
    context: dict[str, Any] = {"invoice": invoice, "copies": copies, "path": None, "rows": [], "why": ""}
    try:
        wanted = wanted_now(invoice)
    except DomainError as refusal:
        context["why"] = refusal.message
    else:
        connection = current_connection()
        names = load_mappings(connection).names if connection else {}
        agreed = as_of(invoice, 1)
        path = path_of(wanted)
        context |= {
            "copy": wanted.copy,
            "link": wanted.link,
            "rows": rows_between(agreed, wanted.snapshot, wanted.link.copied, wanted.link.in_sage, names),
            "path": path.value,
            "words": WORDS[path],
            "may_decide": path in (Path.DECIDE_VOID, Path.DECIDE_MISSING),
        }
    return render(request, "sage_integration/invoice_differences.html", context)
