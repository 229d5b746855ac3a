"""Seeing an invoice as Sage will show it, one posting with its reasons, and linking a client by hand."""

import csv
import io

import pytest
from django.urls import reverse

from invoicing.operations import copy_again, issue_credit_note, void_in_ledger
from ledger.leases import lease_due_postings
from ledger.models import Posting
from practices.tenancy import acting_for, practice_scope
from sage_integration.models import ContactLink, SageConnection, TaxRateMapping
from sage_integration.operations import replace_copy, update_copy
from sage_integration.sessions import open_sage
from sage_integration.sync.audit import audit_documents
from sage_integration.sync.contact_book import sync_contacts
from sage_integration.sync.pull import poll_payments
from sage_integration.sync.reference_data import sync_reference_data
from tests.factories import TODAY
from tests.integration.sage_integration.earlier import later
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
from tests.integration.sage_integration.test_corrections import amend, ask


def states_in_the_file(practice, somebody) -> dict[str, str]:
    """What the file of the queue says of each document."""
    address = reverse("ledger:posting-list", args=[practice.slug]) + "?file=csv"
    rows = csv.DictReader(io.StringIO(b"".join(somebody.get(address)).decode("utf-8-sig")))
    return {row["Document"]: row["State"] for row in rows}


def path(name: str, practice, **kwargs) -> str:
    return reverse(f"sage:{name}", kwargs={"practice": practice.slug, **kwargs})


def text_of(answer) -> str:
    return answer.content.decode()


def test_the_preview_shows_what_is_then_sent_f21(brook, enabled, sage, client_of):
    with practice_scope(brook.pk):
        service = service_named("Payroll", description="<ul><li>Payslips</li><li>RTI</li></ul>")
        invoice = issue(add_client(), line("33.335", "3", service, description=service.description))
    page = text_of(client_of("alice").get(path("invoice-preview", brook, pk=invoice.pk)))
    assert "<strong>Payroll (3 × 33.335)</strong>" in page
    assert "- Payslips<br>- RTI" in page
    assert "4010 Sales - Services" in page
    assert "will be created in Sage with this invoice" in page
    assert "The formatting of “Payroll” is left out" in page
    assert sage.requests("POST", "/sales_invoices") == sage.requests("POST", "/contacts") == []
    push_once(brook)
    [stored] = sage.sales_invoices()
    assert stored["invoice_lines"][0]["description"] == "Payroll (3 × 33.335)\n- Payslips\n- RTI"


def test_the_preview_is_a_fragment_for_the_invoice_page(brook, enabled, sage, client_of):
    invoice = issued_invoice(brook)
    alice = client_of("alice")
    fragment = text_of(
        alice.get(path("invoice-preview", brook, pk=invoice.pk), headers={"HX-Request": "true"})
    )
    assert "<html" not in fragment
    assert "Total in Sage" in fragment
    page = text_of(alice.get(reverse("invoicing:invoice-detail", args=[brook.slug, invoice.pk])))
    assert path("invoice-preview", brook, pk=invoice.pk) in page


def test_the_preview_says_how_the_contact_will_be_found_f51_f56(brook, enabled, sage, client_of):
    alice = client_of("alice")
    sage.add_contact("Twin Ltd")
    sage.add_contact("Twin Ltd")
    sage.add_contact("Known Ltd")
    for name, says in [
        ("Twin Ltd", "More than one contact in Sage"),
        ("Known Ltd", "has exactly this name and will be used"),
        ("New Ltd", "will be created"),
    ]:
        invoice = issued_invoice(brook, name)
        assert says in text_of(alice.get(path("invoice-preview", brook, pk=invoice.pk))), name
    linked = posted(brook, sage, "Linked Ltd").invoice
    assert "Linked in Sage, created there with an earlier invoice" in text_of(
        alice.get(path("invoice-preview", brook, pk=linked.pk))
    )
    with acting_for(brook.pk):
        sync_contacts()
    assert "Linked to “Linked Ltd” in Sage, created there with an earlier invoice" in text_of(
        alice.get(path("invoice-preview", brook, pk=linked.pk))
    )


def test_the_preview_does_without_sage_when_it_is_away(brook, enabled, sage, client_of):
    invoice = issued_invoice(brook)
    sage.arm("status", on="GET /contacts", status=503, times=None)
    page = client_of("alice").get(path("invoice-preview", brook, pk=invoice.pk))
    assert page.status_code == 200
    assert "it is looked up when the invoice is copied" in text_of(page)


def test_a_refused_posting_names_its_cause_and_leads_to_its_cure_f31(brook, enabled, sage, client_of):
    with practice_scope(brook.pk):
        TaxRateMapping.objects.all().delete()
    invoice = issued_invoice(brook)
    push_once(brook)
    posting = posting_of(invoice)
    alice = client_of("alice")
    page = text_of(alice.get(path("posting-detail", brook, pk=posting.pk)))
    assert "Needs mapping" in page
    assert "Map the VAT rate" in page
    fix = alice.get(path("posting-fix", brook, pk=posting.pk))
    assert (fix.status_code, fix["Location"]) == (303, path("tax-rate-map", brook))


