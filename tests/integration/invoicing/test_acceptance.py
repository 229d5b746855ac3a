"""Accepted proposals become schedules and invoices, once."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from invoicing.models import BilledPeriod, BillingSchedule, Invoice
from invoicing.operations import bill_due_periods, complete_schedule, start_billing
from invoicing.operations.changing import plan_change
from invoicing.renewals import draft_renewal
from ledger.models import Posting
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from proposals.models import Proposal
from proposals.operations.renewing import supersede_renewed
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    MONTHLY,
    ON_COMPLETION,
    UPFRONT,
    a_client,
    a_proposal,
    a_schedule,
    accept,
    open_the_ledger,
)
from tests.racing import at_once


def test_f60_upfront_services_become_one_invoice_dated_the_acceptance(brook):
    with practice_scope(brook.pk):
        open_the_ledger()
        accept(a_proposal(UPFRONT, UPFRONT | {"price": "50"}, MONTHLY, ON_COMPLETION))
        [invoice] = Invoice.objects.all()
        assert (invoice.tax_point, invoice.source, invoice.number) == (TODAY, "upfront", 1)
        assert (invoice.net, invoice.vat, invoice.outstanding) == (Decimal(150), Decimal(30), Decimal(180))
        [posting] = Posting.objects.all()
        assert (posting.kind, posting.subject_id, posting.status) == ("invoice.create", invoice.pk, "pending")


def test_f60_accepting_twice_bills_once(brook):
    with practice_scope(brook.pk):
        proposal = a_proposal(UPFRONT, MONTHLY)
        accept(proposal)
        accept(proposal)
        assert Invoice.objects.count() == Posting.objects.count() == 1
        assert BillingSchedule.objects.count() == 2


def test_f60_billing_started_by_five_at_once_starts_once(brook):
    with practice_scope(brook.pk):
        proposal = a_proposal(UPFRONT, MONTHLY)
    invoices = at_once(brook, 5, lambda: start_billing(proposal, on=TODAY))
    assert len([invoice for invoice in invoices if invoice]) == 1
    with practice_scope(brook.pk):
        assert Invoice.objects.count() == Posting.objects.count() == 1


def test_f60_upfront_is_billed_on_acceptance_even_when_the_engagement_starts_later(brook):
    with practice_scope(brook.pk):
        invoice = start_billing(a_proposal(UPFRONT, starts_on=date(2027, 9, 1)), on=TODAY)
        assert invoice.tax_point == TODAY


def test_a_proposal_without_upfront_services_gives_no_invoice(brook):
    with practice_scope(brook.pk):
        assert start_billing(a_proposal(MONTHLY, ON_COMPLETION), on=TODAY) is None
        assert not Invoice.objects.exists()


def test_f22_included_services_are_never_billed(brook):
    with practice_scope(brook.pk):
        accept(a_proposal(UPFRONT, UPFRONT | {"is_included": True}, MONTHLY | {"is_included": True}))
        assert BillingSchedule.objects.count() == 1
        assert Invoice.objects.get().lines.count() == 1
        assert bill_due_periods(on=date(2028, 1, 1)).invoices == 0


def test_f61_work_is_billed_when_it_is_marked_complete_and_only_then(brook):
    with practice_scope(brook.pk):
        accept(a_proposal(ON_COMPLETION))
        assert not Invoice.objects.exists()
        schedule = BillingSchedule.objects.to_complete().get()
        invoice = complete_schedule(schedule, on=date(2027, 6, 1))
        assert (invoice.tax_point, invoice.source) == (date(2027, 6, 1), "on_completion")
        assert invoice.proposal_id == schedule.proposal_line.proposal_id
        assert BilledPeriod.objects.get().invoice == invoice
        assert not BillingSchedule.objects.to_complete().exists()


def test_f64_a_client_switched_off_is_billed_and_held(brook):
    with practice_scope(brook.pk):
        open_the_ledger()
        accept(a_proposal(UPFRONT, MONTHLY, ON_COMPLETION, client=a_client(posts_automatically=False)))
        complete_schedule(BillingSchedule.objects.to_complete().get(), on=TODAY)
        bill_due_periods(on=TODAY)
        assert Invoice.objects.count() == 3
        assert set(Posting.objects.values_list("status", flat=True)) == {"held"}


def test_f07_before_the_ledger_is_open_invoices_are_held(brook):
    with practice_scope(brook.pk):
        accept(a_proposal(UPFRONT))
        assert Posting.objects.get().status == "held"


def test_an_acceptance_that_fails_leaves_neither_invoice_nor_posting(brook):
    """One transaction: the signature, the schedules, the invoice, its number and its posting."""

    def sign():
        accept(a_proposal(UPFRONT))
        raise RuntimeError("the signature could not be stored")

    with pytest.raises(RuntimeError), practice_scope(brook.pk):
        sign()
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()
        assert not Posting.objects.exists()
        accept(a_proposal(UPFRONT))
        assert Invoice.objects.get().number == 1


def test_billing_is_in_the_history_of_the_proposal(brook):
    with practice_scope(brook.pk):
        proposal = a_proposal(UPFRONT)
        accept(proposal)
        entry = AuditEntry.objects.get(action="billing.started")
        assert (entry.subject_id, entry.data) == (proposal.pk, {"schedules": 1})


def test_g06_billing_counts_from_acceptance_after_a_delay_and_ends_after_its_times(brook):
    rule = {"billing": "recurring", "every": 1, "period": "month", "counts_from": "acceptance"}
    rule |= {"delay": 1, "delay_period": "month", "times": 3}
    with practice_scope(brook.pk):
        schedule = a_schedule(rule, starts_on=date(2027, 3, 1), on=TODAY)
        assert schedule.starts_on == schedule.bills_from == date(2027, 4, 10)
        assert schedule.ends_on == date(2027, 6, 10)


def test_g13_a_discount_is_billed_as_a_reduced_price(brook):
    with practice_scope(brook.pk):
        proposal = a_proposal({"billing": "upfront", "price": "99.99", "discount_percent": 15})
        accept(proposal)
        line = Invoice.objects.get().lines.get()
        assert (line.unit_price, line.net, line.vat) == (
            Decimal("84.9915"),
            Decimal("84.99"),
            Decimal("17.00"),
        )


def test_g11_an_add_on_that_was_left_out_is_not_billed(brook):
    with practice_scope(brook.pk):
        proposal = a_proposal(
            {"billing": "upfront"}, {"billing": "upfront", "is_optional": True, "is_taken": False}
        )
        accept(proposal)
        assert Invoice.objects.get().lines.count() == 1


def test_g12_a_deposit_is_billed_on_acceptance_and_taken_off_when_the_work_is_done(brook):
    with practice_scope(brook.pk):
        rule = ON_COMPLETION | {"name": "Accounts", "price": "600", "discount_percent": 10, "deposit": 200}
        accept(a_proposal(rule))
        deposit = Invoice.objects.get()
        assert (deposit.lines.get().name, deposit.net, deposit.gross) == ("Deposit: Accounts", 200, 240)
        rest = complete_schedule(BillingSchedule.objects.to_complete().get(), on=TODAY)
        assert rest.net == Decimal("340.00")
        assert deposit.net + rest.net == 540


def test_g38_nothing_that_recurs_is_nothing_to_renew(client_of, brook):
    with practice_scope(brook.pk):
        accept(a_proposal(UPFRONT))
        client = Proposal.objects.get().client
    answer = client_of("alice").post(
        reverse("invoicing:client-renew", args=["brook-co", client.pk]), follow=True
    )
    assert "nothing to renew" in answer.content.decode()
    with practice_scope(brook.pk):
        assert Proposal.objects.count() == 1


def test_g38_a_renewal_has_the_price_that_is_planned_for_its_start(brook):
    with practice_scope(brook.pk):
        accept(a_proposal(MONTHLY))
        Proposal.objects.update(number=90)
        schedule = BillingSchedule.objects.get()
        plan_change(schedule, {"unit_price": Decimal(110)}, effective_on=date(2027, 5, 1), on=TODAY)
        for starts_on, price in ((date(2027, 4, 1), 100), (date(2027, 5, 1), 110)):
            renewal = draft_renewal(schedule.client, starts_on=starts_on, on=TODAY)
            assert renewal.lines.get().unit_price == price


def test_g38_a_renewal_takes_over_at_its_start_and_the_renewed_is_superseded(brook):
    with practice_scope(brook.pk):
        old = a_proposal(MONTHLY, starts_on=date(2027, 1, 1))
        Proposal.objects.filter(pk=old.pk).update(number=90)
        accept(old, on=date(2027, 1, 1))
        renewal = draft_renewal(old.client, starts_on=date(2027, 5, 1), on=TODAY)
        [line] = renewal.lines.all()
        assert (line.unit_price, line.replaces.proposal, renewal.renews) == (100, old, old)
        assert BillingSchedule.objects.get().ends_on is None
        Proposal.objects.filter(pk=renewal.pk).update(status="accepted", document_sha256="0" * 64)
        renewal.refresh_from_db()
        supersede_renewed(renewal, on=TODAY)
        accept(renewal)
        first, second = BillingSchedule.objects.order_by("id")
        assert (first.ends_on, second.starts_on) == (date(2027, 4, 30), date(2027, 5, 1))
        old.refresh_from_db()
        assert old.status == "superseded"
