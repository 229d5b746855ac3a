"""What a client's Sage page says before there is a contact, and what can be done there (F53)."""

import pytest

from ledger.models import Posting
from practices.tenancy import practice_scope
from tests.integration.sage_integration.connecting import page, text_of
from tests.integration.sage_integration.posting import (
    add_client,
    issue,
    issued_invoice,
    posting_of,
    push_until_settled,
)
from tests.integration.sage_integration.test_names_and_links import address, contact_named, read


@pytest.fixture
def practice(brook, enabled, sage):
    """Brook & Co, connected and enabled."""
    return brook


@pytest.fixture
def alice(practice, client_of):
    """Alice's browser, signed in by the clock that tests move."""
    return client_of("alice")


def test_a_client_that_a_contact_is_probably_is_offered_that_before_a_second_one_is_made(
    alice, practice, sage
):
    sage.add_contact("Acme Co Ltd", sage.business_id())
    with practice_scope(practice.pk):
        client = add_client("Acme Co Limited")
    read(practice)
    shown = text_of(alice.get(address("client-sage", client.pk)))
    assert "“Acme Co Ltd” is probably this client" in shown
    assert f"{page('app-client-review')}?contact={contact_named(practice, 'Acme Co Ltd').pk}" in shown
    assert "No contact in Sage has exactly this name" not in shown
    assert "is probably this client" in text_of(alice.get(address("contact-choose", client.pk)))


def test_a_client_without_anything_in_sage_says_how_much_of_it_is_held(alice, practice, sage):
    with practice_scope(practice.pk):
        client = add_client("Quiet Ltd")
    url = address("client-sage", client.pk)
    assert "None is in Sage yet." in text_of(alice.get(url))
    with practice_scope(practice.pk):
        issue(client)
        Posting.objects.update(status=Posting.Status.HELD)
    assert "None is in Sage yet; 1 is held." in text_of(alice.get(url))


def test_trying_again_is_offered_only_where_an_invoice_waits_for_its_contact(alice, practice, sage, clock):
    for _ in range(2):
        sage.add_contact("Twin Ltd", sage.business_id())
    invoice = issued_invoice(practice, "Twin Ltd")
    url = address("contact-choose", invoice.client_id)
    assert "waiting invoice" not in text_of(alice.get(url))
    push_until_settled(practice, clock)
    assert posting_of(invoice).failure == "AmbiguousContact"
    assert "Try 1 waiting invoice again" in text_of(alice.get(url))
