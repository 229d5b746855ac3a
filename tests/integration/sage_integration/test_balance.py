"""The balance in one line, the penny report of a month, and the receipt of each invoice (ideas 1 and 3)."""

import csv
import io
import re
from decimal import Decimal

from django.urls import reverse

from invoicing.operations import mark_voided_in_ledger
from ledger.models import Posting
from ledger.outbox import retry_posting
from ledger.queue import pause_postings, resume_postings
from money.amounts import Amounts
from practices.models import AuditEntry
from practices.tenancy import acting_for, practice_scope
from sage_integration.balance import balance, comparisons
from sage_integration.connections import current_connection, mark_needs_reauthorisation
from sage_integration.models import PennySignOff, SageConnection, SageLink
from sage_integration.penny_report import penny_report
from sage_integration.sage.errors import ReauthorisationRequired
from sage_integration.sync.audit import audit_documents
from tests.factories import TODAY
from tests.integration.sage_integration.polling import poll, polled
from tests.integration.sage_integration.posting import (
    add_client,
    issue,
    issued_invoice,
    line,
    posted,
    posting_of,
    push_once,
    push_until_settled,
    service_named,
)
from tests.sage import connected

MONTH = TODAY.replace(day=1)


def path(name: str, practice, **kwargs) -> str:
    return reverse(f"sage:{name}", kwargs={"practice": practice.slug, **kwargs})


def balance_of(practice):
    with practice_scope(practice.pk):
        return balance()


def report_of(practice, connection):
    with practice_scope(practice.pk):
        return penny_report(MONTH, connection.business_id)


def test_the_balance_is_one_line_that_says_where_everything_is(brook, cedar, enabled, sage, client_of):
    posted(brook, sage)
    posted(brook, sage, "Bolt Ltd")
    assert balance_of(brook).in_words == "2 intended, 2 in Sage, 0 twice, 0 missing"
    assert balance_of(brook).is_even
    assert balance_of(cedar).in_words == "0 intended, 0 in Sage, 0 twice, 0 missing"
    page = client_of("alice").get(path("balance", brook)).content.decode()
    assert "2 intended, 2 in Sage, 0 twice, 0 missing" in page
    assert "Nothing needs you" in page


def test_the_balance_says_nothing_is_well_where_nothing_is_connected(brook, client_of, sage, clock):
    alice, well = client_of("alice"), "Everything meant for Sage is there once"
    page = alice.get(path("balance", brook)).content.decode()
    assert ("Sage is not connected" in page, well in page, "Penny report" in page) == (True, False, False)
    connected(brook, sage)
    page = alice.get(path("balance", brook)).content.decode()
    assert ("Nothing was meant for Sage yet" in page, well in page) == (True, False)
    posted(brook, sage)
    assert well in alice.get(path("balance", brook)).content.decode()
    with practice_scope(brook.pk):
        SageConnection.objects.update(status="disconnected", access_token="", refresh_token="")
    page = alice.get(path("balance", brook)).content.decode()
    assert ("Sage is not connected" in page, well in page, "1 intended, 1 in Sage" in page) == (
        True,
        False,
        True,
    )


def test_the_balance_says_that_the_rest_arrives_by_itself_only_while_it_does(
    brook, enabled, sage, clock, client_of
):
    issued_invoice(brook)
    alice = client_of("alice")

    def said() -> list[bool]:
        page = alice.get(path("balance", brook)).content.decode()
        return [words in page for words in ("arrives by itself", "waits here until", "to see what helps")]

    assert said() == [True, False, False]
    with practice_scope(brook.pk):
        pause_postings()
    assert said() == [False, True, False]
    with practice_scope(brook.pk):
        resume_postings()
        mark_needs_reauthorisation(ReauthorisationRequired(), current_connection().pk)
    assert said() == [False, True, False]
    with practice_scope(brook.pk):
        Posting.objects.update(status="failed", failure="SageRejected")
    assert said() == [False, False, True]


def test_what_was_refused_or_went_missing_needs_somebody_with_the_money_at_stake_p05(
    brook, enabled, sage, acme, clock, client_of
):
    """P05: each is listed with what happened and its amount, and it is gone once it was mended."""
    sage.arm("status", on="POST /sales_invoices", status=422, times=1)
    refused = issued_invoice(brook, "Bolt Ltd", ("300.00",))
    push_once(brook)
    polled(brook)
    clock.shift(600)
    sage.delete_record("sales_invoices", acme.theirs["id"])
    poll(brook)
    found = balance_of(brook)
    assert (found.in_words, found.rest_in_words, found.need_you, found.is_even) == (
        "2 intended, 0 in Sage, 0 twice, 1 missing",
        "1 refused",
        1,
        False,
    )
    alice = client_of("alice")
    page = alice.get(path("balance", brook)).content.decode()
    assert page.index("£360.00") < page.index("is not in Sage any more")
    failed = posting_of(refused)
    assert f'<a href="{path("posting-detail", brook, pk=failed.pk)}">{refused.number_label}</a>' in page
    differs = path("invoice-differences", brook, pk=acme.invoice.pk)
    assert f'<a href="{differs}">{acme.invoice.number_label}</a>' in page
    with practice_scope(brook.pk):
        retry_posting(failed)
    push_once(brook)
    assert balance_of(brook).need_you == 0
    assert "£360.00" not in alice.get(path("balance", brook)).content.decode().partition("Penny report")[0]


