"""Signing up, inviting, joining, leaving."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone

from practices.api_keys import issue_api_key, revoke_api_key
from practices.models import AuditEntry, Invitation, Membership, OutgoingEmail, Practice, User
from practices.operations import (
    INVITATION_SALT,
    AlreadyMember,
    InvitationIsAccepted,
    InvitationIsOver,
    LastOwner,
    change_role,
    invitation_path,
    invite_again,
    invite_member,
    open_invitation,
    open_practice,
    read_invitation_token,
    remove_member,
    withdraw_invitation,
)
from practices.tenancy import practice_scope
from services.models import TaxRate

SIGN_UP = {
    "email": "Dora@Dell.example",
    "name": "Dora Dell",
    "practice_name": "Dell & Daughters",
    "password1": "a-decent-pass-phrase",
}


def membership_of(practice, person) -> Membership:
    return Membership.objects.get(practice=practice, user=person)


def test_signing_up_opens_a_practice_and_leads_to_its_home(db, client):
    answer = client.post("/accounts/signup/", SIGN_UP, follow=True)
    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == "/p/dell-daughters/"
    practice = Practice.objects.get()
    assert membership_of(practice, User.objects.get(email="dora@dell.example")).role == "owner"
    with practice_scope(practice.pk):
        assert [rate.name for rate in TaxRate.objects.all()] == ["Standard rate", "Zero rate"]


def test_signing_up_twice_with_one_address_opens_no_second_practice(db, client):
    client.post("/accounts/signup/", SIGN_UP)
    client.logout()
    client.post("/accounts/signup/", SIGN_UP | {"email": "dora@dell.example"})
    assert Practice.objects.count() == 1


def test_a_weak_password_is_refused_with_the_reason(db, client):
    answer = client.post("/accounts/signup/", SIGN_UP | {"password1": "password"})
    assert "too short" in answer.content.decode()
    assert not User.objects.exists()


def test_practices_of_one_name_have_addresses_of_their_own(cast):
    assert open_practice(cast.carol, "Brook & Co").slug == "brook-co-2"


@pytest.fixture
def invitation(brook, cast) -> Invitation:
    with practice_scope(brook.pk):
        return invite_member(brook, "Dora@Dell.example", "manager", by=cast.alice)


def test_an_invitation_is_mailed_with_a_link(brook, invitation):
    with practice_scope(brook.pk):
        email = OutgoingEmail.objects.get()
    assert email.to == "dora@dell.example"
    assert email.subject == "Alice invites you to Brook & Co on Ignition"
    token = re.search(r"/invitations/(\S+)/", email.text)[1]
    assert read_invitation_token(token) == (brook.pk, invitation.pk)


def test_an_invited_colleague_joins_with_a_new_account(brook, invitation, client):
    page = client.get(invitation_path(invitation))
    assert "Join Brook &amp; Co" in page.content.decode()
    answer = client.post(
        invitation_path(invitation), {"name": "Dora", "password": "a-decent-pass-phrase"}, follow=True
    )
    assert answer.request["PATH_INFO"] == "/p/brook-co/"
    assert membership_of(brook, User.objects.get(email="dora@dell.example")).role == "manager"


def test_an_invitation_works_once(brook, invitation, client):
    answers = {"name": "Dora", "password": "a-decent-pass-phrase"}
    client.post(invitation_path(invitation), answers)
    client.logout()
    over = client.get(invitation_path(invitation))
    assert over.status_code == 410
    assert 'Already joined? <a href="/accounts/login/">Sign in</a>' in over.content.decode()
    assert client.post(invitation_path(invitation), answers).status_code == 410


def test_an_invitation_is_not_for_somebody_else_who_is_signed_in(brook, invitation, client_of, cast):
    answer = client_of("carol").post(invitation_path(invitation))
    assert answer.status_code == 410
    assert not Membership.objects.filter(practice=brook, user=cast.carol).exists()


def test_an_existing_person_is_asked_to_sign_in_first(brook, invitation, client):
    User.objects.create_user("dora@dell.example", "a-decent-pass-phrase")
    assert "Sign in to join" in client.get(invitation_path(invitation)).content.decode()


@pytest.mark.parametrize("token", ["nonsense", "", "a:b:c"])
def test_a_forged_invitation_is_refused(db, client, token):
    assert client.get(f"/invitations/{token}/").status_code in (404, 410)


def test_a_token_signed_for_another_purpose_is_no_invitation(brook, invitation, client):
    token = signing.dumps([brook.pk, invitation.pk], salt="another")
    assert client.get(f"/invitations/{token}/").status_code == 410


def test_an_invitation_ends_after_a_week(brook, invitation, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=8))
    with practice_scope(brook.pk), pytest.raises(InvitationIsOver):
        open_invitation(invitation.pk)


def test_an_invitation_names_the_practice_it_was_sent_from(brook, cedar, invitation):
    foreign = signing.dumps([cedar.pk, invitation.pk], salt=INVITATION_SALT)
    assert foreign
    with practice_scope(cedar.pk), pytest.raises(InvitationIsOver):
        open_invitation(invitation.pk)


def test_a_member_is_not_invited_again(brook, cast):
    with practice_scope(brook.pk), pytest.raises(AlreadyMember):
        invite_member(brook, "BOB@brook.example", "staff", by=cast.alice)


def test_the_last_owner_stays_owner(brook, cast):
    with practice_scope(brook.pk):
        alone = membership_of(brook, cast.alice)
        with pytest.raises(LastOwner):
            change_role(alone, "staff")
        with pytest.raises(LastOwner):
            remove_member(alone)
        change_role(membership_of(brook, cast.bob), "owner")
        change_role(alone, "staff")
    assert membership_of(brook, cast.alice).role == "staff"


def test_a_removed_member_is_out_with_the_next_click(brook, cast, client_of):
    browser = client_of("bob")
    assert browser.get("/p/brook-co/").status_code == 200
    with practice_scope(brook.pk):
        remove_member(membership_of(brook, cast.bob))
    assert browser.get("/p/brook-co/").status_code == 404


def test_whoever_removes_a_member_is_told_of_their_keys_that_still_open_the_practice(brook, cast, client_of):
    member = membership_of(brook, cast.bob)
    with practice_scope(brook.pk):
        issue_api_key(brook, "Ledger export", ["clients:read"], by=cast.bob)
        revoke_api_key(issue_api_key(brook, "Gone already", ["clients:read"], by=cast.bob)[0])
        issue_api_key(brook, "Of Alice", ["clients:read"], by=cast.alice)
    page = client_of("alice").post(f"/p/brook-co/settings/team/{member.pk}/remove/", follow=True)
    said = page.content.decode()
    assert "issued API keys that still work: Ledger export." in said
    assert "Gone already" not in said
    assert "Of Alice" not in said


def test_a_role_change_counts_from_the_next_click(brook, cast, client_of):
    browser = client_of("bob")
    assert browser.get("/p/brook-co/services/new/").status_code == 403
    with practice_scope(brook.pk):
        change_role(membership_of(brook, cast.bob), "manager")
    assert browser.get("/p/brook-co/services/new/").status_code == 200


def test_changes_to_the_practice_are_on_record(brook, client_of, cast):
    answer = client_of("alice").post(
        "/p/brook-co/settings/save/",
        {"name": "Brook and Company", "country": "GB", "vat_number": "", "invoice_day": "31"},
    )
    assert answer.status_code == 303
    with practice_scope(brook.pk):
        entry = AuditEntry.objects.filter(action="practice.amended").get()
    assert entry.actor == cast.alice
    assert entry.data["changes"]["invoice_day"] == [1, 31]


@pytest.mark.parametrize("day", ["0", "32", "-1", "1.5", ""])
def test_an_impossible_invoice_day_is_refused(client_of, day):
    answer = client_of("alice").post(
        "/p/brook-co/settings/save/", {"name": "Brook", "country": "GB", "invoice_day": day}
    )
    assert answer.status_code == 422


def test_whoever_was_invited_elsewhere_or_before_can_be_invited_again(cast, brook, cedar):
    for practice, by in ((cedar, cast.carol), (brook, cast.alice), (brook, cast.alice)):
        with practice_scope(practice.pk):
            invite_member(practice, "dora@dell.example", "staff", by=by)
    with practice_scope(brook.pk):
        first, again = Invitation.objects.order_by("pk")
        with pytest.raises(InvitationIsOver):
            open_invitation(first.pk)
        assert open_invitation(again.pk) == again


TEAM = "/p/brook-co/settings/team/"


def test_a_withdrawn_invitation_opens_nothing_and_is_on_record(brook, cast, invitation, client_of, client):
    page = client_of("alice").post(f"{TEAM}invitations/{invitation.pk}/withdraw/", follow=True)
    assert "The invitation to dora@dell.example is withdrawn." in page.content.decode()
    assert page.context["invitations"] == []
    assert client.get(invitation_path(invitation)).status_code == 410
    with practice_scope(brook.pk):
        entry = AuditEntry.objects.get(action="member.invitation_withdrawn")
        assert (entry.actor, entry.data["email"]) == (cast.alice, "dora@dell.example")
        with pytest.raises(InvitationIsOver):
            open_invitation(invitation.pk)


def test_withdrawing_brings_no_earlier_invitation_of_the_address_back(brook, cast, invitation, client_of):
    with practice_scope(brook.pk):
        again = invite_member(brook, "dora@dell.example", "staff", by=cast.alice)
        withdraw_invitation(again)
        assert not Invitation.objects.exists()
    assert client_of("alice").get(TEAM).context["invitations"] == []


def test_an_invitation_sent_again_lasts_a_new_week_and_is_mailed_anew(
    brook, cast, invitation, client_of, client, time_machine
):
    time_machine.move_to(timezone.now() + timedelta(days=8))
    browser = client_of("alice")
    assert [shown.pk for shown in browser.get(TEAM).context["invitations"]] == [invitation.pk]
    assert "Expired" in browser.get(TEAM).content.decode()
    page = browser.post(f"{TEAM}invitations/{invitation.pk}/again/", follow=True)
    (again,) = page.context["invitations"]
    assert again.pk != invitation.pk
    assert (again.email, again.role, again.invited_by) == ("dora@dell.example", "manager", cast.alice)
    assert again.expires_at > timezone.now() + timedelta(days=6)
    with practice_scope(brook.pk):
        messages = OutgoingEmail.objects.filter(to="dora@dell.example")
        assert messages.count() == 2
        token = re.search(r"/invitations/(\S+)/", messages.first().text)[1]
        assert AuditEntry.objects.get(action="member.invited_again").actor == cast.alice
    assert client.get(f"/invitations/{token}/").status_code == 200
    assert client.get(invitation_path(invitation)).status_code == 410


def test_the_link_of_a_running_invitation_ends_when_it_is_sent_again(brook, cast, invitation, client):
    with practice_scope(brook.pk):
        again = invite_again(invitation, by=cast.alice)
    assert client.get(invitation_path(invitation)).status_code == 410
    assert client.get(invitation_path(again)).status_code == 200


def test_an_accepted_invitation_is_neither_withdrawn_nor_sent_again(brook, cast, invitation, client):
    client.post(invitation_path(invitation), {"name": "Dora", "password": "a-decent-pass-phrase"})
    with practice_scope(brook.pk):
        with pytest.raises(InvitationIsAccepted):
            withdraw_invitation(invitation)
        with pytest.raises(InvitationIsAccepted):
            invite_again(invitation, by=cast.alice)
        assert Invitation.objects.get().accepted_at is not None


@pytest.mark.parametrize("act", ["again", "withdraw"])
def test_an_invitation_of_another_practice_is_not_found(brook, cedar, invitation, client_of, act):
    answer = client_of("carol").post(f"/p/cedar-llp/settings/team/invitations/{invitation.pk}/{act}/")
    assert answer.status_code == 404
    with practice_scope(brook.pk):
        assert open_invitation(invitation.pk) == invitation


def test_only_whoever_manages_the_team_is_offered_to_withdraw_an_invitation(invitation, client_of):
    assert "Withdraw" in client_of("alice").get(TEAM).content.decode()
    shown = client_of("bob").get(TEAM).content.decode()
    assert "dora@dell.example" in shown
    assert "Withdraw" not in shown
