"""A bill that somebody holds says why, wherever it is shown, and one that was approved says by whom."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from invoicing.operations import approve_bill, hold_bill, pause_billing
from practices import audit
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import MONTHLY, a_client, a_schedule

WHY = "Waits for the client's answer"


@pytest.fixture
def held(brook):
    day = timezone.localdate() - timedelta(days=3)
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=day, on=day)
        hold_bill(schedule, day, reason=WHY)
        return schedule


@pytest.mark.parametrize(
    "page",
    [
        "invoicing:client-schedule",
        "invoicing:schedule-detail",
        "invoicing:bill-edit",
        "invoicing:period-ledger",
        "invoicing:month-end",
    ],
)
def test_the_reason_of_a_hold_stands_beside_the_bill(brook, held, client_of, page):
    rest = {
        "invoicing:client-schedule": [held.client_id],
        "invoicing:schedule-detail": [held.pk],
        "invoicing:bill-edit": [held.pk, held.starts_on],
    }
    shown = client_of("alice").get(reverse(page, args=["brook-co", *rest.get(page, [])]))
    assert "Waits for the client&#x27;s answer" in shown.text


def test_a_bill_that_was_approved_says_by_whom(brook, cast, held, client_of):
    with practice_scope(brook.pk), audit.acting_as(cast.bob):
        approve_bill(held, held.starts_on)
    shown = client_of("alice").get(reverse("invoicing:bill-edit", args=["brook-co", held.pk, held.starts_on]))
    assert WHY not in shown.text
    assert "by Bob" in shown.text


def test_coming_bills_of_one_month_stand_apart_in_the_calendar(brook, client_of):
    with practice_scope(brook.pk):
        a_schedule({"billing": "recurring", "every": 1, "period": "week"}, starts_on=timezone.localdate())
    shown = client_of("alice").get(reverse("invoicing:period-ledger", args=["brook-co"]) + "?show=calendar")
    assert shown.text.count('<div class="soft">£120.00</div>') > 4


def test_g66_a_paused_service_stands_on_the_billing_schedule_with_its_end_and_reason(brook, client_of):
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=timezone.localdate())
        pause_billing(schedule, on=TODAY, reason="On leave")
    shown = client_of("alice").get(
        reverse("invoicing:client-schedule", args=["brook-co", schedule.client_id])
    )
    assert "is not billed until somebody resumes it: On leave" in shown.text


def test_a_run_says_what_it_left_for_somebody(brook, client_of, held):
    with practice_scope(brook.pk):
        a_schedule(MONTHLY, client=a_client("Beck Ltd"), starts_on=brook.today(), on=brook.today())
    answer = client_of("alice").post(reverse("invoicing:billing-run", args=["brook-co"]), follow=True)
    assert "1 invoice issued for 1 period, £120.00" in answer.text
    assert "1 more bill waits for your approval on the month-end page." in answer.text