def test_a_preview_leads_to_the_cure_and_beside_the_refusal_does_not_say_it_again(
    brook, enabled, sage, client_of
):
    with practice_scope(brook.pk):
        TaxRateMapping.objects.all().delete()
    invoice = issued_invoice(brook)
    alice, preview = client_of("alice"), path("invoice-preview", brook, pk=invoice.pk)
    why, fragment = "its VAT rate has no match there", {"HX-Request": "true"}
    assert why in text_of(alice.get(preview, headers=fragment))  # It was not refused so far.
    push_once(brook)
    whole = text_of(alice.get(preview))
    for words in (
        why,
        "It cannot go to Sage yet",
        path("tax-rate-map", brook),
        "VAT rate not chosen in Sage yet",
    ):
        assert words in whole
    assert why not in text_of(alice.get(preview, headers=fragment))


def test_mapping_the_rate_lets_everything_that_waited_for_it_leave(brook, enabled, sage, client_of):
    """P17: one click, and no invoice has to be looked for."""
    with practice_scope(brook.pk):
        mapped = dict(TaxRateMapping.objects.values_list("tax_rate_id", "sage_tax_rate_id"))
        TaxRateMapping.objects.all().delete()
    invoices = [issued_invoice(brook, name) for name in ("One Ltd", "Two Ltd")]
    push_once(brook)
    assert {posting_of(invoice).failure for invoice in invoices} == {"RateNotMapped"}
    client_of("alice").post(
        path("tax-rate-map", brook), {f"rate_{ours}": theirs for ours, theirs in mapped.items()}
    )
    push_once(brook)
    assert {posting_of(invoice).status for invoice in invoices} == {Posting.Status.POSTED}


def test_a_client_is_linked_by_hand_and_forgotten_again_f53(brook, enabled, sage, client_of):
    contact = sage.add_contact("Acme Holdings")
    with practice_scope(brook.pk):
        client = add_client("Acme Ltd")
    alice, page = client_of("alice"), path("contact-choose", brook, pk=client.pk)
    assert "Acme Holdings" in text_of(alice.get(page))
    assert alice.post(page, {"contact": contact["id"]}).status_code == 303
    with practice_scope(brook.pk):
        assert ContactLink.objects.get().sage_contact_id == contact["id"]
    assert "It is this one already." in text_of(alice.get(page))
    alice.post(page)
    with practice_scope(brook.pk):
        assert not ContactLink.objects.exists()


def test_linking_waits_for_nobody_when_sage_is_away(brook, enabled, sage, client_of):
    with practice_scope(brook.pk):
        client = add_client()
    sage.arm("status", on="GET /contacts", status=503, times=None)
    answer = client_of("alice").get(path("contact-choose", brook, pk=client.pk))
    assert answer.status_code == 503
    assert "Sage could not be reached" in text_of(answer)


def test_staff_without_the_right_change_no_link_f88(brook, enabled, sage, client_of):
    with practice_scope(brook.pk):
        client = add_client()
    assert client_of("bob").post(path("contact-choose", brook, pk=client.pk)).status_code == 403


def test_a_service_may_carry_an_item_of_sage_f14(brook, enabled, sage, client_of):
    item = sage.create(
        "services", description="Bookkeeping", sales_ledger_account_id=enabled.default_account_id
    )
    with acting_for(brook.pk):
        sync_reference_data()
    with practice_scope(brook.pk):
        service = service_named()
    alice, page = client_of("alice"), path("account-map", brook)
    assert "Product or service in Sage" in text_of(alice.get(page))
    answer = alice.post(
        page,
        {
            "default_account_id": enabled.default_account_id,
            f"service_{service.pk}": "",
            f"item_{service.pk}": item["id"],
        },
    )
    assert answer.status_code == 303, text_of(answer)
    stored = posted(brook, sage).theirs
    assert stored["invoice_lines"][0]["service"]["id"] == item["id"]


def test_our_number_goes_along_where_it_is_ours_and_both_are_shown_f10(brook, enabled, sage, client_of):
    with practice_scope(brook.pk):
        SageConnection.objects.update(number_owner="practice")
    ours = posted(brook, sage)
    assert ours.theirs["invoice_number"] == ours.invoice.number_label == ours.posting.external_number
    with practice_scope(brook.pk):
        SageConnection.objects.update(number_owner="sage")
    theirs = posted(brook, sage)
    assert theirs.posting.external_number != theirs.invoice.number_label
    page = text_of(
        client_of("alice").get(reverse("invoicing:invoice-detail", args=[brook.slug, theirs.invoice.pk]))
    )
    assert theirs.invoice.number_label in page
    assert theirs.posting.external_number in page


