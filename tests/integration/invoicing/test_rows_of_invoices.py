"""Lists of invoices read what their rows show, and ask no more questions for many rows than for one."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing.models import Invoice
from invoicing.operations import mark_paid
from ledger.models import Posting
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.home.questions import questions_of
from tests.integration.invoicing.documents import a_client, a_draft, a_proposal, an_invoice, open_the_ledger


@pytest.mark.parametrize("page", ["invoice-list", "client-invoices"])
def test_a_list_asks_as_many_questions_for_four_invoices_as_for_one(brook, client_of, page):
    with practice_scope(brook.pk):
        open_the_ledger()
        client = a_client("Acme")
        an_invoice(client)
    key = [client.pk] if page == "client-invoices" else []
    address, alice = reverse(f"invoicing:{page}", args=[brook.slug, *key]), client_of("alice")

    def asked() -> tuple[list[str], str]:
        with CaptureQueriesContext(connection) as seen:
            text = alice.get(address).content.decode()
        return [each["sql"] for each in seen], text

    asked()
    few, _ = asked()
    with practice_scope(brook.pk):
        offer = a_proposal(client=client)
        invoice = an_invoice(client)
        Invoice.objects.filter(pk=invoice.pk).update(proposal=offer)
        drafts = [a_draft(client), a_draft(client)]
    many, text = asked()
    assert len(many) == len(few)
    assert text.count('class="row-link nowrap"') == 2 + len(drafts)
    if page == "invoice-list":
        assert offer.number_label in text
        (rows,) = (
            sql
            for sql in many
            if 'FROM "invoicing_invoice"' in sql and "outstanding" in sql and "LIMIT" in sql
        )
        assert "name_key" not in rows


def test_the_page_of_an_invoice_with_its_history_asks_eleven_questions(brook, client_of):
    """PG2 allows twelve: the session is written now and then."""
    with practice_scope(brook.pk):
        open_the_ledger()
        invoice = an_invoice(a_client("Acme"))
        Posting.objects.update(status="posted", external_id="1", external_number="SI-1")
        mark_paid(invoice, amount=Decimal(10), received_on=TODAY, on=TODAY)
    alice, address = client_of("alice"), reverse("invoicing:invoice-detail", args=[brook.slug, invoice.pk])
    questions_of(alice, address)
    asked = questions_of(alice, address)
    assert len(asked) == 11
