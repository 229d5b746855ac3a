"""Invoices settled here, drafts made of others, and what a VAT invoice has to show."""

from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from clients.models import Client
from invoicing.errors import (
    DatedInTheFuture,
    MoreThanIsOwed,
    NeedsAnAddress,
    NoReason,
    NothingOutstanding,
    NothingToMerge,
    PaidInTheLedger,
)
from invoicing.models import Invoice, Payment
from invoicing.operations import (
    bill_due_periods,
    duplicate_invoice,
    issue_invoice,
    mark_paid,
    merge_lines,
    record_payment,
    take_back,
    write_off,
)
from invoicing.queries import invoice_to_post
from invoicing.vat_invoices import missing_on
from ledger.models import Posting
from money.amounts import Amounts, price_line, price_with_vat
from practices.letterhead import profile_of
from practices.models import Practice, PracticeProfile
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import a_client, a_draft, a_line, a_schedule, a_service, an_invoice

D = Decimal


def owed(invoice: Invoice) -> Decimal:
    return Invoice.objects.get(pk=invoice.pk).outstanding


def from_sage(invoice: Invoice, amount: str) -> Payment:
    return record_payment(
        invoice.client,
        received_on=TODAY,
        amount=D(amount),
        source=Payment.Source.SAGE,
        external_id=f"sage-{amount}",
        allocations=[(invoice, D(amount))],
    )


def test_f84_g72_marked_paid_here_is_paid_and_asks_nothing_of_the_ledger(brook, client_of):
    with practice_scope(brook.pk):
        invoice = an_invoice()
        postings = Posting.objects.count()
    page = reverse("invoicing:invoice-paid", args=[brook.slug, invoice.pk])
    browser = client_of("alice")
    assert "never reaches Sage" in browser.get(page).content.decode()
    said = {"amount": "720.00", "received_on": "2020-01-02", "reference": "BACS"}
    assert browser.post(page, said).status_code == 303
    with practice_scope(brook.pk):
        assert owed(invoice) == 0
        assert Posting.objects.count() == postings
    assert (
        "not in Sage"
        in browser.get(reverse("invoicing:invoice-detail", args=[brook.slug, invoice.pk])).content.decode()
    )


def test_more_than_is_owed_in_the_future_or_on_a_paid_invoice_is_refused(brook):
    with practice_scope(brook.pk):
        invoice = an_invoice()
        with pytest.raises(MoreThanIsOwed):
            mark_paid(invoice, amount=D("720.01"), received_on=TODAY, on=TODAY)
        with pytest.raises(DatedInTheFuture):
            mark_paid(invoice, amount=D("1"), received_on=TODAY.replace(day=11), on=TODAY)
        mark_paid(invoice, amount=D("720"), received_on=TODAY, on=TODAY)
        with pytest.raises(NothingOutstanding):
            write_off(invoice, reason="Bankrupt", on=TODAY)


def test_g72_what_sage_recorded_is_not_taken_back_here_and_what_was_entered_here_is(brook, client_of):
    with practice_scope(brook.pk):
        invoice = an_invoice()
        by_hand = mark_paid(invoice, amount=D("20"), received_on=TODAY, on=TODAY)
        sage = from_sage(invoice, "700")
        with pytest.raises(PaidInTheLedger):
            take_back(sage)
    address = reverse("invoicing:payment-take-back", args=[brook.slug, by_hand.pk])
    assert client_of("alice").post(address).status_code == 303
    with practice_scope(brook.pk):
        assert owed(invoice) == D("20")


def test_g72_sages_payment_takes_the_place_of_one_entered_here(brook):
    with practice_scope(brook.pk):
        invoice = an_invoice()
        by_hand = mark_paid(invoice, amount=D("720"), received_on=TODAY, on=TODAY)
        from_sage(invoice, "700")
        assert owed(invoice) == D("20")
        assert Payment.objects.get(pk=by_hand.pk).reversed_at is not None


def test_a_part_paid_here_stays_while_sages_leaves_room_for_it(brook):
    with practice_scope(brook.pk):
        invoice = an_invoice()
        by_hand = mark_paid(invoice, amount=D("20"), received_on=TODAY, on=TODAY)
        from_sage(invoice, "700")
        assert owed(invoice) == 0
        assert Payment.objects.get(pk=by_hand.pk).reversed_at is None


