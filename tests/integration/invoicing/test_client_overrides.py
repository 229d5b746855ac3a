"""What a client has of its own on its invoices: their day, and how the services stand on them (G77)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from clients.models import Client
from clients.operations import amend_client
from invoicing.documents import invoice_pdf, merged_lines, printed_lines
from invoicing.models import BillingSchedule, Invoice
from invoicing.operations import bill_due_periods, invoicing_settings
from invoicing.queries import invoice_to_post
from practices.models import Practice
from practices.operations import amend_practice
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    MONTHLY,
    a_client,
    a_line,
    a_schedule,
    an_invoice,
    bill_without_asking,
)

APRIL = date(2027, 4, 1)


def own_day(client: Client, day: int | None) -> Client:
    client.invoice_day = day
    return amend_client(client)


def next_bill(client: Client) -> date | None:
    return BillingSchedule.objects.get(client=client).next_bill_on


def test_g77_a_clients_own_invoice_day_goes_before_the_practices(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        late = own_day(a_client("Late Ltd"), 20)
        for client in (late, a_client("Usual Ltd")):
            a_schedule(MONTHLY, client=client, starts_on=APRIL)
        bill_due_periods(on=date(2027, 4, 30))
        dates = dict(Invoice.objects.values_list("client__name", "tax_point"))
        assert dates == {"Late Ltd": date(2027, 4, 20), "Usual Ltd": APRIL}
        assert next_bill(late) == date(2027, 5, 20)


@pytest.mark.parametrize(("day", "february"), [(31, date(2027, 2, 28)), (15, date(2027, 2, 15))])
def test_g77_the_last_day_stands_in_for_one_a_month_does_not_have(brook, day, february):
    with practice_scope(brook.pk):
        client = own_day(a_client(), day)
        a_schedule(MONTHLY, client=client, starts_on=date(2027, 2, 1), on=date(2027, 1, 10))
        assert next_bill(client) == february


def test_g77_a_changed_day_dates_what_comes_next_and_nothing_else_of_the_practice(brook):
    with practice_scope(brook.pk):
        client, other = a_client(), a_client("Other Ltd")
        for each in (client, other):
            a_schedule(MONTHLY, client=each, starts_on=APRIL)
        own_day(client, 12)
        assert (next_bill(client), next_bill(other)) == (date(2027, 4, 12), APRIL)
        practice = Practice.objects.get(pk=brook.pk)
        practice.invoice_day = 7
        amend_practice(practice)
        assert (next_bill(client), next_bill(other)) == (date(2027, 4, 12), date(2027, 4, 7))
        own_day(client, None)
        assert next_bill(client) == date(2027, 4, 7)


@pytest.mark.parametrize("day", [0, 32])
def test_no_month_has_that_day(brook, day):
    with practice_scope(brook.pk):
        client = a_client()
        with pytest.raises(IntegrityError, match="a_clients_invoice_day"), transaction.atomic():
            Client.objects.filter(pk=client.pk).update(invoice_day=day)


EACH, MERGED = ["Payroll", "Accounts", "Books"], ["Payroll; Accounts", "Books"]


def a_long_invoice(**particulars) -> Invoice:
    lines = [a_line("Payroll", "10.01"), a_line("Accounts", "600"), a_line("Books", "9", code="zero")]
    return invoice_to_post(an_invoice(a_client(f"Acme {len(particulars)} Ltd", **particulars), *lines).pk)


def test_g77_merged_lines_name_every_service_and_come_to_the_same_pennies(brook):
    with practice_scope(brook.pk):
        invoice = a_long_invoice()
        merged = merged_lines(invoice.lines.all())
        assert [(line.name, line.net, line.vat) for line in merged] == [
            ("Payroll; Accounts", Decimal("610.01"), Decimal("122.00")),
            ("Books", Decimal("9.00"), Decimal("0.00")),
        ]
        assert (sum(line.net for line in merged), sum(line.vat for line in merged)) == (
            invoice.net,
            invoice.vat,
        )
        assert invoice.lines.count() == 3


@pytest.mark.parametrize("source", ["recurring", "instant"])
def test_g77_recurring_and_other_invoices_are_merged_separately(brook, source):
    with practice_scope(brook.pk):
        bill_without_asking(merges_recurring=True)
        invoice = a_long_invoice()
        invoice.source = source
        assert names_on(invoice) == (MERGED if source == "recurring" else EACH)


@pytest.mark.parametrize(("layout", "is_merged"), [("each", False), ("merged", True)])
def test_g77_a_clients_layout_goes_before_the_practices(brook, layout, is_merged):
    with practice_scope(brook.pk):
        bill_without_asking(merges_one_off=not is_merged)
        invoice = a_long_invoice(invoice_layout=layout)
        assert names_on(invoice) == (MERGED if is_merged else EACH)
        as_set = invoice_pdf(invoice)
        invoice.client.invoice_layout = "" if layout else "merged"
        assert invoice_pdf(invoice) != as_set


def names_on(invoice: Invoice) -> list[str]:
    """What its PDF lists."""
    return [line.name for line in printed_lines(invoice, invoicing_settings())]


def test_g77_day_and_layout_are_set_on_the_clients_page(brook, client_of):
    with practice_scope(brook.pk):
        client = a_client()
        a_schedule(MONTHLY, client=client, starts_on=APRIL)
    typed = {"name": client.name, "kind": client.kind, "country": "GB"}
    typed |= {"people-TOTAL_FORMS": "0", "people-INITIAL_FORMS": "0", "invoice_layout": "merged"}
    page, browser = reverse("clients:client-edit", args=["brook-co", client.pk]), client_of("alice")
    assert browser.post(page, typed | {"invoice_day": "32"}).status_code == 422
    assert browser.post(page, typed | {"invoice_day": "28"}).status_code == 303
    with practice_scope(brook.pk):
        assert next_bill(client) == date(2027, 4, 28)
    shown = browser.get(reverse("clients:client-detail", args=["brook-co", client.pk])).content.decode()
    assert "28, for this client" in shown
    assert "One line for each VAT rate" in shown


def test_g77_an_upfront_bill_is_dated_on_acceptance_whatever_day_the_client_has(brook):
    with practice_scope(brook.pk):
        a_schedule({"billing": "upfront"}, client=own_day(a_client(), 20))
        assert Invoice.objects.get().tax_point == TODAY
