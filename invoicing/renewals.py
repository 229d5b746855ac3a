"""Renewing an engagement: one proposal from everything a client is being billed for."""

from datetime import date, timedelta

from clients.models import Client
from invoicing.coming import terms_on
from invoicing.errors import NothingToRenew
from invoicing.models import BillingSchedule
from invoicing.operations.schedules import end_billing
from invoicing.practicalities import Practicalities
from practices import audit
from proposals.models import Proposal, ProposalLine
from proposals.operations import VALIDITY, draft_proposal

ONE_DAY = timedelta(days=1)


def draft_renewal(client: Client, *, starts_on: date, on: date) -> Proposal:
    """A draft with every recurring service the client has now, at its rule and the price it will have by then (G38).

    Each of its lines names the one it takes over from; nothing changes until the renewal is accepted. Raises
    `NothingToRenew`.
    """
    schedules = list(_live(client))
    if not schedules:
        raise NothingToRenew(client)
    known = Practicalities.of_the_practice()
    lines = [_line_of(schedule, starts_on, known) for schedule in schedules]
    newest = max((schedule.proposal_line.proposal for schedule in schedules), key=lambda p: p.pk)
    proposal = Proposal(
        client=client,
        title=f"Renewal from {starts_on:%B %Y}",
        starts_on=starts_on,
        valid_until=on + VALIDITY,
        renews=newest,
    )
    drafted = draft_proposal(proposal, lines)
    audit.record("proposal.renewal_drafted", drafted, services=len(lines))
    return drafted


def _live(client: Client) -> list[BillingSchedule]:
    schedules = BillingSchedule.objects.filter(client=client, billing=BillingSchedule.Billing.RECURRING)
    live = schedules.exclude(status=BillingSchedule.Status.ENDED).exclude(proposal_line=None)
    return list(live.select_related("proposal_line__proposal", "service", "tax_rate").order_by("id"))


def _line_of(schedule: BillingSchedule, starts_on: date, known: Practicalities) -> ProposalLine:
    line = schedule.proposal_line
    quantity, price = terms_on(schedule, starts_on, known)
    return ProposalLine(
        service=schedule.service,
        name=schedule.name,
        description=schedule.description,
        quantity=quantity,
        unit_price=price,
        tax_rate=schedule.tax_rate,
        billing_basis=line.billing_basis,
        billing_mode=line.billing_mode,
        unit_name=line.unit_name,
        highest_price=line.highest_price,
        billing=schedule.billing,
        every=schedule.every,
        period=schedule.period,
        replaces=line,
    )


def end_replaced(proposal: Proposal, *, on: date) -> int:
    """How many schedules end the day before the renewal's own begin; one that would end before it starts is left."""
    agreed = ProposalLine.objects.agreed().filter(proposal=proposal, replaces__isnull=False)
    ended = 0
    for line in agreed:
        begins_on = line.begins_on(starts_on=proposal.starts_on, accepted_on=on)
        schedule = BillingSchedule.objects.filter(proposal_line=line.replaces_id).first()
        last = begins_on - ONE_DAY
        if schedule and schedule.status != BillingSchedule.Status.ENDED and last >= schedule.starts_on:
            end_billing(schedule, on=last, today=on)
            ended += 1
    return ended
