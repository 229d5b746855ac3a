"""What is owed, what the month brings, what is billed next."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from invoicing.coming import coming_total, next_bills
from invoicing.models import Invoice
from invoicing.operations import (
    bill_due_periods,
    end_billing,
    record_payment,
    skip_period,
    void_invoice,
)
from invoicing.queries import (
    columns_of_month,
    debts,
    latest_postings,
    month_figures,
    needs_you_count,
    unpaid_total,
)
from ledger.models import Posting
from practices import scalars
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    MONTHLY,
    ON_COMPLETION,
    a_client,
    a_draft,
    a_line,
    a_schedule,
    an_invoice,
    bill_without_asking,
)


@pytest.fixture(autouse=True)
def inside(brook):
    with practice_scope(brook.pk):
        yield


def pay(invoice: Invoice, amount: int) -> None:
    record_payment(
        invoice.client,
        received_on=TODAY,
        amount=Decimal(amount),
        source="by_hand",
        allocations=[(invoice, Decimal(amount))],
    )


def test_only_issued_invoices_are_owed_and_only_late_ones_overdue():
    pay(an_invoice(), 20)
    a_draft()
    void_invoice(an_invoice())
    assert unpaid_total() == 700
    assert debts(TODAY).overdue_count == 0
    late = debts(TODAY + timedelta(days=15))
    assert (late.unpaid, late.unpaid_count, late.overdue, late.overdue_count) == (700, 1, 700, 1)


def test_an_empty_practice_is_owed_nothing():
    assert unpaid_total() == 0
    assert debts(TODAY).unpaid == 0
    figures = month_figures(
        scalars.figures(**columns_of_month(TODAY)), coming_total(date(2027, 3, 31)).amounts
    )
    assert (figures.expected, figures.raised, figures.posted, figures.paid, figures.invoices) == (
        0,
        0,
        0,
        0,
        0,
    )
    assert coming_total(TODAY).bills == 0


def test_the_month_counts_what_is_raised_posted_paid_and_still_to_come():
    paid = an_invoice(a_client(), a_line("Advice", "100"))
    pay(paid, 50)
    Posting.objects.filter(subject_id=paid.pk).update(status="posted", external_id="x")
    an_invoice(None, a_line("Advice", "100"), on=date(2027, 2, 27))
    an_invoice(None, a_line("Payroll", "10"))
    a_schedule(MONTHLY | {"price": "30"}, starts_on=date(2027, 3, 25))
    a_schedule(MONTHLY | {"price": "40"}, starts_on=date(2027, 4, 1))
    figures = month_figures(
        scalars.figures(**columns_of_month(TODAY)), coming_total(date(2027, 3, 31)).amounts
    )
    assert (figures.raised, figures.posted, figures.paid) == (Decimal(132), Decimal(120), Decimal(50))
    assert figures.expected == Decimal(132) + Decimal(36)
    assert (figures.invoices, figures.outstanding) == (2, Decimal(202))


def test_ready_to_bill_is_what_a_run_would_bill():
    bill_without_asking()
    a_schedule(MONTHLY, starts_on=date(2027, 1, 1), on=date(2027, 1, 1))
    ready = coming_total(TODAY)
    outcome = bill_due_periods(on=TODAY)
    assert (ready.bills, ready.amounts.gross) == (outcome.periods, outcome.gross) == (3, Decimal(360))
    assert coming_total(TODAY).bills == 0


def test_the_next_period_is_the_first_neither_billed_nor_skipped():
    schedule = a_schedule(MONTHLY, starts_on=date(2027, 4, 1))
    bill_due_periods(on=date(2027, 4, 1))
    skip_period(schedule, date(2027, 5, 1), reason="Waived")
    assert next_bills([schedule])[schedule.pk].bills_on == date(2027, 6, 1)


def test_a_service_past_its_last_day_has_no_next_period():
    schedule = a_schedule(MONTHLY, starts_on=date(2027, 4, 1))
    bill_due_periods(on=date(2027, 4, 1))
    ended = end_billing(schedule, on=date(2027, 4, 30))
    assert next_bills([ended]) == {}


def test_the_newest_copy_of_an_invoice_counts_and_a_withdrawn_one_only_alone():
    invoice = an_invoice()
    Posting.objects.update(status="cancelled")
    assert latest_postings([invoice.pk])[invoice.pk].status == "cancelled"
    common = {"kind": "invoice.create", "subject_id": invoice.pk}
    Posting.objects.create(**common, reference="B", idempotency_id="b", status="posted", external_id="x")
    Posting.objects.create(**common, reference="C", idempotency_id="c", status="cancelled", copy=2)
    assert latest_postings([invoice.pk])[invoice.pk].reference == "B"


def test_work_to_complete_needs_somebody():
    a_schedule(ON_COMPLETION)
    assert needs_you_count() == 1
