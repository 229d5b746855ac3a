"""Other particulars for a service that is being billed: planned for a day, applied on it, undone before it.

Bills dated before the day keep what they had, even where they are made later.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from invoicing.coming import due_bills
from invoicing.errors import (
    ChangeIsPlanned,
    InThePast,
    NotBilling,
    ServiceIsUnchanged,
    TooLateToUndo,
)
from invoicing.models import BillingSchedule, ComingBill, FeeUplift, ServiceChange
from invoicing.operations.advancing import locked
from invoicing.practicalities import Practicalities
from practices import audit
from services.models import Service

#: What can be changed of a service that is being billed.
CHANGEABLE = ("name", "description", "quantity", "unit_price", "service")
PLACES = {"quantity": Decimal("0.01"), "unit_price": Decimal("0.0001")}
ONE_DAY = timedelta(days=1)
Status = ServiceChange.Status


def particulars_of(schedule: BillingSchedule) -> dict[str, Any]:
    """What can be changed of a schedule, as plain values: figures as text, the service by its id."""
    return {name: _plain(name, _value(schedule, name)) for name in CHANGEABLE}


def _value(schedule: BillingSchedule, name: str) -> Any:
    return schedule.service_id if name == "service" else getattr(schedule, name)


def _plain(name: str, value: Any) -> Any:
    if name in PLACES:
        return str(Decimal(value).quantize(PLACES[name]))
    return getattr(value, "pk", value) if name == "service" else value


def plan_change(
    schedule: BillingSchedule, after: Mapping[str, Any], *, effective_on: date, on: date
) -> ServiceChange:
    """The change planned for its day, or applied at once where that is today (G35).

    ``after`` holds values of `CHANGEABLE`. Raises `NotBilling`, `InThePast`, `ChangeIsPlanned` or `ServiceIsUnchanged`.
    """
    schedule = locked(schedule)
    if schedule.status == BillingSchedule.Status.ENDED:
        raise NotBilling(schedule)
    if effective_on < on:
        raise InThePast(schedule)
    if schedule.changes.planned().exists():
        raise ChangeIsPlanned(schedule)
    before = particulars_of(schedule)
    wanted = {name: _plain(name, value) for name, value in after.items()}
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    if not changed:
        raise ServiceIsUnchanged(schedule)
    change: ServiceChange = ServiceChange.objects.create(
        schedule=schedule,
        effective_on=effective_on,
        before={name: before[name] for name in changed},
        after=changed,
        planned_by=audit.current_actor(),
    )
    audit.record(
        "schedule.change_planned", schedule, on=str(effective_on), before=change.before, after=changed
    )
    if effective_on == on:
        _apply([change])
        change.refresh_from_db()
    return change


def withdraw_change(change: ServiceChange, *, on: date) -> ServiceChange:
    """The planned change undone before its day; raises `TooLateToUndo`."""
    change = ServiceChange.objects.select_for_update().get(pk=change.pk)
    if change.status != Status.PLANNED or change.effective_on <= on:
        raise TooLateToUndo(change)
    change.status = Status.WITHDRAWN
    change.save(update_fields=["status"])
    audit.record("schedule.change_undone", change.schedule, on=str(change.effective_on))
    return change


def apply_changes(*, on: date) -> int:
    """Apply every change whose day has come; how many. Safe to repeat."""
    due = ServiceChange.objects.planned().filter(effective_on__lte=on)
    changes = list(due.select_for_update().order_by("schedule_id"))
    if changes:
        _apply(changes)
    for uplift in FeeUplift.objects.filter(status=FeeUplift.Status.PLANNED, effective_on__lte=on):
        uplift.status = FeeUplift.Status.APPLIED
        uplift.save(update_fields=["status"])
        audit.record("uplift.applied", uplift, on=str(on))
    return len(changes)


def _apply(changes: Sequence[ServiceChange]) -> None:
    keys = [change.schedule_id for change in changes]
    found = BillingSchedule.objects.filter(pk__in=keys).select_for_update(of=("self",)).order_by("id")
    schedules = {schedule.pk: schedule for schedule in found}
    _keep_earlier_bills(changes, schedules)
    services = Service.objects.in_bulk(
        [change.after["service"] for change in changes if "service" in change.after]
    )
    for change in changes:
        schedule = schedules[change.schedule_id]
        for name, value in change.after.items():
            setattr(schedule, name, _read(name, value, services))
        change.status = Status.APPLIED
    BillingSchedule.objects.bulk_update(schedules.values(), CHANGEABLE, batch_size=500)
    ServiceChange.objects.bulk_update(changes, ["status"], batch_size=500)
    audit.record_many(
        "schedule.changed",
        BillingSchedule,
        (
            (
                change.schedule_id,
                {"on": str(change.effective_on), "before": change.before, "after": change.after},
            )
            for change in changes
        ),
    )


def _read(name: str, value: Any, services: Mapping[int, Service]) -> Any:
    if name in PLACES:
        return Decimal(value)
    return services[value] if name == "service" else value


def _keep_earlier_bills(changes: Collection[ServiceChange], schedules: Mapping[int, BillingSchedule]) -> None:
    """Write the present quantity and price down for every bill that is dated before its change and not made yet."""
    known = Practicalities.of_the_practice()
    by_day: dict[date, list[BillingSchedule]] = {}
    for change in changes:
        if PLACES.keys() & change.after.keys():
            by_day.setdefault(change.effective_on, []).append(schedules[change.schedule_id])
    for day, affected in by_day.items():
        pairs = list(due_bills(affected, day - ONE_DAY, known))
        starts = {(schedule.pk, bill.period.starts_on) for schedule, bill in pairs}
        decided = {
            (bill.schedule_id, bill.starts_on): bill
            for bill in ComingBill.objects.filter(schedule__in=[schedule.pk for schedule, _ in pairs])
        }
        for key in starts & decided.keys():
            _fill(decided[key], schedules[key[0]])
        ComingBill.objects.bulk_update(
            [decided[key] for key in starts & decided.keys()], ["quantity", "unit_price"], batch_size=500
        )
        ComingBill.objects.bulk_create(
            _fill(ComingBill(schedule_id=pk, starts_on=starts_on), schedules[pk])
            for pk, starts_on in sorted(starts - decided.keys())
        )


def _fill(bill: ComingBill, schedule: BillingSchedule) -> ComingBill:
    bill.quantity = schedule.quantity if bill.quantity is None else bill.quantity
    bill.unit_price = schedule.unit_price if bill.unit_price is None else bill.unit_price
    return bill
