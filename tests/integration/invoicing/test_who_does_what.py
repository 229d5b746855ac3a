"""Drafting, issuing and copying are three rights; what colleagues say and what went wrong stands on the invoice."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from invoicing.errors import NothingSaid
from invoicing.models import BillingSchedule, Invoice
from invoicing.operations import comment_on, discard_draft, issue_invoice
from ledger.leases import lease_due_postings
from ledger.models import Posting
from ledger.outbox import mark_failed, mark_posted
from practices.models import Membership
from practices.permissions import RIGHTS, Can, Role
from practices.tenancy import practice_scope
from proposals.models import Proposal
from tests.factories import TODAY, member, user
from tests.integration.invoicing.documents import a_client, a_draft, a_service, an_invoice, open_the_ledger


def page_of(invoice: Invoice, name: str = "invoicing:invoice-detail") -> str:
    return reverse(name, args=["brook-co", invoice.pk])


@pytest.fixture
def colleague(brook, client):
    """A browser of a new member with a role."""

    def sign_in(role: str):
        person = user(role.title(), f"{role}@brook.example")
        member(brook, person, role)
        client.force_login(person)
        return client

    return sign_in


def entered(brook, **said):
    with practice_scope(brook.pk):
        client, service = a_client(), a_service()
    return {
        "client": client.pk,
        "tax_point": "2020-03-10",
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-service": service.pk,
        "lines-0-quantity": "1",
        "lines-0-unit_price": "100",
        **said,
    }


def test_g86_drafting_issuing_and_copying_are_three_rights_that_three_people_can_have():
    invoices = (Can.PREPARE_INVOICES, Can.ISSUE_INVOICES, Can.POST_TO_LEDGER)
    assert {role: [right in RIGHTS[role] for right in invoices] for role in RIGHTS} == {
        Role.READ_ONLY: [False, False, False],
        Role.APPRENTICE: [False, False, False],
        Role.STAFF: [False, False, False],
        Role.PREPARER: [True, False, False],
        Role.INVOICER: [True, True, False],
        Role.ACCOUNTS: [False, False, True],
        Role.MANAGER: [True, True, True],
        Role.OWNER: [True, True, True],
    }


def test_g86_a_preparer_saves_a_draft_and_cannot_issue_it(brook, colleague):
    browser, new = colleague(Role.PREPARER), reverse("invoicing:invoice-new", args=["brook-co"])
    assert "Issue now" not in browser.get(new).content.decode()
    assert browser.post(new, entered(brook, then="issue")).status_code == 403
    with practice_scope(brook.pk):
        assert not Invoice.objects.exists()
    assert browser.post(new, entered(brook, then="draft")).status_code == 303
    with practice_scope(brook.pk):
        draft = Invoice.objects.get()
    assert browser.post(page_of(draft, "invoicing:invoice-issue")).status_code == 403
    shown = browser.get(page_of(draft)).content.decode()
    assert "Discard…" in shown
    assert page_of(draft, "invoicing:invoice-issue") not in shown


def test_g86_an_invoicer_issues_and_credits_and_copies_nothing_by_hand(brook, colleague):
    with practice_scope(brook.pk):
        draft = a_draft(on=brook.today())
    browser = colleague(Role.INVOICER)
    assert browser.post(page_of(draft, "invoicing:invoice-issue")).status_code == 303
    assert browser.get(page_of(draft, "invoicing:credit-note-new")).status_code == 200
    assert browser.post(page_of(draft, "invoicing:invoice-post")).status_code == 403
    assert "Create new in Sage" not in browser.get(page_of(draft)).content.decode()


def test_g86_an_accounting_contact_copies_and_issues_nothing(brook, colleague):
    with practice_scope(brook.pk):
        draft, invoice = a_draft(), an_invoice(a_client("Bee Ltd"))
    browser = colleague(Role.ACCOUNTS)
    assert browser.post(page_of(draft, "invoicing:invoice-issue")).status_code == 403
    assert browser.get(reverse("invoicing:invoice-new", args=["brook-co"])).status_code == 403
    shown = browser.get(page_of(invoice)).content.decode()
    assert "Create new in Sage" in shown
    assert "Mark as paid" not in shown


def test_g86_an_owner_gives_each_of_the_roles_to_a_colleague(brook, client_of, cast):
    bob = Membership.objects.get(practice=brook, user=cast.bob)
    browser = client_of("alice")
    for role in (Role.PREPARER, Role.INVOICER, Role.ACCOUNTS):
        answer = browser.post(reverse("practices:member-role", args=["brook-co", bob.pk]), {"role": role})
        assert answer.status_code == 303
        bob.refresh_from_db()
        assert bob.role == role
    matrix = browser.get(reverse("practices:role-matrix", args=["brook-co"])).content.decode()
    assert "Invoice<br>preparer" in matrix
    assert Can.PREPARE_INVOICES.value.capitalize() in matrix


def test_g69_an_instant_bill_is_an_invoice_and_adds_no_service_to_the_client(brook, client_of):
    browser = client_of("alice")
    answer = browser.post(
        reverse("invoicing:invoice-new", args=["brook-co"]), entered(brook, then="issue"), follow=True
    )
    assert "INV-000001 is issued" in answer.content.decode()
    with practice_scope(brook.pk):
        invoice = Invoice.objects.get()
        assert (invoice.source, invoice.proposal, invoice.net) == ("instant", None, Decimal(100))
        assert not BillingSchedule.objects.exists()
        assert not Proposal.objects.exists()
    client = browser.get(reverse("clients:client-detail", args=["brook-co", invoice.client_id]))
    shown = client.content.decode()
    for page in ("invoicing:invoice-new", "proposals:proposal-new"):
        assert f"{reverse(page, args=['brook-co'])}?client={invoice.client_id}" in shown
    services = reverse("invoicing:client-services", args=["brook-co", invoice.client_id])
    assert "No services yet" in browser.get(services).content.decode()


def test_g71_the_menu_offers_a_further_copy_only_once_sage_has_one(brook, client_of):
    with practice_scope(brook.pk):
        open_the_ledger()
        invoice = an_invoice()
    again, browser = page_of(invoice, "sage:invoice-copy"), client_of("alice")
    waiting = browser.get(page_of(invoice)).content.decode()
    assert "Its copy has not arrived in Sage yet." in waiting
    with practice_scope(brook.pk):
        [posting] = lease_due_postings()
        mark_posted(posting, external_id="1", number="SI-1")
    shown = browser.get(page_of(invoice)).content.decode()
    assert f'class="menu-item" href="{again}"' in shown


def test_g73_what_went_wrong_on_the_way_to_sage_stands_on_the_invoice_with_who_and_when(brook, client_of):
    with practice_scope(brook.pk):
        open_the_ledger()
        invoice = an_invoice()
        [posting] = lease_due_postings()
        mark_failed(posting, failure="AccountNotMapped", detail="no account")
    shown = client_of("alice").get(page_of(invoice))
    assert [event["text"] for event in shown.context["events"]] == ["Did not reach Sage", "Issued"]
    state = shown.context["state"]
    assert state.key == "needs_mapping"
    assert state.note
    for words in (state.label, state.note):
        assert words in shown.content.decode()
    with practice_scope(brook.pk):
        assert Posting.objects.get().status == Posting.Status.FAILED


def test_g78_a_draft_has_no_number_and_a_discarded_one_leaves_no_gap(brook):
    with practice_scope(brook.pk):
        first, second, third = a_draft(), a_draft(a_client("B")), a_draft(a_client("C"))
        assert {first.number, second.number, third.number} == {None}
        assert not Posting.objects.exists()
        assert issue_invoice(third, on=TODAY).number == 1
        discard_draft(first)
        assert issue_invoice(second, on=TODAY).number == 2


def test_g79_no_two_invoices_bear_one_number_whoever_says_so(brook):
    with practice_scope(brook.pk):
        one, other = an_invoice(), an_invoice(a_client("B"))
        with pytest.raises(IntegrityError, match="number"), transaction.atomic():
            Invoice.objects.filter(pk=other.pk).update(number=one.number)


def test_g80_a_comment_stands_in_the_activity_with_who_said_it_and_clients_never_see_it(
    brook, cast, client_of
):
    with practice_scope(brook.pk):
        invoice = an_invoice()
    browser = client_of("alice")
    answer = browser.post(page_of(invoice, "invoicing:invoice-comment"), {"text": "Ring Sam <b>first</b>"})
    assert answer.status_code == 303
    shown = browser.get(page_of(invoice))
    event = shown.context["events"][0]
    assert (event["text"], event["detail"], event["who"]) == ("Commented", "Ring Sam <b>first</b>", "Alice")
    assert "Ring Sam &lt;b&gt;first&lt;/b&gt;" in shown.content.decode()
    assert (
        client_of("bob").post(page_of(invoice, "invoicing:invoice-comment"), {"text": "x"}).status_code == 403
    )


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 1001])
def test_a_comment_that_says_nothing_or_too_much_is_refused(brook, text):
    with practice_scope(brook.pk), pytest.raises(NothingSaid):
        comment_on(an_invoice(), text)
