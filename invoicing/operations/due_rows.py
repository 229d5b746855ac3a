"""Schedules with something due, read and locked a chunk at a time, with what was decided about their bills."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from clients.models import Client
from invoicing.due import Decision, periods_of, single
from invoicing.models import BillingSchedule
from practices.arrays import array
from practices.tenancy import acting_practice_id
from proposals.periods import Period, Rhythm


class DueRow(NamedTuple):
    """A schedule as the run needs it."""

    id: int
    client_id: int
    client_status: str
    posts_automatically: bool
    proposal_id: int
    service_id: int
    name: str
    quantity: Decimal
    unit_price: Decimal
    billing: str
    every: int | None
    period: str
    starts_on: date
    bills_from: date
    invoice_day: int | None
    ends_on: date | None
    needs_confirming: bool
    mode: str
    next_starts_on: date
    next_bill_on: date
    #: Who receives the invoice: the client itself, or who pays for it in its group.
    payer_id: int
    #: The days its own terms give it to pay; None for those of the practice.
    payer_terms_days: int | None
    #: The client's name where somebody else pays for it, else empty.
    served_name: str
    #: Whether the client's money laundering checks hold on the day of the run, or nobody is to wait for them.
    is_cleared: bool
    #: Whether whoever receives the invoice has an address to print on it.
    has_address: bool
    vat_code: str

    @property
    def recurs(self) -> bool:
        """Whether it is billed period by period."""
        return self.billing == BillingSchedule.Billing.RECURRING

    @property
    def is_by_hand(self) -> bool:
        """Whether only what somebody approved is billed."""
        return self.mode == BillingSchedule.Mode.MANUAL

    @property
    def is_archived(self) -> bool:
        """Whether its client, or who pays for it, was archived meanwhile."""
        return self.client_status == Client.Status.ARCHIVED

    @property
    def course(self) -> tuple[object, ...]:
        """What decides its periods and whether they wait: schedules that have it in common stand alike."""
        return (
            *(self.billing, self.every, self.period, self.starts_on, self.bills_from, self.invoice_day),
            *(self.ends_on, self.needs_confirming, self.mode, self.next_starts_on, self.next_bill_on),
        )

    def periods(self, invoice_day: int) -> Iterable[Period]:
        """What it has still to bill, as far as nobody decided otherwise."""
        if not self.recurs or self.every is None:
            return single(self.starts_on, self.next_bill_on)
        day = self.invoice_day or invoice_day
        rhythm = Rhythm(self.starts_on, self.every, self.period, day, self.bills_from, self.ends_on)
        return periods_of(rhythm, self.next_starts_on)


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients from one id to another, both included."""

    first: int
    last: int


@dataclass(slots=True)
class Exceptions:
    """Of each schedule, what is settled ahead of where it stands, and what was decided about coming bills."""

    settled: dict[int, set[date]] = field(default_factory=lambda: defaultdict(set))
    decisions: dict[int, dict[date, Decision]] = field(default_factory=lambda: defaultdict(dict))

    def are_about(self, schedule_id: int) -> bool:
        """Whether there is one for this schedule."""
        return schedule_id in self.settled or schedule_id in self.decisions


class Outlook(NamedTuple):
    """What a run finds before it begins."""

    #: The id of a run that was stopped half-way; None when there is none.
    half_way: int | None
    #: Whether pauses end or changes apply before anything is billed.
    something_is_planned: bool
    #: Every client with due schedules, in order, and how many of them it has.
    clients: list[tuple[int, int]]


def outlook(on: date) -> Outlook:
    """What a run up to a day has before it, in one reading."""
    practice_id = acting_practice_id()
    with connection.cursor() as cursor:
        cursor.execute(
            _OUTLOOK.format(is_due=_IS_DUE),
            [practice_id, on, practice_id, practice_id, on, on, practice_id, on, practice_id, on],
        )
        rows = cursor.fetchall()
    clients = [(client, schedules) for _, _, client, schedules in rows if client is not None]
    return Outlook(rows[0][0], rows[0][1], clients)


def due_rows(
    *, on: date, clients: Clients | Sequence[int] | None, after: tuple[int, int], limit: int
) -> list[DueRow]:
    """Up to so many due schedules after a (client, schedule), locked in that order.

    Two runs lock in the same order, so they cannot block each other; the second waits, and then sees what
    the first has left.
    """
    chosen: str = ""
    values: list[str | int] = []
    if isinstance(clients, Clients):
        chosen, values = "AND schedule.client_id BETWEEN %s AND %s", [clients.first, clients.last]
    elif clients is not None:
        chosen, values = "AND schedule.client_id = ANY(%s::bigint[])", [array(clients)]
    with connection.cursor() as cursor:
        practice_id = acting_practice_id()
        cursor.execute(
            _DUE.format(is_due=_IS_DUE, chosen=chosen),
            [practice_id, on, practice_id, on, *after, *values, limit],
        )
        return [DueRow._make(row) for row in cursor.fetchall()]


