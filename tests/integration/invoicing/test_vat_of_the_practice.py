"""U02 and U03: what a practice charges VAT at, what one without registration says, and whose arithmetic it is."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing.models import Invoice
from invoicing.operations import issue_credit_note
from money.vat import VatCode
from practices.tenancy import practice_scope
from services.models import Service, VatSettings
from services.operations import set_vat_settings
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    MONTHLY,
    a_client,
    a_line,
    a_rate,
    a_schedule,
    a_service,
    an_invoice,
    bill_without_asking,
)


def main_of(page) -> str:
    return page.text[page.text.index("<main") :]


@pytest.fixture
def unregistered(brook):
    """Brook & Co without a VAT registration, with a client, a service and a bill to come."""
    with practice_scope(brook.pk):
        a_service()
        set_vat_settings(VatSettings(charges_vat=False))
        bill_without_asking()
        today = brook.today()
        return a_schedule(MONTHLY | {"code": "outside_scope"}, starts_on=today, on=today)


def test_u02_without_registration_an_instant_bill_asks_for_no_vat_and_speaks_of_none(
    client_of, brook, unregistered
):
    browser = client_of("alice")
    new = reverse("invoicing:invoice-new", args=["brook-co"])
    assert "VAT" not in main_of(browser.get(new))
    with practice_scope(brook.pk):
        service = Service.objects.get(name="Annual accounts").pk
    typed = {
        "client": unregistered.client_id,
        "tax_point": brook.today().isoformat(),
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-service": service,
        "lines-0-quantity": "1",
        "lines-0-unit_price": "100",
        "lines-0-with_vat": "on",
        "then": "draft",
    }
    page = browser.post(new, typed, follow=True)
    assert "is saved, £100.00." in page.text
    with practice_scope(brook.pk):
        draft = Invoice.objects.get()
        assert (draft.net, draft.vat) == (Decimal("100.00"), Decimal("0.00"))


def test_u02_without_registration_no_bill_and_no_message_speaks_of_vat(client_of, brook, unregistered):
    browser = client_of("alice")
    day = unregistered.next_starts_on.isoformat()
    for path in (
        reverse("invoicing:bill-edit", args=["brook-co", unregistered.pk, day]),
        reverse("invoicing:client-bill", args=["brook-co", unregistered.client_id])
        + f"?selected={unregistered.pk}:{day}",
    ):
        assert "VAT" not in main_of(browser.get(path)), path
    run = browser.post(reverse("invoicing:billing-run", args=["brook-co"]), follow=True)
    assert "1 invoice issued for 1 period, £100.00." in run.text


def test_u02_with_registration_the_message_names_the_tax(client_of, brook):
    with practice_scope(brook.pk):
        set_vat_settings(VatSettings(label="Sales tax"))
        bill_without_asking()
        a_schedule(
            MONTHLY,
            client=a_client(address_line_1="1 High Street"),
            starts_on=brook.today(),
            on=brook.today(),
        )
    run = client_of("alice").post(reverse("invoicing:billing-run", args=["brook-co"]), follow=True)
    assert "1 invoice issued for 1 period, £120.00 including Sales tax." in run.text


def test_u02_every_kind_of_rate_is_charged_as_what_it_is(brook):
    with practice_scope(brook.pk):
        lines = {code: a_line(str(code), "100", code=code) for code in VatCode}
        for code, line in lines.items():
            line.tax_rate = a_rate(code)
        invoice = an_invoice(a_client(), *lines.values())
        vat = dict(invoice.lines.values_list("vat_code", "vat"))
    assert vat == {
        "standard": Decimal("20.00"),
        "reduced": Decimal("5.00"),
        "zero": Decimal("0.00"),
        "exempt": Decimal("0.00"),
        "outside_scope": Decimal("0.00"),
    }


def test_u03_vat_is_rounded_line_by_line_and_then_added_as_sage_does(brook):
    with practice_scope(brook.pk):
        invoice = an_invoice(a_client(), *(a_line(f"Copy {number}", "0.33") for number in range(3)))
    # 0.33 at 20 % is 0.07 on each of three lines: 0.21, where 20 % of 0.99 would be 0.20.
    assert (invoice.net, invoice.vat) == (Decimal("0.99"), Decimal("0.21"))


def test_u02_without_registration_the_pages_of_billing_speak_of_no_vat(client_of, brook, unregistered):
    browser = client_of("alice")
    assert browser.post(reverse("invoicing:billing-run", args=["brook-co"])).status_code == 303
    for page in ("billing", "period-ledger", "month-end"):
        assert "VAT" not in main_of(browser.get(reverse(f"invoicing:{page}", args=["brook-co"]))), page


def test_u02_without_registration_invoices_credit_notes_and_the_clients_tabs_have_no_column_of_vat(
    client_of, brook, unregistered
):
    with practice_scope(brook.pk):
        client = unregistered.client
        invoice, other = (an_invoice(client, a_line("Advice", "50", code="outside_scope")) for _ in range(2))
        note = issue_credit_note(other, reason="Twice", issued_on=TODAY, on=TODAY)
    browser = client_of("alice")
    for name, key in (
        ("invoice-list", None),
        ("invoice-detail", invoice.pk),
        ("invoice-write-off", invoice.pk),
        ("credit-note-new", invoice.pk),
        ("credit-note-list", None),
        ("credit-note-detail", note.pk),
        ("client-services", client.pk),
        ("client-schedule", client.pk),
        ("client-invoices", client.pk),
    ):
        page = browser.get(reverse(f"invoicing:{name}", args=["brook-co", *([key] if key else [])]))
        assert page.status_code == 200, name
        shown = main_of(page)
        assert not re.search(r"\b(VAT|Net)\b", shown), name
        assert "£50.00" in shown or "£100.00" in shown or "£120.00" in shown, name


def test_u02_what_was_charged_while_registered_keeps_its_vat_on_its_own_pages(client_of, brook):
    with practice_scope(brook.pk):
        client = a_client()
        invoice = an_invoice(client, a_line("Advice", "50"))
        set_vat_settings(VatSettings(charges_vat=False))
    browser = client_of("alice")
    for name, key in (("invoice-detail", invoice.pk), ("client-invoices", client.pk)):
        shown = main_of(browser.get(reverse(f"invoicing:{name}", args=["brook-co", key])))
        assert "VAT</th>" in shown, name
        assert "£10.00" in shown, name


@pytest.mark.parametrize("page", ["invoice-list", "credit-note-list", "client-invoices"])
def test_what_the_practice_charges_costs_no_question(client_of, brook, page):
    with practice_scope(brook.pk):
        client = a_client()
        an_invoice(client, a_line("Advice", "50"))
    browser = client_of("alice")
    address = reverse(f"invoicing:{page}", args=["brook-co", *([client.pk] if "client" in page else [])])
    browser.get(address)
    with CaptureQueriesContext(connection) as queries:
        browser.get(address)
    asked = [each["sql"] for each in queries if "services_vatsettings" in each["sql"]]
    assert len(asked) <= 1
    assert all("FROM practices_practice AS practice" in sql for sql in asked)
