"""The billing run: each period once, dated as it should be, however often and however many at once."""

from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, connection

from invoicing.billing_run import BILLING, run_billing
from invoicing.errors import AlreadyRunning
from invoicing.models import BilledPeriod, BillingRun, BillingSchedule, Invoice
from invoicing.operations import (
    BillingOutcome,
    bill_due_periods,
    end_billing,
    pause_billing,
    resume_billing,
    set_invoicing_settings,
    skip_period,
)
from invoicing.tasks import bill_practice, sweep_billing
from ledger.models import Posting
from practices.models import Practice
from practices.tenancy import acting_for, alone_at, practice_scope, practice_transaction
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    MONTHLY,
    a_client,
    a_proposal,
    a_schedule,
    accept,
    bill_without_asking,
    no_run_holds_its_lock,
    open_the_ledger,
)
from tests.racing import at_once, wait_until

WEEKLY = {"billing": "recurring", "every": 1, "period": "week"}


def tax_points() -> list[date]:
    return list(Invoice.objects.order_by("tax_point").values_list("tax_point", flat=True))


def set_invoice_day(practice: Practice, day: int) -> None:
    Practice.objects.filter(pk=practice.pk).update(invoice_day=day)


@pytest.mark.parametrize("starts_on", [TODAY, TODAY.replace(day=1)])
def test_a_monthly_service_accepted_today_is_billed_once_by_todays_run(brook, starts_on):
    with practice_scope(brook.pk):
        a_schedule(MONTHLY, starts_on=starts_on)
        first, second = bill_due_periods(on=TODAY), bill_due_periods(on=TODAY)
        assert (first.invoices, first.periods, first.gross) == (1, 1, Decimal(120))
        assert second.invoices == 0
        assert tax_points() == [TODAY]


def test_f62_three_months_of_five_runs_a_day_give_three_invoices(brook):
    with practice_scope(brook.pk):
        open_the_ledger()
        a_schedule(MONTHLY, starts_on=date(2027, 4, 1))
        for days in range(91):
            for _ in range(5 if days % 10 == 0 else 1):
                bill_due_periods(on=date(2027, 4, 1) + timedelta(days=days))
        assert tax_points() == [date(2027, 4, 1), date(2027, 5, 1), date(2027, 6, 1)]
        assert Posting.objects.filter(kind="invoice.create", status="pending").count() == 3


def test_f62_months_that_were_missed_are_billed_once_each_with_their_own_dates(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        a_schedule(MONTHLY, starts_on=date(2027, 4, 1))
        assert bill_due_periods(on=date(2027, 7, 20)).invoices == 4
        assert tax_points() == [date(2027, month, 1) for month in (4, 5, 6, 7)]
        assert list(Invoice.objects.order_by("tax_point").values_list("number", flat=True)) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("invoice_day", "days", "dated", "due"),
    [
        (1, 14, date(2027, 5, 1), date(2027, 5, 15)),
        (1, 0, date(2027, 5, 1), date(2027, 5, 1)),
        (31, 14, date(2027, 5, 31), date(2027, 6, 14)),
    ],
)
def test_f25_a_recurring_invoice_is_due_so_many_days_after_the_invoice_day(
    brook, invoice_day, days, dated, due
):
    set_invoice_day(brook, invoice_day)
    with practice_scope(brook.pk):
        set_invoicing_settings(manual_terms_days=3, automatic_terms_days=days, includes_descriptions=True)
        a_schedule(MONTHLY, starts_on=date(2027, 5, 1))
        bill_due_periods(on=date(2027, 5, 31))
        invoice = Invoice.objects.get()
        assert (invoice.tax_point, invoice.due_on) == (dated, due)


@pytest.mark.parametrize(("year", "last"), [(2027, 28), (2028, 29)])
def test_f25_invoice_day_31_falls_on_the_last_day_of_february(brook, year, last):
    set_invoice_day(brook, 31)
    with practice_scope(brook.pk):
        bill_without_asking()
        a_schedule(MONTHLY, starts_on=date(year, 1, 1), on=date(year, 1, 1))
        bill_due_periods(on=date(year, 4, 30))
        assert tax_points() == [date(year, 1, 31), date(year, 2, last), date(year, 3, 31), date(year, 4, 30)]


def test_services_of_a_client_billed_the_same_day_share_an_invoice(brook):
    with practice_scope(brook.pk):
        acme, bramble = a_client(), a_client("Bramble")
        accept(a_proposal(MONTHLY, MONTHLY | {"price": "50"}, client=acme, starts_on=date(2027, 4, 1)))
        accept(a_proposal(WEEKLY | {"name": "Payroll"}, client=acme, starts_on=date(2027, 4, 1)))
        a_schedule(MONTHLY, client=bramble, starts_on=date(2027, 4, 1))
        outcome = bill_due_periods(on=date(2027, 4, 1))
        assert (outcome.invoices, outcome.periods) == (2, 4)
        assert sorted(invoice.lines.count() for invoice in Invoice.objects.all()) == [1, 3]


