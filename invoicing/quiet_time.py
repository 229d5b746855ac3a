"""Invoices that stay here for a while after they are issued, so that they can be undone without a trace."""

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from invoicing.models import Invoice
from ledger.models import Posting
from practices.tenancy import TenantQuerySet

#: Invoices in their quiet time that are listed.
SHOWN = 50


def in_quiet_time(now: datetime) -> TenantQuerySet[Posting]:
    """The copies of invoices that leave later on, and were not tried yet."""
    found: TenantQuerySet[Posting] = Posting.objects.filter(
        kind=Posting.Kind.INVOICE_CREATE,
        status=Posting.Status.PENDING,
        attempted_at=None,
        not_before__gt=now,
        failure="",
    )
    return found


def is_quiet(posting: Posting | None, now: datetime) -> bool:
    """Whether that is such a copy."""
    return (
        posting is not None
        and posting.status == Posting.Status.PENDING
        and posting.attempted_at is None
        and posting.not_before > now
        and not posting.failure
    )


def leaving_soon(now: datetime) -> list[tuple[Invoice, datetime]]:
    """Invoices in their quiet time, the next to leave first, and when they leave; fifty at most."""
    waiting = in_quiet_time(now)
    leaves_at = waiting.filter(practice=OuterRef("practice"), subject_id=OuterRef("pk")).order_by(
        "not_before"
    )
    found: QuerySet[Any] = (
        Invoice.objects.issued()
        .filter(pk__in=waiting.order_by().values("subject_id"))
        .annotate(leaves_at=Subquery(leaves_at.values("not_before")[:1]))
        .select_related("client")
        .order_by("leaves_at", "pk")
    )
    return [(invoice, invoice.leaves_at) for invoice in found[:SHOWN]]
