"""Money laundering checks: state, reviewer, next review, and the gates they are (U08)."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError
from django.urls import reverse

from clients.errors import ClearedNeedsAReviewer, NeedsMoneyLaunderingChecks, NextReviewIsPast
from clients.models import Client, ClientSettings
from clients.operations import amend_client_settings, check_may_accept, check_may_bill, review_client
from clients.queries import not_cleared
from practices import audit
from practices.tenancy import practice_scope
from tests.factories import TODAY
from tests.integration.clients.books import a_client

CLEARED = Client.Aml.CLEARED


@pytest.fixture
def client_row(brook):
    with practice_scope(brook.pk):
        yield a_client()


def cleared(client, reviewer, *, next_on: date | None = None) -> Client:
    return review_client(client, status=CLEARED, reviewer=reviewer, on=TODAY, next_on=next_on)


def test_the_outcome_names_who_checked_and_when_and_is_recorded(client_row, cast):
    client = cleared(client_row, cast.bob, next_on=TODAY + timedelta(days=365))
    assert client.is_cleared(TODAY)
    changes = audit.trail_of(client)[0].data["changes"]
    assert changes["aml_status"] == ["to_do", "cleared"]
    assert changes["aml_reviewer"] == [None, "Bob"]


def test_nobody_is_cleared_without_a_reviewer(client_row):
    with pytest.raises(ClearedNeedsAReviewer):
        review_client(client_row, status=CLEARED, reviewer=None, on=TODAY, next_on=None)
    with pytest.raises(IntegrityError, match="a_cleared_client_has_reviewer_and_date"):
        Client.objects.filter(pk=client_row.pk).update(aml_status=CLEARED)


def test_the_next_review_is_after_this_one(client_row, cast):
    with pytest.raises(NextReviewIsPast):
        cleared(client_row, cast.bob, next_on=TODAY)


def test_checks_hold_until_the_next_review_is_overdue(client_row, cast):
    client = cleared(client_row, cast.bob, next_on=TODAY + timedelta(days=1))
    assert not not_cleared(Client.objects.all(), TODAY + timedelta(days=1)).exists()
    assert client.is_cleared(TODAY + timedelta(days=1))
    assert not client.is_cleared(TODAY + timedelta(days=2))
    assert not_cleared(Client.objects.all(), TODAY + timedelta(days=2)).get() == client


def test_the_gates_are_open_unless_the_practice_closes_them(client_row):
    check_may_accept(client_row, on=TODAY)
    check_may_bill(client_row, on=TODAY)
    amend_client_settings(ClientSettings(aml_before_billing=True))
    check_may_accept(client_row, on=TODAY)
    with pytest.raises(NeedsMoneyLaunderingChecks):
        check_may_bill(client_row, on=TODAY)


def test_a_cleared_client_passes_the_gates(client_row, cast):
    amend_client_settings(ClientSettings(aml_before_billing=True, aml_before_acceptance=True))
    client = cleared(client_row, cast.bob)
    check_may_accept(client, on=TODAY)
    check_may_bill(client, on=TODAY)


def test_the_page_records_checks_and_refuses_cleared_by_nobody(client_of, brook, cast):
    with practice_scope(brook.pk):
        client = a_client()
    address = reverse("clients:client-review", args=["brook-co", client.pk])
    browser = client_of("bob")
    assert browser.post(address, {"status": "cleared", "reviewer": ""}).status_code == 422
    answer = browser.post(address, {"status": "cleared", "reviewer": cast.bob.pk, "on": "2027-03-10"})
    assert answer.status_code == 303
    assert (
        browser.post(
            address, {"status": "cleared", "reviewer": cast.carol.pk, "on": "2027-03-10"}
        ).status_code
        == 422
    )


def test_only_an_owner_changes_the_gates(client_of, brook):
    address = reverse("clients:settings-amend", args=["brook-co"])
    assert client_of("bob").post(address, {"aml_before_billing": "on"}).status_code == 403
    assert client_of("alice").post(address, {"aml_before_billing": "on"}).status_code == 303
    with practice_scope(brook.pk):
        assert ClientSettings.objects.get().aml_before_billing


def test_g47_g52_an_acceptance_is_told_to_manager_partner_and_the_addresses_of_the_client(brook, cast):
    from practices.models import OutgoingEmail
    from tests.integration.proposals.offers import a_client as who_signs
    from tests.integration.proposals.offers import a_sent, sign

    with practice_scope(brook.pk):
        client = who_signs("Mara Hill")
        client.manager, client.also_tells = cast.bob, "books@outside.example"
        client.save()
        sign(a_sent(client=client))
        told = set(OutgoingEmail.objects.filter(event__contains=":accepted").values_list("to", flat=True))
        assert {"alice@brook.example", "bob@brook.example", "books@outside.example"} <= told


def test_u08_nobody_signs_before_the_checks_where_the_practice_wants_them(brook, cast):
    from clients.errors import ChecksNotFinished
    from tests.integration.proposals.offers import a_sent, sign

    with practice_scope(brook.pk):
        proposal = a_sent()
        amend_client_settings(ClientSettings(aml_before_acceptance=True))
        with pytest.raises(ChecksNotFinished):
            sign(proposal)
        cleared(proposal.client, cast.bob)
        assert sign(proposal)
