"""Signing a proposal; the last signature accepts it."""

from datetime import date

from django.utils import timezone

from clients.models import ContactPerson
from clients.operations import activate_client, check_may_accept
from practices import audit
from practices.mail import File
from practices.models import CLIENT_SIGNED, User
from proposals import errors
from proposals.choices import Choice, keep_choice, settled_choice
from proposals.documents import fingerprint
from proposals.drawings import Strokes
from proposals.events import hash_of_written, note_event
from proposals.mail import announce_acceptance, invite_to_sign
from proposals.models import Proposal, Signature
from proposals.operations.locks import locked
from proposals.operations.recording import file_record
from proposals.operations.renewing import supersede_renewed
from proposals.signals import proposal_accepted
from proposals.turns import is_first, whose_turn


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
    choice: Choice | None = None,
    drawing: Strokes | None = None,
    asks_early_start: bool = False,
) -> Signature:
    """The person's signature under exactly the document that was shown; signing again returns the first one.

    The last signature accepts the proposal: the client becomes active and `proposal_accepted` is sent, all
    in this transaction. ``on_behalf`` is the member who records it for the client, with a ``reason``.
    The first signatory's ``choice`` of a package and add-ons is what is agreed; all others sign under it.
    Raises `NotAwaitingSignature`, `ProposalHasExpired`, `DocumentDiffers`, `NotASignatory`, `NotYourTurn`,
    `NameMissing`, `ReasonMissing`, `ChoiceMissing`, `UnknownChoice` or `ChecksNotFinished`.
    """
    proposal = locked(proposal)
    earlier: Signature | None = proposal.signatures.filter(signatory=signatory).first()
    if earlier:
        return earlier
    _check_open(proposal, on)
    if not document_sha256 == proposal.document_sha256 == fingerprint(proposal.document):
        raise errors.DocumentDiffers(proposal)
    if not signed_name.strip():
        raise errors.NameMissing(proposal)
    if on_behalf and not reason.strip():
        raise errors.ReasonMissing(proposal)
    check_may_accept(proposal.client, on=on)
    _check_turn(proposal, signatory)
    if is_first(proposal, signatory.pk):
        keep_choice(proposal, choice or Choice())
    signature: Signature = Signature.objects.create(
        proposal=proposal,
        signatory=signatory,
        signed_name=" ".join(signed_name.split()),
        document_sha256=document_sha256,
        ip=ip,
        user_agent=user_agent[:300],
        on_behalf=on_behalf,
        reason=reason.strip(),
        drawing=drawing or [],
        asks_early_start=asks_early_start and bool(proposal.document.get("has_right_to_cancel")),
    )
    _note_signature(proposal, signature)
    action = "proposal.signed_for_the_client" if on_behalf else CLIENT_SIGNED
    by: dict[str, str] = {} if on_behalf else {"person": signature.signed_name}
    audit.record(action, proposal, name=signature.signed_name, reason=signature.reason, **by)
    if proposal.signatures.count() == proposal.signatories.count():
        _accept(proposal, on, by)
    elif is_first(proposal, signatory.pk):
        invite_to_sign(proposal)
    return signature


def _check_turn(proposal: Proposal, signatory: ContactPerson) -> None:
    if not proposal.signatories.filter(person=signatory).exists():
        raise errors.NotASignatory(signatory)
    if signatory.pk not in {asked.person_id for asked in whose_turn(proposal)}:
        raise errors.NotYourTurn(proposal)


def _note_signature(proposal: Proposal, signature: Signature) -> None:
    chosen = settled_choice(proposal)
    note_event(
        proposal,
        "recorded" if signature.on_behalf_id else "signed",
        name=signature.signed_name,
        person=signature.signatory.name,
        ip=signature.ip,
        user_agent=signature.user_agent,
        document_sha256=signature.document_sha256,
        recorded_by=str(signature.on_behalf) if signature.on_behalf else None,
        reason=signature.reason,
        drawing_sha256=hash_of_written({"strokes": signature.drawing}) if signature.drawing else None,
        asks_early_start=signature.asks_early_start,
        option=chosen.option,
        add_ons=sorted(chosen.add_ons),
    )


def _check_open(proposal: Proposal, on: date) -> None:
    if proposal.status == Proposal.Status.EXPIRED:
        raise errors.ProposalHasExpired(proposal)
    if proposal.status != Proposal.Status.SENT:
        raise errors.NotAwaitingSignature(proposal)
    if proposal.valid_until < on:
        raise errors.ProposalHasExpired(proposal)


def _accept(proposal: Proposal, on: date, by: dict[str, str]) -> None:
    """Accept what everybody has signed; ``by`` names the client whose signature was the last, for the trail."""
    proposal.status, proposal.decided_at = Proposal.Status.ACCEPTED, timezone.now()
    proposal.save(update_fields=["status", "decided_at"])
    audit.record("proposal.accepted", proposal, on=on.isoformat(), **by)
    activate_client(proposal.client)
    supersede_renewed(proposal, on=on)
    proposal_accepted.send(Proposal, proposal=proposal, on=on)
    note_event(proposal, "accepted", on=on.isoformat())
    record = file_record(proposal, at=proposal.decided_at)
    announce_acceptance(proposal, [File(f"{proposal.number_label}-signed.pdf", bytes(record.pdf))])
