"""The life of the practice's connection to one Sage business; every change of its status is made here.

connected ─enable→ enabled          either ─refused→ needs_reauthorisation ─signed in again→ where it was
                                    any ─disconnect→ disconnected (for good; a new one may follow)
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from invoicing.models import InvoicingSettings
from invoicing.operations.settings import set_documents_by
from ledger.models import LedgerSettings
from ledger.outbox import ledger_settings
from ledger.queue import on_its_way, resume_postings
from practices import audit
from practices.fields import CannotOpen
from practices.mail import queue_email
from practices.models import Membership, Practice, User
from practices.remembered import acting_practice
from practices.rows import rows_of
from practices.tenancy import acting_practice_id
from practices.webhooks import emit
from sage_integration.businesses import plan_id_of, plan_of, refuse_unsuitable
from sage_integration.errors import (
    BusinessIsSettled,
    LoginLacksTheCompany,
    NotReady,
    QueueForAnotherBusiness,
)
from sage_integration.models import (
    AccountMapping,
    ItemMapping,
    SageBankAccount,
    SageConnection,
    SageItem,
    SageLedgerAccount,
    SageTaxRate,
    TaxRateMapping,
)
from sage_integration.offer import why_not_connected
from sage_integration.queue import DECISIONS, last_ended
from sage_integration.readiness import readiness
from sage_integration.sage.errors import SageError
from sage_integration.sage.oauth import TokenPair
from sage_integration.sage.resources.businesses import Business

Status = SageConnection.Status
#: What was set up for a business, and holds again when the practice comes back to it.
KEPT_SETTINGS = (
    "default_account_id",
    "pulls_payments",
    "number_owner",
    "arrives_as",
    "pdf_owner",
    "syncs_names",
    "name_direction",
    "steps_read",
)


def current_connection() -> SageConnection | None:
    """The practice's connection that has not been ended, its tokens sealed; None when there is none."""
    live = "status <> %s ORDER BY id DESC LIMIT 1"
    found = rows_of(
        SageConnection, live, Status.DISCONNECTED.value, without=("access_token", "refresh_token")
    )
    return found[0] if found else None


def locked_connection() -> SageConnection:
    """The same, locked until the end of the transaction; raises `NotConnected`."""
    connection: SageConnection | None = SageConnection.objects.live().select_for_update().first()
    if connection is None:
        raise why_not_connected(acting_practice())
    return connection


def complete_connection(pair: TokenPair, businesses: Collection[str], *, by: User) -> SageConnection:
    """The connection with fresh tokens: a new one, or the old one back where it was.

    ``businesses`` are the ids this login can open. Raises `LoginLacksTheCompany`, storing nothing.
    """
    # The practice's row is the turnstile: there may be no connection to lock yet.
    # No key: whoever adds a row of the practice holds its key, perhaps while waiting for the connection's row.
    Practice.objects.select_for_update(no_key=True).get(pk=acting_practice_id())
    connection: SageConnection | None = SageConnection.objects.live().select_for_update().first()
    if connection is not None and connection.business_id and connection.business_id not in businesses:
        raise LoginLacksTheCompany(connection)
    is_new = connection is None
    connection = connection or SageConnection()
    connection.connected_by, connection.connected_at, connection.trouble = by, timezone.now(), ""
    connection.status = Status.ENABLED if connection.enabled_at else Status.CONNECTED
    _set_tokens(connection, pair)
    connection.save()
    audit.record("sage.connected" if is_new else "sage.reauthorised", connection)
    return connection


def keep_tokens(connection: SageConnection, pair: TokenPair) -> None:
    """Store the pair that a refresh gave; the one before it is dead."""
    connection.save(update_fields=_set_tokens(connection, pair))


def _set_tokens(connection: SageConnection, pair: TokenPair) -> list[str]:
    now = timezone.now()
    connection.access_token, connection.refresh_token = pair.access_token, pair.refresh_token
    connection.access_expires_at = now + timedelta(seconds=pair.expires_in)
    connection.refresh_expires_at = now + timedelta(seconds=pair.refresh_token_expires_in)
    return ["access_token", "refresh_token", "access_expires_at", "refresh_expires_at"]


def choose_business(business: Business, *, queue: str = "") -> SageConnection:
    """The connection bound to one business from now on; what was set up for that business before is kept.

    ``queue`` is a person's word for what waits for another business, one of `queue.DECISIONS`. Raises
    `BusinessUnsuitable` for anything but a company in the United Kingdom with a Sage Accounting plan (F01, F02),
    `BusinessIsSettled` once another one is enabled, `QueueForAnotherBusiness` while nobody has decided.
    """
    refuse_unsuitable(business)
    connection = locked_connection()
    if connection.enabled_at and connection.business_id != business["id"]:
        raise BusinessIsSettled(connection)
    before = connection if connection.business_id else last_ended()
    if before is None or before.business_id != business["id"]:
        _settle_the_queue(last_ended(), business, queue)
        _forget_mappings()
        connection.default_account_id, connection.steps_read = "", []
    else:
        for name in KEPT_SETTINGS:
            setattr(connection, name, getattr(before, name))
    connection.business_id, connection.business_name = business["id"], business["displayed_as"][:200]
    connection.plan, connection.plan_id = plan_of(business)[:40], plan_id_of(business)[:40]
    connection.save(update_fields=["business_id", "business_name", "plan", "plan_id", *KEPT_SETTINGS])
    audit.record("sage.business_chosen", connection, business=connection.business_name)
    return connection


