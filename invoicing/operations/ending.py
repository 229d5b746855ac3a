"""Ending what a client is billed for: one service that never began, or all of them on one day."""

from datetime import date

from clients.models import Client
from invoicing.century import check_century
from invoicing.client_states import settle_clients
from invoicing.errors import EndsBeforeItStarts, NothingToEnd
from invoicing.models import BilledPeriod, BillingSchedule
from invoicing.operations.advancing import locked
from invoicing.operations.schedules import end_billing
from practices import audit

Status = BillingSchedule.Status


def call_off_billing(schedule: BillingSchedule, *, on: date) -> BillingSchedule:
    """The schedule ended before it began, so that nothing of it is billed; `reopen_billing` takes that back (G41).

    ``on`` is today. Safe to repeat; raises `EndsBeforeItStarts` once a period of it was billed or left out.
    """
    schedule = locked(schedule)
    if schedule.status == Status.ENDED:
        return schedule
    if BilledPeriod.objects.filter(schedule=schedule).exists():
        raise EndsBeforeItStarts(schedule)
    schedule.status, schedule.ends_on = Status.ENDED, None
    schedule.paused_on, schedule.paused_until, schedule.pause_reason = None, None, ""
    schedule.next_starts_on = schedule.next_bill_on = None
    schedule.save(
        update_fields=[
            "status", "ends_on", "paused_on", "paused_until", "pause_reason", "next_starts_on", "next_bill_on"
        ]
    )  # fmt: skip
    audit.record("schedule.called_off", schedule, on=str(on))
    settle_clients([schedule.client_id], on=on)
    return schedule


def end_service(schedule: BillingSchedule, *, on: date, today: date | None = None) -> BillingSchedule:
    """The schedule with its last day; one that would begin later is called off, and has none (G41).

    ``today`` is ``on`` unless said. Raises `NotBilling`, `EndsBeforeItStarts` or `DateOutOfRange`.
    """
    check_century(schedule, on)
    if schedule.starts_on > on:
        return call_off_billing(schedule, on=today or on)
    return end_billing(schedule, on=on, today=today)


def end_services(client: Client, *, on: date, today: date | None = None) -> int:
    """How many services of the client end on a day (G41); one that would begin later is called off.

    What ends by then already stays as it is. ``today`` is ``on`` unless said. Raises `NothingToEnd`.
    """
    live = BillingSchedule.objects.filter(client=client).exclude(status=Status.ENDED)
    ended = 0
    for schedule in live.order_by("id"):
        if schedule.ends_by(on):
            continue
        end_service(schedule, on=on, today=today)
        ended += 1
    if not ended:
        raise NothingToEnd(client)
    return ended
