"""What of a practice's invoices is in the ledger, what is not, and what differs: told without asking one by one."""

import random
from datetime import date, timedelta

import pytest
from django.db import IntegrityError
from django.http import QueryDict

from invoicing.figures import income_by_month
from invoicing.listing import invoice_list_of
from invoicing.models import Invoice
from invoicing.operations import void_invoice
from invoicing.outside_ledger import not_in_the_ledger_of_all
from invoicing.queries import invoices_in, totals_of
from ledger.models import Posting
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import a_client, a_draft, an_invoice


@pytest.fixture
def scope(brook):
    return lambda: practice_scope(brook.pk)


def test_what_arrived_of_a_stretch_is_what_arrived_of_everything_in_it(scope):
    """However ids and dates lie, an old invoice dated anew included."""
    chance, days = random.Random(7), [TODAY - timedelta(days=back) for back in range(0, 90, 7)]
    with scope():
        client = a_client()
        made = [an_invoice(client, on=chance.choice(days)) for _ in range(25)]
        Invoice.objects.filter(pk=made[0].pk).update(tax_point=TODAY, due_on=TODAY)
        for posting in Posting.objects.order_by("pk"):
            if chance.random() < 0.6:
                Posting.objects.filter(pk=posting.pk).update(status="posted", external_id=str(posting.pk))
        months = {day.replace(day=1) for day in days} | {date(2001, 1, 1)}
        for first in months:
            wanted = set(Invoice.objects.in_the_ledger().of_month(first).values_list("pk", flat=True))
            found = Invoice.objects.issued().of_month(first).arrived()
            assert set(found.values_list("pk", flat=True)) == wanted
            found = Invoice.objects.issued().of_month(first).arrived_of_many()
            assert set(found.values_list("pk", flat=True)) == wanted
        assert {invoice.pk for invoice in Invoice.objects.issued().arrived()} == {
            invoice.pk for invoice in Invoice.objects.in_the_ledger()
        }
        assert 5 < Invoice.objects.in_the_ledger().count() < 25


def test_what_is_void_or_missing_in_the_ledger_is_not_in_it_unless_another_copy_is(scope):
    """Its total is not said to be in Sage, on the home page, at the month's end or in a list."""
    with scope():
        client = a_client()
        voided, again, there, held = (an_invoice(client, on=TODAY) for _ in range(4))
        for invoice in (voided, again, there):
            copy = Posting.objects.filter(subject_id=invoice.pk, kind=Posting.Kind.INVOICE_CREATE)
            copy.update(status="posted", external_id=str(invoice.pk))
        for invoice, standing in ((voided, "void"), (again, "missing")):
            Posting.objects.filter(subject_id=invoice.pk).update(standing=standing)
        second = Posting.objects.get(subject_id=again.pk)
        second.pk, second.copy, second.standing = None, 2, ""
        second.reference, second.idempotency_id = "INV-AGAIN", "f" * 32
        second.save(force_insert=True)
        wanted, month = {again.pk, there.pk}, Invoice.objects.issued().of_month(TODAY.replace(day=1))
        for found in (Invoice.objects.in_the_ledger(), month.arrived(), month.arrived_of_many()):
            assert set(found.values_list("pk", flat=True)) == wanted
        for found in (Invoice.objects.not_in_the_ledger(), not_in_the_ledger_of_all()):
            assert set(found.values_list("pk", flat=True)) == {voided.pk, held.pk}


@pytest.mark.parametrize(("most", "few"), [(0, 500), (5000, 500), (5000, 2)])
def test_what_is_not_in_sage_is_the_same_for_a_whole_practice_as_month_by_month(
    scope, monkeypatch, most, few
):
    """However many there are: a few are looked up by their ids, one by one or at once."""
    monkeypatch.setattr("invoicing.outside_ledger.MOST_IDS", most)
    monkeypatch.setattr("clients.models.search.FEW", few)
    with scope():
        client = a_client()
        made = [an_invoice(client) for _ in range(6)]
        drafted = a_draft(client)
        Posting.objects.filter(subject_id__in=[made[0].pk, made[1].pk]).update(
            status="posted", external_id="1"
        )
        void_invoice(made[2])
        found = not_in_the_ledger_of_all()
        assert set(found) == set(Invoice.objects.not_in_the_ledger()) == set(made[3:])
        assert drafted not in found
        for address in ("view=not-in-sage", f"view=not-in-sage&month={TODAY:%Y-%m}"):
            listed = invoice_list_of(QueryDict(address), TODAY)
            assert set(listed.invoices) == set(made[3:])


@pytest.mark.parametrize("most", [0, 5000])
def test_what_differs_from_its_copy_is_found_wherever_it_was_changed(scope, monkeypatch, most):
    monkeypatch.setattr("invoicing.outside_ledger.MOST_IDS", most)
    with scope():
        client = a_client()
        here, held, there, theirs, same, waiting = (an_invoice(client) for _ in range(6))
        postings = Posting.objects.exclude(subject_id=waiting.pk)
        postings.update(status="posted", external_id="1")
        Invoice.objects.filter(pk__in=[here.pk, held.pk, waiting.pk]).update(revision=2)
        postings.filter(subject_id=held.pk).update(held_revision=2)
        postings.filter(subject_id=there.pk).update(standing="changed")
        postings.filter(subject_id=theirs.pk).update(held_revision=0)
        assert set(invoices_in("changed", TODAY)) == {here, there, theirs}
        assert same not in invoices_in("changed", TODAY)


@pytest.mark.parametrize("most", [5000, 2])
def test_what_is_in_sage_comes_to_what_is_kept_less_what_is_not(scope, monkeypatch, most):
    """PG1, PG6: only what is not there is added up, whatever became of its postings or of its copies."""
    monkeypatch.setattr("invoicing.outside_ledger.MOST_IDS", most)
    with scope():
        client = a_client()
        there, gone, refused, withdrawn, waiting, voided = (an_invoice(client, on=TODAY) for _ in range(6))
        for invoice in (there, gone, voided):
            Posting.objects.filter(subject_id=invoice.pk).update(status="posted", external_id=str(invoice.pk))
        Posting.objects.filter(subject_id=gone.pk).update(standing="void")
        Posting.objects.filter(subject_id=refused.pk).update(status="failed")
        Posting.objects.filter(subject_id=withdrawn.pk).update(status="cancelled")
        Invoice.objects.filter(pk=voided.pk).update(status="void")
        a_draft(client)
        listed = invoice_list_of(QueryDict("view=in-sage"), TODAY)
        assert listed.totals() == totals_of(listed.invoices) == totals_of(Invoice.objects.filter(pk=there.pk))
        assert set(not_in_the_ledger_of_all()) == {gone, refused, withdrawn, waiting}
        assert income_by_month(TODAY)[-1].posted == there.gross


@pytest.mark.parametrize("status", ["issued", "void"])
def test_a_final_invoice_without_a_posting_cannot_be_written(scope, status):
    """In no list of what Sage lacks it would be missed by nobody."""
    with scope():
        draft = a_draft(a_client())
    with pytest.raises(IntegrityError, match="a_final_invoice_has_a_posting"), scope():
        Invoice.objects.filter(pk=draft.pk).update(status=status, number=1)
    with scope():
        draft.refresh_from_db()
        assert draft.status == "draft"
