"""What is asked of a bill that cannot be made is refused whole, and never half done."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from clients.models import Client
from clients.operations import add_group, archive_client, bill_to
from invoicing import errors
from invoicing.models import BilledPeriod, BillingSchedule, ComingBill, Invoice
from invoicing.operations import (
    Item,
    approve_bill,
    bill_due_periods,
    complete_schedule,
    hold_bill,
    issue_by_hand,
    issue_invoice,
    move_periods,
    pause_billing,
    skip_period,
    take_back_skip,
)
from practices.models import Practice
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    MONTHLY,
    ON_COMPLETION,
    UPFRONT,
    a_client,
    a_draft,
    a_proposal,
    a_schedule,
    accept,
)

APRIL, MAY = date(2027, 4, 1), date(2027, 5, 1)
HOURLY = {"billing_basis": "hourly", "price": "90"}


@pytest.fixture
def monthly(brook):
    with practice_scope(brook.pk):
        yield a_schedule(MONTHLY, starts_on=APRIL)


def billed() -> list[tuple[date, Decimal]]:
    return list(Invoice.objects.issued().order_by("tax_point", "id").values_list("tax_point", "net"))


@pytest.mark.parametrize("day", [date(9999, 12, 1), date(2101, 1, 1)])
def test_a_decision_about_a_bill_beyond_this_century_is_refused_and_billing_goes_on(monthly, day):
    with pytest.raises(errors.DateOutOfRange):
        approve_bill(monthly, day)
    with pytest.raises(errors.DateOutOfRange):
        hold_bill(monthly, day, reason="Not yet")
    assert bill_due_periods(on=APRIL).invoices == 1


def test_nothing_is_approved_or_held_that_is_no_bill(monthly):
    with pytest.raises(errors.NotAPeriod):
        approve_bill(monthly, date(2027, 4, 2))
    skip_period(monthly, APRIL, reason="Waived")
    with pytest.raises(errors.PeriodIsSettled):
        hold_bill(monthly, APRIL, reason="Not yet")
    assert not ComingBill.objects.exists()


def test_a_reason_entered_and_sent_with_the_enter_key_approves_nothing(brook, client_of):
    """The first button of a form is what Enter presses, and that one approves."""
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=brook.today(), on=brook.today())
    bill = reverse("invoicing:bill-act", args=["brook-co", schedule.pk, schedule.starts_on])
    month = reverse("invoicing:month-act", args=["brook-co"])
    ticked = {"selected": schedule.client_id, "month": f"{brook.today():%Y-%m}"}
    browser = client_of("alice")
    for page, what in ((bill, {}), (month, ticked)):
        answer = browser.post(page, what | {"act": "approve", "reason": "They left"}, follow=True)
        assert "Nothing was approved" in answer.text
        assert "Choose whether to approve" in browser.post(page, what | {"act": "wave"}, follow=True).text
    with practice_scope(brook.pk):
        assert not ComingBill.objects.exists()


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2101-01-01"])
def test_a_bill_of_no_century_has_a_page_that_says_so(brook, client_of, day):
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=APRIL)
    browser = client_of("alice")
    assert browser.get(reverse("invoicing:bill-edit", args=["brook-co", schedule.pk, day])).status_code == 409
    chosen = reverse("invoicing:client-bill", args=["brook-co", schedule.client_id])
    assert browser.get(chosen, {"selected": f"{schedule.pk}:{day}"}).status_code == 409


def test_g67_periods_are_not_counted_from_before_the_service_began(monthly):
    bill_due_periods(on=APRIL)
    with pytest.raises(errors.MovedBeforeItBegan):
        move_periods(monthly, starts_on=date(2007, 4, 1), on=MAY)
    assert BillingSchedule.objects.get().next_starts_on == MAY


@pytest.mark.parametrize("said", [{"act": "approve"}, {"act": "hold", "reason": "Not yet"}])
def test_the_page_says_that_there_is_no_such_bill(brook, client_of, said):
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=APRIL)
    page = reverse("invoicing:bill-act", args=["brook-co", schedule.pk, "9999-12-01"])
    answer = client_of("alice").post(page, said, follow=True)
    assert "A date has to lie between" in answer.text
    with practice_scope(brook.pk):
        assert not ComingBill.objects.exists()


def test_g68_a_paused_service_is_not_issued_by_hand_and_its_bill_stays_as_it_was(brook, client_of):
    with practice_scope(brook.pk):
        schedule = pause_billing(a_schedule(MONTHLY, starts_on=APRIL), on=TODAY)
        with pytest.raises(errors.NotBilling):
            issue_by_hand(schedule.client, [Item(schedule, APRIL, Decimal(1), Decimal(1))], on=TODAY)
    key = f"{schedule.pk}:{APRIL}"
    said = {"item": key, f"{key}-quantity": "1", f"{key}-unit_price": "80", "then": "issue"}
    page = reverse("invoicing:client-bill", args=["brook-co", schedule.client_id])
    answer = client_of("alice").post(page, said)
    assert answer.status_code == 422
    assert "Billing of this service is paused" in answer.text
    with practice_scope(brook.pk):
        assert not ComingBill.objects.exists()


def test_g68_what_is_refused_by_hand_is_not_billed_later_by_itself(brook, client_of):
    """A VAT invoice needs an address: that one is missing shows once prices and dates were taken down."""
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=APRIL)
    Practice.objects.filter(pk=brook.pk).update(vat_number="GB123456782")
    key = f"{schedule.pk}:{APRIL}"
    said = {"item": key, f"{key}-quantity": "1", f"{key}-unit_price": "80", "then": "issue"}
    page = reverse("invoicing:client-bill", args=["brook-co", schedule.client_id])
    answer = client_of("alice").post(page, said)
    assert answer.status_code == 422
    assert "this client has none" in answer.text
    with practice_scope(brook.pk):
        assert not ComingBill.objects.exists()
        assert BillingSchedule.objects.get().next_bill_on == APRIL


def test_a_client_archived_meanwhile_gets_no_invoice_from_a_draft_or_from_work_that_is_done(brook):
    with practice_scope(brook.pk):
        draft, schedule = a_draft(a_client("Fenwick Joinery")), a_schedule(ON_COMPLETION)
        for client in Client.objects.all():
            archive_client(client)
        with pytest.raises(errors.ClientIsArchived):
            issue_invoice(draft, on=TODAY)
        with pytest.raises(errors.ClientIsArchived):
            complete_schedule(schedule, on=TODAY)
        assert billed() == []


def test_g49_nothing_is_billed_to_a_payer_who_was_archived_meanwhile(brook):
    with practice_scope(brook.pk):
        payer, served = a_client("Holding Ltd"), a_client("Trading Ltd")
        add_group("The group", [payer, served])
        schedule = a_schedule(MONTHLY, client=served, starts_on=APRIL)
        bill_to(served, payer)
        archive_client(payer)
        outcome = bill_due_periods(on=APRIL)
        assert (outcome.invoices, outcome.refused) == (
            0,
            ((served.pk, errors.ClientIsArchived.message),),
        )
        assert BillingSchedule.objects.get(pk=schedule.pk).next_bill_on == APRIL


def test_g56_work_at_a_price_to_be_confirmed_is_priced_before_it_is_billed(brook, client_of):
    with practice_scope(brook.pk):
        schedule = a_schedule(ON_COMPLETION | HOURLY)
        with pytest.raises(errors.NotConfirmed):
            complete_schedule(schedule, on=TODAY)
    page = reverse("invoicing:schedule-complete", args=["brook-co", schedule.pk])
    answer = client_of("alice").post(page, follow=True)
    assert "Confirm quantity and price" in answer.text
    assert answer.request["PATH_INFO"] == reverse(
        "invoicing:client-bill", args=["brook-co", schedule.client_id]
    )
    with practice_scope(brook.pk):
        assert billed() == []
        approve_bill(schedule, schedule.starts_on)
        assert complete_schedule(schedule, on=TODAY).net == 90


@pytest.mark.parametrize("line", [HOURLY, {"billing_mode": "manual", "price": "90"}])
def test_g56_g57_an_upfront_price_to_be_confirmed_or_billed_by_hand_waits_beside_the_others(brook, line):
    with practice_scope(brook.pk):
        proposal = a_proposal(UPFRONT | {"price": "100"}, UPFRONT | line)
        accept(proposal)
        assert billed() == [(TODAY, 100)]
        waiting = BillingSchedule.objects.get(status=BillingSchedule.Status.ACTIVE)
        assert bill_due_periods(on=TODAY).invoices == 0
        approve_bill(waiting, waiting.starts_on)
        bill_due_periods(on=TODAY)
        assert billed() == [(TODAY, 100), (TODAY, 90)]


def test_g67_a_skip_is_not_taken_back_into_periods_that_were_moved_away(monthly):
    skip_period(monthly, APRIL, reason="Waived")
    move_periods(monthly, starts_on=date(2027, 5, 15), on=TODAY)
    with pytest.raises(errors.NotAPeriod):
        take_back_skip(monthly, APRIL)
    assert BilledPeriod.objects.get().skip_reason == "Waived"
