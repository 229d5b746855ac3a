"""What is kept of a client, and that every change of it is told."""

import re

import pytest
from django.db import IntegrityError
from django.urls import reverse

from clients.models import Client, ContactPerson
from clients.operations import amend_client, archive_client, restore_client, tag_client, write_note
from clients.operations.files import remove_note
from clients.operations.records import switch_posting
from clients.queries import (
    addresses_to_tell,
    invoice_recipients,
    likely_matches,
    members_to_tell,
    signatories_of,
)
from ledger.outbox import ledger_settings
from practices import audit
from practices.models import AuditEntry
from practices.tenancy import practice_scope
from tests.integration.clients.books import a_client
from tests.integration.invoicing.documents import a_proposal


@pytest.fixture
def open_book(brook, cast):
    with practice_scope(brook.pk), audit.acting_as(cast.alice):
        yield brook


FORM = {
    "name": "Saltmarsh Trust",
    "kind": "trust",
    "country": "GB",
    "vat_number": "123 4567 82",
    "company_number": "1234567",
    "utr": "1955839661",
    "postal_code": "cm95qp",
    "phone": "+44 1621 850123",
    "tag_names": "Payroll, VIP, payroll",
    "people-TOTAL_FORMS": "2",
    "people-INITIAL_FORMS": "0",
    "people-0-name": "Ines Carver",
    "people-0-email": "ines@saltmarsh.example",
    "people-0-is_signatory": "on",
    "people-1-name": "Jo Carver",
    "people-1-email": "jo@saltmarsh.example",
    "people-1-is_primary": "on",
    "people-1-receives_invoices": "on",
}


def post(browser, name, data, **arguments):
    return browser.post(reverse(name, kwargs={"practice": "brook-co", **arguments}), data)


def test_a_client_is_added_with_checked_numbers_people_and_tags(client_of, brook):
    answer = post(client_of("alice"), "clients:client-new", FORM)
    assert answer.status_code == 303
    with practice_scope(brook.pk):
        client = Client.objects.get()
        assert (client.vat_number, client.company_number) == ("GB123456782", "01234567")
        assert (client.postal_code, client.phone) == ("CM9 5QP", "01621 850123")
        assert sorted(client.tags.values_list("name", flat=True)) == ["Payroll", "VIP"]
        assert [person.name for person in signatories_of(client)] == ["Jo Carver", "Ines Carver"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vat_number", "GB123456789"),
        ("utr", "1"),
        ("company_number", "x"),
        ("postal_code", "nowhere"),
        ("phone", "call me"),
        ("also_tells", "nobody"),
        ("name", "🙂"),
        ("name", "x" * 300),
    ],
)
def test_a_number_that_cannot_exist_adds_nothing(client_of, brook, field, value):
    answer = post(client_of("alice"), "clients:client-new", FORM | {field: value})
    assert answer.status_code == 422
    with practice_scope(brook.pk):
        assert not Client.objects.exists()


def test_fields_that_are_not_on_the_form_change_nothing(client_of, brook, cedar):
    foreign = {"practice": cedar.pk, "status": "active", "aml_status": "cleared", "billed_to": "1"}
    post(client_of("alice"), "clients:client-new", FORM | foreign)
    with practice_scope(brook.pk):
        client = Client.objects.get()
        assert (client.practice_id, client.status, client.aml_status) == (brook.pk, "lead", "to_do")


def test_a_manager_must_be_a_member_of_the_practice(client_of, cast):
    answer = post(client_of("alice"), "clients:client-new", FORM | {"manager": cast.carol.pk})
    assert answer.status_code == 422


def test_g46_one_of_those_who_sign_is_the_primary_one(open_book):
    client = a_client("Acme Ltd", "a@acme.example", "b@acme.example")
    first, second = client.people.order_by("id")
    first.is_primary, second.is_signatory, second.is_primary = False, True, True
    amend_client(client, [first, second])
    assert [person.email for person in signatories_of(client)] == ["b@acme.example", "a@acme.example"]
    second.is_signatory = False
    amend_client(client, [first, second])
    assert [(person.email, person.is_primary) for person in signatories_of(client)] == [
        ("a@acme.example", True)
    ]


def test_two_primary_signatories_are_refused_by_the_database(open_book):
    client = a_client("Acme Ltd", "a@acme.example")
    twin = ContactPerson(client=client, name="B", email="b@acme.example", is_signatory=True, is_primary=True)
    with pytest.raises(IntegrityError, match="one_primary_signatory_of_a_client"):
        twin.save()


def test_the_form_refuses_two_primary_signatories(client_of):
    answer = post(client_of("alice"), "clients:client-new", FORM | {"people-0-is_primary": "on"})
    assert answer.status_code == 422
    assert b"Only one person is the primary signatory." in answer.content


def test_g51_every_change_is_recorded_with_before_and_after_and_by_whom(open_book, cast):
    client = a_client("Acme Ltd", "a@acme.example")
    client.name, client.manager = "Acme Dental Ltd", cast.bob
    amend_client(client, list(client.people.all()))
    entry = audit.trail_of(client)[0]
    assert entry.actor == cast.alice
    assert entry.data["changes"] == {"name": ["Acme Ltd", "Acme Dental Ltd"], "manager": [None, "Bob"]}


def test_tags_are_one_word_whatever_its_case(open_book):
    first, second = a_client("Acme Ltd"), a_client("Bravo Ltd")
    tag_client(first, ["VIP"])
    assert tag_client(second, [" vip ", ""]) == ["VIP"]
    assert audit.trail_of(second)[0].data["changes"] == {"tags": [[], ["VIP"]]}


