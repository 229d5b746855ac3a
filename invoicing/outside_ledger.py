"""Invoices that the ledger has no copy of, found among postings that did not arrive instead of invoice by invoice.

Nearly everything a practice issues is in its ledger, so what is not there is little and quickly added up. What the rest
comes to is what is kept of all invoices, less that.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery

from clients.models.search import is_among
from invoicing.models import Invoice, InvoiceQuerySet, InvoiceTally
from invoicing.models.invoices import MOST_IDS, arrived_postings, ids_gone
from invoicing.queries import columns_of_totals, totals_in, totals_of
from ledger.models import Posting
from practices.scalars import WrittenColumns

Status = Posting.Status
#: Of a posting whose document is not in the ledger, or not known to be.
NOT_ARRIVED = [status for status in Status if status != Status.POSTED]


def not_in_the_ledger_of_all() -> InvoiceQuerySet:
    """As `InvoiceQuerySet.not_in_the_ledger`, where nothing narrows the invoices to a month or a client."""
    absent = ids_outside()
    if absent is None:
        # A practice whose invoices stay here finds them wherever it looks.
        return Invoice.objects.not_in_the_ledger()
    return _issued_among(absent)


def totals_in_the_ledger() -> dict[str, Decimal]:
    """What all invoices come to that the ledger has, as `invoicing.queries.totals_of` tells it."""
    known = _WITH_TOTALS.figures()
    absent = _ids_in(known)
    if absent is None:
        return totals_of(Invoice.objects.in_the_ledger())
    less = totals_of(_issued_among(absent)) if absent else {}
    return {name: figure - less.get(name, 0) for name, figure in totals_in(known).items()}


def _issued_among(absent: list[int]) -> InvoiceQuerySet:
    found: InvoiceQuerySet = Invoice.objects.issued().filter(is_among("pk", absent))
    return found


def _columns() -> dict[str, Any]:
    return {
        "waiting": ArraySubquery(_waiting()[: MOST_IDS + 1]),
        "gone": ArraySubquery(ids_gone()[: MOST_IDS + 1]),
    }


#: One question, so that all it tells is of one moment.
_OUTSIDE = WrittenColumns(_columns)
_WITH_TOTALS = WrittenColumns(lambda: {**_columns(), **columns_of_totals(InvoiceTally.objects.issued())})


def ids_outside() -> list[int] | None:
    """The ids of all invoices that the ledger has no copy of, some of them void; None where they are not few.

    Each is of a posting that did not arrive, or whose copy is gone: the database refuses a final invoice that has no
    posting at all (`a_final_invoice_has_a_posting`).
    """
    return _ids_in(_OUTSIDE.figures())


def _ids_in(known: Mapping[str, Any]) -> list[int] | None:
    if max(len(known["waiting"]), len(known["gone"])) > MOST_IDS:
        return None  # Cut off: there are more.
    absent = {*known["waiting"], *known["gone"]}
    return list(absent) if len(absent) <= MOST_IDS else None


def _waiting() -> Any:
    """The ids of invoices with postings of which none arrived, some of them twice: a draft has no posting.

    What arrived is looked up for each by itself. The planner takes those that wait for many, and would read everything
    that ever arrived to find out, if it saw that the two may be joined.
    """
    own = {"practice": OuterRef("practice"), "subject_id": OuterRef("subject_id")}
    arrived = Subquery(arrived_postings().filter(**own).order_by().values("pk")[:1])
    found = Posting.objects.filter(kind=Posting.Kind.INVOICE_CREATE, status__in=NOT_ARRIVED)
    return found.alias(arrived=arrived).filter(arrived=None).order_by().values("subject_id")
