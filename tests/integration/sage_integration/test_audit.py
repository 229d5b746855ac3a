"""Each night every posted invoice is looked for in Sage: there once, with our total."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from invoicing.models import Invoice
from invoicing.operations import issue_credit_note, mark_paid, mark_voided_in_ledger, write_off
from ledger.models import Posting
from practices.models import AuditEntry, Membership
from practices.tenancy import acting_for, practice_scope
from sage_integration.attention import handle, things
from sage_integration.models import SageConnection, SageLink, SyncRun
from sage_integration.sage.resources.sales_credit_notes import SalesCreditNotes
from sage_integration.sync.audit import audit_documents
from sage_integration.sync.comparison import SETTLED_DIFFERENTLY
from sage_integration.tasks import nightly_sync
from tests.factories import TODAY
from tests.integration.sage_integration.connecting import text_of
from tests.integration.sage_integration.posting import fresh, posted, posting_of, push_until_settled


def audit(practice) -> SyncRun:
    with acting_for(practice.pk):
        return audit_documents()


@pytest.fixture
def acme(brook, enabled, sage):
    """An invoice of £120 that is in Sage."""
    return posted(brook, sage)


def test_all_is_well_when_sage_holds_each_invoice_once(brook, sage, acme):
    posted(brook, sage, "Bolt Ltd")
    run = audit(brook)
    assert (run.counts, run.problem) == ({"checked": 2}, "")
    assert run.finished_at is not None


def test_a_missing_document_is_named(brook, sage, acme):
    sage.delete_record("sales_invoices", acme.theirs["id"])
    run = audit(brook)
    assert run.counts["missing"] == 1
    assert acme.invoice.number_label in run.problem


def test_a_second_document_with_our_reference_is_named(brook, enabled, sage, acme):
    sage.create(
        "sales_invoices",
        enabled.business_id,
        contact_id=acme.theirs["contact"]["id"],
        date="2027-03-10",
        reference=acme.posting.reference,
        invoice_lines=[
            {
                "description": "Copied by hand",
                "ledger_account_id": enabled.default_account_id,
                "quantity": "1",
                "unit_price": "100",
                "tax_rate_id": "GB_STANDARD",
                "tax_amount": "20",
            }
        ],
    )
    run = audit(brook)
    assert run.counts["duplicated"] == 1
    assert acme.posting.reference in run.problem


def test_another_total_in_sage_is_named_with_both_figures(brook, sage, acme):
    sage.edit_invoice(
        acme.theirs["id"],
        invoice_lines=[
            {"id": acme.theirs["invoice_lines"][0]["id"], "unit_price": "200", "tax_amount": "40"}
        ],
    )
    run = audit(brook)
    assert run.counts["differing"] == 1
    assert "£120.00" in run.problem
    assert "£240.00" in run.problem


def test_a_void_in_sage_is_named_until_somebody_decides(brook, sage, acme):
    sage.void_invoice(acme.theirs["id"])
    assert audit(brook).counts["voided"] == 1
    assert fresh(acme.invoice).status == Invoice.Status.ISSUED
    assert posting_of(acme.invoice).standing == "void"
    with practice_scope(brook.pk):
        mark_voided_in_ledger(acme.invoice)
    assert "voided" not in audit(brook).counts


def test_a_payment_we_do_not_know_of_shows_as_a_different_balance(brook, sage, acme):
    sage.record_payment(acme.theirs["id"], "40")
    assert audit(brook).counts[SETTLED_DIFFERENTLY] == 1


def test_what_is_entered_here_alone_is_no_difference_that_needs_somebody(brook, sage, acme):
    """Its page says that Sage is told nothing of it; money in Sage that is not known here still is one."""
    with practice_scope(brook.pk):
        mark_paid(acme.invoice, amount=Decimal(50), received_on=TODAY, on=TODAY)
    assert audit(brook).counts == {"checked": 1}
    with practice_scope(brook.pk):
        write_off(acme.invoice, reason="A gesture", on=TODAY)
    assert audit(brook).counts == {"checked": 1}
    sage.record_payment(acme.theirs["id"], "40")
    assert audit(brook).counts[SETTLED_DIFFERENTLY] == 1


def test_sage_being_away_is_kept_on_the_run(brook, sage, acme):
    sage.arm("status", on="GET /sales_invoices", status=500)
    run = audit(brook)
    assert "checked" not in run.counts
    assert run.problem


def test_the_nightly_round_refreshes_reads_and_compares(brook, sage, acme):
    nightly_sync(brook.pk)
    with practice_scope(brook.pk):
        kinds = set(SyncRun.objects.filter(finished_at__isnull=False).values_list("kind", flat=True))
    assert {SyncRun.Kind.REFERENCE_DATA, SyncRun.Kind.AUDIT} <= kinds


def test_what_is_as_it_was_costs_as_many_statements_however_many_documents(brook, enabled, sage, clock):
    """Each of them was looked at all the same, and says when."""

    def statements() -> int:
        clock.shift(600)  # The token is another one each time.
        with CaptureQueriesContext(connection) as seen:
            assert audit(brook).problem == ""
        return len(seen)

    copied = [posted(brook, sage, "Client 1")]
    few = statements()
    copied += [posted(brook, sage, f"Client {number}") for number in range(2, 6)]
    before = timezone.now()
    assert statements() == few
    with practice_scope(brook.pk):
        assert SageLink.objects.filter(seen_at__gte=before).count() == len(copied)
        assert Posting.objects.filter(checked_at__gte=before).count() == len(copied)
    sage.edit_invoice(copied[0].theirs["id"], due_date="2027-05-31")
    assert audit(brook).counts["changed"] == 1


def test_other_words_on_a_line_are_noticed_where_payments_are_not_mirrored(brook, sage, acme, clock):
    """A list shows no lines, and no poll comes to read the document: the night reads it itself, once."""
    with practice_scope(brook.pk):
        SageConnection.objects.update(pulls_payments=False)
    clock.shift(600)
    line = acme.theirs["invoice_lines"][0]
    sage.edit_invoice(acme.theirs["id"], invoice_lines=[{"id": line["id"], "description": "Other work"}])
    for _ in range(2):
        sage.forget_requests()
        assert audit(brook).counts["changed"] == 1
    assert sage.requests("GET", f"/sales_invoices/{acme.theirs['id']}") == []


@pytest.fixture
def note(brook, sage, acme, clock):
    """A credit note over the whole of Acme's invoice, in Sage."""
    with practice_scope(brook.pk):
        found = issue_credit_note(
            Invoice.objects.get(pk=acme.invoice.pk), reason="Billed twice", issued_on=TODAY, on=TODAY
        )
    push_until_settled(brook, clock)
    return found