def test_a_penny_that_drifted_is_found_and_located_to_its_line(brook, enabled, sage, acme, clock, client_of):
    """Idea 3: somebody edits one line in Sage by a penny of VAT; the report says which."""
    even = report_of(brook, enabled)
    assert (even.ours, even.theirs, even.difference, even.apart) == (Decimal(120), Decimal(120), 0, [])
    [line] = acme.theirs["invoice_lines"]
    sage.edit_invoice(acme.theirs["id"], invoice_lines=[{"id": line["id"], "tax_amount": "20.01"}])
    clock.shift(600)
    poll(brook)
    report = report_of(brook, enabled)
    assert report.difference == Decimal("0.01")
    [apart] = report.apart
    assert apart.invoice == acme.invoice
    assert [(rate.percent, rate.ours.vat, rate.theirs.vat, rate.vat_difference) for rate in report.rates] == [
        (20, 20, Decimal("20.01"), Decimal("0.01"))
    ]
    alice = client_of("alice")
    lines = alice.get(path("invoice-lines", brook, pk=acme.invoice.pk)).content.decode()
    assert lines.count("Differs") == 1
    assert lines.index("VAT</th>") < lines.index("£20.01") < lines.index("Differs")
    sheet = alice.get(path("penny-report", brook), {"month": f"{MONTH:%Y-%m}"})
    rows = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert rows[1][-3:] == ["120.00", "120.01", "0.01"]


def test_a_night_says_how_many_were_changed_with_the_same_total_and_whether_it_was_done(
    brook, enabled, sage, acme, client_of
):
    """A warning beside noughts alone told nobody what it was for."""

    def last_night():
        with acting_for(brook.pk):
            audit_documents()
        with practice_scope(brook.pk):
            return comparisons(1)[0]

    even = last_night()
    assert (even.checked, even.changed, even.is_even) == (1, 0, True)
    sage.edit_invoice(acme.theirs["id"], due_date="2027-05-31")
    found = last_night()
    assert (found.checked, found.differing, found.changed, found.is_even) == (1, 0, 1, False)
    page = client_of("alice").get(path("balance", brook)).content.decode()
    assert re.search('data-label="Changed otherwise"[^>]*>1</td>', page)
    sage.arm("status", on="GET /sales_invoices", status=500, times=9)
    broken_off = last_night()
    assert (broken_off.checked, broken_off.changed, broken_off.is_whole) == (0, 0, False)
    assert not broken_off.is_even


def test_while_sage_is_away_the_lines_say_so(brook, enabled, sage, acme, client_of):
    sage.arm("status", on="GET /sales_invoices", status=500, times=9)
    page = client_of("alice").get(path("invoice-lines", brook, pk=acme.invoice.pk)).content.decode()
    assert "Nothing was changed" in page


def test_every_copy_has_a_receipt(brook, enabled, sage, acme, client_of):
    """Idea 1: intent, when it was sent, Sage's id, tries, created or found there."""
    page = client_of("alice").get(path("posting-detail", brook, pk=acme.posting.pk)).content.decode()
    assert acme.posting.idempotency_id in page
    assert acme.theirs["id"] in page
    assert "Created by this copy" in page


def test_an_invoice_page_leads_to_the_receipt_of_each_copy(brook, enabled, sage, acme, client_of, clock):
    """Idea 1: intent, when sent, Sage's id, tries, created or adopted; also of one whose answer was lost."""
    alice = client_of("alice")
    page = alice.get(reverse("invoicing:invoice-detail", args=[brook.slug, acme.invoice.pk])).content.decode()
    assert path("invoice-receipt", brook, pk=acme.invoice.pk) in page
    receipt = alice.get(path("invoice-receipt", brook, pk=acme.invoice.pk)).content.decode()
    assert "1 copy meant for Sage, 1 arrived." in receipt
    for part in (
        acme.posting.idempotency_id,
        acme.theirs["id"],
        "Created by this copy",
        "POST /sales_invoices: 201",
    ):
        assert part in receipt
    waiting = issued_invoice(brook, "Waiting Ltd")
    receipt = alice.get(path("invoice-receipt", brook, pk=waiting.pk)).content.decode()
    assert "1 copy asked for, none in Sage yet." in receipt
    push_until_settled(brook, clock)
    sage.arm("drop_answer_after_saving", on="POST /sales_invoices")
    lost = issued_invoice(brook, "Lost Ltd")
    push_until_settled(brook, clock)
    receipt = alice.get(path("invoice-receipt", brook, pk=lost.pk)).content.decode()
    assert "Found in Sage, and adopted" in receipt
    assert "<dd>2</dd>" in receipt


