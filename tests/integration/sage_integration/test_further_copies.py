"""What is in Sage more than once, because somebody asked for a further copy, is told beside the balance (F75)."""

import re

from django.urls import reverse

from invoicing.operations import copy_again
from practices.tenancy import acting_for, practice_scope
from sage_integration.balance import balance, comparisons
from sage_integration.penny_report import penny_report, penny_rows
from sage_integration.sync.audit import audit_documents
from tests.factories import TODAY
from tests.integration.sage_integration.polling import poll
from tests.integration.sage_integration.posting import posted, posting_of, push_until_settled


def balance_of(practice):
    with practice_scope(practice.pk):
        return balance()


def test_f75_what_somebody_asked_for_once_more_is_told_and_not_said_to_be_there_once(
    brook, enabled, sage, acme, clock, client_of
):
    """At once, after a night that wrote it down, and no more once one of the two is void; it is no mistake."""
    alice = client_of("alice")
    told = (
        "1 invoice is in Sage more than once on purpose, as somebody asked for a further copy: "
        "£120.00 beyond what is billed here"
    )

    def page() -> str:
        words = alice.get(reverse("sage:balance", args=[brook.slug])).content.decode()
        return re.sub(r"<(?!a )[^>]*>", "", words)

    def night() -> dict[str, object]:
        with acting_for(brook.pk):
            run = audit_documents()
        assert (run is not None and run.problem) == ""
        return run.counts

    assert night() == {"checked": 1}
    clock.shift(600)
    with practice_scope(brook.pk):
        copy_again(acme.invoice, reason="The client lost the first one")
    push_until_settled(brook, clock)
    again = posting_of(acme.invoice)
    for _ in range(2):
        shown = page()
        assert (told in shown, "is there once" in shown) == (True, False)
        assert "2 in Sage, 0 twice by mistake, 0 missing" in shown
        assert reverse("sage:invoice-differences", args=[brook.slug, acme.invoice.pk]) in shown
        assert balance_of(brook).is_there
        assert night() == {"checked": 2, "copied_again": [again.reference]}
        clock.shift(600)
    with practice_scope(brook.pk):
        assert comparisons(1)[0].is_even
    sage.void_invoice(acme.theirs["id"])
    assert night() == {"checked": 2}
    shown = page()
    assert ("more than once" in shown, "is there once" in shown) == (False, True)
    assert "1 in Sage, 0 twice, 0 missing" in shown


def test_what_is_there_once_more_by_day_is_looked_for_among_what_was_asked_for_since(
    brook, enabled, sage, acme, clock
):
    """A copy that was on its way at night is written down then, as it is not among what is newer."""
    with practice_scope(brook.pk):
        copy_again(acme.invoice, reason="The client lost the first one")
    clock.shift(60)
    with acting_for(brook.pk):
        run = audit_documents()
    again = posting_of(acme.invoice)
    assert run is not None
    assert run.counts["copied_again"] == [again.reference]
    assert balance_of(brook).again.count == 0
    push_until_settled(brook, clock)
    posted(brook, sage, "Bolt Ltd")
    assert (balance_of(brook).again.count, balance_of(brook).again.beyond) == (1, 120)


def test_idea_3_the_penny_report_counts_every_copy_that_counts_in_sage(
    brook, enabled, sage, acme, clock, client_of
):
    """Twice what counts twice, the older one where the newest is void, and nothing where none counts."""
    alice = client_of("alice")
    first, second = acme.posting.external_number, "SI-2"

    def report() -> tuple[object, ...]:
        with practice_scope(brook.pk):
            found = penny_report(TODAY.replace(day=1), enabled.business_id)
            rows = penny_rows(TODAY.replace(day=1), enabled.business_id)
        assert (sum(row.difference for row in rows), found.arrived) == (found.difference, 1)
        assert [row.invoice for row in found.apart] == [row.invoice for row in rows if row.difference]
        assert sum(rate.theirs.gross for rate in found.rates) == found.theirs
        return found.theirs, rows[0].number, rows[0].copies

    assert report() == (120, first, 1)
    with practice_scope(brook.pk):
        copy_again(acme.invoice, reason="The client lost the first one")
    push_until_settled(brook, clock)
    assert report() == (240, f"{first}, {second}", 2)
    month = {"month": f"{TODAY:%Y-%m}"}
    shown = alice.get(reverse("sage:balance", args=[brook.slug]), month).content.decode()
    assert "2 copies count there" in shown
    assert balance_of(brook).again.beyond == 120
    clock.shift(600)
    again = posting_of(acme.invoice)
    sage.void_invoice(again.external_id)
    poll(brook)
    assert report() == (120, first, 1)
    assert (balance_of(brook).again.count, balance_of(brook).in_sage) == (0, 1)
    clock.shift(600)
    sage.void_invoice(acme.theirs["id"])
    poll(brook)
    assert report() == (0, second, 0)
    assert balance_of(brook).in_sage == 0
