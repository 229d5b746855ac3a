"""`./dev faults --interleavings` in small: edits here and in Sage in any order, on a pretend Sage in this process."""

from datetime import timedelta

import pytest

from devtools.faults.agreement import disagreement, earlier_disagreement
from devtools.faults.interference import Moment
from devtools.faults.interleavings import Table, play
from devtools.faults.sage_books import money_on_documents
from invoicing.models import Invoice
from invoicing.operations import copy_again
from practices import audit
from practices.tenancy import practice_scope
from sage_integration.mappings import load_rules
from sage_integration.models import SageLink
from sage_integration.sync import earlier, news
from sage_integration.sync.comparison import FINISHES_WITHIN
from tests.integration.sage_integration.polling import poll
from tests.integration.sage_integration.posting import posted, push_until_settled


@pytest.fixture
def own_settings(settings):
    """Whatever a game sets is set back."""
    for name in ("ID", "CLIENT_SECRET", "AUTHORIZE_URL", "TOKEN_URL", "REVOKE_URL", "API_URL"):
        key = f"SAGE_CLIENT_{name}" if name == "ID" else f"SAGE_{name}"
        setattr(settings, key, getattr(settings, key))
    for name in ("SAGE_REQUESTS_PER_MINUTE", "SAGE_REQUESTS_PER_DAY", "SAGE_APP_REQUESTS_PER_DAY"):
        setattr(settings, name, getattr(settings, name))


def test_faults_52_to_63_after_any_interleaving_both_sides_owe_the_same_or_the_page_says_so(
    brook, own_settings, request
):
    """Amendments, updates, choices, voids, credits and payments against edits, voids and lost readings."""
    played = play(range(request.config.getoption("--interleavings")))
    assert played.broken == []
    assert played.met[Invoice.Status.ISSUED], "Dice that never leave an invoice standing test nothing."


def test_fault_17_what_a_lost_token_kept_from_being_read_is_read_once_somebody_signed_in_again(
    brook, own_settings, monkeypatch
):
    """Every worker that dies takes the only copy of a new token with it: before the commit that keeps it."""
    with_the_token, dies = Moment("commit", 2, "before"), Table._read_and_die
    monkeypatch.setattr(Table, "_read_and_die", lambda table, _, **how: dies(table, with_the_token, **how))
    assert play(range(12)).broken == []


def test_the_property_would_notice_a_poll_that_leaves_out_what_somebody_changed(
    brook, own_settings, monkeypatch
):
    """The nightly look puts it right, so the polls between two nights have to be judged before it."""
    monkeypatch.setattr(news, "changed_invoices", lambda *_: [])
    assert "in Sage; chip" in str(play(range(20)).broken)


def judged(copied, connection, sage, *, chip: str = "in_sage", within: timedelta = timedelta(0)) -> str:
    """What the property says of a copied invoice, of what Sage holds now and this chip on the page."""
    documents = {each["id"]: each for each in sage.sales_invoices()}
    with practice_scope(connection.practice_id):
        return disagreement(
            Invoice.objects.get(pk=copied.invoice.pk),
            chip,
            connection.business_id,
            documents,
            load_rules(connection),
            finishes_within=within,
        )


def reworded(sage, copied) -> None:
    """Somebody writes something else on the only line."""
    line = copied.theirs["invoice_lines"][0]
    sage.edit_invoice(copied.theirs["id"], invoice_lines=[{"id": line["id"], "description": "Other work"}])


def test_the_property_would_notice_a_difference_that_is_told_and_is_not_so_any_more(brook, enabled, sage):
    acme = posted(brook, sage)
    with practice_scope(brook.pk):
        SageLink.objects.update(difference="changed", difference_in_words="It was changed in Sage.")
    assert "told to be changed" in judged(acme, enabled, sage)


