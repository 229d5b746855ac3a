"""Mapping by hand, names that follow, and contacts that have gone (F47 to F55, D7, G53)."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from clients.operations import amend_client
from invoicing.models import Invoice
from practices.models import AuditEntry
from practices.tasks import practices_from
from practices.tenancy import acting_for, practice_scope
from proposals.models import Proposal
from sage_integration.models import (
    ClientAccount,
    ContactLink,
    SageConnection,
    SageContact,
    SageLedgerAccount,
    SyncRun,
)
from sage_integration.setup import map_account
from sage_integration.sync.contact_book import sync_contacts
from sage_integration.tasks import nightly_sync
from tests.integration.invoicing.documents import a_proposal, accept
from tests.integration.sage_integration.connecting import page, text_of
from tests.integration.sage_integration.posting import (
    add_client,
    forget_valkey,
    issue,
    issued_invoice,
    line,
    posted,
    posting_of,
    push_until_settled,
    service_named,
)
from tests.integration.sage_integration.test_turns import messages
from tests.sage import connected


@pytest.fixture
def practice(brook, enabled, sage):
    """Brook & Co, connected and enabled."""
    return brook


@pytest.fixture
def alice(practice, client_of):
    """Alice's browser, signed in by the clock that tests move."""
    return client_of("alice")


def read(practice):
    with acting_for(practice.pk):
        return sync_contacts()


def contact_named(practice, name) -> SageContact:
    with practice_scope(practice.pk):
        return SageContact.objects.get(name=name)


def sync_names(practice, direction):
    with practice_scope(practice.pk):
        SageConnection.objects.update(syncs_names=True, name_direction=direction)


def rename(practice, client_id, name):
    with practice_scope(practice.pk):
        client = Client.objects.get(pk=client_id)
        client.name = name
        amend_client(client)


def address(name, pk):
    return reverse(f"sage:{name}", args=["brook-co", pk])


def changes_of_contacts(sage):
    return sage.requests("PUT", "/contacts")


@pytest.fixture
def linked(practice, sage, clock):
    """A client that is linked with a contact, as the book knows it; the request log is empty."""
    document = posted(practice, sage, "Tarn Foods")
    read(practice)
    clock.shift(timedelta(minutes=10))
    sage.forget_requests()
    return document.invoice


@pytest.mark.parametrize("put_contact", ["merge", "replace"])
def test_f49_ours_goes_to_sage_with_the_next_sync_and_nothing_else_of_the_contact(
    practice, sage, linked, put_contact
):
    """Whether a PUT of a contact keeps or empties what it leaves out of the address and the person."""
    sage.switch("put_contact", put_contact)
    before = sage.contacts(name="Tarn Foods")[0]
    sync_names(practice, "to_sage")
    rename(practice, linked.client_id, "Tarn Fine Foods")
    run = read(practice)
    assert run.counts["renamed_in_sage"] == 1
    after = sage.contacts(name="Tarn Fine Foods")[0]
    differing = {name for name in before if before[name] != after[name]}
    assert differing <= {"name", "displayed_as", "updated_at"}
    assert len(changes_of_contacts(sage)) == 1
    read(practice)
    assert len(changes_of_contacts(sage)) == 1  # once is enough


def test_d7_ours_goes_to_sage_when_an_invoice_is_made(practice, sage, linked, clock):
    sync_names(practice, "to_sage")
    rename(practice, linked.client_id, "Tarn Fine Foods")
    with practice_scope(practice.pk):
        invoices = [issue(Client.objects.get(pk=linked.client_id)) for _ in range(2)]
    push_until_settled(practice, clock)
    assert len(changes_of_contacts(sage)) == 1
    assert sage.contacts(name="Tarn Fine Foods")
    assert {posting_of(invoice).status for invoice in invoices} == {"posted"}


def test_a_contact_that_sage_no_longer_changes_holds_up_no_invoice(alice, practice, sage, linked, clock):
    """Where Sage refuses to rename a contact with transactions, both names stay and the client's page shows them."""
    sage.switch("put_contact", "reject_used")
    sync_names(practice, "to_sage")
    rename(practice, linked.client_id, "Tarn Fine Foods")
    with practice_scope(practice.pk):
        invoice = issue(Client.objects.get(pk=linked.client_id))
    push_until_settled(practice, clock)
    assert posting_of(invoice).status == "posted"
    assert "renamed_in_sage" not in read(practice).counts  # It was refused a moment ago.
    assert sage.contacts(name="Tarn Foods")
    shown = text_of(alice.get(address("client-sage", linked.client_id)))
    for words in ("Tarn Foods", "Tarn Fine Foods", "Different"):
        assert words in shown


