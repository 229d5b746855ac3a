"""Which clients a view of a month holds, and what they come to."""

from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from clients.models import Client, ClientQuerySet
from invoicing.coming import coming_totals, waits_for_approval, waits_for_confirmation, waits_for_somebody
from invoicing.models import (
    BilledPeriod,
    BillingSchedule,
    Invoice,
    InvoiceQuerySet,
    InvoiceTally,
    InvoiceTallyQuerySet,
)
from invoicing.months import Month, left_out_of
from invoicing.practicalities import Practicalities
from practices.scalars import count_of, sum_of
from practices.tenancy import TenantQuerySet


def clients_of(month: Month, show: str, known: Practicalities) -> ClientQuerySet:
    """The clients of a view of the month (`waiting`, `confirm`, `approve`, `ready`, `billed`, else all), by name.

    Each with whoever is billed for it, and whether it ``pays`` for anybody.
    """
    coming = BillingSchedule.objects.due(month.last).filter(client=OuterRef("pk"))
    issued = Invoice.objects.issued().filter(client=OuterRef("pk"))
    this = Exists(issued.filter(tax_point__range=(month.first, month.last)))
    last = Exists(issued.filter(tax_point__range=(month.before.first, month.before.last)))
    left_out = Exists(left_out_of(month, schedule__client=OuterRef("pk")))
    # What somebody else received for a client stands on the client's own row (G49).
    this_for_it, last_for_it = (
        Q(Q(billed_to__isnull=False), Exists(_billed_for_it(each))) for each in (month, month.before)
    )
    waits = waits_for_somebody(known.rules)
    conditions = {
        "waiting": Exists(coming.filter(waits)),
        "confirm": Exists(coming.filter(waits_for_confirmation())),
        "approve": Exists(coming.filter(waits_for_approval(known.rules))),
        "ready": Exists(coming.exclude(waits)),
        "billed": this | this_for_it,
    }
    chosen: ClientQuerySet = Client.objects.filter(
        conditions.get(show, Exists(coming) | this | last | left_out | this_for_it | last_for_it)
    )
    pays = Exists(Client.objects.filter(billed_to=OuterRef("pk")))
    return chosen.select_related("billed_to").annotate(pays=pays).order_by("name_key", "pk")


def _billed_for_it(month: Month) -> "TenantQuerySet[BilledPeriod]":
    periods: TenantQuerySet[BilledPeriod] = BilledPeriod.objects.filter(
        schedule__client=OuterRef("pk"),
        invoice__status=Invoice.Status.ISSUED,
        invoice__tax_point__range=(month.first, month.last),
    )
    return periods


def somebody_pays_for_others() -> bool:
    """Whether what is billed for a client may be on an invoice to another."""
    return Client.objects.filter(billed_to__isnull=False).exists()


def columns_of_clients(month: Month, clients: ClientQuerySet, *, is_narrowed: bool) -> dict[str, Any]:
    """Columns for `figures`: how many clients these are, and what they were billed in the month and the one before.

    Unless it ``is_narrowed`` a view holds everybody who was billed, so that nobody has to be looked up.
    """
    gross = F("net") + F("vat")
    issued: InvoiceQuerySet | InvoiceTallyQuerySet = InvoiceTally.objects.issued()
    if is_narrowed:
        issued = Invoice.objects.issued().filter(client__in=clients.order_by().values("pk"))
    return {
        "clients": count_of(clients),
        "clients_before": sum_of(issued.of_month(month.before.first), gross),
        "clients_billed": sum_of(issued.of_month(month.first), gross),
    }


def coming_of_clients(month: Month, clients: ClientQuerySet, known: Practicalities) -> Decimal:
    """What these clients will be billed in the month, gross."""
    among = BillingSchedule.objects.filter(client__in=clients.order_by().values("pk"))
    (coming,) = coming_totals([month.last], known, among)
    return coming.amounts.gross
