"""Signing: what is signed, by whom, how often, and what follows."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from clients.models import Client, ContactPerson
from practices.models import OutgoingEmail
from practices.tenancy import practice_scope
from proposals import errors
from proposals.models import Proposal, Signature
from proposals.operations import decline_proposal, recall_proposal, sign_proposal
from proposals.signals import proposal_accepted
from tests.factories import TODAY
from tests.integration.proposals.offers import a_client, a_sent, as_it_is, sign
from tests.racing import all_at_once, at_once


@pytest.fixture
def accepted():
    """The proposals whose acceptance was announced, in order."""
    heard = []

    def hear(sender, *, proposal, on, **_):
        heard.append((proposal.pk, on))

    proposal_accepted.connect(hear)
    yield heard
    proposal_accepted.disconnect(hear)


def test_g26_a_signature_keeps_its_evidence(brook):
    with practice_scope(brook.pk):
        proposal = a_sent()
        signature = sign(proposal, signed_name="  Mara   Hill ", ip="192.0.2.7", user_agent="Phone " * 100)
        assert (signature.signed_name, signature.ip) == ("Mara Hill", "192.0.2.7")
        assert signature.document_sha256 == proposal.document_sha256
        assert len(signature.user_agent) == 300
        assert signature.on_behalf is None


def test_the_last_signature_accepts_and_activates_the_client(brook, accepted):
    with practice_scope(brook.pk):
        proposal = a_sent(client=a_client("Mara Hill", "Noor Aziz"))
        sign(proposal)
        assert as_it_is(proposal).status == "sent"
        assert accepted == []
        sign(proposal, 1)
        assert as_it_is(proposal).status == "accepted"
        assert accepted == [(proposal.pk, TODAY)]
        assert Client.objects.get().status == "active"


def test_f60_signing_twice_returns_the_first_signature_and_accepts_once(brook, accepted):
    with practice_scope(brook.pk):
        proposal = a_sent()
        first = sign(proposal)
        assert sign(proposal, signed_name="M. Hill") == first
        assert first.signed_name == "Mara Hill"
        assert len(accepted) == 1


def test_f60_a_double_click_accepts_once(brook, accepted):
    with practice_scope(brook.pk):
        proposal = a_sent()
    signatures = at_once(brook, 4, lambda: sign(proposal))
    assert len({signature.pk for signature in signatures}) == 1
    assert len(accepted) == 1


def test_two_signatories_at_the_same_moment_accept_once(brook, accepted):
    with practice_scope(brook.pk):
        proposal = a_sent(client=a_client("Mara Hill", "Noor Aziz", "Ola Berg"))
        sign(proposal)
    all_at_once(brook, lambda: sign(proposal, 1), lambda: sign(proposal, 2))
    with practice_scope(brook.pk):
        assert Signature.objects.count() == 3
        assert as_it_is(proposal).status == "accepted"
    assert len(accepted) == 1


@pytest.mark.parametrize("other", [recall_proposal, lambda p: decline_proposal(p, reason="No")])
def test_signing_against_recalling_or_declining_has_one_outcome(brook, accepted, other):
    with practice_scope(brook.pk):
        proposal = a_sent()
    signed, ended = all_at_once(brook, lambda: sign(proposal), lambda: other(proposal))
    with practice_scope(brook.pk):
        status, signatures = as_it_is(proposal).status, Signature.objects.count()
    if isinstance(signed, Signature):
        assert (status, signatures, len(accepted)) == ("accepted", 1, 1)
        assert isinstance(ended, errors.NotAwaitingSignature)
    else:
        assert (status in ("draft", "declined"), signatures, accepted) == (True, 0, [])
        assert isinstance(signed, errors.NotAwaitingSignature)


def test_another_document_is_not_signed(brook):
    with practice_scope(brook.pk):
        proposal = a_sent()
        with pytest.raises(errors.DocumentDiffers):
            sign(proposal, document_sha256="0" * 64)


def test_a_document_that_was_altered_in_the_database_is_not_signed(brook):
    with practice_scope(brook.pk):
        proposal = a_sent()
        Proposal.objects.update(document=proposal.document | {"message": "Other words"})
        with pytest.raises(errors.DocumentDiffers):
            sign(proposal)


def test_only_those_who_were_asked_can_sign(brook):
    with practice_scope(brook.pk):
        proposal = a_sent()
        late = ContactPerson.objects.create(
            client=proposal.client, name="Late", email="late@acme.example", is_signatory=True
        )
        values = {"signed_name": "Late", "document_sha256": proposal.document_sha256, "on": TODAY}
        with pytest.raises(errors.NotASignatory):
            sign_proposal(proposal, late, **values)


def test_a_signature_needs_a_name(brook):
    with practice_scope(brook.pk), pytest.raises(errors.NameMissing):
        sign(a_sent(), signed_name="   ")


def test_a_proposal_can_be_signed_on_its_last_day_and_not_after(brook):
    with practice_scope(brook.pk):
        proposal = a_sent(valid_until=TODAY)
        with pytest.raises(errors.ProposalHasExpired):
            sign(proposal, on=TODAY + timedelta(days=1))
        sign(proposal, on=TODAY)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("draft", errors.NotAwaitingSignature),
        ("declined", errors.NotAwaitingSignature),
        ("expired", errors.ProposalHasExpired),
    ],
)
def test_what_does_not_wait_cannot_be_signed(brook, status, error):
    with practice_scope(brook.pk):
        proposal = a_sent()
        Proposal.objects.update(status=status)
        with pytest.raises(error):
            sign(proposal)


def test_g25_an_acceptance_for_the_client_needs_a_reason_and_is_marked(brook, cast):
    with practice_scope(brook.pk):
        proposal = a_sent()
        with pytest.raises(errors.ReasonMissing):
            sign(proposal, on_behalf=cast.alice)
        signature = sign(proposal, on_behalf=cast.alice, reason="Agreed by telephone")
        assert (signature.on_behalf, signature.reason) == (cast.alice, "Agreed by telephone")
        assert as_it_is(proposal).status == "accepted"


def test_the_database_keeps_the_reason_and_never_lets_a_signature_change(brook):
    with practice_scope(brook.pk):
        signature = sign(a_sent())
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Signature.objects.update(signed_name="Other")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Signature.objects.all().delete()
        values = {"proposal": signature.proposal, "signatory": signature.signatory, "signed_name": "x"}
        with pytest.raises(IntegrityError, match="a_signature_for_the_client"), transaction.atomic():
            Signature.objects.create(**values, document_sha256="x", reason="No member named")


def test_a_failing_receiver_undoes_the_signature(brook):
    def fail(sender, **_):
        raise RuntimeError("billing is broken")

    with practice_scope(brook.pk):
        proposal = a_sent()
    proposal_accepted.connect(fail)
    try:
        with pytest.raises(RuntimeError), practice_scope(brook.pk):
            sign(proposal)
    finally:
        proposal_accepted.disconnect(fail)
    with practice_scope(brook.pk):
        assert as_it_is(proposal).status == "sent"
        assert not Signature.objects.exists()


def test_acceptance_is_told_once_to_signatories_owners_and_the_sender(brook, cast):
    from practices import audit

    with practice_scope(brook.pk):
        with audit.acting_as(cast.bob):
            proposal = a_sent(client=a_client("Mara Hill", "Noor Aziz"))
        sign(proposal)
        sign(proposal, 1)
        sign(proposal, 1)
        told = OutgoingEmail.objects.filter(event__contains=":accepted:").order_by("id")
        assert list(told.values_list("to", flat=True)) == [
            "mara@acme.example",
            "noor@acme.example",
            cast.alice.email,
            cast.bob.email,
        ]
        assert told.last().subject == "Acme Dental Ltd accepted P-0001"