#: What a run looks at: what is billed by itself (G57), and what somebody has approved.
_IS_DUE = """
    schedule.practice_id = %s AND schedule.status = 'active' AND schedule.next_bill_on <= %s
        AND (schedule.mode = 'automatic' OR EXISTS (
            SELECT 1 FROM invoicing_comingbill AS bill
            WHERE bill.practice_id = schedule.practice_id AND bill.schedule_id = schedule.id
                AND bill.starts_on >= schedule.next_starts_on AND bill.approved_at IS NOT NULL))
"""
#: A row for each client with something due, or a single one where nothing is.
_OUTLOOK = """
    WITH due AS (
        SELECT schedule.client_id, count(*) AS schedules FROM invoicing_billingschedule AS schedule
        WHERE {is_due}
        GROUP BY schedule.client_id
    )
    SELECT (SELECT id FROM invoicing_billingrun WHERE practice_id = %s AND status = 'running'),
           EXISTS (SELECT 1 FROM invoicing_billingschedule
                   WHERE practice_id = %s AND status = 'paused' AND (paused_until <= %s OR ends_on < %s))
           OR EXISTS (SELECT 1 FROM invoicing_servicechange
                      WHERE practice_id = %s AND status = 'planned' AND effective_on <= %s)
           OR EXISTS (SELECT 1 FROM invoicing_feeuplift
                      WHERE practice_id = %s AND status = 'planned' AND effective_on <= %s),
           due.client_id, due.schedules
    FROM (VALUES (TRUE)) AS always LEFT JOIN due ON TRUE
    ORDER BY due.client_id
"""
# Whoever pays is named by CASE: under row level security COALESCE may not be looked up in an index, because the server
# takes it for something that could give rows away, and each schedule would be set against all clients of the practice.
_DUE = """
    SELECT schedule.id, schedule.client_id,
           CASE WHEN payer.status = 'archived' THEN payer.status ELSE client.status END,
           payer.posts_automatically, line.proposal_id,
           schedule.service_id, schedule.name, schedule.quantity, schedule.unit_price,
           schedule.billing, schedule.every, schedule.period, schedule.starts_on, schedule.bills_from,
           schedule.invoice_day, schedule.ends_on, schedule.needs_confirming, schedule.mode,
           schedule.next_starts_on, schedule.next_bill_on,
           payer.id, payer.terms_days, CASE WHEN payer.id = client.id THEN '' ELSE client.name END,
           NOT COALESCE((SELECT aml_before_billing FROM clients_clientsettings WHERE practice_id = %s), FALSE)
           OR client.aml_status = 'cleared'
               AND (client.aml_review_due_on IS NULL OR client.aml_review_due_on >= %s),
           payer.address_line_1 <> '' OR payer.postal_code <> '', rate.vat_code
    FROM invoicing_billingschedule AS schedule
    JOIN clients_client AS client
        ON client.practice_id = schedule.practice_id AND client.id = schedule.client_id
    JOIN clients_client AS payer
        ON payer.practice_id = schedule.practice_id
        AND payer.id = CASE WHEN client.billed_to_id IS NULL THEN client.id ELSE client.billed_to_id END
    JOIN proposals_proposalline AS line
        ON line.practice_id = schedule.practice_id AND line.id = schedule.proposal_line_id
    JOIN services_taxrate AS rate
        ON rate.practice_id = schedule.practice_id AND rate.id = schedule.tax_rate_id
    WHERE {is_due}
        AND (schedule.client_id, schedule.id) > (%s, %s) {chosen}
    ORDER BY schedule.client_id, schedule.id
    LIMIT %s
    FOR UPDATE OF schedule
"""


def exceptions_of(rows: Sequence[DueRow]) -> Exceptions:
    """What makes these schedules differ from their rhythm; read after they are locked."""
    found = Exceptions()
    ids, since = array(row.id for row in rows), array(row.next_starts_on for row in rows)
    practice_id = acting_practice_id()
    with connection.cursor() as cursor:
        cursor.execute(_EXCEPTIONS, [ids, since, practice_id, ids, since, practice_id])
        for schedule_id, starts_on, is_settled, *decided in cursor.fetchall():
            if is_settled:
                found.settled[schedule_id].add(starts_on)
            else:
                found.decisions[schedule_id][starts_on] = Decision(*decided)
    return found


_EXCEPTIONS = """
    SELECT period.schedule_id, period.starts_on, TRUE, NULL::date, NULL::numeric, NULL::numeric, FALSE, FALSE
    FROM unnest(%s::bigint[], %s::date[]) AS stand(schedule_id, starts_on)
    JOIN invoicing_billedperiod AS period
        ON period.practice_id = %s AND period.schedule_id = stand.schedule_id
        AND period.starts_on >= stand.starts_on
    UNION ALL
    SELECT bill.schedule_id, bill.starts_on, FALSE, bill.bills_on, bill.quantity, bill.unit_price,
           bill.held_reason <> '', bill.approved_at IS NOT NULL
    FROM unnest(%s::bigint[], %s::date[]) AS stand(schedule_id, starts_on)
    JOIN invoicing_comingbill AS bill
        ON bill.practice_id = %s AND bill.schedule_id = stand.schedule_id
        AND bill.starts_on >= stand.starts_on
"""
