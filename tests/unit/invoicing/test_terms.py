from datetime import date

import pytest

from invoicing.terms import due_on


def test_f23_an_invoice_is_due_so_many_days_after_its_date():
    assert due_on(date(2027, 5, 20), 7) == date(2027, 5, 27)


def test_f24_no_days_make_the_due_date_the_invoice_date():
    assert due_on(date(2027, 5, 20), 0) == date(2027, 5, 20)


@pytest.mark.parametrize(
    ("invoice_date", "days", "due"),
    [
        (date(2027, 5, 1), 14, date(2027, 5, 15)),
        (date(2027, 5, 1), 0, date(2027, 5, 1)),
        (date(2027, 2, 28), 14, date(2027, 3, 14)),
        (date(2028, 2, 29), 14, date(2028, 3, 14)),
        (date(2027, 12, 31), 30, date(2028, 1, 30)),
    ],
)
def test_f25_recurring_invoices_count_from_the_invoice_day(invoice_date, days, due):
    assert due_on(invoice_date, days) == due
