"""The pages of the log, the inbox, the balance and the receipt are well-made HTML, with data and without."""

from datetime import timedelta

import pytest
from django.urls import reverse

from practices.tenancy import acting_for
from sage_integration.sync.audit import audit_documents
from tests.browser.markup import faults_in
from tests.integration.sage_integration.polling import poll
from tests.integration.sage_integration.posting import issued_invoice, posting_of, push_once

LISTS = ("log-list", "run-list", "inbox", "balance")


@pytest.fixture
def alice(enabled, client_of):
    """Alice's browser, signed in on the day of the test."""
    return client_of("alice")


def faults(browser, practice, name: str, **kwargs) -> list[str]:
    answer = browser.get(reverse(f"sage:{name}", kwargs={"practice": practice.slug, **kwargs}))
    assert answer.status_code == 200, name
    return [f"{name}: {fault}" for fault in faults_in(answer.content.decode())]


def test_pages_without_anything_are_well_made(alice, brook):
    assert [fault for name in LISTS for fault in faults(alice, brook, name)] == []


def test_pages_with_something_of_everything_are_well_made(alice, brook, acme, sage):
    sage.arm("status", on="POST /sales_invoices", status=422)
    refused = posting_of(issued_invoice(brook, "Refused Ltd"))
    push_once(brook)
    sage.delete_record("sales_invoices", acme.theirs["id"])
    poll(brook)
    with acting_for(brook.pk):
        audit_documents()
    key = f"posting-{refused.pk}"
    inside = {"practice": brook.slug, "key": key}
    late = (brook.today() + timedelta(days=3)).isoformat()
    found = [fault for name in LISTS for fault in faults(alice, brook, name)]
    found += faults(alice, brook, "inbox-thing", key=key)
    found += faults(alice, brook, "invoice-receipt", pk=acme.invoice.pk)
    wrong = alice.post(reverse("sage:inbox-snooze", kwargs=inside), {"until": brook.today().isoformat()})
    found += faults_in(wrong.content.decode())
    alice.post(reverse("sage:inbox-snooze", kwargs=inside), {"until": late})
    found += faults(alice, brook, "inbox-thing", key=key)
    assert found == []