def test_a_name_that_sage_does_not_take_holds_up_no_invoice(practice, sage, linked, clock):
    sync_names(practice, "to_sage")
    rename(practice, linked.client_id, "Tarn Fine Foods")
    sage.arm("status", on="PUT /contacts", times=None, status=500)
    with practice_scope(practice.pk):
        invoice = issue(Client.objects.get(pk=linked.client_id))
    push_until_settled(practice, clock)
    assert posting_of(invoice).status == "posted"


def test_g53_theirs_comes_here_when_sage_owns_the_name(practice, sage, linked):
    sync_names(practice, "from_sage")
    contact = sage.contacts(name="Tarn Foods")[0]
    sage.change_record("contacts", contact["id"], name="Tarn Foods (Ambleside)")
    run = read(practice)
    assert run.counts["renamed_here"] == 1
    with practice_scope(practice.pk):
        assert Client.objects.get(pk=linked.client_id).name == "Tarn Foods (Ambleside)"
        assert AuditEntry.objects.filter(action="client.amended", subject_id=linked.client_id).exists()
    assert changes_of_contacts(sage) == []


def test_one_side_owns_the_name_and_the_other_never_pushes_back(practice, sage, linked):
    sync_names(practice, "from_sage")
    rename(practice, linked.client_id, "Tarn Fine Foods")
    read(practice)
    with practice_scope(practice.pk):
        assert Client.objects.get(pk=linked.client_id).name == "Tarn Foods"
    assert changes_of_contacts(sage) == []


def test_f50_switched_off_no_contact_is_changed_over_a_whole_day(practice, sage, linked, clock):
    rename(practice, linked.client_id, "Tarn Fine Foods")
    with practice_scope(practice.pk):
        issue(Client.objects.get(pk=linked.client_id))
    push_until_settled(practice, clock)
    read(practice)
    nightly_sync(practice.pk)
    assert changes_of_contacts(sage) == []
    assert sage.contacts(name="Tarn Foods")


def test_f53_the_page_of_a_client_shows_both_sides_and_what_was_chosen(alice, practice, sage):
    sage.add_contact(
        "S6 Ltd", sage.business_id(), main_contact_person={"name": "Sue Six", "email": "sue@s6.example"}
    )
    read(practice)
    with practice_scope(practice.pk):
        client = add_client("Six Brothers")
    assert "No contact in Sage has exactly this name" in text_of(alice.get(address("client-sage", client.pk)))
    alice.post(address("contact-choose", client.pk), {"contact": contact_named(practice, "S6 Ltd").sage_id})
    shown = text_of(alice.get(address("client-sage", client.pk)))
    for words in ("Chosen by hand", "S6 Ltd", "sue@s6.example", "Different", "Unlink this client?"):
        assert words in shown


def test_f54_a_hand_mapping_beats_the_name_for_new_invoices(alice, practice, sage, clock):
    old = posted(practice, sage, "S4 Ltd")
    sage.add_contact("S6 Ltd", sage.business_id())
    read(practice)
    six = contact_named(practice, "S6 Ltd").sage_id
    alice.post(address("contact-choose", old.invoice.client_id), {"contact": six})
    new = issued_invoice(practice, "S4 Ltd")
    push_until_settled(practice, clock)
    assert sage.sales_invoices(reference=posting_of(new).reference)[0]["contact"]["id"] == six
    assert sage.sales_invoices(reference=old.posting.reference)[0]["contact"]["id"] != six


def test_f55_differently_spelled_names_are_mapped_and_no_duplicate_arises(alice, practice, sage, clock):
    made = sage.add_contact("Acme Co Ltd", sage.business_id())
    with practice_scope(practice.pk):
        client = add_client("Acme Co Limited")
    alice.post(address("contact-choose", client.pk), {"contact": made["id"]})
    sage.forget_requests()
    invoice = issued_invoice(practice, "Acme Co Limited")
    push_until_settled(practice, clock)
    assert sage.sales_invoices(reference=posting_of(invoice).reference)[0]["contact"]["id"] == made["id"]
    assert sage.requests("POST", "/contacts") == []


def test_g50_the_proposal_is_one_entitys_and_the_invoice_anothers_by_mapping(alice, practice, sage, clock):
    holding = sage.add_contact("Tarn Holdings Ltd", sage.business_id())
    with practice_scope(practice.pk):
        trading = add_client("Tarn Trading Ltd")
    alice.post(address("contact-choose", trading.pk), {"contact": holding["id"]})
    sage.forget_requests()
    with practice_scope(practice.pk):
        accept(a_proposal({"billing": "upfront", "name": "Bookkeeping"}, client=trading))
        invoice = Invoice.objects.get(proposal__client=trading)
    push_until_settled(practice, clock)
    theirs = sage.sales_invoices(reference=posting_of(invoice).reference)[0]
    assert theirs["contact"]["id"] == holding["id"]
    assert sage.requests("POST", "/contacts") == []