def test_a_draft_gets_its_number_once_it_is_released_in_sage_d4(brook, enabled, sage, client_of):
    """F10: it arrives as a draft by the practice's choice, and counts when somebody releases it there."""
    with practice_scope(brook.pk):
        SageConnection.objects.update(arrives_as="draft")
    draft = posted(brook, sage)
    assert draft.theirs["status"]["id"] == "DRAFT"
    detail = reverse("invoicing:invoice-detail", args=[brook.slug, draft.invoice.pk])
    assert "In Sage as a draft" in text_of(client_of("alice").get(detail))
    with acting_for(brook.pk):
        assert audit_documents().problem == ""
        with open_sage(enabled) as client:
            released = client.sales_invoices.release(draft.theirs["id"])
        poll_payments()
    assert posting_of(draft.invoice).external_number == released["invoice_number"] != "SI-DRAFT"
    assert f"In Sage as {released['invoice_number']}" in text_of(client_of("alice").get(detail))
    with acting_for(brook.pk):
        assert audit_documents().problem == ""


def test_f75_the_page_of_a_copy_that_was_replaced_says_so_and_nothing_of_the_invoice(
    brook, enabled, sage, clock, client_of
):
    """It is not said that Sage knows nothing of a credit that is there; what the newest copy has is not offered."""
    acme = posted(brook, sage)
    with practice_scope(brook.pk):
        copy_again(acme.invoice, reason="Lost")
    push_until_settled(brook, clock)
    with practice_scope(brook.pk):
        issue_credit_note(acme.invoice, reason="Left", issued_on=TODAY, on=TODAY)
    push_until_settled(brook, clock)
    newest, alice = posting_of(acme.invoice), client_of("alice")
    page = text_of(alice.get(path("posting-detail", brook, pk=acme.posting.pk)))
    assert f"A newer copy, {newest.external_number}, took its place." in page
    assert "knows nothing of it" not in page
    assert "Create new…" not in page
    page = text_of(alice.get(path("posting-detail", brook, pk=newest.pk)))
    assert "Credited" in page
    assert "knows nothing of it" not in page


def test_f75_a_copy_is_not_replaced_before_the_newer_one_has_arrived(brook, enabled, sage, clock, client_of):
    """Until then payments and changes go to the old one, and its page says how it stands."""
    acme = posted(brook, sage)
    sage.record_payment(acme.theirs["id"], "50")
    later(brook, clock)
    with practice_scope(brook.pk):
        copy_again(acme.invoice, reason="Lost")
    alice = client_of("alice")
    page = text_of(alice.get(path("posting-detail", brook, pk=acme.posting.pk)))
    assert "took its place" not in page
    assert "Part paid in Sage" in page
    push_until_settled(brook, clock)
    page = text_of(alice.get(path("posting-detail", brook, pk=acme.posting.pk)))
    assert "took its place" in page
    assert "Part paid in Sage" not in page


def test_f75_a_copy_that_was_voided_for_a_newer_one_needs_no_decision_while_that_waits(
    brook, enabled, sage, client_of
):
    acme = posted(brook, sage)
    with practice_scope(brook.pk):
        replace_copy(acme.invoice, reason="A line has to go")
    sage.arm("status", on="POST /sales_invoices", status=503, times=4)
    push_once(brook)
    assert posting_of(acme.invoice).status == Posting.Status.PENDING
    page = text_of(client_of("alice").get(path("posting-detail", brook, pk=acme.posting.pk)))
    assert "Void in Sage" in page
    assert "Accept that" not in page


def test_p12_the_queue_says_in_a_file_what_is_done_to_a_document_right_now(brook, acme, alice, clock):
    void = ask(acme.invoice, void_in_ledger, reason="Billed twice")
    with practice_scope(brook.pk):
        [leased] = lease_due_postings()
    assert leased == void
    assert "Voiding" in alice.get(reverse("ledger:posting-list", args=[brook.slug])).content.decode()
    said = states_in_the_file(brook, alice)
    assert (said[acme.posting.reference], said[void.reference]) == ("In Sage", "Voiding")


@pytest.mark.parametrize("kind", ["update", "void"])
def test_p12_the_queue_says_in_a_file_what_its_page_says_of_a_finished_act(brook, acme, alice, clock, kind):
    if kind == "update":
        amend(acme.invoice, "150.00")
        ask(acme.invoice, update_copy)
    else:
        ask(acme.invoice, void_in_ledger, reason="Billed twice")
    push_until_settled(brook, clock)
    words = {"update": "Updated in Sage", "void": "Voided in Sage"}[kind]
    assert words in alice.get(reverse("ledger:posting-list", args=[brook.slug])).content.decode()
    said = states_in_the_file(brook, alice)
    assert said.pop(acme.posting.reference) in ("In Sage", "Void in Sage")
    assert words in said.values()
