"""The evidence file of an accepted proposal, with the clause that each of its bills follows from."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from invoicing.models import BilledPeriod, InvoiceLine
from practices.limits import costly
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from proposals.evidence import evidence_of
from proposals.models import Proposal


@requires(Can.SEE)
@require_safe
@costly
def proposal_evidence(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """One file with the signed PDF, the signatures, the events and the bills, to keep or to hand on."""
    proposal = get_object_or_404(Proposal.objects.filter(records__isnull=False), pk=pk)
    return HttpResponse(
        evidence_of(proposal, billed_for(proposal)),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{proposal.number_label}-evidence.zip"'},
    )


def billed_for(proposal: Proposal) -> list[dict[str, Any]]:
    """Each invoice line that follows from the proposal, with the clause that agreed it; amounts as text."""
    periods = (
        BilledPeriod.objects.filter(schedule__proposal_line__proposal=proposal, invoice__isnull=False)
        .select_related("invoice", "schedule__proposal_line")
        .order_by("invoice", "id")
    )
    lines: dict[tuple[int | None, int], list[InvoiceLine]] = {}
    for line in InvoiceLine.objects.filter(invoice__in=[period.invoice_id for period in periods]):
        lines.setdefault((line.invoice_id, line.service_id), []).append(line)
    return [
        {
            "invoice": period.invoice.number if period.invoice else None,
            "period_starts_on": period.starts_on.isoformat(),
            "line": line.description,
            "net": f"{line.net:.2f}",
            "vat": f"{line.vat:.2f}",
            "clause": {
                "line": period.schedule.proposal_line_id,
                "service": period.schedule.proposal_line.name,
                "billed": period.schedule.proposal_line.rule_in_words,
                "document_sha256": proposal.document_sha256,
            },
        }
        for period in periods
        for line in lines.get((period.invoice_id, period.schedule.service_id), [])
    ]
