"""Sending a proposal, sending it again, giving it more time and taking it back."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone

from clients.models import Client, ContactPerson
from clients.queries import signatories_of
from money.amounts import ZERO, Amounts, total
from practices import audit
from practices.errors import DomainError
from proposals import errors
from proposals.assembling import assembled_document
from proposals.documents import fingerprint
from proposals.events import note_event
from proposals.letters import missing_in_letter
from proposals.links import LINK_LIFE
from proposals.mail import invite_to_sign
from proposals.models import (
    LARGEST_BILL,
    Proposal,
    ProposalGroup,
    ProposalLine,
    ProposalOption,
    ProposalSignatory,
    Terms,
)
from proposals.operations.locks import locked, locked_awaiting
from proposals.queries import current_terms
from services.models import VatSettings
from services.queries import vat_settings


@dataclass(frozen=True, slots=True)
class Offered:
    """What a draft offers and who signs it, read once: its lines come with service and VAT rate."""

    lines: list[ProposalLine]
    groups: list[ProposalGroup]
    options: list[ProposalOption]
    people: list[ContactPerson]
    terms: Terms | None
    vat: VatSettings


def offered_in(proposal: Proposal) -> Offered:
    """What the draft offers now; its groups come with their package, its lines in order with their group."""
    groups = list(proposal.groups.select_related("option"))
    by_key = {group.pk: group for group in groups}
    lines = list(proposal.lines.select_related("tax_rate", "service"))
    for line in lines:
        line.group = by_key.get(line.group_id or 0)
    lines.sort(key=lambda line: (line.group.position if line.group else -1, line.position, line.pk))
    return Offered(
        lines=lines,
        groups=groups,
        options=list(proposal.options.all()),
        people=people_to_sign(proposal),
        terms=current_terms(),
        vat=vat_settings(),
    )


def reasons_not_to_send(proposal: Proposal, *, on: date, offered: Offered | None = None) -> list[DomainError]:
    """Every rule that keeps the proposal from being sent on a date, as the errors `send_proposal` would raise.

    ``offered`` is what it offers, where that was read already.
    """
    offered = offered or offered_in(proposal)
    lines, people = offered.lines, offered.people
    found: list[type[DomainError]] = []
    if not proposal.is_editable:
        return [errors.NotADraft(proposal)]
    if proposal.client.status == Client.Status.ARCHIVED:
        found.append(errors.ClientIsArchived)
    if not lines:
        found.append(errors.NothingOffered)
    if not people:
        found.append(errors.NoSignatory)
    elif any(not person.email for person in people):
        found.append(errors.SignatoryWithoutEmail)
    if proposal.valid_until < on:
        found.append(errors.EndsBeforeSending)
    if offered.terms is None:
        found.append(errors.NoTerms)
    found += _faults_of_services(proposal, offered, on)
    return [error(proposal) for error in found] + _faults_of_letter(proposal, lines, people, on)


def _faults_of_letter(
    proposal: Proposal, lines: list[ProposalLine], people: list[ContactPerson], on: date
) -> list[DomainError]:
    """Each placeholder of the letter that is unknown or has no value, in words (G22).

    Without anybody who signs, the letter has nobody to name: that is said once, not again for each placeholder.
    """
    if not people:
        return []
    return [
        errors.LetterIncomplete(proposal, message=f"The letter cannot be filled in. {missing}")
        for missing in missing_in_letter(proposal, lines, people, on=on)
    ]


def _faults_of_services(proposal: Proposal, offered: Offered, on: date) -> list[type[DomainError]]:
    """What is wrong with the services, their bills and their packages."""
    found: list[type[DomainError]] = []
    lines = offered.lines
    if _largest_bill(lines, on) > LARGEST_BILL:
        found.append(errors.TooMuchForAnInvoice)
    if any(line.amounts_on(on).vat for line in lines) and not offered.vat.charges_vat:
        found.append(errors.VatWithoutRegistration)
    if any(line.rule.first_on and line.rule.first_on < proposal.starts_on for line in lines):
        found.append(errors.StartsAfterItsFirstBill)
    if any(line.completes_on and line.completes_on < proposal.starts_on for line in lines):
        found.append(errors.DoneBeforeItBegins)
    taken = {line.group.option_id for line in lines if line.group}
    if any(option.pk not in taken for option in offered.options):
        found.append(errors.OptionWithoutServices)
    return found


def people_to_sign(proposal: Proposal) -> list[ContactPerson]:
    """Who signs, the primary one first: those chosen for the proposal, else everybody who signs for the client."""
    chosen = [
        signatory.person
        for signatory in proposal.signatories.select_related("person")
        if not signatory.person.has_left
    ]
    return chosen or signatories_of(proposal.client)


def _largest_bill(lines: list[ProposalLine], on: date) -> Decimal:
    """The gross of the largest bill these lead to, in the practice's currency: lines of one rule are due together."""
    by_rule: dict[str, list[Amounts]] = {}
    for line in lines:
        if not line.is_included:
            by_rule.setdefault(line.rule_in_words, []).append(line.amounts_on(on))
    return max((total(amounts).gross for amounts in by_rule.values()), default=ZERO)