def test_g44_an_archived_client_comes_back(open_book):
    client = archive_client(a_client())
    assert client.status == "archived"
    assert restore_client(client).status != "archived"


def test_f17_a_new_client_starts_with_the_practices_switch(client_of, brook):
    browser = client_of("alice")
    post(browser, "clients:client-new", FORM)
    with practice_scope(brook.pk):
        settings = ledger_settings()
        settings.posts_new_clients = False
        settings.save()
    post(browser, "clients:client-new", FORM | {"name": "Second Ltd", "is_another": "on"})
    with practice_scope(brook.pk):
        assert dict(Client.objects.values_list("name", "posts_automatically")) == {
            "Saltmarsh Trust": True,
            "Second Ltd": False,
        }


def test_g47_manager_and_partner_are_told_unless_switched_off_or_gone(open_book, cast):
    client = a_client("Acme Ltd", manager=cast.alice, partner=cast.bob, also_tells="x@y.example\nz@y.example")
    assert members_to_tell(client) == [cast.alice, cast.bob]
    client.tells_manager, client.partner = False, cast.carol
    assert members_to_tell(client) == []
    assert addresses_to_tell(client) == ["x@y.example", "z@y.example"]


def test_g52_invoices_go_to_those_marked_for_them_else_to_who_signs_first(open_book):
    client = a_client("Acme Ltd", "a@acme.example", "b@acme.example")
    assert [person.email for person in invoice_recipients(client)] == ["a@acme.example"]
    client.people.filter(email="b@acme.example").update(receives_invoices=True)
    assert [person.email for person in invoice_recipients(client)] == ["b@acme.example"]


def test_a_likely_match_is_exactly_the_same_name_or_address_whatever_the_case(open_book):
    client = a_client("Café Noir Ltd", "Mina@Noir.example")
    assert likely_matches(" CAFÉ NOIR LTD ") == [client]
    assert likely_matches("Another", "mina@noir.example ") == [client]
    assert likely_matches("Cafe Noir Limited") == []


def test_a_note_says_who_wrote_it_and_a_removed_one_stays_in_the_trail(open_book, cast):
    client = a_client()
    note = write_note(client, "Rings on Mondays. ")
    assert (note.body, note.author) == ("Rings on Mondays.", cast.alice)
    remove_note(note)
    assert audit.trail_of(client)[0].data["before"] == "Rings on Mondays."


def test_a_page_of_a_client_shows_its_activity_with_what_changed(client_of, brook, cast):
    with practice_scope(brook.pk), audit.acting_as(cast.bob):
        client = a_client("Acme Ltd")
        client.city = "Whitby"
        amend_client(client)
    page = client_of("alice").get(f"/p/brook-co/clients/{client.pk}/activity/").content.decode()
    assert "City: nothing → Whitby" in page
    assert "Bob" in page


def test_g51_a_clients_activity_holds_what_happened_to_its_invoices_and_in_sage(client_of, brook):
    from clients.activity import activity_of
    from ledger.models import Posting
    from tests.integration.invoicing.documents import an_invoice, open_the_ledger

    with practice_scope(brook.pk):
        open_the_ledger()
        invoice = an_invoice()
        posting = Posting.objects.get(subject_id=invoice.pk)
        audit.record("posting.posted", posting, reference=posting.reference)
        other = a_client("Other Ltd")
        found = [entry.action for entry in activity_of(invoice.client, before=None, most=50)]
        assert {"client.added", "invoice.issued", "posting.posted"} <= set(found)
        assert [entry.action for entry in activity_of(other, before=None, most=50)] == ["client.added"]
        assert AuditEntry.objects.get(action="posting.posted").actor is None


def test_g51_a_clients_activity_calls_proposals_and_invoices_as_everybody_does(client_of, brook):
    with practice_scope(brook.pk):
        proposal = a_proposal()
        audit.record("proposal.drafted", proposal, number=proposal.number)
        switch_posting(proposal.client, on=False)
    page = client_of("alice").get(f"/p/brook-co/clients/{proposal.client_id}/activity/").content.decode()
    assert f"Proposal drafted: {proposal.number_label}" in page
    assert f"Proposal drafted: {proposal.number}<" not in page
    assert "Copying to Sage turned off" in page


def test_stored_markup_is_shown_as_text(client_of, brook):
    with practice_scope(brook.pk):
        client = a_client("<script>alert(1)</script> Ltd")
        write_note(client, "<img src=x onerror=alert(1)>")
        tag_client(client, ["<b>x</b>"])
    browser = client_of("alice")
    for path in ("", f"{client.pk}/", f"{client.pk}/activity/"):
        page = browser.get(f"/p/brook-co/clients/{path}").content.decode()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
        assert "<b>x</b>" not in page


def test_each_person_of_a_client_is_edited_under_their_name(client_of, brook):
    with practice_scope(brook.pk):
        client = a_client("Acme Ltd", "ines@acme.example")
        name = client.people.get().name
    page = client_of("alice").get(f"/p/brook-co/clients/{client.pk}/edit/").content.decode()
    assert re.findall(r"<legend><strong>(.*?)</strong>", page) == [name, "Another person (optional)"]
    assert f'href="/p/brook-co/clients/{client.pk}/" data-kind="quiet"' in page[page.index("Save client") :]
