"""The receipt of an invoice: for each copy what was meant, when it was sent, what it became in Sage."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from invoicing.models import Invoice
from ledger.models import Posting
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from sage_integration.models import SageExchange, SageLink

EXCHANGES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Receipt:
    """One copy of an invoice, from the intent to the document in Sage."""

    posting: Posting
    link: SageLink | None
    exchanges: list[SageExchange]

    @property
    def how(self) -> str:
        """Whether Sage made the document for this copy, or it was found there."""
        if self.link is None:
            return "Nothing arrived so far"
        return "Found in Sage, and adopted" if self.link.was_adopted else "Created by this copy"


@requires(Can.SEE)
@require_safe
def invoice_receipt(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Every copy's receipt, whole page or fragment."""
    invoice = get_object_or_404(Invoice.objects.select_related("client"), pk=pk)
    postings = list(Posting.objects.of(Posting.Kind.INVOICE_CREATE, pk))
    links = {link.posting_id: link for link in SageLink.objects.filter(posting__in=postings)}
    said: dict[int, list[SageExchange]] = {posting.pk: [] for posting in postings}
    for exchange in SageExchange.objects.filter(posting__in=postings).order_by("-id")[:EXCHANGES_SHOWN]:
        said[exchange.posting_id or 0].append(exchange)
    receipts = [Receipt(posting, links.get(posting.pk), said[posting.pk]) for posting in postings]
    template = "sage_integration/invoice_receipt.html" + ("#receipts" if request.htmx else "")
    arrived = sum(receipt.posting.status == Posting.Status.POSTED for receipt in receipts)
    meant = sum(receipt.posting.status != Posting.Status.CANCELLED for receipt in receipts)
    context = {"invoice": invoice, "receipts": receipts, "arrived": arrived, "meant": meant}
    return render(request, template, context)
