"""Going over to another company, with what stays linked to the one before (F87)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tasks import wake
from practices.tenancy import practice_transaction
from sage_integration.companies import name_of_company, switch_company
from sage_integration.connections import current_connection
from sage_integration.explanations import sentence_of
from sage_integration.forms import SwitchForm
from sage_integration.queries import step_after
from sage_integration.sage.errors import SageError
from sage_integration.switching import what_stays
from sage_integration.tasks import read_contacts


@opens_own_scope
@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def company_switch(request: PracticeRequest, practice: str) -> HttpResponse:
    """The warning before the switch, and the switch once the name of the company that is left was typed."""
    business_id = request.POST.get("business_id", "") or request.GET.get("business", "")
    with practice_transaction():
        connection = current_connection()
        if connection is None or not business_id or business_id == connection.business_id:
            return see_other(request, "sage:business-choose", practice=request.practice.slug)
        stays = what_stays(connection)
    form = SwitchForm(
        request.POST if request.method == "POST" else None,
        business_name=connection.business_name,
        is_waiting=stays.waiting > 0,
    )
    try:
        if request.method == "POST" and form.is_valid():
            return _switch(request, business_id, form.cleaned_data.get("queue", ""))
        name = name_of_company(business_id)
    except SageError as error:
        messages.error(request, f"{sentence_of(error)} The company was not switched.")
        return see_other(request, "sage:business-choose", practice=request.practice.slug)
    context = {"sage": connection, "stays": stays, "form": form, "business_id": business_id, "name": name}
    with practice_transaction():
        status = 422 if request.method == "POST" else 200
        return render(request, "sage_integration/company_switch.html", context, status=status)


def _switch(request: PracticeRequest, business_id: str, queue: str) -> HttpResponse:
    connection = switch_company(business_id, queue=queue)
    wake(read_contacts, request.practice.pk)
    messages.success(
        request,
        f"{connection.business_name} takes its place. Nothing is copied to it before you press Enable.",
    )
    return see_other(request, step_after("sage:business-choose"), practice=request.practice.slug)