def test_f78_credit_notes_are_compared_as_well(brook, sage, note):
    run = audit(brook)
    assert (run.counts, run.problem) == ({"checked": 1, "credit_notes": 1}, "")


@pytest.mark.parametrize(
    ("happens", "kind", "chip"),
    [
        ({"net_amount": "90.00", "total_amount": "110.00"}, "credit_differing", "Changed in Sage"),
        ({"status": {"id": "VOID", "displayed_as": "Void"}}, "credit_voided", "Void in Sage"),
        (None, "credit_missing", "Missing in Sage"),
    ],
)
def test_f78_what_differs_of_a_credit_note_needs_somebody_until_it_is_put_right(
    brook, sage, note, client_of, happens, kind, chip
):
    alice, page = client_of("alice"), f"/p/brook-co/credit-notes/{note.pk}/"
    assert chip not in text_of(alice.get(page))
    stored = sage.sales_credit_notes()[0]
    if happens:
        sage.change_record("sales_credit_notes", stored["id"], **happens)
    else:
        sage.delete_record("sales_credit_notes", stored["id"])
    run = audit(brook)
    assert run.counts[kind] == 1
    assert note.number_label in run.problem
    with practice_scope(brook.pk):
        assert AuditEntry.objects.latest("id").action.startswith("credit_note.found_")
        told = [thing for thing in things() if thing.label == note.number_label]
        assert [thing.client for thing in told] == ["Acme Ltd"]
        assert told[0].amount == (10 if kind == "credit_differing" else note.gross)
    assert chip in text_of(alice.get(page))
    if happens:
        before = {name: stored[name] for name in happens}
        sage.change_record("sales_credit_notes", stored["id"], **before)
        assert kind not in audit(brook).counts
        assert chip not in text_of(alice.get(page))
        with practice_scope(brook.pk):
            assert things() == []
            assert AuditEntry.objects.latest("id").action == "credit_note.found_as_copied"


