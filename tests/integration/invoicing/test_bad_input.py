"""What is entered wrongly is refused with words, or has a defined outcome; nothing is billed half."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.urls import reverse

from invoicing import errors
from invoicing.models import BillingSchedule, ComingBill, Invoice, InvoiceLine
from invoicing.operations import bill_due_periods, change_bill, draft_invoice, end_billing, issue_invoice
from invoicing.operations.billing import MOST_LINES, _grouped
from practices.tenancy import practice_scope
from services.errors import PriceExists
from services.models import Price, Service, TaxRate
from services.operations import archive_tax_rate, reprice_service
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    MONTHLY,
    a_client,
    a_draft,
    a_line,
    a_rate,
    a_schedule,
    a_service,
    bill_without_asking,
)

D = Decimal


@pytest.mark.parametrize("day", [date(2101, 1, 1), date(9999, 12, 31), date(1999, 12, 31)])
def test_a_date_beyond_reason_is_refused_for_a_bill(brook, day):
    with practice_scope(brook.pk):
        schedule = a_schedule()
        with pytest.raises(errors.DateOutOfRange):
            change_bill(schedule, TODAY, bills_on=day, quantity=D(1), unit_price=D(1))


def test_an_invoice_beyond_2100_stays_a_draft(brook):
    with practice_scope(brook.pk):
        draft = a_draft(on=date(2100, 12, 31))
        with pytest.raises(errors.DatedInTheFuture):
            issue_invoice(draft, on=TODAY)
        assert Invoice.objects.get().status == "draft"


def test_an_end_before_the_start_is_refused(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(starts_on=TODAY)
        with pytest.raises(errors.EndsBeforeItStarts):
            end_billing(schedule, on=TODAY.replace(day=1))
        assert BillingSchedule.objects.get().ends_on is None


def entered(browser, practice, **line):
    with practice_scope(practice.pk):
        client, service = a_client(), a_service()
    said = {
        "client": client.pk,
        "tax_point": "2027-03-10",
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-service": service.pk,
        "lines-0-quantity": "1",
        "lines-0-unit_price": "100",
    }
    return browser.post(reverse("invoicing:invoice-new", args=[practice.slug]), said | line)


@pytest.mark.parametrize(
    "line",
    [
        {"lines-0-unit_price": "-1"},
        {"lines-0-unit_price": "0.00005"},
        {"lines-0-unit_price": "1e30"},
        {"lines-0-unit_price": "NaN"},
        {"lines-0-quantity": "0"},
        {"lines-0-quantity": "-2"},
        {"lines-0-quantity": "1.123456"},
        {"lines-0-service": "999999"},
        {"tax_point": "2027-02-30"},
        {"client": "999999"},
    ],
)
def test_what_cannot_be_billed_is_refused_by_the_form_and_nothing_is_kept(brook, client_of, line):
    assert entered(client_of("alice"), brook, **line).status_code == 422
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()


def test_more_lines_than_a_form_takes_are_refused_and_not_cut_off(brook, client_of):
    answer = entered(client_of("alice"), brook, **{"lines-TOTAL_FORMS": "1000000"})
    assert answer.status_code == 422
    assert "at most 100 lines. Nothing was saved" in answer.text
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()


@pytest.mark.parametrize("sent", [date(2101, 1, 1), date(1999, 12, 31)])
def test_a_proposal_that_starts_beyond_reason_is_refused_by_the_database(brook, sent):
    with practice_scope(brook.pk):
        proposal = a_schedule().proposal_line.proposal
        with pytest.raises(IntegrityError, match="century"), transaction.atomic():
            type(proposal).objects.filter(pk=proposal.pk).update(starts_on=sent)


def test_a_million_lines_in_one_bill_become_invoices_of_a_thousand_each():
    row, bill = (
        SimpleNamespace(client_id=1, billing="recurring", proposal_id=1, service_id=1),
        SimpleNamespace(bills_on=TODAY),
    )
    known = SimpleNamespace(settings=SimpleNamespace(grouping="client"))
    groups = list(_grouped([(row, SimpleNamespace(ready=[bill] * 1_000_000))], known))
    assert (len(groups), {len(work) for work in groups}) == (1000, {MOST_LINES})


@pytest.mark.parametrize("quantity", ["1.123456", "0", "-1"])
def test_a_quantity_of_six_decimals_or_none_at_all_is_refused_for_a_coming_bill(brook, client_of, quantity):
    with practice_scope(brook.pk):
        schedule = a_schedule()
    page = reverse("invoicing:bill-edit", args=["brook-co", schedule.pk, schedule.next_starts_on])
    said = {"quantity": quantity, "unit_price": "100"}
    assert client_of("alice").post(page, said).status_code == 422
    with practice_scope(brook.pk):
        assert not ComingBill.objects.exists()


def test_an_amount_beyond_what_an_invoice_holds_is_refused(brook):
    with practice_scope(brook.pk):
        line = a_line("Payroll", "99999999", "99999999")
        with pytest.raises(errors.AmountTooLarge):
            draft_invoice(a_client(), [line], tax_point=TODAY, source=Invoice.Source.INSTANT)
        assert not InvoiceLine.objects.exists()


def test_half_a_penny_is_rounded_up_on_its_line_and_zero_is_an_invoice_over_nothing(brook):
    with practice_scope(brook.pk):
        invoice = issue_invoice(a_draft(None, a_line("Payroll", "0.005"), a_line("Support", "0")), on=TODAY)
        assert (invoice.net, invoice.vat, invoice.gross) == (D("0.01"), D("0.00"), D("0.01"))


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"quantity": D("0")}, "invoice_quantity_is_positive"),
        ({"unit_price": D("-0.01")}, "invoice_price_is_not_negative"),
        ({"quantity": D("2"), "gross_price": D("1")}, "a_price_with_vat_is_of_a_whole"),
    ],
)
def test_the_database_refuses_what_python_would_let_through(brook, values, constraint):
    with practice_scope(brook.pk):
        line = a_draft().lines.get()
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            InvoiceLine.objects.filter(pk=line.pk).update(**values)


def test_a_service_repriced_at_the_same_instant_keeps_one_price_and_what_was_accepted_stays(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        schedule = a_schedule(MONTHLY | {"price": "100"})
        reprice_service(schedule.service, unit_price=D("120"), effective_from=TODAY)
        with pytest.raises(PriceExists):
            reprice_service(schedule.service, unit_price=D("130"), effective_from=TODAY)
        assert Price.objects.filter(service=schedule.service, effective_from=TODAY).count() == 1
        bill_due_periods(on=TODAY)
        assert Invoice.objects.get().net == D("100.00")


def test_a_rate_that_is_no_longer_offered_still_bills_what_was_agreed_with_it(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        schedule = a_schedule(MONTHLY | {"price": "100"})
        TaxRate.objects.create(name="Reduced", vat_code="reduced")
        Service.objects.filter(pk=schedule.service_id).update(status=Service.Status.ARCHIVED)
        archive_tax_rate(schedule.tax_rate)
        bill_due_periods(on=TODAY)
        line = InvoiceLine.objects.get()
        assert (line.tax_rate_id, line.vat_percent, line.vat) == (
            schedule.tax_rate_id,
            D("20.00"),
            D("20.00"),
        )


def test_a_rate_in_use_cannot_be_deleted(brook):
    with practice_scope(brook.pk):
        a_draft()
        with pytest.raises(ProtectedError):
            a_rate().delete()
