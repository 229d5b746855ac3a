"""Drafting a proposal and changing it until it is sent."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from django.utils import timezone

from clients.models import Client
from practices import audit
from proposals import errors
from proposals.billing_rules import Rule
from proposals.models import (
    Proposal,
    ProposalGroup,
    ProposalLine,
    ProposalNumbering,
    ProposalOption,
    ProposalSignatory,
)
from proposals.operations.locks import locked_editable

PARTICULARS = [
    "client",
    "title",
    "starts_on",
    "valid_until",
    "message",
    "minimum_months",
    "shows_prices",
    "shows_completion_dates",
    "shows_minimum_value",
    "reminds_every",
]
VALIDITY = timedelta(days=30)


def draft_proposal(proposal: Proposal, lines: Sequence[ProposalLine] = ()) -> Proposal:
    """The draft with its number and its lines in this order; raises `ClientIsArchived`.

    Lines are put under one heading for each billing rule, or under the one that an unsaved group of theirs names.
    """
    _check_client(proposal)
    proposal.number = _next_number()
    proposal.owner = proposal.owner or audit.current_actor()
    proposal.save()
    _add_lines(proposal, lines)
    audit.record("proposal.drafted", proposal, number=proposal.number)
    return proposal


def amend_draft(proposal: Proposal, lines: Sequence[ProposalLine] | None = None) -> Proposal:
    """The draft with these particulars and, where given, exactly these lines.

    A line whose unsaved group names no heading stands under what the draft calls services of its rule. Raises
    `NotADraft` or `ClientIsArchived`.
    """
    current = locked_editable(proposal)
    _check_client(proposal)
    if current.client_id != proposal.client_id:
        proposal.signatories.all().delete()
    proposal.version, proposal.changed_at = current.version + 1, timezone.now()
    proposal.save(update_fields=[*PARTICULARS, "version", "changed_at"])
    if lines is not None:
        called = {group.rule: group.heading for group in proposal.groups.order_by("-position", "-id")}
        proposal.lines.all().delete()
        proposal.groups.all().delete()
        _add_lines(proposal, lines, called)
    audit.record("proposal.amended", proposal)
    return proposal


def discard_draft(proposal: Proposal) -> None:
    """Delete a proposal that was never sent; raises `NotADraft` or `WasSent`.

    Its number is not given out again.
    """
    proposal = locked_editable(proposal)
    if proposal.link_version:
        raise errors.WasSent(proposal)
    audit.record("proposal.discarded", proposal, number=proposal.number, title=proposal.title)
    proposal.lines.all().delete()
    proposal.groups.all().delete()
    proposal.options.all().delete()
    proposal.signatories.all().delete()
    proposal.delete()


def copy_proposal(proposal: Proposal, *, on: date, client: Client | None = None) -> Proposal:
    """A new draft with the same services, prices and headings, valid for 30 days; raises `ClientIsArchived`.

    It is for the same client, who signs with the same people, unless another ``client`` is given.
    """
    taken = {name: getattr(proposal, name) for name in PARTICULARS}
    taken |= {"starts_on": max(proposal.starts_on, on), "valid_until": on + VALIDITY}
    copy = draft_proposal(Proposal(**taken | {"client": client or proposal.client}))
    _copy_services(proposal, copy)
    if client is None or client == proposal.client:
        _copy_signatories(proposal, copy)
    return copy


def _copy_services(source: Proposal, copy: Proposal) -> None:
    options = {option.pk: option for option in source.options.all()}
    groups = {group.pk: group for group in source.groups.all()}
    lines = list(source.lines.all())
    for option in options.values():
        option.pk, option.proposal = None, copy
    ProposalOption.objects.bulk_create(options.values())
    for group in groups.values():
        group.pk, group.proposal = None, copy
        group.option = options[group.option_id] if group.option_id else None
    ProposalGroup.objects.bulk_create(groups.values())
    for line in lines:
        line.pk, line.proposal = None, copy
        line.group = groups[line.group_id] if line.group_id else None
        line.is_taken = not line.is_optional
    ProposalLine.objects.bulk_create(lines)


def _copy_signatories(source: Proposal, copy: Proposal) -> None:
    staying = source.signatories.filter(person__has_left=False, person__is_signatory=True)
    ProposalSignatory.objects.bulk_create(
        ProposalSignatory(proposal=copy, person_id=signatory.person_id, position=signatory.position)
        for signatory in staying
    )


def _check_client(proposal: Proposal) -> None:
    if proposal.client.status == Client.Status.ARCHIVED:
        raise errors.ClientIsArchived(proposal)


def wait_for_numbers() -> ProposalNumbering:
    """The practice's numbering, locked: whoever drafts at the same moment waits for this transaction."""
    ProposalNumbering.objects.get_or_create()
    numbering: ProposalNumbering = ProposalNumbering.objects.select_for_update().get()
    return numbering


def _next_number() -> int:
    """The next proposal number."""
    numbering = wait_for_numbers()
    number: int = numbering.next_number
    numbering.next_number += 1
    numbering.save(update_fields=["next_number"])
    return number


def _add_lines(
    proposal: Proposal, lines: Sequence[ProposalLine], called: Mapping[Rule, str] | None = None
) -> None:
    """Save the lines in this order, each in the group of its billing rule and heading."""
    called, groups = called or {}, dict[tuple[Rule, str], ProposalGroup]()
    for position, line in enumerate(lines):
        named = line.group.heading if line.group else ""
        heading = named or called.get(line.rule) or heading_for(line.rule)
        if (line.rule, heading) not in groups:
            groups[line.rule, heading] = ProposalGroup.objects.create(
                proposal=proposal, position=len(groups), heading=heading, **line.rule.fields
            )
        line.pk, line.proposal, line.position = None, proposal, position
        line.group, line.is_taken = groups[line.rule, heading], not line.is_optional
    ProposalLine.objects.bulk_create(lines)


def heading_for(rule: Rule) -> str:
    """What a group of services is called until somebody names it."""
    if rule.is_recurring:
        return "Ongoing services"
    return "To begin with" if rule.billing == ProposalGroup.Billing.UPFRONT else "Work billed when it is done"
