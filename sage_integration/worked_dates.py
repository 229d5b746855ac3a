"""What payment terms mean, shown on dates of the practice's own calendar (F23 to F25)."""

import calendar
from dataclasses import dataclass
from datetime import date

from invoicing.terms import due_on


@dataclass(frozen=True)
class WorkedDates:
    """One invoice of today, and the next recurring one, each with the day it has to be paid."""

    other_dated: date
    other_due: date
    recurring_dated: date
    recurring_due: date


def worked_dates(today: date, invoice_day: int, manual_days: int, automatic_days: int) -> WorkedDates:
    """Both examples; the recurring one is the first invoice day after today."""
    recurring = _next_invoice_day(today, invoice_day)
    return WorkedDates(
        other_dated=today,
        other_due=due_on(today, manual_days),
        recurring_dated=recurring,
        recurring_due=due_on(recurring, automatic_days),
    )


def _next_invoice_day(today: date, invoice_day: int) -> date:
    this_month = _invoice_day_of(today.year, today.month, invoice_day)
    if this_month > today:
        return this_month
    year, month = (today.year + 1, 1) if today.month == 12 else (today.year, today.month + 1)
    return _invoice_day_of(year, month, invoice_day)


def _invoice_day_of(year: int, month: int, invoice_day: int) -> date:
    return date(year, month, min(invoice_day, calendar.monthrange(year, month)[1]))