def test_g81_what_was_written_off_is_called_no_money_anywhere(brook, client_of):
    client = client_of("alice")
    with practice_scope(brook.pk):
        invoice = an_invoice()
        write_off(invoice, reason="Bankrupt", on=TODAY)
    pages = (
        reverse("invoicing:invoice-detail", args=[brook.slug, invoice.pk]),
        reverse("home", args=[brook.slug]),
        reverse("sage:log-list", args=[brook.slug]),
    )
    shown = [client.get(page).content.decode() for page in pages]
    assert all("Payment received" not in page for page in shown[:2])
    assert all("Written off" in page for page in shown[:2])
    assert "£720.00 was written off here, and not in Sage, on INV-000001; £0.00 is outstanding." in shown[2]


def test_g81_an_invoice_that_was_written_off_is_not_called_paid(brook, client_of):
    with practice_scope(brook.pk):
        invoice = an_invoice()
        mark_paid(invoice, amount=D("20"), received_on=TODAY, on=TODAY)
        given_up = write_off(invoice, reason="Bankrupt", on=TODAY)
    list_url, browser = reverse("invoicing:invoice-list", args=[brook.slug]), client_of("alice")
    pages = (
        list_url,
        reverse("invoicing:client-invoices", args=[brook.slug, invoice.client_id]),
        reverse("invoicing:invoice-detail", args=[brook.slug, invoice.pk]),
    )
    for page in pages:
        shown = browser.get(page)
        found = (
            shown.context["rows"][0]["settlement"] if "rows" in shown.context else shown.context["settlement"]
        )
        assert found == "written_off", page
        assert "Written off" in shown.text
    assert ",0.00,Written off" in browser.get(list_url, {"file": "csv"}).getvalue().decode()
    with practice_scope(brook.pk):
        take_back(given_up)
    assert browser.get(pages[2]).context["settlement"] != "written_off"


def test_g81_written_off_with_a_reason_and_taken_back(brook, client_of):
    with practice_scope(brook.pk):
        invoice = an_invoice()
        with pytest.raises(NoReason):
            write_off(invoice, reason=" ", on=TODAY)
    page = reverse("invoicing:invoice-write-off", args=[brook.slug, invoice.pk])
    browser = client_of("alice")
    assert browser.post(page, {"reason": ""}).status_code == 422
    assert browser.post(page, {"reason": "Company struck off"}).status_code == 303
    with practice_scope(brook.pk):
        given_up = Payment.objects.get()
        assert (given_up.kind, given_up.amount, owed(invoice)) == ("written_off", D("720"), 0)
        take_back(given_up)
        assert owed(invoice) == D("720")
    detail = browser.get(reverse("invoicing:invoice-detail", args=[brook.slug, invoice.pk])).content.decode()
    assert "Company struck off" in detail
    home = browser.get(reverse("home", args=[brook.slug])).content.decode()
    for page in (detail, home):
        assert "Write-off taken back" in page
        assert "Payment taken back" not in page
    assert (
        "A write-off of £720.00 for INV-000001 was taken back; £720.00 is outstanding."
        in browser.get(reverse("sage:log-list", args=[brook.slug])).content.decode()
    )


def test_g80_a_duplicate_is_a_draft_with_the_same_lines_and_todays_date(brook, client_of):
    with practice_scope(brook.pk):
        invoice = an_invoice(None, a_line("Payroll", "6.50", "12"), on=TODAY.replace(day=1))
        copy = duplicate_invoice(invoice, on=TODAY)
        assert (copy.status, copy.tax_point, copy.net) == ("draft", TODAY, D("78.00"))
        assert copy.lines.get().quantity == D("12")
    answer = client_of("alice").post(reverse("invoicing:invoice-duplicate", args=[brook.slug, invoice.pk]))
    assert answer.status_code == 303


def test_g77_lines_of_one_rate_become_one_and_the_net_stays_to_the_penny(brook):
    with practice_scope(brook.pk):
        lines = [
            a_line("Payroll", "3.333", "1"),
            a_line("Accounts", "600.01"),
            a_line("Books", "9", code="zero"),
        ]
        draft = a_draft(None, *lines)
        net = draft.net
        merged = merge_lines(draft)
        assert (merged.net, merged.lines.count()) == (net, 2)
        first = merged.lines.first()
        assert (first.name, first.description) == ("Accounts", "Payroll\nAccounts")
        with pytest.raises(NothingToMerge):
            merge_lines(merged)


