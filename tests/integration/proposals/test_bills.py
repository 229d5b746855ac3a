"""The bills to come beside the editor: their months and their total."""

from datetime import date

import pytest

from money.amounts import total
from practices.tenancy import practice_scope
from proposals.bills import calendar_of
from tests.integration.proposals.offers import MONTHLY, ON_COMPLETION, QUARTERLY, a_draft, a_line


def calendar_for(*lines, starts_on: date, accepted_on: date, invoice_day: int = 1):
    """The calendar of a draft with these lines."""
    draft = a_draft(*lines, on=starts_on)
    return calendar_of(
        list(draft.lines.select_related("group", "tax_rate")),
        starts_on=starts_on,
        accepted_on=accepted_on,
        invoice_day=invoice_day,
    )


@pytest.mark.parametrize(
    ("starts_on", "accepted_on", "invoice_day"),
    [
        (date(2027, 3, 10), date(2027, 3, 10), 1),
        (date(2027, 3, 1), date(2027, 3, 1), 1),
        (date(2027, 1, 31), date(2027, 1, 31), 31),
        (date(2027, 1, 1), date(2027, 3, 10), 25),
        (date(2027, 6, 1), date(2027, 3, 10), 1),
    ],
)
def test_the_months_of_the_calendar_add_up_to_its_total(brook, starts_on, accepted_on, invoice_day):
    with practice_scope(brook.pk):
        lines = (a_line(), a_line(MONTHLY), a_line(QUARTERLY, price="33.33"), a_line(ON_COMPLETION))
        found = calendar_for(*lines, starts_on=starts_on, accepted_on=accepted_on, invoice_day=invoice_day)
        months = found.by_month()
        assert total(amounts for _, amounts in months) == found.total
        assert [month for month, _ in months][:1] == [accepted_on.replace(day=1)]
        assert len(months) == 12


def test_a_year_of_monthly_work_is_twelve_bills(brook):
    with practice_scope(brook.pk):
        found = calendar_for(a_line(MONTHLY), starts_on=date(2027, 3, 1), accepted_on=date(2027, 3, 1))
        assert [bill.on.month for bill in found.bills] == [*range(3, 13), 1, 2]
        assert found.until == date(2028, 2, 29)