def test_a_month_is_signed_off_with_both_sides_figures_and_says_when_they_change(
    cast, brook, enabled, sage, acme, clock, client_of
):
    """Idea 3: the sign-off keeps the figures; an edit in Sage afterwards is told, and needs a note to sign anew."""
    alice = client_of("alice")
    month = f"{MONTH:%Y-%m}"
    assert alice.post(path("month-sign-off", brook), {"month": month}).status_code == 303
    page = alice.get(path("balance", brook), {"month": month}).content.decode()
    assert "Alice signed this month off" in page
    [line] = acme.theirs["invoice_lines"]
    sage.edit_invoice(acme.theirs["id"], invoice_lines=[{"id": line["id"], "tax_amount": "20.01"}])
    clock.shift(600)
    poll(brook)
    assert (
        "Changed since it was signed off"
        in alice.get(path("balance", brook), {"month": month}).content.decode()
    )
    refused = alice.post(path("month-sign-off", brook), {"month": month})
    assert refused.status_code == 422
    assert "Say why before you sign it off" in refused.content.decode()
    alice.post(path("month-sign-off", brook), {"month": month, "note": "A penny of rounding in Sage"})
    with practice_scope(brook.pk):
        signed = PennySignOff.objects.first()
        assert (signed.signed_by, signed.ours, signed.theirs) == (cast.alice, Decimal(120), Decimal("120.01"))
        assert (signed.our_vat, signed.their_vat) == (Decimal(20), Decimal("20.01"))
        assert AuditEntry.objects.filter(action="sage.month_signed").count() == 2


def test_a_month_is_not_signed_off_while_something_has_not_arrived(brook, enabled, sage, client_of):
    issued_invoice(brook)
    answer = client_of("alice").post(path("month-sign-off", brook), {"month": f"{MONTH:%Y-%m}"})
    assert answer.status_code == 422
    assert "have not arrived in Sage yet" in answer.content.decode()
    page = client_of("alice").get(path("balance", brook)).content.decode()
    assert "1 of 1 invoices of this month has not arrived in Sage yet: " in page
    assert ">1 on the way</a>" in page
    assert "Sign it off once they have." in page
    assert (
        client_of("bob").post(path("month-sign-off", brook), {"month": f"{MONTH:%Y-%m}"}).status_code == 403
    )


def test_what_has_not_arrived_is_told_by_what_keeps_it_and_leads_there(brook, enabled, sage, acme, client_of):
    for name, status in (("Bolt Ltd", "failed"), ("Cord Ltd", "held")):
        posting = posting_of(issued_invoice(brook, name))
        with practice_scope(brook.pk):
            Posting.objects.filter(pk=posting.pk).update(status=status)
    report = report_of(brook, enabled)
    assert (report.waiting, report.refused, report.held, report.on_the_way) == (2, 1, 1, 0)
    page = client_of("alice").get(path("balance", brook)).content.decode()
    queue = reverse("ledger:posting-list", args=[brook.slug])
    assert f'<a href="{queue}?view=needs-you">1 refused</a>, <a href="{queue}?view=held">1 held</a>' in page
    assert "1 invoice is not in Sage" in page  # What is held is not meant for it yet.


def test_a_note_is_asked_for_only_where_the_sides_differ_and_no_month_after_this_one(
    brook, enabled, sage, acme, client_of
):
    alice, month = client_of("alice"), f"{MONTH:%Y-%m}"
    page = alice.get(path("balance", brook), {"month": month}).content.decode()
    assert "Sign off the month" in page
    assert "sign-note" not in page
    with practice_scope(brook.pk):
        SageLink.objects.update(net=Decimal("100.01"))
    assert "sign-note" in alice.get(path("balance", brook), {"month": month}).content.decode()
    assert "Month after" not in alice.get(path("balance", brook)).content.decode()
    assert "Month after" in alice.get(path("balance", brook), {"month": "2020-01"}).content.decode()


def test_two_rates_stand_beside_sages_and_a_zero_rate_beside_its_own(brook, enabled, sage, clock):
    with practice_scope(brook.pk):
        zero = service_named("Books", rate="zero")
        invoice = issue(add_client(), line("100.00"), line("50.00", service=zero))
    push_once(brook)
    assert posting_of(invoice).status == "posted"
    rates = report_of(brook, enabled).rates
    assert [(row.percent, row.ours.net, row.theirs.net, row.ours.vat, row.theirs.vat) for row in rates] == [
        (20, 100, 100, 20, 20),
        (0, 50, 50, 0, 0),
    ]


