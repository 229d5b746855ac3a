"""What stays with a Sage company when the practice goes over to another one (F87)."""

from dataclasses import dataclass

from django.db.models import Count, Q

from invoicing.models import Payment
from ledger.models import Posting
from ledger.queue import on_its_way
from sage_integration.models import (
    AccountMapping,
    ContactLink,
    ItemMapping,
    SageConnection,
    SageLink,
    TaxRateMapping,
)

Kind = Posting.Kind


@dataclass(frozen=True)
class Stays:
    """How much stays linked to a company, and what of its set-up is forgotten; all counts."""

    invoices: int
    credit_notes: int
    clients: int
    payments: int
    #: Documents that were on their way to it, and those of them that may have arrived and that it refused.
    waiting: int
    unknown: int
    refused: int
    choices: int

    @property
    def is_anything(self) -> bool:
        """Whether anything stays linked at all."""
        return any((self.invoices, self.credit_notes, self.clients, self.payments))


def what_stays(connection: SageConnection) -> Stays:
    """What stays linked to the company that is connected now, should another one take its place."""
    links = SageLink.objects.filter(business_id=connection.business_id).aggregate(
        invoices=Count("pk", filter=Q(posting__kind=Kind.INVOICE_CREATE)),
        credit_notes=Count("pk", filter=Q(posting__kind=Kind.CREDIT_NOTE_CREATE)),
    )
    waiting = on_its_way()
    return Stays(
        invoices=links["invoices"],
        credit_notes=links["credit_notes"],
        clients=ContactLink.objects.filter(business_id=connection.business_id).count(),
        payments=Payment.objects.filter(source=Payment.Source.SAGE, reversed_at=None).count(),
        waiting=waiting.count(),
        unknown=waiting.perhaps_landed().count(),
        refused=waiting.clearly_refused().count(),
        choices=sum(model.objects.count() for model in (AccountMapping, TaxRateMapping, ItemMapping)),
    )
