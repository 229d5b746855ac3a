"""What the list of clients says of Sage."""

import pytest
from django.urls import reverse

from clients.contributions import cells_of, columns
from clients.models import Client
from practices.tenancy import acting_for, practice_scope
from sage_integration.client_columns import _narrowed
from sage_integration.models import ContactLink
from sage_integration.sync.contact_book import sync_contacts
from tests.factories import TODAY
from tests.integration.sage_integration.connecting import text_of
from tests.integration.sage_integration.posting import add_client


def cells_in_list(clients):
    (column,) = [each for each in columns() if each.key == "sage"]
    return cells_of([column], clients, TODAY)[0]


@pytest.fixture
def clients(brook, enabled, sage):
    """One client for each way of standing to Sage, by name."""
    business = sage.business_id()
    for name in ("Linked Ltd", "Matching Ltd", "Double Ltd", "Double Ltd", "Gone Ltd", "Taken Ltd"):
        sage.add_contact(name, business)
    with acting_for(brook.pk):
        sync_contacts()
    with practice_scope(brook.pk):
        names = (
            "Linked Ltd",
            "Matching Ltd",
            "Double Ltd",
            "Gone Ltd",
            "Taken Ltd",
            "New Ltd",
            "Off Ltd",
            "Holder",
        )
        made = {name: add_client(name) for name in names}
        Client.objects.filter(name="Off Ltd").update(posts_automatically=False)
        for name, contact in (
            ("Linked Ltd", "Linked Ltd"),
            ("Gone Ltd", "Gone Ltd"),
            ("Holder", "Taken Ltd"),
        ):
            ContactLink.objects.create(
                client=made[name],
                business_id=business,
                sage_contact_id=sage.contacts(name=contact)[0]["id"],
                origin="by_hand",
                trouble="deleted" if name == "Gone Ltd" else "",
            )
    return made


def test_each_client_says_which_contact_it_is_or_will_be(brook, clients):
    with practice_scope(brook.pk):
        cells = cells_in_list(list(Client.objects.all()))
    assert {name: cells[client.pk].text for name, client in clients.items()} == {
        "Linked Ltd": "Linked",
        "Matching Ltd": "Will match by name",
        "Double Ltd": "Two of the name",
        "Gone Ltd": "Contact gone",
        "Taken Ltd": "Name is taken",
        "New Ltd": "Will be created",
        "Off Ltd": "Off",
        "Holder": "Linked",
    }


def test_clients_are_found_by_their_link(brook, clients):
    with practice_scope(brook.pk):

        def names(choice):
            return {client.name for client in _narrowed(Client.objects.all(), choice, TODAY)}

        assert names("linked") == {"Linked Ltd", "Gone Ltd", "Holder"}
        assert names("gone") == {"Gone Ltd"}
        assert names("unlinked") == set(clients) - names("linked")


def test_the_head_of_a_clients_page_says_it_too(brook, clients, client_of):
    address = reverse("clients:client-detail", args=["brook-co", clients["Gone Ltd"].pk])
    assert "Contact gone" in text_of(client_of("alice").get(address))


def test_without_a_connection_nothing_is_said(cedar):
    with practice_scope(cedar.pk):
        assert cells_in_list([add_client("Cedar client")]) == {}
