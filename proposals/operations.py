"""Drafting, sending, recalling, signing and declining proposals."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from clients.models import Client, ContactPerson
from clients.operations import activate_client
from clients.queries import signatories_of
from money.amounts import ZERO
from practices import audit
from practices.errors import DomainError
from practices.models import User
from proposals import errors
from proposals.documents import document_of, fingerprint
from proposals.mail import announce_acceptance, invite_to_sign
from proposals.models import (
    LARGEST_BILL,
    Proposal,
    ProposalLine,
    ProposalNumbering,
    ProposalSignatory,
    Signature,
    Terms,
    amounts_by_rule,
)
from proposals.queries import current_terms
from proposals.signals import proposal_accepted

PARTICULARS = ["client", "title", "starts_on", "valid_until", "message"]
VALIDITY = timedelta(days=30)


def draft_proposal(proposal: Proposal, lines: Sequence[ProposalLine]) -> Proposal:
    """The draft with its number and its lines in this order; raises `ClientIsArchived`."""
    if proposal.client.status == Client.Status.ARCHIVED:
        raise errors.ClientIsArchived(proposal)
    proposal.number = _next_number()
    proposal.save()
    _replace_lines(proposal, lines)
    audit.record("proposal.drafted", proposal, number=proposal.number)
    return proposal


def amend_draft(proposal: Proposal, lines: Sequence[ProposalLine]) -> Proposal:
    """The draft with these particulars and exactly these lines; raises `NotADraft` or `ClientIsArchived`."""
    if locked(proposal).status != Proposal.Status.DRAFT:
        raise errors.NotADraft(proposal)
    if proposal.client.status == Client.Status.ARCHIVED:
        raise errors.ClientIsArchived(proposal)
    proposal.save(update_fields=PARTICULARS)
    _replace_lines(proposal, lines)
    audit.record("proposal.amended", proposal)
    return proposal


def copy_proposal(proposal: Proposal, *, on: date) -> Proposal:
    """A new draft with the same client, lines and prices, valid for 30 days; raises `ClientIsArchived`."""
    copy = Proposal(
        client=proposal.client,
        title=proposal.title,
        starts_on=max(proposal.starts_on, on),
        valid_until=on + VALIDITY,
        message=proposal.message,
    )
    return draft_proposal(copy, list(proposal.lines.all()))


def reasons_not_to_send(proposal: Proposal, *, on: date) -> list[DomainError]:
    """Every rule that keeps the proposal from being sent on a date, as the errors `send_proposal` would raise."""
    found: list[type[DomainError]] = []
    if proposal.status != Proposal.Status.DRAFT:
        return [errors.NotADraft(proposal)]
    if proposal.client.status == Client.Status.ARCHIVED:
        found.append(errors.ClientIsArchived)
    if not proposal.lines.exists():
        found.append(errors.NothingOffered)
    if not signatories_of(proposal.client):
        found.append(errors.NoSignatory)
    if proposal.valid_until < on:
        found.append(errors.EndsBeforeSending)
    if current_terms() is None:
        found.append(errors.NoTerms)
    if _largest_bill(proposal, on) > LARGEST_BILL:
        found.append(errors.TooMuchForAnInvoice)
    return [error(proposal) for error in found]


def _largest_bill(proposal: Proposal, on: date) -> Decimal:
    """The gross of the largest bill this leads to, in the practice's currency."""
    lines = list(proposal.lines.select_related("tax_rate"))
    return max((amounts.gross for _, amounts in amounts_by_rule(lines, on)), default=ZERO)


def send_proposal(proposal: Proposal, *, on: date) -> Proposal:
    """The proposal frozen, with its fingerprint, and its link on the way to everybody who signs.

    Raises the first of `reasons_not_to_send`.
    """
    proposal = locked(proposal)
    for reason in reasons_not_to_send(proposal, on=on):
        raise reason
    signatories = signatories_of(proposal.client)
    lines = list(proposal.lines.select_related("tax_rate"))
    proposal.terms = current_terms()
    proposal.document = document_of(
        proposal, lines, terms=proposal.terms, signatories=signatories, priced_on=on
    )
    proposal.document_sha256 = fingerprint(proposal.document)
    proposal.status = Proposal.Status.SENT
    proposal.link_version += 1
    proposal.sent_at, proposal.sent_by = timezone.now(), audit.current_actor()
    proposal.save()
    ProposalSignatory.objects.bulk_create(
        ProposalSignatory(proposal=proposal, person=person, position=position)
        for position, person in enumerate(signatories)
    )
    audit.record("proposal.sent", proposal, document_sha256=proposal.document_sha256)
    invite_to_sign(proposal)
    return proposal


