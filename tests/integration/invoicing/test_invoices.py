"""Invoices: drafted, issued with a gapless number, frozen, voided."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError

from clients.models import Client
from invoicing import errors
from invoicing.models import Invoice, InvoiceLine, InvoiceNumbering
from invoicing.operations import (
    amend_draft,
    discard_draft,
    draft_invoice,
    invoicing_settings,
    issue_invoice,
    mark_voided_in_ledger,
    post_invoice,
    record_payment,
    set_invoicing_settings,
    void_invoice,
)
from invoicing.queries import invoice_to_post, postings_of
from ledger.models import Posting
from ledger.outbox import cancel_posting
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.invoicing.documents import (
    a_client,
    a_draft,
    a_line,
    a_rate,
    an_invoice,
    open_the_ledger,
)
from tests.racing import at_once


@pytest.fixture
def inside(brook):
    with practice_scope(brook.pk):
        yield brook


def test_a_draft_has_no_number_and_owes_nothing(inside):
    draft = a_draft()
    assert (draft.number, draft.number_label, draft.outstanding) == (None, "Draft", Decimal(0))
    assert (draft.net, draft.vat, draft.gross) == (Decimal(600), Decimal(120), Decimal(720))
    assert not Posting.objects.exists()


def test_f63_issuing_numbers_it_fixes_it_and_asks_the_ledger(inside):
    open_the_ledger()
    invoice = an_invoice()
    assert (invoice.number_label, invoice.status, invoice.outstanding) == (
        "INV-000001",
        "issued",
        Decimal(720),
    )
    [posting] = postings_of(invoice)
    assert (posting.status, posting.reference[:11]) == ("pending", "INV-000001-")
    assert AuditEntry.objects.get(action="invoice.issued").data == {"number": "INV-000001", "gross": "720.00"}


def test_f63_f64_a_client_switched_off_is_invoiced_and_held(inside):
    open_the_ledger()
    assert postings_of(an_invoice(a_client(posts_automatically=False)))[0].status == "held"


def test_f18_the_clients_switch_decides_about_the_next_bill(inside):
    open_the_ledger()
    client = a_client()
    for is_on, state in ((False, "held"), (True, "pending")):
        Client.objects.update(posts_automatically=is_on)
        assert postings_of(an_invoice(client))[0].status == state


def test_an_invoice_over_nothing_is_held_for_a_person_to_decide(inside):
    open_the_ledger()
    assert postings_of(an_invoice(None, a_line("Goodwill", "0")))[0].status == "held"


def test_an_issued_invoice_cannot_be_issued_changed_or_discarded(inside):
    invoice = an_invoice()
    for again in (
        lambda: issue_invoice(invoice, on=TODAY),
        lambda: amend_draft(invoice, [a_line()], tax_point=TODAY),
        lambda: discard_draft(invoice),
    ):
        with pytest.raises(errors.NotADraft):
            again()


def test_an_invoice_is_issued_on_its_date_or_later_never_before(inside):
    draft = a_draft(on=date(2027, 4, 1))
    with pytest.raises(errors.DatedInTheFuture):
        issue_invoice(draft, on=TODAY)
    assert issue_invoice(draft, on=date(2027, 4, 2)).tax_point == date(2027, 4, 1)


def test_an_invoice_has_at_least_one_line(inside):
    with pytest.raises(errors.NoLines):
        draft_invoice(a_client(), [], tax_point=TODAY, source="instant")


def test_an_amount_that_does_not_fit_is_refused_in_words(inside):
    with pytest.raises(errors.AmountTooLarge):
        a_draft(None, a_line(price="99999999", quantity="99999999"))


def test_a_draft_can_be_changed_and_discarded(inside):
    draft = amend_draft(a_draft(), [a_line(price="10"), a_line("Payroll", "5")], tax_point=date(2027, 3, 11))
    assert (draft.net, draft.tax_point, draft.due_on) == (Decimal(15), date(2027, 3, 11), date(2027, 3, 25))
    assert [line.name for line in draft.lines.all()] == ["Annual accounts", "Payroll"]
    discard_draft(draft)
    assert not Invoice.objects.exists()
    assert not InvoiceLine.objects.exists()


@pytest.mark.parametrize("days", [0, 7, 30])
def test_f23_f24_manual_terms_date_everything_that_does_not_recur(inside, days):
    set_invoicing_settings(manual_terms_days=days, automatic_terms_days=90, includes_descriptions=True)
    assert (an_invoice().due_on - TODAY).days == days


def test_f26_changed_terms_are_recorded_and_leave_earlier_invoices_alone(inside):
    first = an_invoice()
    set_invoicing_settings(manual_terms_days=7, automatic_terms_days=14, includes_descriptions=False)
    first.refresh_from_db()
    assert (first.due_on - TODAY).days == 14
    entry = AuditEntry.objects.get(action="invoicing_settings.amended")
    assert entry.data == {"changes": {"manual_terms_days": [14, 7], "includes_descriptions": [True, False]}}
    assert not invoicing_settings().includes_descriptions


@pytest.mark.parametrize(
    ("tax_point", "percent", "vat"),
    [
        (date(2010, 12, 31), Decimal("17.50"), Decimal("105.00")),
        (date(2011, 1, 3), Decimal("17.50"), Decimal("105.00")),
        (date(2011, 1, 4), Decimal("20.00"), Decimal("120.00")),
    ],
)
def test_the_tax_point_decides_the_vat(inside, tax_point, percent, vat):
    invoice = an_invoice(on=tax_point)
    line = invoice.lines.get()
    assert (line.vat_percent, line.vat, invoice.vat) == (percent, vat, vat)


def test_issued_lines_keep_their_vat_when_the_rate_is_renamed(inside):
    invoice = an_invoice()
    rate = a_rate()
    rate.name, rate.vat_code = "Something else", "zero"
    rate.save()
    assert invoice.lines.get().vat_percent == Decimal(20)


def test_numbers_have_no_gaps_even_after_a_failure(brook):
    def fail():
        an_invoice()
        raise RuntimeError("after the number was taken")

    with practice_scope(brook.pk):
        an_invoice()
    with pytest.raises(RuntimeError), practice_scope(brook.pk):
        fail()
    with practice_scope(brook.pk):
        assert an_invoice().number == 2


def test_eight_at_once_get_the_numbers_one_to_eight(brook):
    with practice_scope(brook.pk):
        a_line()
        drafts = iter([a_draft(a_client(f"Client {n}")) for n in range(8)])
        assert not InvoiceNumbering.objects.exists()
    invoices = at_once(brook, 8, lambda: issue_invoice(next(drafts), on=TODAY))
    assert sorted(invoice.number for invoice in invoices) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_each_practice_counts_for_itself(brook, cedar):
    for practice in (brook, cedar):
        with practice_scope(practice.pk):
            assert an_invoice().number == 1


def test_eight_presses_of_issue_make_one_invoice_and_one_posting(brook):
    with practice_scope(brook.pk):
        draft = a_draft()
    outcomes = at_once(brook, 8, lambda: issue_invoice(draft, on=TODAY))
    assert sum(isinstance(outcome, Invoice) for outcome in outcomes) == 1
    with practice_scope(brook.pk):
        assert Posting.objects.count() == 1


def test_voiding_keeps_the_number_and_withdraws_the_posting(inside):
    invoice = void_invoice(an_invoice())
    assert (invoice.status, invoice.number, invoice.outstanding) == ("void", 1, Decimal(0))
    assert postings_of(invoice)[0].status == "cancelled"
    assert an_invoice().number == 2
    with pytest.raises(errors.NotIssued):
        void_invoice(invoice)


def test_an_invoice_with_money_on_it_cannot_be_voided(inside):
    invoice = an_invoice()
    record_payment(
        invoice.client,
        received_on=TODAY,
        amount=Decimal(1),
        source="by_hand",
        allocations=[(invoice, Decimal(1))],
    )
    with pytest.raises(errors.HasPayments):
        void_invoice(invoice)


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ({"status": "posted", "external_id": "s1"}, errors.IsInTheLedger),
        ({"status": "posted", "external_id": "s1", "standing": "changed"}, errors.ChangedInTheLedger),
        ({"status": "posted", "external_id": "s1", "standing": "void"}, errors.GoneFromTheLedger),
        ({"status": "posted", "external_id": "s1", "standing": "missing"}, errors.GoneFromTheLedger),
        (
            {"status": "leased", "lease": "x", "lease_expires_at": "2030-01-01T00:00Z"},
            errors.MayBeInTheLedger,
        ),
        ({"status": "failed", "attempted_at": "2027-01-01T00:00Z"}, errors.MayBeInTheLedger),
    ],
)
def test_what_may_be_in_sage_is_voided_there_first(inside, state, refusal):
    invoice = an_invoice()
    Posting.objects.update(**state)
    with pytest.raises(refusal):
        void_invoice(invoice)
    assert Invoice.objects.get().status == "issued"


def test_a_void_in_the_ledger_is_a_void_here_however_often_it_is_told(inside):
    invoice = an_invoice()
    Posting.objects.update(status="posted", external_id="s1")
    assert mark_voided_in_ledger(invoice).status == "void"
    assert mark_voided_in_ledger(invoice).status == "void"
    assert AuditEntry.objects.filter(action="invoice.voided_in_ledger").count() == 1


def test_a_withdrawn_invoice_can_be_posted_again_and_only_then(inside):
    open_the_ledger()
    invoice = an_invoice()
    with pytest.raises(errors.AlreadyPosting):
        post_invoice(invoice)
    [first] = postings_of(invoice)
    cancel_posting(first)
    second = post_invoice(invoice)
    assert second.status == "pending"
    assert second.reference != first.reference


def test_what_is_posted_comes_with_everything_a_mapper_needs(inside, django_assert_num_queries):
    invoice = invoice_to_post(an_invoice().pk)
    with django_assert_num_queries(0):
        assert invoice.client.name
        assert not list(invoice.client.people.all())
        assert [(line.service.name, line.tax_rate.name) for line in invoice.lines.all()]


@pytest.mark.parametrize(
    ("changes", "promise"),
    [
        ({"number": None}, "a_final_invoice_has_a_number"),
        ({"status": "draft"}, "a_final_invoice_has_a_number"),
        ({"outstanding": Decimal("720.01")}, "outstanding_is_part_of_the_gross"),
        ({"outstanding": Decimal("-0.01")}, "outstanding_is_part_of_the_gross"),
        ({"due_on": date(2027, 3, 9)}, "due_on_or_after_the_tax_point"),
    ],
)
def test_the_database_keeps_invoices_true(brook, changes, promise):
    with practice_scope(brook.pk):
        an_invoice()
    with pytest.raises(IntegrityError, match=promise), practice_scope(brook.pk):
        Invoice.objects.update(**changes)


def test_the_database_refuses_a_number_twice(brook):
    with practice_scope(brook.pk):
        an_invoice()
        an_invoice()
    with (
        pytest.raises(IntegrityError, match="invoice_number_is_unique_in_the_practice"),
        practice_scope(brook.pk),
    ):
        Invoice.objects.update(number=1)