def test_an_invoice_over_several_proposals_belongs_to_none_of_them(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        acme = a_client()
        a_schedule(MONTHLY, client=acme)
        bill_due_periods(on=TODAY)
        assert Invoice.objects.get().proposal_id is not None
        a_schedule(MONTHLY, client=acme)
        bill_due_periods(on=date(2027, 4, 1))
        assert Invoice.objects.first().proposal_id is None


def test_a_line_says_which_period_it_is_for(brook):
    with practice_scope(brook.pk):
        a_schedule(MONTHLY | {"name": "Bookkeeping"}, starts_on=date(2027, 4, 1))
        bill_due_periods(on=date(2027, 4, 1))
        assert Invoice.objects.get().lines.get().name == "Bookkeeping, 1 Apr 2027 to 30 Apr 2027"


def test_f62_p01_five_runs_at_once_bill_each_period_once(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        for n in range(6):
            a_schedule(MONTHLY, client=a_client(f"Client {n}"), starts_on=date(2027, 4, 1))
    outcomes = at_once(brook, 5, lambda: bill_due_periods(on=date(2027, 6, 1)))
    assert sum(outcome.invoices for outcome in outcomes) == 18
    with practice_scope(brook.pk):
        assert BilledPeriod.objects.count() == Invoice.objects.count() == Posting.objects.count() == 18
        assert sorted(Invoice.objects.values_list("number", flat=True)) == list(range(1, 19))


def test_f62_of_five_whole_runs_at_once_some_are_told_that_one_is_running(brook, monkeypatch):
    """Fault 31: nothing is billed twice, and nobody waits."""
    monkeypatch.setattr("invoicing.operations.billing.CHUNK", 2)
    with practice_scope(brook.pk):
        bill_without_asking()
        for n in range(5):
            a_schedule(MONTHLY, client=a_client(f"Client {n}"), starts_on=date(2027, 4, 1))
    barrier, outcomes = Barrier(5), []

    def run():
        barrier.wait(timeout=10)
        with acting_for(brook.pk):
            try:
                outcomes.append(run_billing(date(2027, 5, 1)))
            except AlreadyRunning as error:
                outcomes.append(error)
        connection.close()

    threads = [Thread(target=run) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(outcome.invoices for outcome in outcomes if isinstance(outcome, BillingOutcome)) == 10
    with practice_scope(brook.pk):
        assert sorted(Invoice.objects.values_list("number", flat=True)) == list(range(1, 11))
        run = BillingRun.objects.first()
        assert (run.status, run.due, run.done, run.invoices, run.periods) == ("done", 5, 5, 10, 10)


def test_a_run_whose_session_was_ended_holds_up_nobody(brook):
    """Fault 37: a session that is gone has let go of its lock, and cannot be asked to do so."""

    def end_the_session() -> None:
        other = connection.copy()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        with other.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        other.close()

    with acting_for(brook.pk):
        with alone_at(BILLING):
            end_the_session()
            # The second time the driver knows that the session is gone, and raises another error.
            for expected in (OperationalError, InterfaceError):
                with pytest.raises(expected):
                    connection.cursor().execute("SELECT 1")
        with practice_transaction(lock=BILLING) as is_alone:
            assert is_alone


def test_a_second_run_is_told_at_once_that_one_is_running(brook):
    """Faults 31 and 32: the lock is the session's, so no dead run holds up the next."""
    with practice_scope(brook.pk):
        a_schedule(MONTHLY)
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [BILLING, brook.pk])
    with acting_for(brook.pk):
        with pytest.raises(AlreadyRunning):
            run_billing(TODAY)
        bill_practice(brook.pk)
        other.close()
        wait_until(no_run_holds_its_lock)
        assert run_billing(TODAY).invoices == 1


def test_a_run_that_was_killed_between_chunks_goes_on_where_it_stopped(brook, monkeypatch):
    """Fault 29: what was committed stays, and no more than a chunk is done again."""
    monkeypatch.setattr("invoicing.operations.billing.CHUNK", 2)
    with practice_scope(brook.pk):
        for n in range(5):
            a_schedule(MONTHLY, client=a_client(f"Client {n}"))
    with acting_for(brook.pk):
        first = run_billing(TODAY, chunks=2)
        assert (first.invoices, first.is_complete) == (4, False)
        with practice_scope(brook.pk):
            assert BillingRun.objects.get().status == "running"
        assert run_billing(TODAY).invoices == 1
    with practice_scope(brook.pk):
        run = BillingRun.objects.get()
        assert (run.status, run.due, run.done, run.invoices) == ("done", 5, 5, 5)


def test_a_run_of_an_earlier_day_that_never_ended_is_marked_as_stopped(brook):
    with practice_scope(brook.pk):
        a_schedule(MONTHLY)
        BillingRun.objects.create(on=date(2027, 3, 9), due=7)
    with acting_for(brook.pk):
        run_billing(TODAY)
    with practice_scope(brook.pk):
        assert list(BillingRun.objects.order_by("id").values_list("status", flat=True)) == ["stopped", "done"]


def test_p01_a_run_that_dies_keeps_whole_chunks_and_is_finished_by_the_next(brook):
    with practice_scope(brook.pk):
        clients = [a_client(f"Client {n}") for n in range(4)]
        for client in clients:
            a_schedule(MONTHLY, client=client)
    with practice_scope(brook.pk):
        bill_due_periods(on=TODAY, clients=[client.pk for client in clients[:2]])

    def die_in_the_second_chunk():
        bill_due_periods(on=TODAY, clients=[client.pk for client in clients[2:]])
        raise SystemExit

    with pytest.raises(SystemExit), practice_scope(brook.pk):
        die_in_the_second_chunk()
    with practice_scope(brook.pk):
        assert (Invoice.objects.count(), Posting.objects.count(), BilledPeriod.objects.count()) == (2, 2, 2)
    with acting_for(brook.pk):
        assert run_billing(TODAY).invoices == 2
    with practice_scope(brook.pk):
        assert sorted(Invoice.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_a_client_who_cannot_be_billed_does_not_hold_up_the_others(brook):
    with practice_scope(brook.pk):
        clients = [a_client(f"Client {n}") for n in range(3)]
        for client in clients:
            a_schedule(MONTHLY, client=client)
        BillingSchedule.objects.filter(client=clients[1]).update(quantity=99999999, unit_price=99999999)
    with acting_for(brook.pk):
        outcome = run_billing(TODAY)
    assert outcome.invoices == 2
    [(refused, reason)] = outcome.refused
    assert refused == clients[1].pk
    assert "Check quantity and price" in reason


def test_the_database_refuses_a_period_twice(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule()
        BilledPeriod.objects.create(schedule=schedule, starts_on=TODAY, skip_reason="Holiday")
    with pytest.raises(IntegrityError, match="period_is_billed_once"), practice_scope(brook.pk):
        BilledPeriod.objects.create(schedule=schedule, starts_on=TODAY, skip_reason="Again")


def test_the_database_refuses_a_period_neither_billed_nor_skipped(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule()
    with pytest.raises(IntegrityError, match="period_is_billed_or_skipped"), practice_scope(brook.pk):
        BilledPeriod.objects.create(schedule=schedule, starts_on=TODAY)


def test_a_skipped_period_is_never_billed(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        schedule = a_schedule(MONTHLY, starts_on=date(2027, 4, 1))
        skip_period(schedule, date(2027, 5, 1), reason="Waived")
        bill_due_periods(on=date(2027, 6, 1))
        assert tax_points() == [date(2027, 4, 1), date(2027, 6, 1)]


def test_what_falls_due_during_a_pause_is_not_billed_afterwards(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=date(2027, 4, 1))
        bill_due_periods(on=date(2027, 4, 1))
        pause_billing(schedule, on=date(2027, 4, 20))
        assert bill_due_periods(on=date(2027, 6, 15)).invoices == 0
        resume_billing(schedule, on=date(2027, 6, 20))
        assert bill_due_periods(on=date(2027, 6, 20)).invoices == 0
        bill_due_periods(on=date(2027, 7, 1))
        assert tax_points() == [date(2027, 4, 1), date(2027, 7, 1)]
        assert BilledPeriod.objects.filter(skip_reason="Billing was paused").count() == 2


def test_a_service_resumed_on_an_invoice_day_is_billed_that_day(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=date(2027, 4, 1))
        pause_billing(schedule, on=date(2027, 4, 1))
        resume_billing(schedule, on=date(2027, 5, 1))
        bill_due_periods(on=date(2027, 5, 1))
        assert tax_points() == [date(2027, 5, 1)]


def test_what_was_due_before_a_pause_is_billed_after_it(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=date(2027, 4, 1))
        pause_billing(schedule, on=date(2027, 4, 20))
        resume_billing(schedule, on=date(2027, 4, 25))
        bill_due_periods(on=date(2027, 4, 25))
        assert tax_points() == [date(2027, 4, 1)]


def test_billing_stops_after_its_last_day_and_the_schedule_ends(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule(MONTHLY, starts_on=date(2027, 4, 1))
        end_billing(schedule, on=date(2027, 5, 31))
        bill_due_periods(on=date(2027, 4, 15))
        assert BillingSchedule.objects.get().status == "active"
        bill_due_periods(on=date(2027, 9, 1))
        assert tax_points() == [date(2027, 4, 1), date(2027, 5, 1)]
        assert BillingSchedule.objects.get().status == "ended"


def test_the_daily_task_bills_every_practice_and_leaves_no_setting_behind(brook, cedar):
    for practice in (brook, cedar):
        with practice_scope(practice.pk):
            today = Practice.objects.get(pk=practice.pk).today()
            a_schedule(MONTHLY, starts_on=today, on=today)
        bill_practice(practice.pk)
        bill_practice(practice.pk)
        with practice_scope(practice.pk):
            assert Invoice.objects.get().number == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('ignition.practice_id', true)")
        assert cursor.fetchone()[0] in ("", None)


def test_the_sweep_starts_a_run_for_each_practice(brook, cedar):
    sweep_billing()  # a hint to each; none is needed for the next sweep to find the work