def test_what_no_line_accounts_for_is_of_the_only_rate_there_is_or_of_none(brook, enabled, sage, acme, clock):
    """A document changed in Sage whose lines were not read since: its total counts, to the penny."""

    def told():
        rates = report_of(brook, enabled).rates
        return [(row.percent, row.ours.net, row.theirs.net, row.theirs.vat) for row in rates]

    with practice_scope(brook.pk):
        SageLink.objects.update(net=Decimal("110.00"), vat=Decimal("22.00"))
    assert told() == [(20, 100, 110, 22)]
    with practice_scope(brook.pk):
        zero = service_named("Books", rate="zero")
        invoice = issue(add_client("Bolt Ltd"), line("100.00"), line("50.00", service=zero))
    push_once(brook)
    with practice_scope(brook.pk):
        SageLink.objects.filter(posting__subject_id=invoice.pk).update(net=Decimal("151.00"))
    assert told() == [(20, 200, 210, 42), (0, 50, 50, 0), (None, 0, 1, 0)]


def test_of_a_copy_that_is_void_or_missing_there_sage_has_nothing(brook, enabled, sage, acme, client_of):
    """Its number and amounts stay known, and are not in Sage: each shows as a difference, by rate too."""
    void, deleted = posted(brook, sage, "Bolt Ltd"), posted(brook, sage, "Cord Ltd")
    sage.void_invoice(void.theirs["id"])
    sage.delete_record("sales_invoices", deleted.theirs["id"])
    with acting_for(brook.pk):
        audit_documents()
    report = report_of(brook, enabled)
    assert (report.arrived, report.ours, report.theirs, report.difference) == (3, 360, 120, -240)
    apart = [(row.invoice, row.number, row.theirs, row.difference, row.gone) for row in report.apart]
    assert apart == [
        (void.invoice, void.posting.external_number, 0, -120, "Void there"),
        (deleted.invoice, deleted.posting.external_number, 0, -120, "Not there any more"),
    ]
    assert [(rate.ours, rate.theirs) for rate in report.rates] == [
        (Amounts(Decimal(300), Decimal(60)), Amounts(Decimal(100), Decimal(20)))
    ]
    alice = client_of("alice")
    sheet = alice.get(path("penny-report", brook), {"month": f"{MONTH:%Y-%m}"})
    rows = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [row[-3:] for row in rows[1:4]] == [
        ["120.00", "120.00", "0.00"],
        *[["120.00", "0.00", "-120.00"]] * 2,
    ]
    page = alice.get(path("balance", brook)).content.decode().partition("Penny report")[2]
    assert ("Void there" in page, "Not there any more" in page) == (True, True)
    with practice_scope(brook.pk):
        mark_voided_in_ledger(void.invoice)
    report = report_of(brook, enabled)
    assert (report.invoices, report.ours, report.difference) == (2, 240, -120)


def test_the_differences_by_rate_add_up_to_that_of_the_month(brook, enabled, sage, clock, client_of):
    """Another net without VAT is a difference of its rate as well, and needs a note."""
    with practice_scope(brook.pk):
        zero = service_named("Books", rate="zero")
        invoice = issue(add_client(), line("99.99", service=zero))
    push_once(brook)
    assert posting_of(invoice).status == "posted"
    with practice_scope(brook.pk):
        SageLink.objects.update(net=Decimal("1049.99"))
    report = report_of(brook, enabled)
    [rate] = report.rates
    assert (rate.percent, rate.net_difference, rate.vat_difference) == (0, 950, 0)
    assert rate.net_difference + rate.vat_difference == report.difference
    assert report.rates_differ
    alice = client_of("alice")
    page = alice.get(path("balance", brook)).content.decode()
    assert re.search(r'data-label="Net difference"[^>]*>\D*950\.00', page)
    sheet = alice.get(path("penny-report", brook), {"month": f"{MONTH:%Y-%m}"}).content.decode("utf-8-sig")
    found = {row[0]: row[-1] for row in csv.reader(io.StringIO(sheet))}
    assert (found["Net at 0.00%"], found["VAT at 0.00%"]) == ("950.00", "0.00")


def test_the_nightly_comparison_is_shown_with_what_it_found(brook, enabled, sage, acme, client_of):
    alice = client_of("alice")
    assert "Not compared yet" in alice.get(path("balance", brook)).content.decode()
    with acting_for(brook.pk):
        audit_documents()
    assert "Each once, with our total" in alice.get(path("balance", brook)).content.decode()
    sage.delete_record("sales_invoices", acme.theirs["id"])
    with acting_for(brook.pk):
        audit_documents()
    page = alice.get(path("balance", brook)).content.decode()
    assert "What was found" in page
    assert "is not in Sage any more" in page
