"""The apps page, the connection's own page, and what can be done about the connection as a whole."""

import structlog
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from ledger.models import Posting
from ledger.outbox import release_posting
from ledger.queries import counters
from practices.permissions import Can
from practices.requests import PracticeRequest, opens_own_scope, requires, see_other
from practices.tasks import wake
from practices.tenancy import practice_transaction
from sage_integration.authorisations import begin_connection
from sage_integration.connections import current_connection, disconnect, enable_posting
from sage_integration.explanations import EXPLANATIONS
from sage_integration.models import SageConnection, SageLedgerAccount, SageLink, SyncRun
from sage_integration.queries import activity_of, set_up_steps, tile_of
from sage_integration.readiness import readiness
from sage_integration.sage.errors import SageError
from sage_integration.sync.reference_data import request_sync
from sage_integration.tasks import read_reference_data
from sage_integration.tokens import oauth_client
from sage_integration.views.callback import browser_of

log = structlog.get_logger(__name__)
#: Held documents shown at once; the postings page has them all.
HELD_SHOWN = 50


@requires(Can.SEE)
def app_list(request: PracticeRequest, practice: str) -> HttpResponse:
    """Every integration with its state (F03)."""
    connection = current_connection()
    return render(
        request,
        "sage_integration/app_list.html",
        {"tile": tile_of(connection, request.practice), "sage": connection},
    )


@requires(Can.SEE)
def connection_detail(request: PracticeRequest, practice: str) -> HttpResponse:
    """The connection's state and what can be done about it."""
    connection = current_connection()
    runs = SyncRun.objects.filter(kind=SyncRun.Kind.REFERENCE_DATA)
    context: dict[str, object] = {"sage": connection, "run": runs.first()}
    if request.htmx:
        return render(request, "sage_integration/connection_detail.html#sync", context)
    context["tile"] = tile_of(connection, request.practice)
    if connection is not None:
        context |= _about(connection, request)
    return render(request, "sage_integration/connection_detail.html", context)


def _about(connection: SageConnection, request: PracticeRequest) -> dict[str, object]:
    checks = readiness(connection)
    held = Posting.objects.filter(status=Posting.Status.HELD)
    return {
        "checks": checks,
        "problems": [check.problem for check in checks if check.problem],
        "steps": set_up_steps(connection, request.practice, "sage:connection-detail"),
        "default_account": SageLedgerAccount.objects.filter(sage_id=connection.default_account_id).first(),
        "trouble": EXPLANATIONS.get(connection.trouble),
        "held_count": held.count(),
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
    """What disconnecting means, and doing it (F27)."""
    if request.method == "POST":
        return _disconnect(request)
    with practice_transaction():
        connection = current_connection()
        if connection is None:
            return see_other(request, "sage:connection-detail", practice=request.practice.slug)
        needs_you, waiting = counters()
        context = {
            "sage": connection,
            "in_sage": SageLink.objects.filter(business_id=connection.business_id).count(),
            "queued": needs_you + waiting,
        }
        return render(request, "sage_integration/connection_disconnect.html", context)


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
    """Read accounts and VAT rates now; pressed twice quickly, it runs once (F59)."""
    if request_sync():
        practice_id = request.practice.pk
        transaction.on_commit(lambda: wake(read_reference_data, practice_id))
        messages.info(request, "Reading accounts and VAT rates from Sage.")
    else:
        messages.info(request, "They are being read already, or were a moment ago.")
    return see_other(request, "sage:connection-detail", practice=request.practice.slug)


@requires(Can.POST_TO_LEDGER)
@require_POST
def held_release(request: PracticeRequest, practice: str) -> HttpResponse:
    """Let the ticked held documents leave."""
    chosen = [key for key in request.POST.getlist("selected") if key.isdecimal()]
    held = Posting.objects.filter(status=Posting.Status.HELD, pk__in=chosen)
    released = [release_posting(posting) for posting in held.order_by("id")]
    if released:
        messages.success(
            request, f"Released: {len(released)} {'document' if len(released) == 1 else 'documents'}."
        )
    else:
        messages.warning(request, "Tick the documents that may go to Sage first.")
    return see_other(request, "sage:connection-detail", practice=request.practice.slug)