def test_g77_lines_entered_with_vat_in_them_come_to_the_same_when_they_are_merged(brook):
    with practice_scope(brook.pk):
        lines = [a_line("Payroll", "0"), a_line("Books", "0")]
        for line in lines:
            line.gross_price = D(100)
        draft = a_draft(None, *lines)
        merged = merge_lines(draft)
        assert (draft.gross, merged.gross, merged.lines.count()) == (200, 200, 1)


@given(pence=st.integers(1, 10_000_000), percent=st.sampled_from(["20", "5", "0", "17.5", "12.5"]))
def test_a_price_with_vat_is_met_to_the_penny_with_vat_beside_the_rate_by_less_than_one(pence, percent):
    gross, rate = D(pence) / 100, D(percent)
    amounts = price_with_vat(gross, rate)
    assert amounts.gross == gross
    assert abs(amounts.vat - amounts.net * rate / 100) < D("0.0101")


def test_worked_examples_of_prices_with_vat():
    assert price_with_vat(D("120"), D("20")) == Amounts(D("100.00"), D("20.00"))
    assert price_with_vat(D("0.03"), D("20")) == Amounts(D("0.03"), D("0.00"))
    assert price_line(D(1), D("0.02"), D(20)).gross == D("0.02")


def test_a_bill_entered_with_vat_in_it_comes_to_what_was_entered(brook, client_of):
    with practice_scope(brook.pk):
        client, service = a_client(), a_service()
    said = {
        "client": client.pk,
        "tax_point": "2020-03-10",
        "then": "issue",
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-service": service.pk,
        "lines-0-quantity": "3",
        "lines-0-unit_price": "33.33",
        "lines-0-with_vat": "on",
    }
    assert (
        client_of("alice").post(reverse("invoicing:invoice-new", args=[brook.slug]), said).status_code == 303
    )
    with practice_scope(brook.pk):
        invoice = Invoice.objects.get()
        assert invoice.gross == D("99.99")
        line = invoice.lines.get()
        assert (line.quantity, line.net, line.vat) == (1, D("83.33"), D("16.66"))
        assert line.description.startswith("3 × £33.33 including VAT")


def register_for_vat(brook: Practice) -> None:
    Practice.objects.filter(pk=brook.pk).update(vat_number="GB123456782")


def test_u01_a_registered_practice_issues_nothing_without_the_customers_address(brook):
    with practice_scope(brook.pk):
        register_for_vat(brook)
        draft = a_draft()
        with pytest.raises(NeedsAnAddress):
            issue_invoice(draft, on=TODAY)
        Client.objects.filter(pk=draft.client_id).update(address_line_1="1 Mill Lane", postal_code="LS1 1AA")
        assert issue_invoice(draft, on=TODAY).number == 1


def test_u01_the_run_leaves_out_who_has_no_address_and_bills_the_others(brook):
    with practice_scope(brook.pk):
        register_for_vat(brook)
        nameless = a_schedule(client=a_client("No Address Ltd"))
        a_schedule(client=a_client("Acme Ltd", address_line_1="1 Mill Lane"))
        outcome = bill_due_periods(on=TODAY)
        assert outcome.invoices == 1
        assert outcome.refused == ((nameless.client_id, NeedsAnAddress.message),)


def test_u01_what_a_vat_invoice_lacks_is_named(brook):
    with practice_scope(brook.pk):
        invoice = invoice_to_post(an_invoice().pk)
        lines, practice = list(invoice.lines.all()), Practice.objects.get(pk=brook.pk)
        assert [
            words.split(",")[0] for words in missing_on(invoice, lines, practice, profile_of(practice))
        ] == ["Your VAT number"]
        practice.vat_number = "GB123456782"
        missing = missing_on(invoice, lines, practice, PracticeProfile())
        assert [words.split(".")[0] for words in missing] == ["Your address", "The customer's address"]
        invoice.client.postal_code = "LS1 1AA"
        assert missing_on(invoice, lines, practice, PracticeProfile(address="2 Quay")) == []
