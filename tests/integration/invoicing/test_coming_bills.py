"""What can be decided about a bill before it is made, and how schedules move."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from invoicing import errors
from invoicing.coming import amounts_of, coming_total, next_bills
from invoicing.models import BilledPeriod, BillingSchedule, ComingBill, Invoice
from invoicing.operations import (
    approve_bills,
    bill_due_periods,
    call_off_billing,
    change_bill,
    complete_schedule,
    end_billing,
    end_services,
    hold_bills,
    move_periods,
    pause_billing,
    reopen_billing,
    resume_after_pauses,
    set_mode,
    shift_when_moved,
    skip_period,
    split_bill,
    take_back_skip,
    undo_invoice,
)
from invoicing.operations.changing import plan_change
from invoicing.practicalities import Practicalities
from invoicing.priced_bills import priced_next_bills
from ledger.models import Posting
from practices.operations import amend_practice
from practices.tenancy import practice_scope
from proposals.models import Proposal
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    MONTHLY,
    ON_COMPLETION,
    a_client,
    a_schedule,
    bill_without_asking,
    many_schedules,
    open_the_ledger,
)

APRIL, MAY, JUNE = date(2027, 4, 1), date(2027, 5, 1), date(2027, 6, 1)


@pytest.fixture
def monthly(brook):
    with practice_scope(brook.pk):
        yield a_schedule(MONTHLY, starts_on=APRIL)


def billed() -> list[tuple[date, Decimal]]:
    return list(Invoice.objects.issued().order_by("tax_point", "id").values_list("tax_point", "net"))


def test_g65_one_bill_can_have_another_date_price_and_quantity_once(monthly):
    change_bill(monthly, MAY, bills_on=date(2027, 5, 20), quantity=Decimal(2), unit_price=Decimal("75.50"))
    assert coming_total(date(2027, 5, 31)).amounts.net == Decimal("251.00")
    for day in (APRIL, MAY, date(2027, 5, 19), date(2027, 5, 20), JUNE):
        bill_due_periods(on=day)
    assert billed() == [(APRIL, 100), (date(2027, 5, 20), Decimal("151.00")), (JUNE, 100)]


def test_g65_a_bill_moved_forward_is_made_before_its_neighbour(monthly):
    change_bill(monthly, JUNE, bills_on=date(2027, 4, 15))
    bill_due_periods(on=APRIL)
    bill_due_periods(on=date(2027, 4, 15))
    assert [on for on, _ in billed()] == [APRIL, date(2027, 4, 15)]
    assert next_bills([BillingSchedule.objects.get()])[monthly.pk].bills_on == MAY


def test_next_bills_read_at_once_with_their_prices_are_those_of_each_schedule(monthly):
    """One was decided about, one settled ahead, one has a planned price, one has none left, one is as agreed."""
    decided, ahead, planned, over = (
        a_schedule(MONTHLY, client=a_client(name), starts_on=APRIL) for name in ("B", "C", "D", "E")
    )
    change_bill(decided, APRIL, quantity=Decimal(3), bills_on=date(2027, 4, 9))
    skip_period(ahead, APRIL, reason="Waived")
    skip_period(ahead, JUNE, reason="Waived")
    plan_change(planned, {"unit_price": Decimal(150)}, effective_on=APRIL, on=TODAY)
    skip_period(over, APRIL, reason="Waived")
    end_billing(over, on=date(2027, 4, 30))
    known = Practicalities.of_the_practice()
    schedules = list(BillingSchedule.objects.all())
    clients = {schedule.client_id for schedule in schedules}
    found = {schedule.pk: (bill, amounts) for schedule, bill, amounts in priced_next_bills(clients)}
    wanted = next_bills(schedules)
    assert found == {
        schedule.pk: (wanted[schedule.pk], amounts_of(schedule, wanted[schedule.pk], known))
        for schedule in schedules
        if schedule.pk in wanted
    }
    assert {pk: (bill.bills_on, amounts.net) for pk, (bill, amounts) in found.items()} == {
        monthly.pk: (APRIL, 100),
        decided.pk: (date(2027, 4, 9), 300),
        ahead.pk: (MAY, 100),
        planned.pk: (APRIL, 150),
    }


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"bills_on": date(2101, 1, 1)}, errors.DateOutOfRange),
        ({"quantity": Decimal("0.123456")}, errors.NotAPrice),
        ({"quantity": Decimal(0)}, errors.NotAPrice),
        ({"quantity": Decimal(-1)}, errors.NotAPrice),
        ({"unit_price": Decimal("0.00005")}, errors.NotAPrice),
        ({"unit_price": Decimal("-0.01")}, errors.NotAPrice),
        ({"unit_price": Decimal("NaN")}, errors.NotAPrice),
    ],
)
def test_what_no_invoice_could_hold_is_refused_when_it_is_entered(monthly, values, refusal):
    with pytest.raises(refusal):
        change_bill(monthly, MAY, **values)
    assert not ComingBill.objects.exists()


def test_g56_a_variable_price_waits_until_somebody_confirms_it(brook):
    with practice_scope(brook.pk):
        [schedule] = many_schedules(1, needs_confirming=True)
        assert (bill_due_periods(on=TODAY).invoices, coming_total(TODAY).bills) == (0, 1)
        change_bill(schedule, TODAY, quantity=Decimal("3.5"))
        assert bill_due_periods(on=TODAY).invoices == 0
        approve_bills([(schedule.pk, TODAY)])
        assert bill_due_periods(on=TODAY).invoices == 1
        assert billed() == [(TODAY, 350)]


def test_g57_a_service_billed_by_hand_is_left_to_a_person(monthly):
    set_mode(monthly, "manual")
    assert bill_due_periods(on=APRIL).invoices == 0
    set_mode(monthly, "automatic")
    assert bill_due_periods(on=APRIL).invoices == 1


def test_a_held_bill_waits_and_an_approved_one_does_not(monthly):
    hold_bills([(monthly.pk, APRIL)], reason="Ask the client")
    assert bill_due_periods(on=APRIL).waiting == 1
    with pytest.raises(errors.NeedsAReason):
        hold_bills([(monthly.pk, MAY)], reason=" ")
    assert approve_bills([(monthly.pk, APRIL), (monthly.pk, APRIL)]) == 1
    assert bill_due_periods(on=APRIL).invoices == 1
    assert approve_bills([(monthly.pk, APRIL)]) == 0


def test_p06_after_seventy_days_of_standstill_everything_is_proposed_once_with_its_own_date(brook):
    """Fault 45: more than one period was missed, so somebody is asked; nothing is lost, nothing doubled."""
    with practice_scope(brook.pk):
        schedules = [
            a_schedule(
                MONTHLY, client=a_client(f"Client {n}"), starts_on=date(2027, 1, 1), on=date(2027, 1, 1)
            )
            for n in range(3)
        ]
        bill_due_periods(on=date(2027, 1, 1))
        after = date(2027, 1, 2) + timedelta(days=70)
        first, second = bill_due_periods(on=after), bill_due_periods(on=after)
        assert (first.invoices, first.waiting) == (0, 6)
        assert (second.invoices, second.waiting) == (0, 6)
        assert ComingBill.objects.count() == 6
        waiting = coming_total(after)
        assert (waiting.bills, waiting.amounts.gross) == (6, 720)
        approve_bills(ComingBill.objects.values_list("schedule_id", "starts_on"))
        assert bill_due_periods(on=after).invoices == 6
        assert [on for on, _ in billed()][3:] == 3 * [date(2027, 2, 1)] + 3 * [date(2027, 3, 1)]
        assert BilledPeriod.objects.filter(schedule__in=schedules).count() == 9


def test_p06_approving_one_missed_period_leaves_the_other_waiting(monthly):
    bill_due_periods(on=MAY)
    approve_bills([(monthly.pk, APRIL)])
    bill_due_periods(on=MAY)
    assert bill_due_periods(on=MAY).waiting == 1
    assert billed() == [(APRIL, 100)]


def test_a_practice_can_ask_to_approve_every_recurring_bill(monthly):
    bill_without_asking(needs_approval=True)
    assert (bill_due_periods(on=APRIL).invoices, bill_due_periods(on=APRIL).waiting) == (0, 1)
    approve_bills([(monthly.pk, APRIL)])
    assert bill_due_periods(on=APRIL).invoices == 1


def test_g65_a_split_bill_is_two_bills_that_add_up(monthly):
    part = split_bill(monthly, APRIL, amount=Decimal("30.05"), bills_on=date(2027, 4, 20))
    bill_due_periods(on=APRIL)
    bill_due_periods(on=date(2027, 4, 20))
    bill_due_periods(on=MAY)
    assert billed() == [(APRIL, Decimal("69.95")), (date(2027, 4, 20), Decimal("30.05")), (MAY, 100)]
    part.refresh_from_db()
    assert part.status == "ended"
    for amount in ("0", "100", "-1", "0.005"):
        with pytest.raises(errors.NothingToSplit):
            split_bill(monthly, JUNE, amount=Decimal(amount), bills_on=JUNE)


def test_g65_leaving_a_bill_out_keeps_what_it_would_have_come_to(monthly):
    left_out = skip_period(monthly, MAY, reason="Goodwill")
    assert (left_out.dated_on, left_out.waived) == (MAY, Decimal("120.00"))
    take_back_skip(monthly, MAY)
    with pytest.raises(errors.NotAPeriod):
        take_back_skip(monthly, MAY)
    bill_due_periods(on=APRIL)
    bill_due_periods(on=MAY)
    assert [on for on, _ in billed()] == [APRIL, MAY]


def test_g65_work_billed_on_completion_can_be_waived(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(ON_COMPLETION)
        skip_period(schedule, TODAY, reason="Not wanted any more")
        schedule.refresh_from_db()
        assert schedule.status == "ended"
        take_back_skip(schedule, TODAY)
        assert complete_schedule(schedule, on=TODAY).net == 100


def test_work_is_billed_on_its_completion_date_unless_it_was_complete_before(brook):
    with practice_scope(brook.pk):
        early, late = (
            a_schedule(ON_COMPLETION | {"completes_on": JUNE}, client=a_client(name)) for name in ("A", "B")
        )
        complete_schedule(early, on=MAY)
        for day in (MAY, JUNE, JUNE + timedelta(days=1)):
            bill_due_periods(on=day)
        assert [on for on, _ in billed()] == [MAY, JUNE]
        assert Invoice.objects.get(tax_point=JUNE).client_id == late.client_id


def test_g66_a_pause_has_a_reason_and_ends_by_itself(monthly):
    pause_billing(monthly, on=APRIL, until=JUNE, reason="Maternity leave")
    assert resume_after_pauses(on=date(2027, 5, 31)) == 0
    assert resume_after_pauses(on=date(2027, 6, 3)) == 1
    bill_due_periods(on=date(2027, 6, 3))
    assert [on for on, _ in billed()] == [JUNE]
    assert set(BilledPeriod.objects.filter(invoice=None).values_list("skip_reason", flat=True)) == {
        "Billing was paused: Maternity leave"
    }
    with pytest.raises(errors.PauseIsOver):
        pause_billing(monthly, on=JUNE, until=JUNE)


def test_g41_p20_ending_is_taken_back_until_the_next_bill(monthly):
    bill_due_periods(on=APRIL)
    end_billing(monthly, on=date(2027, 4, 30))
    monthly.refresh_from_db()
    assert monthly.status == "ended"
    reopen_billing(monthly)
    bill_due_periods(on=MAY)
    assert [on for on, _ in billed()] == [APRIL, MAY]
    with pytest.raises(errors.NotEnded):
        reopen_billing(monthly)


def test_g41_what_has_not_begun_is_called_off_and_taken_up_again(monthly):
    call_off_billing(monthly, on=date(2027, 3, 20))
    call_off_billing(monthly, on=date(2027, 3, 20))
    bill_due_periods(on=MAY)
    assert billed() == []
    assert coming_total(MAY).bills == 0
    reopen_billing(monthly)
    bill_due_periods(on=APRIL)
    assert [on for on, _ in billed()] == [APRIL]
    monthly.refresh_from_db()
    with pytest.raises(errors.EndsBeforeItStarts):
        call_off_billing(monthly, on=APRIL)


def test_g41_everything_a_client_has_ends_on_one_day_and_nobody_elses(monthly):
    Proposal.objects.update(number=90)
    other = a_schedule(MONTHLY, client=a_client("Other Ltd"))
    assert end_services(monthly.client, on=date(2027, 4, 30)) == 1
    assert BillingSchedule.objects.get(pk=monthly.pk).ends_on == date(2027, 4, 30)
    assert BillingSchedule.objects.get(pk=other.pk).ends_on is None
    with pytest.raises(errors.NothingToEnd):
        end_services(monthly.client, on=date(2027, 5, 31))
    assert end_services(monthly.client, on=date(2027, 4, 29)) == 1


@pytest.mark.parametrize(
    ("starts_on", "is_overlap", "days", "amount"),
    [(date(2027, 4, 24), True, 7, "22.58"), (date(2027, 5, 11), False, 10, "32.26")],
)
def test_g67_p22_an_overlap_or_gap_is_told_in_days_and_pounds_before_saving(
    monthly, starts_on, is_overlap, days, amount
):
    bill_due_periods(on=APRIL)
    monthly.refresh_from_db()
    shift = shift_when_moved(monthly, starts_on)
    assert (shift.is_overlap, shift.days, shift.amount) == (is_overlap, days, Decimal(amount))
    assert BillingSchedule.objects.get().next_starts_on == MAY
    moved = move_periods(monthly, starts_on=starts_on, on=date(2027, 4, 20))
    assert moved.next_starts_on == starts_on
    assert shift_when_moved(moved, starts_on) is None


def test_a_new_invoice_day_dates_what_comes_next_and_nothing_twice(brook):
    with practice_scope(brook.pk):
        a_schedule(MONTHLY, starts_on=APRIL)
        bill_due_periods(on=APRIL)
        brook.invoice_day = 15
        amend_practice(brook)
        assert BillingSchedule.objects.get().next_bill_on == date(2027, 5, 15)
        assert bill_due_periods(on=date(2027, 5, 14)).invoices == 0
        assert bill_due_periods(on=date(2027, 5, 15)).invoices == 1


def test_fault_44_a_start_on_the_31st_stays_one_for_four_years(brook):
    with practice_scope(brook.pk):
        brook.invoice_day = 31
        amend_practice(brook)
        a_schedule(MONTHLY, starts_on=date(2027, 1, 31), on=date(2027, 1, 31))
        day = date(2027, 1, 31)
        while day <= date(2031, 1, 31):
            bill_due_periods(on=day)
            day += timedelta(days=1)
        dates = [on for on, _ in billed()]
        assert len(dates) == 49
        assert [on.day for on in dates[:4]] == [31, 28, 31, 30]
        assert all((on + timedelta(days=1)).day == 1 for on in dates)


def test_idea_14_an_invoice_undone_in_its_quiet_time_never_leaves(monthly):
    open_the_ledger()
    bill_without_asking(quiet_minutes=30)
    bill_due_periods(on=APRIL)
    posting = Posting.objects.get()
    assert posting.not_before > timezone.now() + timedelta(minutes=29)
    invoice = undo_invoice(Invoice.objects.get())
    assert invoice.status == "void"
    assert Posting.objects.get().status == "cancelled"
    assert bill_due_periods(on=APRIL).waiting == 1
    approve_bills([(monthly.pk, APRIL)])
    assert bill_due_periods(on=APRIL).invoices == 1
    assert list(Invoice.objects.order_by("number").values_list("status", flat=True)) == ["void", "issued"]


def test_an_invoice_that_may_have_left_cannot_be_undone(monthly):
    open_the_ledger()
    bill_due_periods(on=APRIL)
    Posting.objects.update(attempted_at=timezone.now())
    with pytest.raises(errors.CannotBeUndone):
        undo_invoice(Invoice.objects.get())
    assert BilledPeriod.objects.count() == 1
