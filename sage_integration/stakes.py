"""How much money is at stake in what needs somebody."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F

from invoicing.models import CreditNote, Invoice
from ledger.models import Posting
from money.amounts import ZERO
from practices.scalars import count_of, sum_of
from sage_integration.attention import Thing, differing_now, refused_now, things


def stake_of(shown: Sequence[Thing]) -> Decimal:
    """The money of different documents in Sage, in pounds; one that is listed twice counts once, with the most."""
    amounts: dict[str, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for thing in shown:
        of_it, document = amounts[thing.label], _document_of(thing)
        of_it[document] = max(of_it[document], thing.amount or ZERO)
    total = ZERO
    for of_it in amounts.values():
        # What did not arrive, or is gone, is about the same money as what counts there.
        without_one = of_it.pop(0, ZERO)
        total += max(without_one, sum(of_it.values(), ZERO))
    return total


def columns_of_stakes(today: date) -> dict[str, Any]:
    """Columns for `practices.scalars.figures`, from which `stake_now` tells what is at stake."""
    refused, gross = refused_now(today), F("net") + F("vat")
    invoices = refused.filter(kind=Posting.Kind.INVOICE_CREATE).values("subject_id")
    notes = refused.filter(kind__startswith="credit_note.", target=None).values("subject_id")
    return {
        "refused_invoices": sum_of(Invoice.objects.filter(pk__in=invoices), gross),
        "refused_notes": sum_of(CreditNote.objects.filter(pk__in=notes), gross),
        "about_copies": count_of(differing_now(today)) + count_of(refused.filter(target__isnull=False)),
    }


def stake_now(known: Mapping[str, Any], today: date) -> Decimal:
    """What is at stake in what needs somebody now, as the inbox adds it up, from the values of `columns_of_stakes`.

    Documents of which no copy is in Sage are added up by the database; what is about copies is few, and looked at.
    """
    if known["about_copies"]:
        return stake_of([thing for thing in things() if thing.state_on(today) == "open"])
    return (known["refused_invoices"] or ZERO) + (known["refused_notes"] or ZERO)


def _document_of(thing: Thing) -> int:
    """The copy that counts in Sage and that this is about, by its posting; 0 where it is about none."""
    posting = thing.posting
    if posting is None:
        return 0
    return posting.target_id or (posting.pk if posting.counts_in_ledger else 0)
