"""Sending, sending again, recalling and running out."""

from datetime import timedelta

import pytest

from clients.models import Client
from clients.operations import amend_client, archive_client
from practices import audit
from practices.models import AuditEntry, OutgoingEmail
from practices.tenancy import practice_scope
from proposals import errors
from proposals.documents import fingerprint
from proposals.links import read_token
from proposals.models import Proposal, Terms
from proposals.operations import (
    decline_proposal,
    expire_proposals,
    recall_proposal,
    resend_proposal,
    send_proposal,
    write_terms,
)
from proposals.tasks import expire_proposals as expire_task
from tests.factories import TODAY
from tests.integration.proposals.offers import a_client, a_draft, a_line, a_sent, as_it_is, sign


def mail(event: str) -> list[str]:
    """Who gets a message about this, in order."""
    found = OutgoingEmail.objects.filter(event__contains=event).order_by("id")
    return list(found.values_list("to", flat=True))


def test_sending_freezes_the_document_and_its_fingerprint(brook):
    with practice_scope(brook.pk):
        proposal = a_sent()
        shown = as_it_is(proposal)
        assert (shown.status, shown.link_version) == ("sent", 1)
        assert shown.document_sha256 == fingerprint(shown.document)
        assert shown.document["signatories"] == ["Mara Hill"]
        assert shown.terms == Terms.objects.get(version=1, part="terms")


def test_what_was_sent_stays_as_it_was_when_client_library_or_terms_change(brook, cast):
    with practice_scope(brook.pk):
        proposal = a_sent()
        client = Client.objects.get()
        client.name = "Acme Group plc"
        amend_client(client)
        write_terms("Other terms", by=cast.alice)
        shown = as_it_is(proposal)
        assert shown.document["client"]["name"] == "Acme Dental Ltd"
        assert shown.document["terms"]["version"] == 1
        assert shown.document_sha256 == fingerprint(shown.document)


def test_g27_the_first_signatory_gets_the_link_and_the_others_once_they_have_signed(brook):
    with practice_scope(brook.pk):
        proposal = a_sent(client=a_client("Mara Hill", "Noor Aziz", "Ola Berg"))
        assert mail(":sent:") == ["mara@acme.example"]
        message = OutgoingEmail.objects.first()
        assert message.subject == "Brook & Co: your proposal P-0001"
        token = message.text.split("/proposals/")[1].split("/")[0]
        until = int(proposal.link_expires_at.timestamp())
        mara = proposal.signatories.get(position=0).person
        assert read_token(token) == (brook.pk, proposal.pk, 1, mara.pk, until)
        sign(proposal)
        assert mail(":sent:") == ["mara@acme.example", "noor@acme.example", "ola@acme.example"]


def test_g28_a_repeat_goes_only_to_those_who_have_not_signed(brook):
    with practice_scope(brook.pk):
        proposal = a_sent(client=a_client("Mara Hill", "Noor Aziz"))
        sign(proposal)
        assert resend_proposal(proposal) == ["noor@acme.example"]
        assert resend_proposal(proposal) == ["noor@acme.example"]
        assert mail(":again:") == ["noor@acme.example", "noor@acme.example"]


@pytest.mark.parametrize("status", ["draft", "accepted", "declined", "expired"])
def test_only_a_proposal_that_waits_is_sent_again_recalled_or_declined(brook, status):
    with practice_scope(brook.pk):
        proposal = a_sent()
        Proposal.objects.update(status=status)
        for act in (resend_proposal, recall_proposal):
            with pytest.raises(errors.NotAwaitingSignature):
                act(proposal)
        with pytest.raises(errors.NotAwaitingSignature):
            decline_proposal(proposal, reason="Too dear")


def test_a_proposal_is_sent_once(brook):
    with practice_scope(brook.pk):
        proposal = a_sent()
        with pytest.raises(errors.NotADraft):
            send_proposal(proposal, on=TODAY)
        assert mail(":sent:") == ["mara@acme.example"]


def test_a_proposal_without_services_cannot_be_sent(brook):
    with practice_scope(brook.pk):
        proposal = a_draft()
        proposal.lines.all().delete()
        with pytest.raises(errors.NothingOffered):
            send_proposal(proposal, on=TODAY)