def test_f51_f52_all_invoices_of_an_exact_name_go_to_its_contact(practice, sage, clock):
    made = sage.add_contact("S4 Ltd", sage.business_id())
    sage.forget_requests()
    invoices = [issued_invoice(practice, "S4 Ltd") for _ in range(3)]
    push_until_settled(practice, clock)
    found = [sage.sales_invoices(reference=posting_of(invoice).reference)[0] for invoice in invoices]
    assert {theirs["contact"]["id"] for theirs in found} == {made["id"]}
    assert sage.requests("POST", "/contacts") == []


def test_f56_a_contact_is_created_with_the_first_invoice_and_never_earlier_or_again(practice, sage, clock):
    sage.forget_requests()
    with practice_scope(practice.pk):
        client = add_client("Never Seen Ltd")
    read(practice)
    nightly_sync(practice.pk)
    assert sage.requests("POST", "/contacts") == []
    for _ in range(2):
        with practice_scope(practice.pk):
            issue(client)
        push_until_settled(practice, clock)
        assert len(sage.requests("POST", "/contacts")) == 1
    with practice_scope(practice.pk):
        assert ContactLink.objects.get(client=client).origin == "created"


def test_p15_contacts_are_read_every_few_minutes():
    """P15: a new contact is offered in under ten minutes."""
    assert settings.CELERY_BEAT_SCHEDULE["read contacts"]["schedule"] < 600


@pytest.mark.parametrize("decision", ["another", "new"])
def test_fault_54_a_contact_that_has_gone_is_asked_about_and_what_waits_leaves_after_the_decision(
    alice, practice, sage, linked, clock, decision
):
    contact = sage.contacts(name="Tarn Foods")[0]
    sage.delete_record("contacts", contact["id"])
    read(practice)
    client = address("client-sage", linked.client_id)
    assert "This client's contact has gone from Sage" in text_of(alice.get(client))
    for where in ("app-client-list", "connection-detail"):
        assert "Contacts have gone from Sage" in text_of(alice.get(page(where)))
    invoice = issued_invoice(practice, "Tarn Foods")
    sage.forget_requests()
    push_until_settled(practice, clock)
    assert posting_of(invoice).failure == "ContactUnusable"
    assert sage.requests("POST") == []  # nothing was sent, and no contact made by itself
    chosen = (
        {"contact": sage.add_contact("Tarn Foods Two", sage.business_id())["id"]}
        if decision == "another"
        else {}
    )
    alice.post(address("contact-choose", linked.client_id), chosen)
    push_until_settled(practice, clock)
    assert posting_of(invoice).status == "posted"
    with practice_scope(practice.pk):
        assert ContactLink.objects.get(client=linked.client_id).trouble == ""


def test_d15_two_of_the_same_name_are_said_and_not_guessed_between(alice, practice, sage):
    for _ in range(2):
        sage.add_contact("Twin Ltd", sage.business_id())
    read(practice)
    with practice_scope(practice.pk):
        client = add_client("Twin Ltd")
    assert "2 contacts in Sage have exactly this name" in text_of(
        alice.get(address("client-sage", client.pk))
    )


def test_f47_the_picker_finds_contacts_that_are_no_clients_yet_by_three_letters(alice, practice, sage):
    sage.add_contact("Nimbus Nine Ltd", sage.business_id())
    read(practice)
    shown = text_of(alice.get(page("client-offers"), {"client_words": "nim"}))
    assert "Nimbus Nine Ltd" in shown
    assert "From Sage" in shown
    assert "Nimbus" not in text_of(alice.get(page("client-offers"), {"client_words": "ni"}))


def test_f48_a_picked_contact_is_saved_before_going_on(alice, practice, sage):
    sage.add_contact("Nimbus Nine Ltd", sage.business_id())
    read(practice)
    nine = contact_named(practice, "Nimbus Nine Ltd")
    fields = {"title": "Accounts", "starts_on": "2027-04-01", "valid_until": "2027-04-30"}
    refused = alice.post(
        reverse("proposals:proposal-new", args=["brook-co"]), {**fields, "client": f"sage:{nine.pk}"}
    )
    assert refused.status_code == 422
    assert "only in Sage so far" in text_of(refused)
    saved = alice.post(address("client-offer-save", nine.pk))
    with practice_scope(practice.pk):
        client = Client.objects.get(name="Nimbus Nine Ltd")
        assert not Proposal.objects.exists()
    assert f'value="{client.pk}" checked' in text_of(saved)
    assert "Nimbus" not in text_of(alice.get(page("client-offers"), {"client_words": "nimbus"}))


