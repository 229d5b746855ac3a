"""Invoices that were in Sage before: looked for, and adopted without posting (P26)."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from invoicing.models import Invoice
from ledger.models import Posting
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.row_keys import row_keys
from practices.tasks import wake
from sage_integration.adoption.matching import Evidence
from sage_integration.jobs import start_adoption
from sage_integration.models import AdoptionOffer, SageConnection, SyncRun
from sage_integration.sync.runs import request_run
from sage_integration.tasks import read_existing_invoices

#: Offers shown at once; the others follow once these are settled.
SHOWN = 200
#: What is not the same, though it does not speak against the pair by itself.
NEARLY = {Evidence.ALIKE_CONTACT, Evidence.NEAR_DATE, Evidence.OTHER_VAT}


def adoption_page(connection: SageConnection) -> dict[str, Any]:
    """What the step about invoices from before shows: what is held here, and what of it may be in Sage."""
    held = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE, status=Posting.Status.HELD)
    offers = AdoptionOffer.objects.filter(
        business_id=connection.business_id, posting__status=Posting.Status.HELD
    ).select_related("posting")
    shown = list(offers[:SHOWN])
    invoices = Invoice.objects.select_related("client").in_bulk([offer.posting.subject_id for offer in shown])
    return {
        "held": held.count(),
        "run": SyncRun.objects.filter(kind=SyncRun.Kind.EXISTING).first(),
        "offer_count": offers.count(),
        "sure_count": offers.filter(is_sure=True).count(),
        "offers": [
            {
                "offer": offer,
                "invoice": invoices[offer.posting.subject_id],
                "evidence": [
                    {"label": Evidence[name], "tone": "warn" if Evidence[name] in NEARLY else "neutral"}
                    for name in offer.evidence
                    if name in Evidence.__members__
                ],
            }
            for offer in shown
            if offer.posting.subject_id in invoices
        ],
    }


@requires(Can.MANAGE_CONNECTION)
@require_POST
def existing_read(request: PracticeRequest, practice: str) -> HttpResponse:
    """Look in Sage for what is held here; pressed twice quickly, it runs once."""
    if request_run(SyncRun.Kind.EXISTING):
        practice_id = request.practice.pk
        transaction.on_commit(lambda: wake(read_existing_invoices, practice_id))
        messages.info(request, "Looking through the invoices in Sage.")
    else:
        messages.info(request, "They are being looked through already, or were a moment ago.")
    return see_other(request, "sage:invoices-foreseen", practice=practice)


@requires(Can.MANAGE_CONNECTION)
@require_POST
def existing_adopt(request: PracticeRequest, practice: str) -> HttpResponse:
    """Adopt the ticked invoices, or every sure one."""
    offers = AdoptionOffer.objects.filter(posting__status=Posting.Status.HELD)
    if request.POST.get("all") == "sure":
        chosen = list(offers.filter(is_sure=True))
    else:
        chosen = list(offers.filter(pk__in=row_keys(request.POST)))
    if not chosen:
        messages.warning(request, "Tick the invoices that are in Sage already first.")
        return see_other(request, "sage:invoices-foreseen", practice=practice)
    return see_other(request, start_adoption(chosen))
