"""One company file a practice: another one is a switch, and what stays linked to the old one is listed first."""

import pytest
from django.utils import timezone

from invoicing.models import Invoice
from invoicing.operations import void_copy
from ledger.models import LedgerSettings, Posting
from ledger.outbox import ledger_settings, request_posting
from practices.tenancy import practice_scope
from sage_integration.connections import current_connection
from sage_integration.errors import CopyIsInAnotherCompany
from sage_integration.models import ContactLink, SageConnection, SageLink, TaxRateMapping
from sage_integration.operations import update_copy
from tests.integration.sage_integration.connecting import page, text_of
from tests.integration.sage_integration.polling import poll
from tests.integration.sage_integration.posting import push_until_settled
from tests.sage import COMPANY

OTHER = "Quayside Advisory Ltd"


@pytest.fixture
def other(sage) -> str:
    return sage.business_id(OTHER)


def warning_for(browser, business: str):
    answer = browser.post(page("business-choose"), {"business_id": business})
    assert answer.status_code == 303
    return browser.get(answer.headers["Location"])


def test_f87_a_second_company_is_offered_as_a_switch_that_lists_what_stays(brook, sage, acme, other, alice):
    stored = sage.sales_invoices()[0]
    sage.record_payment(stored["id"], "120.00")
    poll(brook)
    assert "one company at a time" in text_of(alice.get(page("business-choose")))
    shown = " ".join(text_of(warning_for(alice, other)).split())
    for words in (
        f"1 invoice and 0 credit notes stay in {COMPANY}",
        "1 client stays linked to its customer there",
        "1 payment brought back from there stays here",
        "Type the name of the company you leave",
    ):
        assert words in shown
    with practice_scope(brook.pk):
        assert current_connection().business_name == COMPANY
        assert TaxRateMapping.objects.exists()


def test_the_company_in_use_is_not_offered_and_choosing_it_changes_nothing(
    brook, sage, enabled, other, alice
):
    own = sage.business_id(COMPANY)
    shown = text_of(alice.get(page("business-choose")))
    assert f'id="company-{own}"' not in shown
    assert f'id="company-{other}"' in shown
    assert "In use" in shown
    sage.forget_requests()
    answer = alice.post(page("business-choose"), {"business_id": own})
    assert (answer.status_code, answer.headers["Location"]) == (303, page("business-choose"))
    assert sage.requests() == []


def test_f87_the_switch_needs_the_name_and_then_keeps_every_link(brook, sage, acme, other, alice):
    refused = alice.post(page("company-switch"), {"business_id": other, "business_name": OTHER})
    assert refused.status_code == 422
    done = alice.post(page("company-switch"), {"business_id": other, "business_name": COMPANY})
    assert done.headers["Location"] == page("health-check")
    with practice_scope(brook.pk):
        connection = current_connection()
        assert (connection.business_name, connection.status) == (OTHER, SageConnection.Status.CONNECTED)
        assert not ledger_settings().accepts_postings
        assert not TaxRateMapping.objects.exists()
        old = sage.business_id(COMPANY)
        assert SageLink.objects.get().business_id == ContactLink.objects.get().business_id == old
    assert alice.get(f"/p/brook-co/invoices/{acme.invoice.pk}/").status_code == 200


def test_f87_documents_that_wait_are_asked_about_before_the_switch(brook, sage, enabled, other, alice):
    with practice_scope(brook.pk):
        request_posting(Posting.Kind.INVOICE_CREATE, 1, label="INV-000001")
    assert "1 document is on its way" in " ".join(text_of(warning_for(alice, other)).split())
    fields = {"business_id": other, "business_name": COMPANY}
    assert alice.post(page("company-switch"), fields).status_code == 422
    assert alice.post(page("company-switch"), {**fields, "queue": "hold"}).status_code == 303
    with practice_scope(brook.pk):
        assert Posting.objects.get().status == Posting.Status.HELD
        assert current_connection().business_name == OTHER


def test_f87_what_was_refused_is_told_apart_from_what_may_have_arrived(brook, sage, enabled, other, alice):
    now = timezone.now()
    with practice_scope(brook.pk):
        for number in (1, 2):
            request_posting(Posting.Kind.INVOICE_CREATE, number, label=f"INV-{number:06}")
        Posting.objects.update(status="failed", attempted_at=now)
        Posting.objects.filter(subject_id=2).update(refused_at=now)
    shown = " ".join(text_of(warning_for(alice, other)).split())
    assert "1 of them may have arrived there already" in shown
    assert "1 of them was refused there, and is withdrawn either way" in shown


def test_f87_sage_going_down_at_the_switch_leaves_the_company_in_use(brook, sage, enabled, other, alice):
    sage.arm("status", on="GET /tax_rates", times=None, status=503)
    alice.post(page("company-switch"), {"business_id": other, "business_name": COMPANY})
    with practice_scope(brook.pk):
        connection = current_connection()
        assert (connection.pk, connection.status) == (enabled.pk, SageConnection.Status.ENABLED)


def test_f87_what_is_in_the_old_company_is_neither_changed_nor_called_void(
    brook, sage, acme, other, alice, clock
):
    alice.post(page("company-switch"), {"business_id": other, "business_name": COMPANY})
    with practice_scope(brook.pk):
        account = sage.records("ledger_accounts", other)[0]["id"]
        enabled = {"status": SageConnection.Status.ENABLED, "enabled_at": timezone.now()}
        SageConnection.objects.live().update(default_account_id=account, **enabled)
        LedgerSettings.objects.update(accepts_postings=True)
        with pytest.raises(CopyIsInAnotherCompany):
            update_copy(acme.invoice)
        void_copy(acme.posting, label="INV-000001", reason="Entered twice", then=Posting.Then.VOID_HERE)
    push_until_settled(brook, clock)
    with practice_scope(brook.pk):
        refused = Posting.objects.get(kind=Posting.Kind.INVOICE_VOID)
        assert (refused.status, refused.failure) == (Posting.Status.FAILED, "InAnotherCompany")
        assert Invoice.objects.get().status == Invoice.Status.ISSUED
    assert [row["status"]["id"] for row in sage.sales_invoices()] == ["UNPAID"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_f87_f88_staff_may_not_switch(client_of, brook, sage, enabled, other, method):
    assert getattr(client_of("bob"), method)(page("company-switch"), {"business": other}).status_code == 403
