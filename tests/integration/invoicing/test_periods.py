"""The period ledger of the practice: nothing falls between, and what is missing has a day and a value (P06)."""

from datetime import date, timedelta
from decimal import Decimal

from django.urls import reverse

from invoicing.models import BilledPeriod, Invoice
from invoicing.operations import bill_due_periods, close_holes, hold_bills
from invoicing.unbilled import calendar, unbilled_before
from practices.models import Practice
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import MONTHLY, a_client, a_schedule, bill_without_asking

START = date(2027, 1, 1)
LATER = START + timedelta(days=70)


def test_p06_after_seventy_days_every_period_is_listed_by_its_own_day_with_its_value(brook):
    with practice_scope(brook.pk):
        a_schedule(MONTHLY | {"price": "100"}, client=a_client(), starts_on=START, on=START)
        a_schedule(MONTHLY | {"price": "50"}, client=a_client("Beck Ltd"), starts_on=START, on=START)
        missing = unbilled_before(LATER)
        assert [(day.on.month, day.gross) for day in missing.days] == [
            (1, Decimal("180.00")),
            (2, Decimal("180.00")),
            (3, Decimal("180.00")),
        ]
        assert (missing.bills, missing.shown, missing.gross) == (6, 6, Decimal("540.00"))
        assert {each.why for day in missing.days for each in day.bills} == {"Missed"}


def test_what_is_billed_or_not_due_yet_is_not_missing(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        a_schedule(MONTHLY, starts_on=START, on=START)
        bill_due_periods(on=LATER)
        assert unbilled_before(LATER).days == []
        assert unbilled_before(START).days == []


def test_p06_a_deleted_bill_shows_as_a_hole_and_within_a_day_as_missing(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        schedule = a_schedule(MONTHLY, starts_on=START, on=START)
        bill_due_periods(on=LATER)
        BilledPeriod.objects.filter(starts_on=date(2027, 2, 1)).delete()
        schedule.refresh_from_db()
        months, (row,) = calendar([schedule], LATER)
        assert [entry.state for entry in row.months[months.index(date(2027, 2, 1))]] == ["hole"]
        close_holes()
        assert [(day.on, day.gross) for day in unbilled_before(LATER).days] == [
            (date(2027, 2, 1), Decimal("120.00"))
        ]


def test_the_page_shows_days_values_reasons_and_the_months(brook, cedar, client_of):
    with practice_scope(cedar.pk):
        a_schedule(client=a_client("Cedar's client"))
    page = reverse("invoicing:period-ledger", args=[brook.slug])
    assert "Nothing is missing" in client_of("alice").get(page).content.decode()
    with practice_scope(brook.pk):
        today = Practice.objects.get(pk=brook.pk).today()
        before = today - timedelta(days=1)
        schedule = a_schedule(MONTHLY, starts_on=before, on=before)
        hold_bills([(schedule.pk, before)], reason="Waits for a letter")
        assert not Invoice.objects.exists()
    shown = client_of("alice").get(page).content.decode()
    assert "£120.00" in shown
    assert "Held" in shown
    assert "Cedar" not in shown
