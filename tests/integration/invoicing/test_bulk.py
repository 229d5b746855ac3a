"""What the run writes in bulk is what issuing one by one writes, and a kill at any statement changes nothing."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoicing.billing_run import BILLING, run_billing
from invoicing.coming import coming_total
from invoicing.models import BilledPeriod, BillingRun, BillingSchedule, Invoice, InvoiceLine
from invoicing.operations import bill_due_periods, change_bill, draft_invoice, hold_bills, issue_invoice
from invoicing.operations.due_rows import Exceptions
from invoicing.operations.schedules import line_of
from ledger.models import Posting
from money.amounts import price_line, total
from practices.audit import trail_of
from practices.models import AuditEntry
from practices.tenancy import acting_for, practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    MONTHLY,
    UPFRONT,
    a_client,
    a_proposal,
    a_rate,
    a_schedule,
    accept,
    bill_without_asking,
    many_schedules,
    open_the_ledger,
)

OF_A_LINE = ("service_id", "name", "description", "quantity", "unit_price", "tax_rate_id", "vat_code")
OF_AN_INVOICE = ("client_id", "proposal_id", "source", "status", "tax_point", "due_on", "net", "vat")


def likeness(invoice: Invoice) -> dict:
    """Everything about an invoice that must not depend on how it was issued."""
    posting = Posting.objects.get(subject_id=invoice.pk)
    entry = trail_of(invoice).get()
    return {
        "invoice": [getattr(invoice, name) for name in (*OF_AN_INVOICE, "outstanding")],
        "lines": [
            [getattr(line, name) for name in (*OF_A_LINE, "vat_percent", "net", "vat", "position")]
            for line in invoice.lines.all()
        ],
        "posting": (posting.kind, posting.status, posting.copy, posting.reference[:-6].replace("2", "1")),
        "audit": (entry.action, entry.actor_id, entry.data["gross"]),
    }


@pytest.mark.parametrize(("price", "posts"), [("100.005", True), ("0", True), ("45.53", False)])
def test_an_invoice_of_the_run_equals_one_that_is_issued_by_itself(brook, price, posts):
    with practice_scope(brook.pk):
        open_the_ledger()
        client = a_client(posts_automatically=posts)
        schedule = a_schedule(MONTHLY | {"price": price, "name": 'O\'Hara\\"{Trust}", NULL'}, client=client)
        draft = draft_invoice(
            client,
            [line_of(schedule, (date(2027, 3, 10), date(2027, 4, 9)))],
            tax_point=TODAY,
            source=Invoice.Source.RECURRING,
            proposal=schedule.proposal_line.proposal,
        )
        alone = issue_invoice(draft, on=TODAY)
        assert bill_due_periods(on=TODAY).invoices == 1
        in_bulk = Invoice.objects.exclude(pk=alone.pk).get()
        assert likeness(in_bulk) == likeness(alone)
        assert (alone.number, in_bulk.number) == (1, 2)


def test_a_run_takes_as_many_statements_for_many_clients_as_for_one(brook, cedar):
    counts = []
    for practice, clients in ((brook, 1), (cedar, 40)):
        with practice_scope(practice.pk):
            many_schedules(clients)
        statements = []
        with (
            acting_for(practice.pk),
            connection.execute_wrapper(
                lambda execute, *rest, seen=statements: (seen.append(1), execute(*rest))[1]
            ),
        ):
            assert run_billing(TODAY).invoices == clients
        counts.append(len(statements))
    assert counts == [8, 8]


def test_a_further_chunk_of_a_run_takes_seven_statements(brook, monkeypatch):
    """And one more statement to keep the lock from the first chunk to the last, one to let go of it."""
    monkeypatch.setattr("invoicing.operations.billing.CHUNK", 2)
    with practice_scope(brook.pk):
        bill_without_asking()
        many_schedules(6)
    statements, other = [], connection.copy()

    def look(execute, sql, *rest):
        statements.append(sql)
        if sql == "DISCARD PLANS":
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [BILLING, brook.pk])
                assert cursor.fetchone() == (False,)
        return execute(sql, *rest)

    with acting_for(brook.pk), connection.execute_wrapper(look):
        assert run_billing(TODAY).invoices == 6
    assert len(statements) == 8 + 1 + 2 * 7 + 1
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [BILLING, brook.pk])
        assert cursor.fetchone() == (True,)
    other.close()


class Killed(BaseException):
    """The process is gone."""


def test_fault_28_a_run_that_dies_at_any_statement_is_finished_by_the_next_one(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        for number in range(3):
            a_schedule(MONTHLY, client=a_client(f"Client {number}"), starts_on=date(2027, 2, 1))
    died = 0
    for fatal in range(1, 40):
        seen = []

        def die_there(execute, *rest, fatal=fatal, seen=seen):
            seen.append(1)
            result = execute(*rest)
            if len(seen) == fatal:
                raise Killed
            return result

        try:
            with connection.execute_wrapper(die_there), acting_for(brook.pk):
                run_billing(TODAY)
            break
        except Killed:
            died += 1
        with practice_scope(brook.pk):
            assert not Invoice.objects.exists()
            assert not BilledPeriod.objects.exists()
            assert not Posting.objects.exists()
            assert not AuditEntry.objects.filter(action="invoice.issued").exists()
    assert died == 8
    with practice_scope(brook.pk):
        assert sorted(Invoice.objects.values_list("number", flat=True)) == list(range(1, 4))
        assert BillingRun.objects.get().status == "done"


def test_the_constraint_decides_where_a_schedule_says_otherwise(brook):
    """A period that is settled already is not billed, takes no number, and its neighbours are billed."""
    with practice_scope(brook.pk):
        schedules = many_schedules(3)
        settled = BilledPeriod.objects.create(schedule=schedules[1], starts_on=TODAY, skip_reason="Waived")
        outcome = bill_due_periods(on=TODAY)
        assert (outcome.invoices, outcome.periods) == (2, 2)
        assert sorted(Invoice.objects.values_list("number", flat=True)) == [1, 2]
        assert BilledPeriod.objects.get(schedule=schedules[1]) == settled
        assert set(BillingSchedule.objects.values_list("next_starts_on", flat=True)) == {date(2027, 4, 10)}


def test_a_claimed_period_is_never_numbered_twice_however_stale_the_reader(brook, monkeypatch):
    """Between reading and writing somebody else settled the period: ON CONFLICT leaves it to them."""
    with practice_scope(brook.pk):
        first, second = many_schedules(2)
        BilledPeriod.objects.create(schedule=first, starts_on=TODAY, skip_reason="Waived meanwhile")
        monkeypatch.setattr("invoicing.operations.billing.exceptions_of", lambda _: Exceptions())
        assert bill_due_periods(on=TODAY).invoices == 1
        assert list(Invoice.objects.values_list("client_id", "number")) == [(second.client_id, 1)]
        assert InvoiceLine.objects.count() == 1


def test_what_somebody_decided_about_a_bill_is_of_no_other_that_is_in_step_with_it(brook):
    with practice_scope(brook.pk):
        bill_without_asking()
        first, held, priced, last = many_schedules(4)
        hold_bills([(held.pk, TODAY)], reason="Asked to wait")
        change_bill(priced, TODAY, unit_price=Decimal(70))
        assert bill_due_periods(on=TODAY).invoices == 3
        nets = dict(Invoice.objects.values_list("client_id", "net"))
        assert nets == {first.client_id: 100, priced.client_id: 70, last.client_id: 100}


@pytest.mark.parametrize(("grouping", "invoices"), [("client", 1), ("proposal", 2), ("service", 3)])
def test_g70_invoices_are_grouped_by_the_practices_rule(brook, grouping, invoices):
    with practice_scope(brook.pk):
        bill_without_asking(grouping=grouping)
        acme = a_client()
        accept(a_proposal(MONTHLY | {"name": "Books"}, MONTHLY | {"name": "Payroll"}, client=acme))
        accept(a_proposal(MONTHLY | {"name": "Advice"}, client=acme))
        assert bill_due_periods(on=TODAY).invoices == invoices
        assert InvoiceLine.objects.count() == 3


def test_what_bills_once_is_billed_by_the_run_too_where_it_has_a_date(brook):
    with practice_scope(brook.pk):
        schedule = a_schedule({"billing": "on_completion"})
        BillingSchedule.objects.filter(pk=schedule.pk).update(next_bill_on=TODAY)
        assert bill_due_periods(on=TODAY).invoices == 1
        assert Invoice.objects.get().source == "on_completion"
        schedule.refresh_from_db()
        assert (schedule.status, schedule.next_starts_on, schedule.next_bill_on) == ("ended", None, None)
        assert bill_due_periods(on=date(2028, 1, 1)).invoices == 0


def test_a_client_archived_between_due_and_billing_is_refused_with_the_way_out(brook):
    with practice_scope(brook.pk):
        one, _ = many_schedules(2)
        one.client.status = "archived"
        one.client.save(update_fields=["status"])
        outcome = bill_due_periods(on=TODAY)
        assert outcome.invoices == 1
        [(refused, reason)] = outcome.refused
        assert refused == one.client_id
        assert "Restore whoever is archived" in reason
        one.refresh_from_db()
        assert one.next_bill_on == TODAY


def test_a_bill_of_more_lines_than_an_invoice_holds_becomes_several_invoices(brook, monkeypatch):
    monkeypatch.setattr("invoicing.operations.billing.MOST_LINES", 2)
    with practice_scope(brook.pk):
        accept(a_proposal(*[MONTHLY | {"name": f"Service {n}"} for n in range(5)]))
        assert bill_due_periods(on=TODAY).invoices == 3
        assert sorted(invoice.lines.count() for invoice in Invoice.objects.all()) == [1, 2, 2]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.decimals("0.01", "99999", places=2),
            st.decimals("0", "99999", places=4),
            st.sampled_from(["standard", "reduced", "zero"]),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_what_the_database_adds_up_equals_what_is_billed_line_by_line(brook, lines):
    """The one place where SQL rounds money rounds as money/amounts.py does."""
    percents = {"standard": Decimal(20), "reduced": Decimal(5), "zero": Decimal(0)}
    with practice_scope(brook.pk):
        BillingSchedule.objects.all().delete()
        schedules = many_schedules(len(lines))
        for schedule, (quantity, price, code) in zip(schedules, lines, strict=True):
            schedule.quantity, schedule.unit_price, schedule.tax_rate = quantity, price, a_rate(code)
        BillingSchedule.objects.bulk_update(schedules, ["quantity", "unit_price", "tax_rate"])
        coming = coming_total(TODAY)
    assert coming.bills == len(lines)
    assert coming.amounts == total(
        price_line(quantity, price, percents[code]) for quantity, price, code in lines
    )


def test_upfront_work_is_not_billed_again_by_the_run(brook):
    with practice_scope(brook.pk):
        a_schedule(UPFRONT)
        assert bill_due_periods(on=date(2027, 12, 1)).invoices == 0
        assert Invoice.objects.count() == 1
