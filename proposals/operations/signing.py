"""Signing a proposal; the last signature accepts it."""

from datetime import date

from django.utils import timezone

from clients.models import ContactPerson
from clients.operations import activate_client, check_may_accept
from practices import audit
from practices.models import User
from proposals import errors
from proposals.documents import fingerprint
from proposals.mail import announce_acceptance
from proposals.models import Proposal, Signature
from proposals.operations.locks import locked
from proposals.operations.renewing import supersede_renewed
from proposals.signals import proposal_accepted


def sign_proposal(
    proposal: Proposal,
    signatory: ContactPerson,
    *,
    signed_name: str,
    document_sha256: str,
    on: date,
    ip: str | None = None,
    user_agent: str = "",
    on_behalf: User | None = None,
    reason: str = "",
) -> Signature:
    """The person's signature under exactly the document that was shown; signing again returns the first one.

    The last signature accepts the proposal: the client becomes active and `proposal_accepted` is sent, all
    in this transaction. ``on_behalf`` is the member who records it for the client, with a ``reason``.
    Raises `NotAwaitingSignature`, `ProposalHasExpired`, `DocumentDiffers`, `NotASignatory`, `NameMissing`,
    `ReasonMissing` or `ChecksNotFinished`.
    """
    proposal = locked(proposal)
    earlier: Signature | None = proposal.signatures.filter(signatory=signatory).first()
    if earlier:
        return earlier
    _check_open(proposal, on)
    if not document_sha256 == proposal.document_sha256 == fingerprint(proposal.document):
        raise errors.DocumentDiffers(proposal)
    if not proposal.signatories.filter(person=signatory).exists():
        raise errors.NotASignatory(signatory)
    if not signed_name.strip():
        raise errors.NameMissing(proposal)
    if on_behalf and not reason.strip():
        raise errors.ReasonMissing(proposal)
    check_may_accept(proposal.client, on=on)
    signature: Signature = Signature.objects.create(
        proposal=proposal,
        signatory=signatory,
        signed_name=" ".join(signed_name.split()),
        document_sha256=document_sha256,
        ip=ip,
        user_agent=user_agent[:300],
        on_behalf=on_behalf,
        reason=reason.strip(),
    )
    action = "proposal.signed_for_the_client" if on_behalf else "proposal.signed"
    audit.record(action, proposal, name=signature.signed_name, reason=signature.reason)
    if proposal.signatures.count() == proposal.signatories.count():
        _accept(proposal, on)
    return signature


def _check_open(proposal: Proposal, on: date) -> None:
    if proposal.status == Proposal.Status.EXPIRED:
        raise errors.ProposalHasExpired(proposal)
    if proposal.status != Proposal.Status.SENT:
        raise errors.NotAwaitingSignature(proposal)
    if proposal.valid_until < on:
        raise errors.ProposalHasExpired(proposal)


def _accept(proposal: Proposal, on: date) -> None:
    proposal.status, proposal.decided_at = Proposal.Status.ACCEPTED, timezone.now()
    proposal.save(update_fields=["status", "decided_at"])
    audit.record("proposal.accepted", proposal, on=on.isoformat())
    activate_client(proposal.client)
    supersede_renewed(proposal, on=on)
    proposal_accepted.send(Proposal, proposal=proposal, on=on)
    announce_acceptance(proposal)
