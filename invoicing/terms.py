"""When an invoice has to be paid: dates in, dates out."""

from datetime import date, timedelta


def due_on(tax_point: date, days: int) -> date:
    """The last day to pay an invoice of that date: so many days later, the same day for 0 (F23, F24).

    Recurring invoices count from the practice's invoice day because that is the date they carry (F25, D5):
    invoice day 1 and 14 days make the invoice of 1 May due on 15 May.
    """
    return tax_point + timedelta(days=days)
