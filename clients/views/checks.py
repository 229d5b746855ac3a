"""Money laundering checks of a client, and the practice's rules about them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from clients.errors import ClearedNeedsAReviewer, NextReviewIsPast
from clients.forms import ClientSettingsForm, ReviewForm
from clients.models import Client
from clients.operations import amend_client_settings, client_settings, review_client
from practices.permissions import Can
from practices.requests import PracticeRequest, requires, see_other
from practices.views import settings_tabs


@requires(Can.MANAGE_CLIENTS)
def client_review(request: PracticeRequest, practice: str, pk: int) -> HttpResponse:
    """Record the outcome of a client's checks."""
    client = get_object_or_404(Client, pk=pk)
    form = ReviewForm(
        request.POST or None,
        initial={
            "status": client.aml_status,
            "reviewer": client.aml_reviewer_id or request.user.pk,
            "on": client.aml_reviewed_on or request.practice.today(),
            "next_on": client.aml_review_due_on,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            review_client(client, **form.cleaned_data)
        except ClearedNeedsAReviewer as error:
            form.add_error("reviewer", error.message)
        except NextReviewIsPast as error:
            form.add_error("next_on", error.message)
        else:
            messages.success(request, f"The checks of {client.name} are recorded.")
            return see_other(request, "clients:client-detail", practice=practice, pk=pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "clients/client_review.html", {"client": client, "form": form}, status=status)


def _show_settings(request: PracticeRequest, form: ClientSettingsForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "tabs": settings_tabs(request, "Clients")}
    return render(request, "clients/settings_edit.html", context, status=status)


@requires(Can.SEE)
def client_settings_show(request: PracticeRequest, practice: str) -> HttpResponse:
    """Whether acceptance and billing wait for money laundering checks (U08)."""
    return _show_settings(request, ClientSettingsForm(instance=client_settings()))


@requires(Can.MANAGE_SETTINGS)
@require_POST
def client_settings_amend(request: PracticeRequest, practice: str) -> HttpResponse:
    """Change the rules about clients."""
    form = ClientSettingsForm(request.POST, instance=client_settings())
    if not form.is_valid():
        return _show_settings(request, form, status=422)
    amend_client_settings(form.save(commit=False))
    messages.success(request, "The client settings are saved.")
    return see_other(request, "clients:settings", practice=practice)
