"""Dates are civil dates of the practice: clocks, zones, year ends and rate changes move no bill (faults 42 to 47)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from invoicing.errors import AlreadyRunning
from invoicing.models import BilledPeriod, BillingRun, Invoice
from invoicing.operations import bill_due_periods
from invoicing.tasks import bill_practice
from practices.models import Practice
from practices.tenancy import practice_scope
from tests.integration.invoicing.documents import MONTHLY, a_schedule, bill_without_asking

WEEKLY = MONTHLY | {"period": "week"}


def invoices(brook) -> list[tuple[date, Decimal]]:
    with practice_scope(brook.pk):
        return list(Invoice.objects.order_by("id").values_list("tax_point", "vat"))


@pytest.mark.parametrize("night", [date(2027, 3, 28), date(2027, 10, 31)])
def test_fault_43_the_night_a_clock_changes_bills_each_day_once(brook, night):
    with practice_scope(brook.pk):
        a_schedule(MONTHLY | {"period": "day"}, starts_on=night, on=night)
    at = datetime.combine(night, datetime.min.time(), UTC) - timedelta(hours=2)
    for hour in range(30):
        with time_machine.travel(at + timedelta(hours=hour), tick=False):
            bill_practice(brook.pk)
    assert [on for on, _ in invoices(brook)] == [night, night + timedelta(days=1)]


def test_fault_42_and_47_another_clock_or_zone_bills_no_day_twice_and_none_never(brook):
    with practice_scope(brook.pk):
        a_schedule(WEEKLY, starts_on=date(2027, 6, 7), on=date(2027, 6, 1))
    zones = ("Pacific/Kiritimati", "Europe/London", "Pacific/Pago_Pago", "Europe/London")
    at = datetime(2027, 6, 6, 9, tzinfo=UTC)
    for hour in range(0, 24 * 16, 8):
        Practice.objects.filter(pk=brook.pk).update(time_zone=zones[hour // 8 % 4])
        with time_machine.travel(at + timedelta(hours=hour - hour % 16 // 8), tick=False):
            bill_practice(brook.pk)
    assert [on for on, _ in invoices(brook)] == [date(2027, 6, 7), date(2027, 6, 14), date(2027, 6, 21)]


def test_fault_46_the_rate_of_the_tax_point_is_used_and_stands_on_the_line(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        a_schedule(MONTHLY, starts_on=date(2010, 12, 1), on=date(2010, 12, 1))
        bill_due_periods(on=date(2011, 2, 1))
        percents = BilledPeriod.objects.order_by("starts_on").values_list(
            "invoice__lines__vat_percent", flat=True
        )
        assert list(percents) == [Decimal("17.50"), Decimal("17.50"), Decimal("20.00")]
    assert invoices(brook) == [
        (date(2010, 12, 1), Decimal("17.50")),
        (date(2011, 1, 1), Decimal("17.50")),
        (date(2011, 2, 1), Decimal("20.00")),
    ]


def test_fault_48_run_now_pressed_while_one_is_running_says_so(brook, client_of, monkeypatch):
    def running(*_args, **_more):
        raise AlreadyRunning

    monkeypatch.setattr("invoicing.billing_run.run_billing", running)
    answer = client_of("alice").post(reverse("invoicing:billing-run", args=[brook.slug]), follow=True)
    assert "already running" in answer.content.decode()


def test_the_billing_page_shows_the_last_run_and_what_waits(brook, client_of):
    with practice_scope(brook.pk):
        BillingRun.objects.create(on=brook.today(), due=9, done=4, invoices=3, waiting=2)
    page = client_of("alice").get(reverse("invoicing:billing", args=[brook.slug])).content.decode()
    assert "4 of 9" in page
    assert "2 bills" in page


def test_the_rules_of_billing_are_an_owners_to_change(brook, client_of):
    page = reverse("invoicing:billing-rules", args=[brook.slug])
    browser = client_of("alice")
    assert browser.get(page).status_code == 200
    saved = browser.post(page, {"grouping": "service", "quiet_minutes": "30", "quiet_until": "18:00"})
    assert saved.status_code == 303
    assert browser.post(page, {"grouping": "nothing", "quiet_minutes": "-1"}).status_code == 422
    assert client_of("bob").get(page).status_code == 403
