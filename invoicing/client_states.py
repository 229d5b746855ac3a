"""Whether a client is a lead, active or inactive: it follows from services and bills (G44)."""

from collections.abc import Iterable
from datetime import date

from django.db.models import QuerySet

from clients.models import Client
from clients.operations import settle_status
from invoicing.models import BillingSchedule, Invoice

#: A client that was billed within so many days is still served.
RECENT_DAYS = 365


def settle_clients(clients: Iterable[int], *, on: date) -> int:
    """How many of these clients, by id, changed their state because of what is or was billed."""
    ids = list(clients)
    live = set(_with(BillingSchedule.objects.exclude(status=BillingSchedule.Status.ENDED), ids))
    ever = set(_with(BillingSchedule.objects.all(), ids))
    issued = Invoice.objects.issued()
    billed = set(_with(issued, ids))
    since = date.fromordinal(on.toordinal() - RECENT_DAYS)
    lately = set(_with(issued.filter(tax_point__gte=since), ids))
    changed = 0
    for client in Client.objects.filter(pk__in=ids).current().order_by("pk"):
        is_served = client.pk in live or client.pk in lately
        settled = settle_status(client, is_served=is_served, was_served=client.pk in ever | billed)
        changed += settled.status != client.status
    return changed


def settle_all_clients(*, on: date) -> int:
    """How many clients changed their state, looking only at those that may have to."""
    live = BillingSchedule.objects.exclude(status=BillingSchedule.Status.ENDED).order_by().values("client")
    since = date.fromordinal(on.toordinal() - RECENT_DAYS)
    lately = Invoice.objects.issued().filter(tax_point__gte=since).order_by().values("client")
    served = Client.objects.filter(pk__in=live) | Client.objects.filter(pk__in=lately)
    wrong = Client.objects.current().filter(status=Client.Status.ACTIVE).exclude(pk__in=served.values("pk"))
    asleep = served.exclude(status__in=[Client.Status.ACTIVE, Client.Status.ARCHIVED])
    ids = {*wrong.values_list("pk", flat=True), *asleep.values_list("pk", flat=True)}
    return settle_clients(sorted(ids), on=on)


def _with(rows: "QuerySet[Invoice] | QuerySet[BillingSchedule]", ids: list[int]) -> list[int]:
    """Which of the clients have one of the rows."""
    return list(rows.filter(client__in=ids).order_by().values_list("client", flat=True).distinct())
