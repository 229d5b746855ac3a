"""Changing a draft piece by piece, while perhaps somebody else has it open too.

Every change names the version it was made on. One made on an older version is refused and nothing is
overwritten; every saved change makes a new version.
"""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from clients.models import Client, ContactPerson
from practices import audit
from proposals import errors
from proposals.billing_rules import Rule
from proposals.models import Proposal, ProposalGroup, ProposalLine, ProposalOption, ProposalSignatory
from proposals.operations.drafting import heading_for
from proposals.operations.locks import locked_editable

#: A proposal with more lines is no offer that anybody reads.
MOST_LINES, MOST_GROUPS, MOST_OPTIONS = 400, 40, 3


def open_at(proposal: Proposal, version: int) -> Proposal:
    """The draft, locked, as the person who changes it has seen it; raises `NotADraft` or `ChangedElsewhere`."""
    proposal = locked_editable(proposal)
    if proposal.version != version:
        raise errors.ChangedElsewhere(proposal)
    return proposal


def _saved(proposal: Proposal, *fields: str) -> Proposal:
    proposal.version, proposal.changed_at = proposal.version + 1, timezone.now()
    proposal.save(update_fields=["version", "changed_at", *fields])
    return proposal


def amend_particulars(proposal: Proposal, version: int, **values: Any) -> Proposal:
    """The draft with these particulars; another client takes the chosen signatories away.

    Raises `NotADraft`, `ChangedElsewhere` or `ClientIsArchived`.
    """
    proposal = open_at(proposal, version)
    client: Client | None = values.get("client")
    if client and client.status == Client.Status.ARCHIVED:
        raise errors.ClientIsArchived(proposal)
    if client and client.pk != proposal.client_id:
        proposal.signatories.all().delete()
    for name, value in values.items():
        setattr(proposal, name, value)
    return _saved(proposal, *values)


def choose_signatories(proposal: Proposal, version: int, people: Sequence[ContactPerson]) -> Proposal:
    """The draft to be signed by exactly these people, the first of them being the primary signatory (G02)."""
    proposal = open_at(proposal, version)
    if any(person.client_id != proposal.client_id for person in people):
        raise errors.NotASignatory(proposal)
    proposal.signatories.all().delete()
    ProposalSignatory.objects.bulk_create(
        ProposalSignatory(proposal=proposal, person=person, position=position)
        for position, person in enumerate(people)
    )
    return _saved(proposal)


def add_group(proposal: Proposal, version: int, rule: Rule, heading: str = "") -> ProposalGroup:
    """A new group at the end, with a heading that fits its rule; raises `TooMuchInIt`."""
    proposal = open_at(proposal, version)
    if proposal.groups.count() >= MOST_GROUPS:
        raise errors.TooMuchInIt(proposal)
    last = proposal.groups.order_by("position").last()
    group: ProposalGroup = ProposalGroup.objects.create(
        proposal=proposal,
        position=last.position + 1 if last else 0,
        heading=heading or heading_for(rule),
        **rule.fields,
    )
    _saved(proposal)
    return group


def amend_group(
    group: ProposalGroup, version: int, *, heading: str, rule: Rule, option: ProposalOption | None
) -> Proposal:
    """The draft whose group has this heading, rule and package; its lines are billed by that rule from now on.

    Deposits belong to work billed on completion, so another rule takes them away.
    """
    proposal = open_at(group.proposal, version)
    if option and option.proposal_id != proposal.pk:
        raise errors.NotOfThisProposal(proposal)
    group.heading, group.option = heading, option
    for name, value in rule.fields.items():
        setattr(group, name, value)
    group.save()
    changes = rule.fields
    if rule.billing != ProposalGroup.Billing.ON_COMPLETION:
        changes["deposit"] = 0
    group.lines.update(**changes)
    return _saved(proposal)


def remove_group(group: ProposalGroup, version: int) -> Proposal:
    """The draft without the group and its lines."""
    proposal = open_at(group.proposal, version)
    group.lines.all().delete()
    group.delete()
    return _saved(proposal)


def add_lines(group: ProposalGroup, version: int, lines: Sequence[ProposalLine]) -> Proposal:
    """The draft with these unsaved lines at the end of the group, billed by its rule; raises `TooMuchInIt`."""
    proposal = open_at(group.proposal, version)
    if proposal.lines.count() + len(lines) > MOST_LINES:
        raise errors.TooMuchInIt(proposal)
    last = group.lines.order_by("position").last()
    first = last.position + 1 if last else 0
    for position, line in enumerate(lines, first):
        line.proposal, line.group, line.position = proposal, group, position
        line.is_taken = not line.is_optional
        for name, value in group.rule.fields.items():
            setattr(line, name, value)
    ProposalLine.objects.bulk_create(lines)
    return _saved(proposal)


def amend_line(line: ProposalLine, version: int, **values: Any) -> Proposal:
    """The draft whose line has these values; `group` moves it to the end of another group."""
    proposal = open_at(line.proposal, version)
    group: ProposalGroup | None = values.pop("group", None)
    for name, value in values.items():
        setattr(line, name, value)
    line.is_taken = not line.is_optional
    if group and group.pk != line.group_id:
        if group.proposal_id != proposal.pk:
            raise errors.NotOfThisProposal(proposal)
        last = group.lines.order_by("position").last()
        line.group, line.position = group, last.position + 1 if last else 0
        for name, value in group.rule.fields.items():
            setattr(line, name, value)
    if line.billing != ProposalLine.Billing.ON_COMPLETION or line.is_included:
        line.deposit = 0
    line.save()
    return _saved(proposal)


def remove_line(line: ProposalLine, version: int) -> Proposal:
    """The draft without the line."""
    proposal = open_at(line.proposal, version)
    line.delete()
    return _saved(proposal)


def move_line(line: ProposalLine, version: int, *, by: int) -> Proposal:
    """The draft with the line one place up (-1) or down (1) in its group; at the end nothing moves."""
    proposal = open_at(line.proposal, version)
    lines = list(ProposalLine.objects.filter(group=line.group_id).order_by("position", "id"))
    _move(lines, line, by)
    ProposalLine.objects.bulk_update(lines, ["position"])
    return _saved(proposal)


def move_group(group: ProposalGroup, version: int, *, by: int) -> Proposal:
    """The draft with the group one place up (-1) or down (1)."""
    proposal = open_at(group.proposal, version)
    groups = list(proposal.groups.order_by("position", "id"))
    _move(groups, group, by)
    ProposalGroup.objects.bulk_update(groups, ["position"])
    return _saved(proposal)


def _move(rows: list[Any], row: Any, by: int) -> None:
    here = rows.index(row)
    there = min(max(here + by, 0), len(rows) - 1)
    rows.insert(there, rows.pop(here))
    for position, each in enumerate(rows):
        each.position = position


def set_options(proposal: Proposal, version: int, options: Sequence[tuple[str, str]]) -> Proposal:
    """The draft with these packages, each a name and a description, three at most (G10); raises `TooManyOptions`.

    A package keeps its services by its place in the list; those of one that is left out are in every package.
    """
    proposal = open_at(proposal, version)
    if len(options) > MOST_OPTIONS:
        raise errors.TooManyOptions(proposal)
    present = list(proposal.options.all())
    for gone in present[len(options) :]:
        gone.groups.update(option=None)
        gone.delete()
    for position, (name, description) in enumerate(options):
        ProposalOption.objects.update_or_create(
            proposal=proposal,
            position=position,
            defaults={"name": name, "description": description},
        )
    audit.record("proposal.amended", proposal)
    return _saved(proposal)
