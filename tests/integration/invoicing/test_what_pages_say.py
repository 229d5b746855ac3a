"""What the pages of bills and invoices say of what cannot be done yet, or any more."""

from decimal import Decimal

from django.urls import reverse

from invoicing.operations import record_payment
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import a_client, a_service, an_invoice
from tests.integration.invoicing.test_pages import path


def test_an_instant_bill_says_what_is_missing_before_it_can_be_written(brook, client_of):
    lacks = "A bill needs a client and a service"
    first = client_of("alice").get(path("invoice-new", brook)).content.decode()
    assert lacks in first
    assert "There is no client yet." in first
    assert "Add a client and a service first." in first
    assert "Issue now" not in first
    assert reverse("services:starter-list", args=[brook.slug]) in first
    with practice_scope(brook.pk):
        a_service(), a_client()
    assert lacks not in client_of("alice").get(path("invoice-new", brook)).content.decode()


def test_why_an_invoice_with_money_on_it_can_be_neither_amended_nor_voided_is_said_of_both(brook, client_of):
    with practice_scope(brook.pk):
        issued = an_invoice(on=brook.today())
        record_payment(
            issued.client,
            received_on=brook.today(),
            amount=Decimal(1),
            source="by_hand",
            allocations=[(issued, Decimal(1))],
        )
    shown = client_of("alice").get(path("invoice-detail", brook, pk=issued.pk)).content.decode()
    assert shown.count("so it can be neither changed nor voided. Take the payment back first") >= 2
    assert "cannot be voided" not in shown


def test_where_an_issued_invoice_stands_is_said_beside_its_number(brook, client_of):
    with practice_scope(brook.pk):
        issued = an_invoice(on=brook.today())
    page = client_of("alice").get(path("invoice-detail", brook, pk=issued.pk)).text
    assert "Unpaid" in page[page.index("page-header") : page.index("page-actions")]