@pytest.mark.parametrize(
    ("change", "said"), [({"description": "Payroll"}, "a line"), ({"date": "2027-03-09"}, "the date")]
)
def test_f78_a_credit_note_changed_in_sage_needs_somebody_where_its_total_stays(
    brook, sage, note, clock, change, said
):
    [stored] = sage.sales_credit_notes()
    assert audit(brook).problem == ""
    clock.shift(600)
    fields = {"updated_at": sage.now()}
    if "date" in change:
        fields |= change
    else:
        fields["credit_note_lines"] = [{**stored["credit_note_lines"][0], **change}]
    sage.change_record("sales_credit_notes", stored["id"], **fields)
    for _ in range(2):
        sage.forget_requests()
        run = audit(brook)
        assert run.counts["credit_changed"] == 1
        assert f"was changed in Sage ({said}). The total is the same." in run.problem
    assert sage.requests("GET", f"/sales_credit_notes/{stored['id']}") == [], "it was looked at already"
    with practice_scope(brook.pk):
        assert [(thing.label, thing.amount) for thing in things()] == [(note.number_label, 0)]
    clock.shift(60)
    before = {name: stored[name] for name in fields}
    sage.change_record("sales_credit_notes", stored["id"], **before | {"updated_at": sage.now()})
    assert "credit_changed" not in audit(brook).counts
    with practice_scope(brook.pk):
        assert things() == []


def test_f78_a_later_change_of_a_credit_note_needs_somebody_anew(brook, sage, note, clock):
    """That one change may stay so is said of that change alone."""
    [stored] = sage.sales_credit_notes()
    for day in ("2027-03-08", "2027-03-09"):
        clock.shift(600)
        sage.change_record("sales_credit_notes", stored["id"], date=day, updated_at=sage.now())
        audit(brook)
        with practice_scope(brook.pk):
            [thing] = things()
            assert thing.state_on(TODAY) == "open", day
            clock.shift(60)
            somebody = Membership.objects.filter(practice=brook)[0].user
            handle(thing, "It may stay so", by=somebody)
        audit(brook)
        with practice_scope(brook.pk):
            assert [thing.state_on(TODAY) for thing in things()] == ["handled"]


def test_f78_another_total_of_a_credit_note_is_told_where_its_lines_were_not_kept(brook, sage, note):
    sage.change_record(
        "sales_credit_notes", sage.sales_credit_notes()[0]["id"], net_amount="90.00", total_amount="110.00"
    )
    with practice_scope(brook.pk):
        SageLink.objects.filter(posting__kind=Posting.Kind.CREDIT_NOTE_CREATE).update(copied={}, seen={})
    for _ in range(2):
        assert audit(brook).counts["credit_differing"] == 1


def test_f78_a_credit_note_that_is_updated_while_sage_is_read_is_left_to_the_next_night(
    brook, sage, note, monkeypatch
):
    """What was read before the update must neither be told nor overwrite what the update kept."""
    copied = SageLink.objects.filter(posting__kind=Posting.Kind.CREDIT_NOTE_CREATE)
    read = SalesCreditNotes.list

    def updates_meanwhile(resource, **how):
        rows = list(read(resource, **how))
        with practice_scope(brook.pk):
            link = copied.get()
            link.copied = {**link.copied, "date": "2027-03-08"}
            link.save(update_fields=["copied"])
        return rows

    monkeypatch.setattr(SalesCreditNotes, "list", updates_meanwhile)
    assert audit(brook).problem == ""
    with practice_scope(brook.pk):
        link = copied.get()
        assert (link.copied["date"], link.seen, link.difference) == ("2027-03-08", {}, "")


def test_f78_a_second_credit_note_with_our_reference_is_named(brook, enabled, sage, note):
    stored = sage.sales_credit_notes()[0]
    line = {
        "description": "Copied by hand",
        "ledger_account_id": enabled.default_account_id,
        "quantity": "1",
        "unit_price": "100",
        "tax_rate_id": "GB_STANDARD",
        "tax_amount": "20",
    }
    sage.create(
        "sales_credit_notes",
        enabled.business_id,
        contact_id=stored["contact"]["id"],
        date="2027-03-10",
        reference=stored["reference"],
        credit_note_lines=[line],
    )
    assert audit(brook).counts["duplicated"] == 1