def test_a_proposal_nobody_signs_cannot_be_sent(brook):
    with practice_scope(brook.pk), pytest.raises(errors.NoSignatory):
        a_sent(client=a_client())


def test_a_proposal_that_has_run_out_cannot_be_sent(brook):
    with practice_scope(brook.pk), pytest.raises(errors.EndsBeforeSending):
        a_sent(valid_until=TODAY - timedelta(days=1))


def test_a_proposal_to_an_archived_client_cannot_be_sent(brook):
    with practice_scope(brook.pk):
        proposal = a_draft()
        archive_client(proposal.client)
        with pytest.raises(errors.ClientIsArchived):
            send_proposal(proposal, on=TODAY)


def test_a_proposal_without_terms_cannot_be_sent(brook):
    with practice_scope(brook.pk):
        Terms.objects.all().delete()
        with pytest.raises(errors.NoTerms):
            a_sent()


def test_g37_recalling_makes_a_draft_again_and_the_next_sending_another_link(brook):
    with practice_scope(brook.pk):
        proposal = recall_proposal(a_sent())
        assert (proposal.status, proposal.link_version, proposal.document) == ("draft", 2, {})
        assert [str(signatory) for signatory in proposal.signatories.all()] == ["Mara Hill"]
        again = send_proposal(proposal, on=TODAY)
        assert again.link_version == 3
        assert mail(":sent:") == ["mara@acme.example", "mara@acme.example"]


def test_a_part_signed_proposal_cannot_be_recalled(brook):
    with practice_scope(brook.pk):
        proposal = a_sent(client=a_client("Mara Hill", "Noor Aziz"))
        sign(proposal)
        with pytest.raises(errors.PartlySigned):
            recall_proposal(proposal)


def test_declining_keeps_the_reason_and_needs_one(brook):
    with practice_scope(brook.pk):
        proposal = a_sent()
        with pytest.raises(errors.ReasonMissing):
            decline_proposal(proposal, reason="  ")
        decline_proposal(proposal, reason=" Too dear ")
        assert (as_it_is(proposal).status, as_it_is(proposal).decline_reason) == ("declined", "Too dear")


def test_g31_a_proposal_runs_out_after_its_last_day_and_only_once(brook):
    with practice_scope(brook.pk):
        proposal = a_sent(valid_until=TODAY)
        assert expire_proposals(TODAY) == 0
        assert expire_proposals(TODAY + timedelta(days=1)) == 1
        assert expire_proposals(TODAY + timedelta(days=1)) == 0
        assert as_it_is(proposal).status == "expired"


def test_the_daily_task_expires_proposals_of_its_practice_alone(brook, cedar):
    for practice in (brook, cedar):
        with practice_scope(practice.pk):
            a_sent()
            Proposal.objects.update(valid_until=practice.today() - timedelta(days=1))
    expire_task(brook.pk)
    with practice_scope(brook.pk):
        assert Proposal.objects.get().status == "expired"
    with practice_scope(cedar.pk):
        assert Proposal.objects.get().status == "sent"


def test_every_change_is_on_the_trail_with_who_did_it(brook, cast):
    with practice_scope(brook.pk), audit.acting_as(cast.alice):
        proposal = recall_proposal(a_sent(a_line()))
        trail = [(entry.action, entry.actor) for entry in audit.trail_of(proposal)]
        assert trail == [
            ("proposal.recalled", cast.alice),
            ("proposal.sent", cast.alice),
            ("proposal.drafted", cast.alice),
        ]


def test_new_terms_are_a_new_version_and_the_same_words_are_not(brook, cast):
    with practice_scope(brook.pk):
        starter = Terms.objects.get(part="terms")
        assert starter.is_starter_wording
        reviewed = write_terms(starter.body, by=cast.alice)
        assert (reviewed.version, reviewed.is_starter_wording) == (2, False)
        assert write_terms(starter.body, by=cast.alice) == reviewed
        assert write_terms("Shorter", by=cast.alice).version == 3
        assert AuditEntry.objects.filter(action="terms.written").count() == 2