def send_proposal(proposal: Proposal, *, on: date) -> Proposal:
    """The proposal frozen, with its fingerprint, and its link on the way to everybody who signs.

    Raises the first of `reasons_not_to_send`.
    """
    proposal = _freeze(proposal, on, "proposal.sent")
    invite_to_sign(proposal)
    return proposal


def publish_proposal(proposal: Proposal, *, on: date) -> Proposal:
    """The proposal open for signing without any e-mail: the practice passes its link on itself (G24).

    Raises the first of `reasons_not_to_send`.
    """
    return _freeze(proposal, on, "proposal.published")


def _freeze(proposal: Proposal, on: date, action: str) -> Proposal:
    proposal = locked(proposal)
    offered = offered_in(proposal)
    for reason in reasons_not_to_send(proposal, on=on, offered=offered):
        raise reason
    people, proposal.terms = offered.people, offered.terms
    proposal.document = assembled_document(proposal, people, on=on)
    proposal.document_sha256 = fingerprint(proposal.document)
    proposal.status = Proposal.Status.SENT
    proposal.link_version += 1
    proposal.sent_at, proposal.sent_by = timezone.now(), audit.current_actor()
    proposal.link_expires_at = proposal.sent_at + LINK_LIFE
    proposal.chosen_option = None
    proposal.reminded_on, proposal.reminders_sent, proposal.review_note = None, 0, ""
    proposal.save()
    proposal.signatories.all().delete()
    ProposalSignatory.objects.bulk_create(
        ProposalSignatory(proposal=proposal, person=person, position=position)
        for position, person in enumerate(people)
    )
    proposal.lines.filter(is_optional=True).update(is_taken=False)
    proposal.lines.exclude(shown_as=None).update(shown_as=None)  # the document above has ids of today
    proposal.options.exclude(shown_as=None).update(shown_as=None)
    audit.record(action, proposal, document_sha256=proposal.document_sha256)
    note_event(
        proposal, "sent", document_sha256=proposal.document_sha256, signatories=[p.name for p in people]
    )
    return proposal


def resend_proposal(proposal: Proposal) -> list[str]:
    """Send the same link once more to whoever has not signed; the addresses. Raises `NotAwaitingSignature`."""
    proposal = locked_awaiting(proposal)
    proposal.link_expires_at = timezone.now() + LINK_LIFE
    proposal.save(update_fields=["link_expires_at"])
    entry = audit.record("proposal.resent", proposal)
    return invite_to_sign(proposal, again=entry.pk)


def extend_proposal(proposal: Proposal, *, valid_until: date, on: date) -> Proposal:
    """A sent or expired proposal that can be signed for longer; its document and its link stay the same.

    Raises `NotAwaitingSignature`, or `EndsTooSoon` for a day that is not later than today and than before.
    """
    proposal = locked(proposal)
    if proposal.status not in (Proposal.Status.SENT, Proposal.Status.EXPIRED):
        raise errors.NotAwaitingSignature(proposal)
    if valid_until < on or valid_until <= proposal.valid_until:
        raise errors.EndsTooSoon(proposal)
    before, proposal.valid_until = proposal.valid_until, valid_until
    proposal.status, proposal.decided_at = Proposal.Status.SENT, None
    proposal.save(update_fields=["valid_until", "status", "decided_at"])
    audit.record("proposal.extended", proposal, before=before.isoformat(), until=valid_until.isoformat())
    return proposal


def recall_proposal(proposal: Proposal) -> Proposal:
    """The proposal as a draft again; its link is dead. Raises `NotAwaitingSignature` or `PartlySigned`."""
    proposal = locked_awaiting(proposal)
    if proposal.signatures.exists():
        raise errors.PartlySigned(proposal)
    back_to_draft(proposal)
    audit.record("proposal.recalled", proposal)
    note_event(proposal, "recalled")
    return proposal


def back_to_draft(proposal: Proposal) -> None:
    """Make a locked proposal a draft, without the document that was shown; who signs stays chosen."""
    proposal.status = Proposal.Status.DRAFT
    proposal.link_version += 1
    proposal.version += 1
    proposal.document, proposal.document_sha256, proposal.terms = {}, "", None
    proposal.sent_at = proposal.sent_by = None
    proposal.save()