def test_saving_a_picked_contact_that_is_a_client_offers_linking_instead(alice, practice, sage):
    sage.add_contact("Nimbus Nine Ltd", sage.business_id())
    read(practice)
    nine = contact_named(practice, "Nimbus Nine Ltd")
    with practice_scope(practice.pk):
        client = add_client("NIMBUS NINE LTD")
    refused = alice.post(address("client-offer-save", nine.pk))
    assert refused.status_code == 422
    assert "Link with NIMBUS NINE LTD" in text_of(refused)
    assert alice.post(address("client-offer-save", nine.pk), {"link": client.pk}).status_code == 200
    with practice_scope(practice.pk):
        assert Client.objects.count() == 1
        assert ContactLink.objects.get(client=client).sage_contact_id == nine.sage_id


def test_f58_a_new_contact_is_in_the_picker_after_the_nightly_run(alice, practice, sage):
    sage.add_contact("Nimbus Ten Ltd", sage.business_id())
    assert "Nimbus" not in text_of(alice.get(page("client-offers"), {"client_words": "nimbus"}))
    nightly_sync(practice.pk)
    assert "Nimbus Ten Ltd" in text_of(alice.get(page("client-offers"), {"client_words": "nimbus"}))


def test_a_client_may_have_an_account_of_its_own_that_yields_to_its_services(alice, practice, sage, clock):
    with practice_scope(practice.pk):
        client = add_client("Tarn Foods")
        accounts = dict(SageLedgerAccount.objects.values_list("nominal_code", "sage_id"))
        special = service_named("Training")
        map_account(special, accounts[4900])
    alice.post(address("client-account", client.pk), {"account": accounts[4000]})
    with practice_scope(practice.pk):
        invoice = issue(client, line("100.00"), line("50.00", service=special))
        other = issue(add_client("Beck Farm"))
    push_until_settled(practice, clock)

    def used(document):
        theirs = sage.sales_invoices(reference=posting_of(document).reference)[0]
        return [each["ledger_account"]["id"] for each in theirs["invoice_lines"]]

    assert used(invoice) == [accounts[4000], accounts[4900]]
    assert used(other) == [accounts[4010]]
    alice.post(address("client-account", client.pk), {"account": ""})
    with practice_scope(practice.pk):
        again = issue(client)
    push_until_settled(practice, clock)
    assert used(again) == [accounts[4010]]


def test_an_account_that_is_not_offered_is_not_taken(alice, practice, sage):
    with practice_scope(practice.pk):
        client = add_client("Tarn Foods")
    alice.post(address("client-account", client.pk), {"account": "nonsense"})
    with practice_scope(practice.pk):
        assert not ClientAccount.objects.exists()


def test_contacts_of_a_practice_that_nobody_uses_are_read_every_two_hours(cast, brook, cedar, sage):
    """PO1: a company in which nothing happens costs little, whoever is signed in; one that moves is read often."""
    connected(brook, sage)
    _idle_for(brook, hours=3)
    assert practices_from("sage_practices_to_read_contacts") == [brook.pk]
    with acting_for(brook.pk):
        sync_contacts()
    assert practices_from("sage_practices_to_read_contacts") == []
    type(cast.alice).objects.filter(pk=cast.alice.pk).update(last_login=timezone.now())
    assert practices_from("sage_practices_to_read_contacts") == []
    with practice_scope(brook.pk):
        SageConnection.objects.update(last_news_at=timezone.now())
    assert practices_from("sage_practices_to_read_contacts") == [brook.pk]


@pytest.mark.parametrize("where", ["app-client-list", "client-sage", "clients-foreseen"])
def test_p15_contacts_are_read_when_somebody_looks_at_them(alice, practice, linked, where):
    """P15: where they are shown, a new contact is offered in under ten minutes; looked at again, nothing is asked."""
    url = address(where, linked.client_id) if where == "client-sage" else page(where)
    read(practice)
    forget_valkey()
    assert alice.get(url).status_code == 200
    assert messages("default") == []
    _idle_for(practice, hours=1)
    for _ in range(2):
        assert alice.get(url).status_code == 200
    assert messages("default") == [(practice.pk, False)]


def _idle_for(practice, hours: int) -> None:
    long_ago = timezone.now() - timedelta(hours=hours)
    with practice_scope(practice.pk):
        SageConnection.objects.update(connected_at=long_ago, last_news_at=long_ago)
        SyncRun.objects.filter(kind=SyncRun.Kind.CONTACTS).update(started_at=long_ago)
