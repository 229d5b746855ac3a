"""What entries of the audit trail speak of: whose or which it is, and the page that shows it."""

from collections.abc import Iterable

from django.db.models import CharField, F, Model, Value
from django.urls import reverse

from clients.models import Client
from invoicing.models import BillingSchedule, CreditNote, FeeUplift, Invoice
from ledger.models import Posting
from practices.models import AuditEntry, Practice
from proposals.models import Proposal
from services.models import Service

#: Kind of thing: the column that says in a person's words which one, and the page that shows it.
SUBJECTS: dict[type[Model], tuple[str, str]] = {
    Client: ("name", "clients:client-detail"),
    Service: ("name", "services:service-detail"),
    Proposal: ("client__name", "proposals:proposal-detail"),
    BillingSchedule: ("client__name", "invoicing:schedule-detail"),
    Invoice: ("client__name", "invoicing:invoice-detail"),
    CreditNote: ("client__name", "invoicing:credit-note-detail"),
    FeeUplift: ("title", "invoicing:uplift-detail"),
    Posting: ("reference", "sage:posting-detail"),
}

Subject = tuple[str, int | None]


def subjects_of(practice: Practice, entries: Iterable[AuditEntry]) -> dict[Subject, tuple[str, str]]:
    """Name and address of what these entries are about, by kind and row; one question for all of them."""
    wanted: dict[str, set[int]] = {}
    for entry in entries:
        if entry.subject_id is not None:
            wanted.setdefault(entry.subject_type, set()).add(entry.subject_id)
    pages = {model._meta.label_lower: page for model, (_, page) in SUBJECTS.items()}
    named = [
        model._default_manager.order_by()
        .filter(pk__in=wanted[model._meta.label_lower])
        .annotate(subject_kind=Value(model._meta.label_lower, CharField()), called=F(column))
        .values_list("subject_kind", "pk", "called")
        for model, (column, _) in SUBJECTS.items()
        if model._meta.label_lower in wanted
    ]
    if not named:
        return {}
    rows = named[0].union(*named[1:], all=True) if named[1:] else named[0]
    return {(kind, pk): (which, reverse(pages[kind], args=[practice.slug, pk])) for kind, pk, which in rows}
