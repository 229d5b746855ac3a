"""Drafts: numbers, lines, copies."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError

from clients.operations import archive_client
from practices.tenancy import practice_scope
from proposals import errors
from proposals.models import Proposal
from proposals.operations import amend_draft, copy_proposal, draft_proposal, reasons_not_to_send
from tests.factories import TODAY
from tests.integration.proposals.offers import (
    MONTHLY,
    UPFRONT,
    a_client,
    a_draft,
    a_line,
    a_sent,
    as_it_is,
    sign,
)
from tests.racing import at_once


def test_each_practice_counts_its_own_proposals(brook, cedar):
    for practice in (brook, cedar):
        with practice_scope(practice.pk):
            assert [a_draft(client=a_client()).number_label for _ in range(2)] == ["P-0001", "P-0002"]


def test_drafts_made_at_the_same_moment_have_different_numbers(brook):
    with practice_scope(brook.pk):
        client, line = a_client(), a_line()

    def draft():
        values = {"title": "x", "starts_on": TODAY, "valid_until": TODAY}
        copy = a_line_like(line)
        return draft_proposal(Proposal(client=client, **values), [copy]).number

    assert sorted(at_once(brook, 4, draft)) == [1, 2, 3, 4]


def a_line_like(line):
    return type(line)(
        service=line.service,
        name=line.name,
        unit_price=line.unit_price,
        tax_rate=line.tax_rate,
        billing="upfront",
    )


def test_lines_keep_the_order_they_were_entered_in(brook):
    with practice_scope(brook.pk):
        proposal = a_draft(a_line(name="Payroll"), a_line(name="Accounts"), a_line(name="Bookkeeping"))
        assert [line.name for line in proposal.lines.all()] == ["Payroll", "Accounts", "Bookkeeping"]


def test_a_draft_can_be_changed_and_has_then_exactly_the_new_lines(brook):
    with practice_scope(brook.pk):
        proposal = a_draft()
        proposal.title = "Other"
        amend_draft(proposal, [a_line(MONTHLY, name="Payroll", price="25.5")])
        changed = as_it_is(proposal)
        [line] = changed.lines.all()
        assert (changed.title, line.name, line.unit_price) == ("Other", "Payroll", Decimal("25.5"))


def test_a_sent_proposal_cannot_be_changed(brook):
    with practice_scope(brook.pk):
        proposal = a_sent()
        with pytest.raises(errors.NotADraft):
            amend_draft(proposal, [a_line()])


def test_nothing_is_drafted_for_an_archived_client(brook):
    with practice_scope(brook.pk):
        client = archive_client(a_client("Mara Hill"))
        with pytest.raises(errors.ClientIsArchived):
            a_draft(client=client)


def test_g18_a_copy_is_a_new_draft_with_the_same_lines_and_prices(brook):
    with practice_scope(brook.pk):
        proposal = a_sent(a_line(UPFRONT, price="120"), a_line(MONTHLY, price="33.3333"))
        sign(proposal)
        later = TODAY + timedelta(days=400)
        copy = copy_proposal(as_it_is(proposal), on=later)
        assert (copy.status, copy.number, copy.starts_on) == ("draft", 2, later)
        assert copy.valid_until == later + timedelta(days=30)
        assert [(line.rule_in_words, line.unit_price) for line in copy.lines.all()] == [
            ("On acceptance", Decimal(120)),
            ("Every month", Decimal("33.3333")),
        ]
        assert proposal.lines.count() == 2


def test_every_reason_not_to_send_is_named_at_once(brook):
    with practice_scope(brook.pk):
        proposal = a_draft(client=a_client(), valid_until=TODAY)
        proposal.lines.all().delete()
        reasons = reasons_not_to_send(proposal, on=TODAY + timedelta(days=1))
        assert [type(reason) for reason in reasons] == [
            errors.NothingOffered,
            errors.NoSignatory,
            errors.EndsBeforeSending,
        ]


def test_a_bill_larger_than_an_invoice_can_hold_is_not_sent(brook):
    with practice_scope(brook.pk):
        draft = a_draft(a_line(price="99999999", quantity=Decimal(99999999)))
        reasons = reasons_not_to_send(draft, on=TODAY)
    assert [type(reason) for reason in reasons] == [errors.TooMuchForAnInvoice]


@pytest.mark.parametrize("starts_on", ["9999-12-31", "1999-12-31", "2101-01-01"])
def test_a_date_of_another_century_is_refused_in_words(client_of, starts_on):
    answer = client_of("alice").post(
        "/p/brook-co/proposals/new/",
        {"starts_on": starts_on},
    )
    assert answer.status_code == 422
    assert "Check the year" in answer.content.decode()


def test_the_database_refuses_a_date_of_another_century(brook):
    with pytest.raises(IntegrityError, match="of_this_century"), practice_scope(brook.pk):
        a_draft(a_line(), starts_on=date(9999, 12, 31))
