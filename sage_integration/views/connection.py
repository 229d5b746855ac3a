"""The apps page, the connection's own page, and what can be done about the connection as a whole."""

from functools import partial

import structlog
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from ledger.models import Posting
from ledger.queue import pause_postings, resume_postings, unsettled
from ledger.releases import release_postings
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tasks import wake
from practices.tenancy import practice_transaction
from sage_integration.authorisations import begin_connection
from sage_integration.client_columns import contacts_gone
from sage_integration.connections import current_connection, disconnect, enable_posting
from sage_integration.explanations import EXPLANATIONS
from sage_integration.forms import DisconnectForm
from sage_integration.health import troubles
from sage_integration.models import SageConnection, SageLink, SyncRun
from sage_integration.queries import activity_of, set_up_steps, tile_of
from sage_integration.queue import KEPT
from sage_integration.readiness import default_account_of, readiness
from sage_integration.sage.errors import SageError
from sage_integration.standing import standing_of
from sage_integration.sync.pull import is_polled
from sage_integration.sync.runs import request_run
from sage_integration.tasks import poll_payments, read_contacts, read_reference_data
from sage_integration.tokens import oauth_client
from sage_integration.views.callback import browser_of

log = structlog.get_logger(__name__)
#: Held documents shown at once; the postings page has them all.
HELD_SHOWN = 50
Kind = SyncRun.Kind


@requires(Can.SEE)
def app_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """Every integration with its state (F03)."""
    connection = current_connection()
    return render(
        request,
        "sage_integration/app_list.html",
        {
            "tile": tile_of(connection, request.practice),
            "sage": connection,
            "standing": standing_of(connection) if connection and connection.business_id else None,
        },
    )


@requires(Can.SEE)
def connection_detail(request: PracticeRequest, practice: str) -> HttpResponse:
    """The connection's state and what can be done about it."""
    connection = current_connection()
    context: dict[str, object] = {
        "sage": connection,
        **_newest_runs(),
    }
    if request.htmx:
        return render(request, "sage_integration/connection_detail.html#sync", context)
    context["tile"] = tile_of(connection, request.practice)
    if connection is not None:
        context |= _about(connection, request)
    return render(request, "sage_integration/connection_detail.html", context)


def _newest_runs() -> dict[str, object]:
    """The newest reading of reference data and of contacts, in one question."""
    newest = SyncRun.objects.order_by("kind", "-id").distinct("kind")
    runs = {run.kind: run for run in newest.filter(kind__in=[Kind.REFERENCE_DATA, Kind.CONTACTS])}
    return {"run": runs.get(Kind.REFERENCE_DATA), "contacts_run": runs.get(Kind.CONTACTS)}


def _about(connection: SageConnection, request: PracticeRequest) -> dict[str, object]:
    checks = readiness(connection)
    held = Posting.objects.filter(status=Posting.Status.HELD)
    standing = standing_of(connection) if connection.business_id else None
    return {
        "checks": checks,
        "problems": [check.problem for check in checks if check.problem],
        "steps": set_up_steps(connection, request.practice, "sage:connection-detail"),
        "standing": standing,
        "findings": troubles(connection) if connection.business_id else [],
        "default_account": default_account_of(connection),
        "trouble": EXPLANATIONS.get(connection.trouble),
        "held_count": standing.held if standing else held.count(),
        "gone": contacts_gone(connection) if connection.business_id else 0,
        "held": list(held.order_by("-id")[:HELD_SHOWN]),
        "activity": activity_of(connection),
    }


@requires(Can.MANAGE_CONNECTION)
@require_POST
def connection_begin(request: PracticeRequest, practice: str) -> HttpResponse:
    """To Sage's own sign-in page (F04)."""
    return see_other(
        request, begin_connection(request.practice, by=request.user, browser=browser_of(request))
    )


@requires(Can.MANAGE_CONNECTION)
@require_POST
def connection_enable(request: PracticeRequest, practice: str) -> HttpResponse:
    """Switch the connection on (F07)."""
    connection = enable_posting()
    messages.success(request, f"Enabled: invoices are copied to {connection.business_name} from now on.")
    return see_other(request, "sage:connection-detail", practice=request.practice.slug)


