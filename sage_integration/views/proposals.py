"""What the last step of the proposal editor shows of Sage: what stands in the way, and the first invoice."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires
from practices.tenancy import practice_transaction
from proposals.models import Proposal
from sage_integration.connections import current_connection
from sage_integration.foreseen import contact_foreseen
from sage_integration.mappings import load_rules
from sage_integration.models import SageConnection
from sage_integration.preview import AsSageShows, Standing
from sage_integration.proposal_documents import first_document
from sage_integration.readiness import service_problems
from services.models import Service


@requires(Can.SEE)
@require_safe
@opens_own_scope
def proposal_in_sage(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Rates, accounts and contact looked at for every service, and the first invoice; nothing is sent (4.4)."""
    with practice_transaction():
        proposal = get_object_or_404(Proposal.objects.select_related("client", "practice"), pk=pk)
        connection = current_connection()
        rules = load_rules(connection) if connection and connection.business_id else None
    contact = (
        contact_foreseen(proposal.client, connection, currency=rules.currency)
        if connection and rules
        else None
    )
    with practice_transaction():
        context: dict[str, Any] = {"proposal": proposal, "sage": connection, "checks": []}
        if connection and rules and contact:
            document = first_document(proposal, rules, on=request.practice.today(), contact=contact)
            context |= {"document": document, "checks": _checks(proposal, connection, contact, document)}
        template = "sage_integration/proposal_in_sage.html" + ("#document" if request.htmx else "")
        return render(request, template, context)


def _checks(
    proposal: Proposal, connection: SageConnection, contact: Standing, document: AsSageShows | None
) -> list[dict[str, str]]:
    """For `components/checklist.html`: contact, then what is wrong with services, or that nothing is."""
    services = Service.objects.filter(pk__in=proposal.lines.order_by().values("service"))
    wrong = service_problems(list(services.select_related("tax_rate")), connection)
    names = {service.pk: service.name for service in services}
    found = [
        {"label": f"“{names[pk]}” in Sage", "state": "error", "text": " ".join(problems)}
        for pk, problems in wrong.items()
    ]
    if not wrong:
        text = "Every service has an account and a VAT rate in Sage."
        found.append({"label": "Accounts and VAT rates", "state": "done", "text": text})
    state = "error" if contact.refusal else "warn" if contact.is_new else "done"
    found.append({"label": "Contact in Sage", "state": state, "text": contact.words})
    if document is None:
        found.append(
            {"label": "First invoice", "state": "todo", "text": "Nothing that is offered has a date yet."}
        )
    return found