def resend_proposal(proposal: Proposal) -> list[str]:
    """Send the same link once more to whoever has not signed; the addresses. Raises `NotAwaitingSignature`."""
    proposal = _awaiting(proposal)
    entry = audit.record("proposal.resent", proposal)
    return invite_to_sign(proposal, again=entry.pk)


def recall_proposal(proposal: Proposal) -> Proposal:
    """The proposal as a draft again; its link is dead. Raises `NotAwaitingSignature` or `PartlySigned`."""
    proposal = _awaiting(proposal)
    if proposal.signatures.exists():
        raise errors.PartlySigned(proposal)
    proposal.status = Proposal.Status.DRAFT
    proposal.link_version += 1
    proposal.document, proposal.document_sha256, proposal.terms = {}, "", None
    proposal.sent_at = proposal.sent_by = None
    proposal.save()
    proposal.signatories.all().delete()
    audit.record("proposal.recalled", proposal)
    return proposal


def decline_proposal(proposal: Proposal, *, reason: str) -> Proposal:
    """The proposal lost, with the reason; raises `NotAwaitingSignature` or `ReasonMissing`."""
    proposal = _awaiting(proposal)
    if not reason.strip():
        raise errors.ReasonMissing(proposal)
    proposal.status, proposal.decline_reason = Proposal.Status.DECLINED, reason.strip()
    proposal.decided_at = timezone.now()
    proposal.save(update_fields=["status", "decline_reason", "decided_at"])
    audit.record("proposal.declined", proposal, reason=proposal.decline_reason)
    return proposal


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
    Raises `NotAwaitingSignature`, `ProposalHasExpired`, `DocumentDiffers`, `NotASignatory`, `NameMissing` or
    `ReasonMissing`.
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
    proposal_accepted.send(Proposal, proposal=proposal, on=on)
    announce_acceptance(proposal)


def expire_proposals(on: date) -> int:
    """How many sent proposals ran out before this date and are expired now; safe to repeat."""
    run_out = list(Proposal.objects.run_out(on).select_for_update().order_by("id"))
    for proposal in run_out:
        proposal.status, proposal.decided_at = Proposal.Status.EXPIRED, timezone.now()
        proposal.save(update_fields=["status", "decided_at"])
        audit.record("proposal.expired", proposal)
    return len(run_out)


def write_terms(body: str, *, by: User) -> Terms:
    """The terms that are sent from now on: a new version, or the current one when nothing changed.

    Saving the starter wording unchanged is a review, so it makes a version too. What was sent keeps its own.
    """
    # The first version is there for good, so two people writing at once take turns at it.
    Terms.objects.select_for_update().order_by("version").first()
    current = current_terms()
    if current and current.body == body and not current.is_starter_wording:
        return current
    version = current.version + 1 if current else 1
    terms: Terms = Terms.objects.create(version=version, body=body, written_by=by)
    audit.record("terms.written", terms, version=version)
    return terms


def locked(proposal: Proposal) -> Proposal:
    """The proposal as it is now, for this transaction alone."""
    current: Proposal = Proposal.objects.select_for_update().get(pk=proposal.pk)
    return current


def _awaiting(proposal: Proposal) -> Proposal:
    proposal = locked(proposal)
    if proposal.status != Proposal.Status.SENT:
        raise errors.NotAwaitingSignature(proposal)
    return proposal


def _next_number() -> int:
    """The next proposal number; whoever asks at the same moment waits for this transaction."""
    ProposalNumbering.objects.get_or_create()
    numbering = ProposalNumbering.objects.select_for_update().get()
    number: int = numbering.next_number
    numbering.next_number += 1
    numbering.save(update_fields=["next_number"])
    return number


def _replace_lines(proposal: Proposal, lines: Sequence[ProposalLine]) -> None:
    proposal.lines.all().delete()
    for position, line in enumerate(lines):
        line.pk, line.proposal, line.position = None, proposal, position
        line.save(force_insert=True)
