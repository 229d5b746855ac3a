"""Closing a month: bills of many clients approved, held or left out at once, and somebody's word that it is done."""

from collections.abc import Collection
from datetime import date

from django.db import IntegrityError, transaction

from invoicing.coming import standings
from invoicing.errors import MonthIsOpen, MonthIsSignedOff, MonthNotBegun
from invoicing.models import BillingSchedule, MonthSignOff
from invoicing.months import Funnel, Month, funnel
from invoicing.operations.coming_bills import approve_bills, hold_bills, skip_bills
from invoicing.practicalities import Practicalities
from money.amounts import ZERO
from practices import audit
from practices.errors import DomainError
from practices.models import User

#: A bill is named by its schedule's id and the first day of its period.
Chosen = list[tuple[int, date]]


def approve_month(month: Month, clients: Collection[int], *, on: date) -> int:
    """Let everything of these clients that waits, dated up to the end of the month, be billed; how many bills."""
    return approve_bills(_of(month, clients, on, waiting_only=True))


def hold_month(month: Month, clients: Collection[int], *, reason: str, on: date) -> int:
    """Keep everything of these clients that is dated up to the end of the month; how many bills."""
    return hold_bills(_of(month, clients, on), reason=reason)


def skip_month(month: Month, clients: Collection[int], *, reason: str, on: date) -> int:
    """Leave out everything of these clients that is dated up to the end of the month; how many bills."""
    return skip_bills(_of(month, clients, on), reason=reason)


def _of(month: Month, clients: Collection[int], on: date, *, waiting_only: bool = False) -> Chosen:
    schedules = list(BillingSchedule.objects.due(month.last).filter(client__in=clients))
    chosen: Chosen = []
    for schedule, stands in standings(schedules, month.last, Practicalities.of_the_practice(), today=on):
        found = [bill for bill, _ in stands.waiting] + ([] if waiting_only else stands.ready)
        chosen += [(schedule.pk, bill.period.starts_on) for bill in found]
    return chosen


def why_not_sign_off(month: Month, figures: Funnel, *, on: date) -> DomainError | None:
    """Why nobody can say that a month of these figures is billed; None when it can be signed off."""
    if month.first > on:
        return MonthNotBegun(month)
    if figures.coming != ZERO or figures.waiting_bills or figures.ready_bills:
        return MonthIsOpen(month)
    return None


def sign_off_month(month: Month, *, by: User, on: date) -> MonthSignOff:
    """Somebody's word that the month is billed, with its figures.

    Raises `MonthNotBegun`, `MonthIsOpen` or `MonthIsSignedOff`.
    """
    figures = funnel(month, Practicalities.of_the_practice(), today=on)
    if refusal := why_not_sign_off(month, figures, on=on):
        raise refusal
    try:
        with transaction.atomic():
            signed: MonthSignOff = MonthSignOff.objects.create(
                month=month.first, signed_by=by, figures=figures.as_text()
            )
    except IntegrityError as twice:
        raise MonthIsSignedOff(month) from twice
    audit.record("month.signed_off", signed, month=month.key, **figures.as_text())
    return signed
