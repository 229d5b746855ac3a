"""Other particulars for what is being billed: from a day on, undone before it, earlier bills untouched (G35)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.billing_run import run_billing
from invoicing.errors import ChangeIsPlanned, InThePast, NotBilling, ServiceIsUnchanged, TooLateToUndo
from invoicing.models import BillingSchedule, Invoice, ServiceChange
from invoicing.operations import end_billing
from invoicing.operations.changing import apply_changes, plan_change, withdraw_change
from practices.models import AuditEntry, OutgoingEmail
from practices.tenancy import acting_for, practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    ON_COMPLETION,
    a_schedule,
    a_service,
    bill_without_asking,
)
from tests.integration.proposals.offers import a_client

APRIL = date(2027, 4, 1)


def price(schedule) -> Decimal:
    return BillingSchedule.objects.get(pk=schedule.pk).unit_price


def test_g35_a_change_counts_from_its_day_and_not_before(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule()
        change = plan_change(schedule, {"unit_price": Decimal(110)}, effective_on=APRIL, on=TODAY)
        assert (change.before, change.after) == ({"unit_price": "100.0000"}, {"unit_price": "110.0000"})
        assert apply_changes(on=APRIL - timedelta(days=1)) == 0
        assert price(schedule) == 100
        assert apply_changes(on=APRIL) == 1
        assert apply_changes(on=APRIL) == 0
        assert price(schedule) == 110
        entry = AuditEntry.objects.get(action="schedule.changed")
        assert entry.data["before"] == {"unit_price": "100.0000"}


def test_g35_a_bill_dated_before_the_change_keeps_its_price_though_it_is_made_later(brook):
    """Nobody billed for two months: the run applies the change first, and still bills each month at its own price."""
    with practice_scope(brook.pk):
        bill_without_asking()
        schedule = a_schedule()
        change = plan_change(schedule, {"unit_price": Decimal(110)}, effective_on=date(2027, 5, 1), on=TODAY)
    with acting_for(brook.pk):
        run_billing(date(2027, 6, 1))
    with practice_scope(brook.pk):
        nets = list(Invoice.objects.order_by("tax_point").values_list("tax_point", "net"))
        assert {net for day, net in nets if day < change.effective_on} == {Decimal("100.00")}
        assert {net for day, net in nets if day >= change.effective_on} == {Decimal("110.00")}
        assert len(nets) == 4


def test_g35_a_price_decided_for_one_bill_stays_decided(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule()
        schedule.coming_bills.create(starts_on=schedule.next_starts_on, unit_price=Decimal(70))
        plan_change(schedule, {"unit_price": Decimal(110)}, effective_on=date(2027, 5, 1), on=TODAY)
        apply_changes(on=date(2027, 5, 1))
        [decided] = schedule.coming_bills.filter(starts_on=schedule.next_starts_on)
        assert (decided.unit_price, decided.quantity) == (70, 1)


def test_g35_today_applies_at_once_and_yesterday_is_refused(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule()
        assert plan_change(schedule, {"quantity": 3}, effective_on=TODAY, on=TODAY).status == "applied"
        assert BillingSchedule.objects.get(pk=schedule.pk).quantity == 3
        with pytest.raises(InThePast):
            plan_change(schedule, {"quantity": 4}, effective_on=TODAY - timedelta(days=1), on=TODAY)
        with pytest.raises(ServiceIsUnchanged):
            plan_change(schedule, {"quantity": 3}, effective_on=TODAY, on=TODAY)


def test_g35_one_change_is_planned_at_a_time_and_can_be_undone_until_its_day(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule()
        change = plan_change(schedule, {"name": "Books"}, effective_on=APRIL, on=TODAY)
        with pytest.raises(ChangeIsPlanned):
            plan_change(schedule, {"name": "Ledgers"}, effective_on=APRIL, on=TODAY)
        with pytest.raises(TooLateToUndo):
            withdraw_change(change, on=APRIL)
        withdraw_change(change, on=APRIL - timedelta(days=1))
        assert apply_changes(on=APRIL) == 0
        plan_change(schedule, {"name": "Ledgers"}, effective_on=APRIL, on=TODAY)


def test_g35_the_account_follows_from_another_service_of_the_library(brook):
    with practice_scope(brook.pk):
        schedule, other = a_schedule(), a_service("Advisory")
        plan_change(schedule, {"service": other}, effective_on=TODAY, on=TODAY)
        assert BillingSchedule.objects.get(pk=schedule.pk).service == other


def test_g35_what_has_ended_is_not_changed(brook):
    with practice_scope(brook.pk):
        schedule = end_billing(a_schedule(ON_COMPLETION), on=TODAY)
        with pytest.raises(NotBilling):
            plan_change(schedule, {"quantity": 2}, effective_on=APRIL, on=TODAY)


def test_g35_the_page_shows_before_and_after_then_saves_and_tells_the_client(client_of, brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(client=a_client("Mara Hill"), on=brook.today(), starts_on=brook.today())
    browser, address = client_of("alice"), reverse("invoicing:schedule-amend", args=["brook-co", schedule.pk])
    assert browser.get(address).status_code == 200
    data = {"name": "Service 1", "quantity": "2", "unit_price": "110", "service": schedule.service_id}
    data |= {"effective_on": f"{brook.today() + timedelta(days=5):%Y-%m-%d}"}
    data |= {"tells": "on", "notice": "As we said on the telephone."}
    looked_at = browser.post(address, data).content.decode()
    assert "£100.00" in looked_at
    assert "£110.00" in looked_at
    with practice_scope(brook.pk):
        assert not ServiceChange.objects.exists()
    assert browser.post(address, data | {"unit_price": "-1"}).status_code == 422
    saved = browser.post(address, data | {"save": "1"}, follow=True)
    assert "A letter is on its way to mara@acme.example" in saved.content.decode()
    with practice_scope(brook.pk):
        message = OutgoingEmail.objects.get()
        assert "Service 1: £100.00 becomes 2 × £110.00, every month" in message.text
        assert "As we said on the telephone." in message.text
        assert bytes(message.attachments.get().content)[:4] == b"%PDF"
        change = ServiceChange.objects.get()
    assert browser.post(address, data | {"save": "1"}).status_code == 422
    browser.post(reverse("invoicing:change-undo", args=["brook-co", change.pk]))
    with practice_scope(brook.pk):
        assert ServiceChange.objects.get().status == "withdrawn"
