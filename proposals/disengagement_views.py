"""The page of the letter that ends an engagement with one client."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from clients.models import Client
from practices.limits import costly
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from proposals.disengagement import farewell_pdf, farewell_to, send_farewell


@requires(Can.SEE)
@require_safe
def disengagement(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """The letter as it would go out today, with what is missing."""
    client = get_object_or_404(Client, pk=pk)
    farewell = farewell_to(client, on=request.practice.today())
    return render(request, "proposals/disengagement.html", {"client": client, "farewell": farewell})


@requires(Can.SEE)
@require_safe
@costly
def disengagement_pdf(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """The letter as a PDF, to read or to post."""
    farewell = farewell_to(get_object_or_404(Client, pk=pk), on=request.practice.today())
    return HttpResponse(
        farewell_pdf(farewell, at=timezone.now()),
        content_type="application/pdf",
        headers={"Content-Disposition": 'attachment; filename="disengagement.pdf"'},
    )


@requires(Can.SEND_PROPOSALS)
@require_POST
@costly
def disengagement_send(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Send the letter to whoever signs for the client."""
    client = get_object_or_404(Client, pk=pk)
    farewell = send_farewell(client, on=request.practice.today(), at=timezone.now())
    names = ", ".join(person.name for person in farewell.people)
    messages.success(request, f"The letter is on its way to {names}. Billing goes on until you end it.")
    return see_other(request, "proposals:client-letters", practice=practice, pk=pk)
