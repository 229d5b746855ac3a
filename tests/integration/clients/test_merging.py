"""Clients that are here twice are found with evidence, merged with everything they have, and parted again for a day."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from clients.activity import activity_of
from clients.errors import CannotBeUndone, CannotMerge
from clients.models import Client, ClientMerge, ContactPerson, TwinPair
from clients.operations import add_group, archive_client, bill_to, tag_client, write_note
from clients.operations.merging import merge_clients, undo_merge
from clients.queries import signatories_of
from clients.twin_finder import start_finding
from invoicing.models import BillingSchedule, Invoice
from practices.tasks import run_jobs
from practices.tenancy import practice_scope
from proposals.models import Proposal
from sage_integration.models import ContactLink
from tests.integration.clients.books import a_client
from tests.integration.invoicing.documents import MONTHLY, a_schedule, an_invoice

NOW = timezone.now()


@pytest.fixture
def pair(brook):
    """A client that stays, and its twin with documents, people, a note and a tag, in an open scope."""
    with practice_scope(brook.pk):
        stays = a_client("Harbour Bakery Ltd", "mina@harbour.example", city="Whitby")
        goes = a_client(
            "Harbour Bakery Limited", "tom@harbour.example", vat_number="GB123456782", city="York"
        )
        a_schedule(MONTHLY, client=goes)
        an_invoice(goes)
        write_note(goes, "Rings on Mondays.")
        tag_client(goes, ["VIP"])
        ContactLink.objects.create(client=goes, business_id="b", sage_contact_id="c", origin="by_hand")
        yield Client.objects.get(pk=stays.pk), Client.objects.get(pk=goes.pk)


def owners() -> set[tuple[str, str]]:
    """Whose each row is that belongs to a client."""
    rows = [Invoice, BillingSchedule, Proposal, ContactLink]
    found = {
        (model.__name__, row.client.name) for model in rows for row in model.objects.select_related("client")
    }
    return found | {
        (person.name, person.client.name) for person in ContactPerson.objects.select_related("client")
    }


def test_everything_of_the_merged_client_moves_to_the_one_that_stays(pair):
    stays, goes = pair
    merge_clients(stays, goes, now=NOW)
    assert {owner for _, owner in owners()} == {"Harbour Bakery Ltd"}
    stays, goes = Client.objects.get(pk=stays.pk), Client.objects.get(pk=goes.pk)
    assert (goes.status, goes.merged_into) == ("archived", stays)
    assert (stays.status, stays.vat_number, stays.city) == ("active", "GB123456782", "Whitby")
    assert [person.email for person in signatories_of(stays)] == [
        "mina@harbour.example",
        "tom@harbour.example",
    ]
    assert stays.notes.count() == 1
    assert list(stays.tags.values_list("name", flat=True)) == ["VIP"]


def test_the_activity_of_both_is_read_on_the_page_of_the_one_that_stays(pair):
    stays, goes = pair
    merge_clients(stays, goes, now=NOW)
    found = {entry.action for entry in activity_of(stays, before=None, most=50)}
    assert {"client.merged", "client.merged_away", "client.note_written", "invoice.issued"} <= found


def test_an_undone_merge_leaves_everything_as_it_was(pair):
    stays, goes = pair
    before = owners()
    merge = merge_clients(stays, goes, now=NOW)
    an_invoice(Client.objects.get(pk=stays.pk))
    undo_merge(merge, now=NOW + timedelta(hours=23))
    assert owners() == before | {("Invoice", "Harbour Bakery Ltd")}
    stays, goes = Client.objects.get(pk=stays.pk), Client.objects.get(pk=goes.pk)
    assert (stays.status, stays.vat_number) == ("lead", "")
    assert (goes.status, goes.merged_into) == ("active", None)
    assert [person.is_primary for person in signatories_of(goes)] == [True]


def test_after_a_day_or_a_second_time_a_merge_stays(pair):
    merge = merge_clients(*pair, now=NOW)
    with pytest.raises(CannotBeUndone):
        undo_merge(merge, now=NOW + timedelta(hours=25))
    undo_merge(merge, now=NOW)
    with pytest.raises(CannotBeUndone):
        undo_merge(merge, now=NOW)


def test_a_contact_in_sage_of_each_is_kept(pair):
    stays, goes = pair
    ContactLink.objects.create(client=stays, business_id="b", sage_contact_id="d", origin="by_hand")
    merge_clients(stays, goes, now=NOW)
    assert dict(ContactLink.objects.values_list("sage_contact_id", "client_id")) == {
        "c": goes.pk,
        "d": stays.pk,
    }


def test_what_makes_no_sense_is_not_merged(pair):
    stays, goes = pair
    with pytest.raises(CannotMerge):
        merge_clients(stays, stays, now=NOW)
    merge_clients(stays, goes, now=NOW)
    with pytest.raises(CannotMerge):
        merge_clients(stays, goes, now=NOW)
    other = archive_client(a_client("Other Ltd"))
    with pytest.raises(CannotMerge):
        merge_clients(other, stays, now=NOW)


def test_who_pays_for_others_is_not_merged_away(pair):
    stays, goes = pair
    third = a_client("Third Ltd")
    add_group("Family", [goes, third])
    bill_to(third, goes)
    with pytest.raises(CannotMerge):
        merge_clients(stays, goes, now=NOW)


def test_the_finder_shows_pairs_with_evidence_and_forgets_what_was_decided(client_of, brook):
    with practice_scope(brook.pk):
        a_client("Rose & Crown Ltd", "rose@crown.example")
        a_client("Rose and Crown Limited", "rose@crown.example")
        a_client("Something Else Ltd")
        start_finding()
    run_jobs(brook.pk)
    browser = client_of("bob")
    page = browser.get(reverse("clients:twin-list", args=["brook-co"])).content.decode()
    assert "Rose &amp; Crown Ltd" in page
    assert "Something Else Ltd" not in page
    with practice_scope(brook.pk):
        found = TwinPair.objects.get()
        assert any("and" in reason for reason in found.reasons)
    browser.post(reverse("clients:twin-dismiss", args=["brook-co", found.pk]))
    with practice_scope(brook.pk):
        start_finding()
    run_jobs(brook.pk)
    assert "No possible duplicates" in browser.get(reverse("clients:twin-list", args=["brook-co"])).text


def test_the_pages_merge_and_part_again(client_of, brook):
    with practice_scope(brook.pk):
        stays, goes = a_client("Acme Ltd"), a_client("Acme Limited")
        an_invoice(goes)
    browser = client_of("bob")
    address = reverse("clients:client-merge", args=["brook-co", stays.pk, goes.pk])
    assert "1 invoices of Acme Limited move to Acme Ltd." in browser.get(address).content.decode()
    assert browser.post(address).status_code == 303
    assert "was merged into" in browser.get(f"/p/brook-co/clients/{goes.pk}/").content.decode()
    with practice_scope(brook.pk):
        merge = ClientMerge.objects.get()
    browser.post(reverse("clients:merge-undo", args=["brook-co", merge.pk]))
    with practice_scope(brook.pk):
        assert Client.objects.get(pk=goes.pk).merged_into is None