@opens_own_scope
@requires(Can.MANAGE_CONNECTION)
@require_http_methods(["GET", "HEAD", "POST"])
def connection_disconnect(request: PracticeRequest, practice: str) -> HttpResponse:
    """What disconnecting means, and doing it once the company's name was typed (F27)."""
    with practice_transaction():
        connection = current_connection()
        if connection is None:
            return see_other(request, "sage:connection-detail", practice=request.practice.slug)
        form = DisconnectForm(
            request.POST if request.method == "POST" else None, business_name=connection.business_name
        )
        if request.method != "POST" or not form.is_valid():
            return _ask_to_disconnect(request, connection, form)
    return _disconnect(request)


def _ask_to_disconnect(
    request: PracticeRequest, connection: SageConnection, form: DisconnectForm
) -> HttpResponse:
    context = {
        "sage": connection,
        "form": form,
        "in_sage": SageLink.objects.filter(business_id=connection.business_id).count(),
        "queued": unsettled().count(),
        "days": KEPT.days,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "sage_integration/connection_disconnect.html", context, status=status)


def _disconnect(request: PracticeRequest) -> HttpResponse:
    with practice_transaction():
        refresh_token = disconnect()
    messages.success(request, "Sage is disconnected, and its authorisation is erased here.")
    try:
        if refresh_token:
            oauth_client().revoke(refresh_token)
    except SageError as error:
        log.warning("revoking at Sage failed", error=type(error).__name__)
        messages.warning(
            request,
            "Sage could not be told, so Ignition may stay in its list of apps there; remove it there. "
            "Nothing here can use that authorisation any more.",
        )
    return see_other(request, "sage:connection-detail", practice=request.practice.slug)


@requires(Can.POST_TO_LEDGER)
@require_POST
def sync_start(request: PracticeRequest, practice: str) -> HttpResponse:
    """Read what changed in Sage now: money, invoices, contacts, accounts; pressed twice quickly, it runs once (F59)."""
    practice_id = request.practice.pk
    asked = [
        task
        for kind, task in ((Kind.REFERENCE_DATA, read_reference_data), (Kind.CONTACTS, read_contacts))
        if request_run(kind)
    ]
    connection = current_connection()
    is_mirrored = connection is not None and is_polled(connection)
    if asked and is_mirrored:
        asked.append(poll_payments)
    for task in asked:
        transaction.on_commit(partial(wake, task, practice_id))
    if asked:
        what = "payments, changes, contacts" if is_mirrored else "contacts"
        messages.info(request, f"Reading {what}, accounts and VAT rates from Sage.")
    else:
        messages.info(request, "They are being read already, or were a moment ago.")
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        return see_other(request, back)
    return see_other(request, "sage:connection-detail", practice=request.practice.slug)


@requires(Can.POST_TO_LEDGER)
@require_POST
def posting_pause(request: PracticeRequest, practice: str) -> HttpResponse:
    """Let nothing leave until somebody resumes it; the queue is kept."""
    pause_postings()
    messages.info(request, "Copying to Sage is paused. What is due meanwhile waits in the queue.")
    return see_other(request, "sage:connection-detail", practice=request.practice.slug)


@requires(Can.POST_TO_LEDGER)
@require_POST
def posting_resume(request: PracticeRequest, practice: str) -> HttpResponse:
    """Let the queue leave again."""
    resume_postings()
    messages.success(request, "Copying to Sage goes on.")
    return see_other(request, "sage:connection-detail", practice=request.practice.slug)


@requires(Can.POST_TO_LEDGER)
@require_POST
def held_release(request: PracticeRequest, practice: str) -> HttpResponse:
    """Let the ticked held documents leave."""
    chosen = [key for key in request.POST.getlist("selected") if key.isdecimal()]
    released = release_postings([int(key) for key in chosen]) if chosen else []
    if released:
        messages.success(
            request, f"Released: {len(released)} {'document' if len(released) == 1 else 'documents'}."
        )
    else:
        messages.warning(request, "Tick the documents that may go to Sage first.")
    return see_other(request, "sage:connection-detail", practice=request.practice.slug)