def test_the_property_would_notice_a_copy_that_was_kept_as_somebody_changed_it(brook, enabled, sage):
    """What was kept of the copy says the same as Sage, and the invoice says something else."""
    acme = posted(brook, sage)
    reworded(sage, acme)
    with practice_scope(brook.pk):
        link = SageLink.objects.get()
        link.copied["lines"][0]["description"] = "Other work"
        link.save(update_fields=["copied"])
    assert "Other work" in judged(acme, enabled, sage)


def test_the_property_excuses_of_what_comes_soon_after_a_copy_the_lines_alone_and_those_until_the_night(
    brook, enabled, sage, clock
):
    """A row of a list shows whatever else was changed, so the next poll has to tell of it."""
    acme = posted(brook, sage)
    clock.shift(2)
    reworded(sage, acme)
    assert judged(acme, enabled, sage, within=FINISHES_WITHIN) == ""
    assert "Other work" in judged(acme, enabled, sage)
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-31")
    assert "2027-05-31" in judged(acme, enabled, sage, within=FINISHES_WITHIN)


def test_the_property_would_notice_another_customer_in_sage_that_was_kept_as_the_copys_own(
    brook, enabled, sage
):
    """Unless somebody chose theirs, which is on record."""
    acme = posted(brook, sage)
    other = sage.add_contact("Somebody Else", enabled.business_id)
    sage.edit_invoice(acme.theirs["id"], contact_id=other["id"])
    with practice_scope(brook.pk):
        link = SageLink.objects.get()
        link.copied |= {"contact": other["id"], "contact_name": "Somebody Else"}
        link.save(update_fields=["copied"])
    assert "and of Somebody Else in Sage" in judged(acme, enabled, sage)
    with practice_scope(brook.pk):
        audit.record("invoice.customer_in_sage_accepted", acme.invoice, customer="Somebody Else")
    assert judged(acme, enabled, sage) == ""


def test_the_property_excuses_nothing_that_is_told_of_a_date_and_is_not_so(brook, enabled, sage, clock):
    """Put back within the seconds in which lines are excused; a list shows the date."""
    acme = posted(brook, sage)
    clock.shift(600)
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-31")
    poll(brook)
    clock.shift(2)
    sage.edit_invoice(acme.theirs["id"], due_date=acme.theirs["due_date"])
    told = judged(acme, enabled, sage, chip="changed", within=FINISHES_WITHIN)
    assert "told to be changed, and is not" in told


def test_the_property_would_notice_a_difference_that_nobody_is_told_of(brook, enabled, sage):
    acme = posted(brook, sage)
    assert judged(acme, enabled, sage) == ""
    reworded(sage, acme)
    assert "Other work" in judged(acme, enabled, sage)
    sage.record_payment(acme.theirs["id"], "10.00")
    assert "110" in judged(acme, enabled, sage)


def test_the_property_would_notice_money_on_an_earlier_copy_that_nobody_is_told_of(
    brook, enabled, sage, clock
):
    acme = posted(brook, sage)
    with practice_scope(brook.pk):
        copy_again(acme.invoice, reason="The client lost the first one")
    push_until_settled(brook, clock)
    sage.record_payment(acme.theirs["id"], "50")

    def told() -> str:
        documents = {each["id"]: each for each in sage.sales_invoices()}
        money = money_on_documents(sage.contact_payments())
        with practice_scope(brook.pk):
            invoice = Invoice.objects.get(pk=acme.invoice.pk)
            return earlier_disagreement(invoice, enabled.business_id, documents, money)

    assert "paid_earlier 50.00, and told is ''" in told()
    clock.shift(600)
    poll(brook)
    assert told() == ""
    sage.delete_payment(sage.contact_payments()[0]["id"])
    assert "nothing" in told()
    sage.void_invoice(acme.theirs["id"])
    assert "is known as counting, and is void" in told()


def test_the_property_would_notice_that_earlier_copies_are_left_out(brook, own_settings, monkeypatch):
    monkeypatch.setattr(earlier, "touched", lambda *_, **__: set())
    assert "an earlier copy" in str(play(range(40)).broken)
