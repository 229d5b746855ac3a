"""Payment terms on dates of the calendar (F23 to F25)."""

from datetime import date

import pytest

from sage_integration.worked_dates import worked_dates


def test_f23_an_invoice_of_today_is_due_so_many_days_later():
    dates = worked_dates(date(2027, 3, 10), 1, 7, 14)
    assert (dates.other_dated, dates.other_due) == (date(2027, 3, 10), date(2027, 3, 17))


def test_f24_no_days_make_the_due_date_the_invoice_date():
    dates = worked_dates(date(2027, 3, 10), 1, 0, 0)
    assert dates.other_due == dates.other_dated
    assert dates.recurring_due == dates.recurring_dated


@pytest.mark.parametrize(
    ("today", "invoice_day", "dated", "due"),
    [
        (date(2027, 4, 10), 1, date(2027, 5, 1), date(2027, 5, 15)),
        (date(2027, 4, 10), 31, date(2027, 4, 30), date(2027, 5, 14)),
        (date(2027, 2, 1), 31, date(2027, 2, 28), date(2027, 3, 14)),
        (date(2028, 2, 1), 31, date(2028, 2, 29), date(2028, 3, 14)),
        (date(2027, 12, 31), 31, date(2028, 1, 31), date(2028, 2, 14)),
        (date(2027, 12, 31), 1, date(2028, 1, 1), date(2028, 1, 15)),
    ],
)
def test_f25_a_recurring_invoice_is_due_so_many_days_after_the_invoice_day(today, invoice_day, dated, due):
    dates = worked_dates(today, invoice_day, 7, 14)
    assert (dates.recurring_dated, dates.recurring_due) == (dated, due)
