"""Webhook endpoints and what was sent to them, as an owner sees and changes them."""

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from practices.errors import DomainError
from practices.forms import WebhookForm
from practices.lists import Column, List, ShownList, file_of
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tenancy import practice_transaction
from practices.views import settings_tabs
from practices.webhook_models import WebhookDelivery, WebhookEndpoint
from practices.webhooks import (
    add_endpoint,
    end_pause,
    live_endpoints,
    look_up,
    remove_endpoint,
    replay,
    standing_of,
)
from practices.worked_lists import worked_file, worked_page

DELIVERIES = List(
    "deliveries",
    "practices:webhook-detail",
    ("delivery", "deliveries"),
    (
        Column("event", "Event", lambda delivery: delivery.event, fixed=True),
        Column("message", "Message id", lambda delivery: delivery.message_id, hidden=True),
        Column("state", "State", lambda delivery: delivery.get_status_display()),
        Column("answer", "Answer", lambda delivery: delivery.failure or delivery.answer_status),
        Column("tries", "Tries", lambda delivery: delivery.attempts, is_figure=True),
        Column("happened", "Happened", lambda delivery: delivery.created_at),
    ),
    {"happened": ("-pk",)},
)


ENDPOINTS = List(
    "webhooks",
    "practices:webhook-list",
    ("endpoint", "endpoints"),
    (
        Column("address", "Address", lambda endpoint: endpoint.url, fixed=True),
        Column("events", "Is told of", lambda endpoint: ", ".join(event.label for event in endpoint.told_of)),
        Column("state", "State", lambda endpoint: endpoint.standing[0]),
        Column("added", "Added", lambda endpoint: endpoint.created_at),
        Column("by", "Added by", lambda endpoint: str(endpoint.created_by), hidden=True),
    ),
    {"added": (), "address": ("address",), "state": ("state",)},
)


def _render_endpoints(
    request: PracticeRequest, form: WebhookForm, *, secret: str = "", not_found: str = "", status: int = 200
) -> HttpResponseBase:
    endpoints, shown = list(live_endpoints().select_related("created_by")), ShownList(request, ENDPOINTS)
    for endpoint in endpoints:
        endpoint.standing = standing_of(endpoint)
    if file := worked_file(shown, endpoints):
        return file
    context = {
        "form": form,
        "secret": secret,
        "not_found": not_found,
        "list": shown,
        "page": worked_page(shown, endpoints),
        "tabs": settings_tabs(request, "Webhooks"),
    }
    response = render(request, "practices/webhook_list.html", context, status=status)
    if secret:
        response.headers["Cache-Control"] = "no-store"
    return response


@requires(Can.MANAGE_SETTINGS)
@require_safe
def webhook_list(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """Which addresses are told of what."""
    return _render_endpoints(request, WebhookForm())


@opens_own_scope
@requires(Can.MANAGE_SETTINGS)
@require_POST
def webhook_add(request: PracticeRequest, practice: str) -> HttpResponseBase:
    """A new endpoint; its secret is on this answer and nowhere else, so this one change is not redirected."""
    form, not_found = WebhookForm(request.POST), ""
    if form.is_valid():
        try:
            not_found = look_up(form.cleaned_data["url"])
        except DomainError as refusal:
            form.add_error("url", refusal.message)
    with practice_transaction():
        if form.is_valid():
            asked = form.cleaned_data
            try:
                _, secret = add_endpoint(asked["url"], asked["events"], by=request.user)
            except DomainError as refusal:
                form.add_error("url", refusal.message)
            else:
                return _render_endpoints(request, WebhookForm(), secret=secret, not_found=not_found)
        return _render_endpoints(request, form, status=422)


@requires(Can.MANAGE_SETTINGS)
@require_POST
def webhook_remove(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """The endpoint is told nothing from now on."""
    endpoint = remove_endpoint(get_object_or_404(live_endpoints(), pk=pk))
    messages.success(request, f"{endpoint.url} is told nothing any more.")
    return see_other(request, "practices:webhook-list", practice=practice)


@requires(Can.MANAGE_SETTINGS)
@require_POST
def webhook_ask_again(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """End the pause of an endpoint that failed too often: what waits is sent again."""
    endpoint = end_pause(get_object_or_404(live_endpoints(), pk=pk))
    messages.success(request, f"{endpoint.url} is asked again from now on.")
    return see_other(request, "practices:webhook-detail", practice=practice, pk=pk)


@requires(Can.MANAGE_SETTINGS)
@require_safe
def webhook_detail(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """What was sent to an endpoint, newest first, and what it answered."""
    endpoint = get_object_or_404(WebhookEndpoint.objects.defer("secret"), pk=pk)
    deliveries = WebhookDelivery.objects.filter(endpoint_id=endpoint.pk)
    shown = ShownList(request, DELIVERIES)
    if file := file_of(shown, deliveries):
        return file
    context = {
        "endpoint": endpoint,
        "list": shown,
        "count": shown.counted(deliveries),
        "page": shown.page_of(deliveries),
        "tabs": settings_tabs(request, "Webhooks"),
    }
    return render(request, "practices/webhook_detail.html", context)


@requires(Can.MANAGE_SETTINGS)
@require_POST
def webhook_replay(request: PracticeRequest, practice: str, pk: int) -> HttpResponseBase:
    """Send a message once more, under the same id."""
    delivery = replay(get_object_or_404(WebhookDelivery, pk=pk, endpoint__removed_at=None))
    messages.success(request, f"{delivery.message_id} is sent again.")
    return see_other(request, "practices:webhook-detail", practice=practice, pk=delivery.endpoint_id)
