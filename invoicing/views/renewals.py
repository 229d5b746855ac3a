"""Renewing what a client has."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from clients.models import Client
from invoicing.renewals import draft_renewal
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from proposals.periods import MONTH, after


@requires(Can.PREPARE_PROPOSALS)
@require_POST
def client_renew(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Draft one proposal from everything the client is being billed for, to begin next month."""
    today = request.practice.today()
    starts_on = after(today.replace(day=1), 1, MONTH)
    proposal = draft_renewal(get_object_or_404(Client, pk=pk), starts_on=starts_on, on=today)
    messages.success(
        request, f"{proposal.number_label} renews what is billed now. Nothing changes until it is accepted."
    )
    return see_other(request, "proposals:proposal-services", practice=practice, pk=proposal.pk)
