"""Invoices that somebody typed into Sage before it was connected: adopted, never posted again (P26)."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.models import Invoice
from ledger.models import Posting
from ledger.outbox import release_posting
from practices.job_models import Job, JobRow
from practices.tasks import run_jobs
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import AdoptionOffer, ContactLink, SageLink, SyncRun
from sage_integration.sync.audit import audit_documents
from sage_integration.sync.existing import find_existing_invoices
from sage_integration.tasks import read_existing_invoices
from tests.integration.sage_integration.connecting import page, text_of
from tests.integration.sage_integration.posting import (
    issued_invoice,
    posting_of,
    push_once,
    push_until_settled,
)
from tests.sage import connected


@pytest.fixture
def before(clock, brook, sage):
    """Issues an invoice here before Sage is connected, and types it into Sage: `before("Acme Ltd", "100.00")`."""

    def both(name, price, *, typed_in=True, **changes):
        invoice = issued_invoice(brook, name, (price,))
        if typed_in:
            type_in(sage, invoice, name, **changes)
        return invoice

    return both


def type_in(sage, invoice, name, **changes):
    business = sage.business_id()
    found = sage.contacts(business, name) or [sage.add_contact(name, business)]
    account = next(a for a in sage.records("ledger_accounts", business) if a["nominal_code"] == 4010)
    line = {
        "description": "Typed in",
        "ledger_account_id": account["id"],
        "quantity": 1,
        "unit_price": str(invoice.net),
        "tax_rate_id": "GB_STANDARD",
        "tax_amount": str(invoice.vat),
    }
    body = {
        "contact_id": found[0]["id"],
        "date": str(invoice.tax_point),
        "reference": invoice.number_label,
        "invoice_lines": [line],
    }
    return sage.create("sales_invoices", business, **{**body, **changes})


@pytest.fixture
def alice(clock, client_of):
    """Alice's browser, signed in by the clock that tests move."""
    return client_of("alice")


def look(practice) -> SyncRun:
    with acting_for(practice.pk):
        return find_existing_invoices()


def adopt(alice, practice, **chosen) -> Job:
    answer = alice.post(page("existing-adopt"), chosen)
    assert answer.status_code == 303
    run_jobs(practice.pk)
    with practice_scope(practice.pk):
        return Job.objects.latest("pk")


def test_p26_fifty_invoices_from_before_are_adopted_and_none_is_posted(before, alice, brook, sage):
    invoices = [before(f"Client {number % 10}", f"{100 + number}.00") for number in range(50)]
    connected(brook, sage)
    sage.forget_requests()
    assert look(brook).counts == {"held": 50, "in_sage": 50, "sure": 50, "unsure": 0}
    job = adopt(alice, brook, all="sure")
    assert (job.total, job.succeeded) == (50, 50)
    push_once(brook)
    assert sage.requests("POST") == []
    assert len(sage.sales_invoices(sage.business_id())) == 50
    assert {posting_of(invoice).status for invoice in invoices} == {"posted"}
    with practice_scope(brook.pk):
        assert SageLink.objects.filter(was_adopted=True).count() == 50
        assert ContactLink.objects.count() == 10
        assert not AdoptionOffer.objects.exists()


def test_an_adopted_invoice_passes_the_nightly_comparison(before, alice, brook, sage):
    before("Acme Ltd", "100.00", reference="typed by Tom")
    connected(brook, sage)
    look(brook)
    adopt(alice, brook, all="sure")
    with acting_for(brook.pk):
        run = audit_documents()
    assert (run.counts, run.problem) == ({"checked": 1}, "")


def test_what_is_only_likely_waits_for_a_tick(before, alice, brook, sage):
    invoice = before("Acme Ltd", "100.00", date=str(date(2027, 3, 1)), reference="")
    connected(brook, sage)
    assert look(brook).counts["unsure"] == 1
    shown = text_of(alice.get(page("invoices-foreseen")))
    assert "Please check" in shown
    assert "date within a month" in shown
    alice.post(page("existing-adopt"), {"all": "sure"})
    assert posting_of(invoice).status == "held"
    with practice_scope(brook.pk):
        offer = AdoptionOffer.objects.get()
    adopt(alice, brook, selected=[offer.pk])
    assert posting_of(invoice).status == "posted"


def test_what_is_not_in_sage_stays_held_and_can_be_released(before, alice, brook, sage, clock):
    invoice = before("Acme Ltd", "100.00", typed_in=False)
    connected(brook, sage)
    assert look(brook).counts["sure"] == 0
    assert "None of the held invoices was found in Sage" in text_of(alice.get(page("invoices-foreseen")))
    posting = posting_of(invoice)
    with practice_scope(brook.pk):
        release_posting(posting)
    push_until_settled(brook, clock)
    assert len(sage.sales_invoices(sage.business_id())) == 1


def test_an_invoice_released_meanwhile_is_not_adopted(before, alice, brook, sage):
    invoice = before("Acme Ltd", "100.00")
    connected(brook, sage)
    look(brook)
    alice.post(page("existing-adopt"), {"all": "sure"})
    posting = posting_of(invoice)
    with practice_scope(brook.pk):
        release_posting(posting)
    run_jobs(brook.pk)
    with practice_scope(brook.pk):
        assert JobRow.objects.get().outcome == "needs_you"
        assert not SageLink.objects.exists()


def test_an_invoice_of_another_contact_than_the_clients_is_not_adopted(before, alice, brook, sage):
    before("Acme Ltd", "100.00")
    connected(brook, sage)
    look(brook)
    with practice_scope(brook.pk):
        other = sage.add_contact("Other", sage.business_id())
        invoice_id = AdoptionOffer.objects.get().posting.subject_id
        ContactLink.objects.create(
            client=Invoice.objects.get(pk=invoice_id).client,
            business_id=sage.business_id(),
            sage_contact_id=other["id"],
            origin="by_hand",
        )
    adopt(alice, brook, all="sure")
    with practice_scope(brook.pk):
        assert JobRow.objects.get().outcome == "needs_you"
        assert Posting.objects.get(kind="invoice.create").status == "held"


def test_looking_twice_changes_nothing_and_a_sage_that_fails_keeps_the_offers(before, brook, sage):
    before("Acme Ltd", "100.00")
    connected(brook, sage)
    look(brook)
    look(brook)
    sage.arm("status", on="GET /sales_invoices", times=None, status=500)
    assert look(brook).problem
    with practice_scope(brook.pk):
        assert AdoptionOffer.objects.get().net == Decimal("100.00")


def test_the_button_looks_once_when_pressed_twice(before, alice, brook, sage):
    before("Acme Ltd", "100.00")
    connected(brook, sage)
    alice.post(page("existing-read"))
    assert "already" in text_of(alice.post(page("existing-read"), follow=True))
    read_existing_invoices(brook.pk)
    with practice_scope(brook.pk):
        assert SyncRun.objects.filter(kind=SyncRun.Kind.EXISTING).count() == 1
    assert reverse("sage:existing-adopt", args=["brook-co"]) in text_of(alice.get(page("invoices-foreseen")))
