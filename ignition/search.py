"""One box for clients, proposals and both invoice numbers."""

import re

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render

from clients.models import Client
from invoicing.models import Invoice
from ledger.models import Posting
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from proposals.models import Proposal

MOST = 10


@requires(Can.SEE)
def search(request: PracticeRequest, practice: str) -> HttpResponse:
    """The first matches of each kind for the words in ``q``."""
    words = request.GET.get("q", "").strip()
    context = {
        "words": words,
        "search_words": words,
        "clients": Client.objects.matching(words)[:MOST] if words else [],
        "proposals": proposals_matching(words)[:MOST] if words else [],
        "invoices": invoices_matching(words)[:MOST] if words else [],
    }
    return render(request, "search.html", context)


def proposals_matching(words: str) -> list[Proposal]:
    """Proposals by number (`P-0007`), internal name or client."""
    found = Q(title__icontains=words) | Q(client__name__icontains=words)
    if number := number_in(words, "P"):
        found |= Q(number=number)
    return list(Proposal.objects.filter(found).select_related("client")[:MOST])


def invoices_matching(words: str) -> list[Invoice]:
    """Invoices by our number (`INV-000012`), Sage's number or reference, or client."""
    found = Q(client__name__icontains=words)
    if number := number_in(words, "INV"):
        found |= Q(number=number)
    copies = Posting.objects.filter(
        Q(external_number__iexact=words) | Q(reference__istartswith=words), kind=Posting.Kind.INVOICE_CREATE
    )
    found |= Q(pk__in=list(copies.values_list("subject_id", flat=True)[:MOST]))
    return list(Invoice.objects.filter(found).select_related("client")[:MOST])


def number_in(words: str, prefix: str) -> int | None:
    """The number a person means by `INV-000012`, `inv 12` or `12`."""
    match = re.fullmatch(rf"(?:{prefix}[\s-]*)?0*(\d{{1,9}})", words, re.IGNORECASE)
    return int(match.group(1)) if match else None
