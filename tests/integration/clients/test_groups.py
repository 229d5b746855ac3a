"""Groups by hand, and who in them pays for whom (G49)."""

import pytest
from django.db import IntegrityError
from django.urls import reverse

from clients.errors import GroupNameTaken, PayerIsElsewhere, PayerIsPaidFor, PayerPaysForOthers
from clients.models import Client, ClientGroup
from clients.operations import add_group, archive_client, bill_to, put_in_group, remove_group
from practices import audit
from practices.tenancy import practice_scope
from tests.integration.clients.books import a_client


@pytest.fixture
def family(brook):
    """A group of three clients, in an open scope."""
    with practice_scope(brook.pk):
        members = [a_client(name) for name in ("Holding Ltd", "Trading Ltd", "Property Ltd")]
        add_group("Family", members)
        yield [Client.objects.get(pk=member.pk) for member in members]


def test_g49_one_client_of_a_group_pays_for_another(family):
    holding, trading, _ = family
    assert bill_to(trading, holding).payer == holding
    assert audit.trail_of(trading)[0].data["changes"] == {"billed_to": ["Trading Ltd", "Holding Ltd"]}
    assert bill_to(trading, None).payer == trading


def test_only_a_client_of_the_same_group_can_pay(family):
    with pytest.raises(PayerIsElsewhere):
        bill_to(family[0], a_client("Stranger Ltd"))


def test_paying_never_goes_in_a_chain(family):
    holding, trading, property_ = family
    bill_to(trading, holding)
    with pytest.raises(PayerIsPaidFor):
        bill_to(property_, trading)
    with pytest.raises(PayerPaysForOthers):
        bill_to(holding, property_)


def test_an_archived_client_pays_for_nobody(family):
    archive_client(family[0])
    with pytest.raises(PayerIsPaidFor):
        bill_to(family[1], family[0])


def test_a_client_billed_to_itself_is_refused_by_the_database(family):
    with pytest.raises(IntegrityError, match="client_is_not_billed_to_itself"):
        Client.objects.filter(pk=family[0].pk).update(billed_to=family[0])


def test_who_leaves_a_group_pays_for_nobody_in_it_any_more(family):
    holding, trading, _ = family
    bill_to(trading, holding)
    put_in_group(holding, None)
    assert Client.objects.get(pk=trading.pk).billed_to is None


def test_a_dissolved_group_leaves_its_clients(family):
    bill_to(family[1], family[0])
    remove_group(ClientGroup.objects.get())
    assert Client.objects.filter(group=None, billed_to=None).count() == 3


def test_two_groups_of_one_name_are_refused(family):
    with pytest.raises(GroupNameTaken):
        add_group(" family ")


def test_a_foreign_payer_is_not_found(client_of, family_of_brook, cedar):
    with practice_scope(cedar.pk):
        foreign = a_client("Orchard Ltd")
    address = reverse("clients:client-bill-to", args=["brook-co", family_of_brook[0].pk])
    assert client_of("alice").post(address, {"payer": foreign.pk}).status_code == 404


@pytest.fixture
def family_of_brook(brook):
    """The same, with the scope closed again."""
    with practice_scope(brook.pk):
        members = [a_client(name) for name in ("Holding Ltd", "Trading Ltd")]
        add_group("Family", members)
    return members


def test_a_client_joins_by_its_name_and_its_payer_is_chosen_on_the_page(client_of, brook, family_of_brook):
    with practice_scope(brook.pk):
        a_client("Property Ltd")
        group = ClientGroup.objects.get()
    browser = client_of("bob")
    join = reverse("clients:group-join", args=["brook-co", group.pk])
    assert browser.post(join, {"client": "property ltd"}).status_code == 303
    assert browser.post(join, {"client": "nobody"}).status_code == 422
    with practice_scope(brook.pk):
        joined = Client.objects.get(name="Property Ltd")
    pay = reverse("clients:client-bill-to", args=["brook-co", joined.pk])
    browser.post(pay, {"payer": family_of_brook[0].pk})
    page = browser.get(reverse("clients:group-detail", args=["brook-co", group.pk])).content.decode()
    assert "pays for others here" in page