def _settle_the_queue(before: SageConnection | None, business: Business, decision: str) -> None:
    """What was on its way to one company must not arrive in another unasked: its first try may have landed."""
    if before is None or before.business_id == business["id"]:
        return
    waiting = on_its_way().count()
    if not waiting:
        return
    if decision in DECISIONS:
        DECISIONS[decision](before)
        return
    documents = "1 document is" if waiting == 1 else f"{waiting} documents are"
    raise QueueForAnotherBusiness(
        before,
        message=f"{documents} still waiting for {before.business_name}. Connect that company again, "
        f"or say what becomes of them, before choosing {business['displayed_as']}.",
    )


def _forget_mappings() -> None:
    """Accounts, rates and items of another business mean nothing in this one."""
    mappings = (AccountMapping, TaxRateMapping, ItemMapping)
    for model in (*mappings, SageLedgerAccount, SageTaxRate, SageItem, SageBankAccount):
        model.objects.all().delete()


def leave_company() -> SageConnection:
    """A connection of the same login that is bound to no company yet; the one before has ended (F87).

    Documents, contacts and payments keep their links to the company that is left. Raises `NotConnected`.
    """
    before = locked_connection()
    kept = {
        name: getattr(before, name)
        for name in (
            "access_token",
            "refresh_token",
            "access_expires_at",
            "refresh_expires_at",
            "connected_by",
            "connected_at",
        )
    }
    _end(before)
    return SageConnection.objects.create(**kept)


def enable_posting() -> SageConnection:
    """The connection switched on: what is requested from now on leaves by itself (F07).

    What was held before stays held until a person releases it. Raises `NotReady`, naming every reason.
    """
    connection = locked_connection()
    if reasons := [check.problem for check in readiness(connection) if check.problem]:
        raise NotReady(connection, message="The connection cannot be enabled yet. " + " ".join(reasons))
    if connection.is_enabled:
        return connection
    connection.status, connection.enabled_at = Status.ENABLED, timezone.now()
    connection.save(update_fields=["status", "enabled_at"])
    _let_postings_leave(accepts=True)
    set_documents_by(maker_of_documents(connection))
    resume_postings()
    audit.record("sage.enabled", connection, business=connection.business_name)
    return connection


def disconnect() -> str:
    """End the connection and erase its tokens (F27); gives back the refresh token, to be revoked at Sage.

    Documents keep their Sage links and the queue is kept, but nothing leaves any more. Empty when the
    stored token does not open. Raises `NotConnected`.
    """
    connection = locked_connection()
    try:
        refresh_token = str(connection.refresh_token)
    except CannotOpen:
        refresh_token = ""
    _end(connection)
    return refresh_token


def _end(connection: SageConnection) -> None:
    """Nothing leaves by this connection any more, and it keeps no tokens."""
    connection.access_token = connection.refresh_token = ""
    connection.access_expires_at = connection.refresh_expires_at = None
    connection.status, connection.ended_at = Status.DISCONNECTED, timezone.now()
    connection.save()
    _let_postings_leave(accepts=False)
    set_documents_by(InvoicingSettings.DocumentsBy.PRACTICE)
    audit.record("sage.disconnected", connection, business=connection.business_name)


def maker_of_documents(connection: SageConnection) -> str:
    """Whose PDF clients get under this connection, in the words of `InvoicingSettings.documents_by`."""
    ours = connection.pdf_owner == SageConnection.PdfOwner.PRACTICE
    return InvoicingSettings.DocumentsBy.PRACTICE if ours else InvoicingSettings.DocumentsBy.LEDGER


def _let_postings_leave(*, accepts: bool) -> None:
    LedgerSettings.objects.filter(pk=ledger_settings().pk).update(accepts_postings=accepts)


def mark_needs_reauthorisation(
    error: SageError, connection_id: int, *, since: datetime | None = None
) -> None:
    """Only a new sign-in helps from here on: postings stay pending, and the owners get one e-mail.

    Nothing happens once that very connection has ended, or somebody has signed in again after ``since``: what an old
    session hears says nothing of a newer one.
    """
    connection = SageConnection.objects.live().filter(pk=connection_id).select_for_update().first()
    if connection is None or connection.status == Status.NEEDS_REAUTHORISATION:
        return
    if since is not None and connection.connected_at > since:
        return
    connection.status, connection.trouble = Status.NEEDS_REAUTHORISATION, type(error).__name__
    connection.trouble_since = timezone.now()
    connection.save(update_fields=["status", "trouble", "trouble_since"])
    entry = audit.record("sage.needs_reauthorisation", connection, cause=connection.trouble)
    emit("connection.needs_attention", business=connection.business_name, cause=connection.trouble)
    practice = Practice.objects.get(pk=acting_practice_id())
    owners = Membership.objects.filter(practice=practice, role=Membership.Role.OWNER).select_related("user")
    context = {
        "practice": practice,
        "connection": connection,
        "url": settings.PUBLIC_URL + reverse("sage:connection-detail", args=[practice.slug]),
    }
    for owner in owners:
        event = f"sage-needs-reauthorisation:{entry.pk}:{owner.user_id}"
        queue_email(owner.user.email, "sage_integration/needs_reauthorisation", context, event=event)


def record_trouble(error: SageError, connection_id: int) -> None:
    """Keep what is wrong with that connection as a whole, so that its page can say so."""
    mine = SageConnection.objects.live().filter(pk=connection_id)
    mine.exclude(status=Status.NEEDS_REAUTHORISATION).exclude(trouble=type(error).__name__).update(
        trouble=type(error).__name__, trouble_since=timezone.now()
    )


def clear_trouble(*kinds: type[SageError]) -> None:
    """These troubles are over: Sage has just answered as it should."""
    names = [kind.__name__ for kind in kinds]
    SageConnection.objects.live().filter(trouble__in=names).update(trouble="")
