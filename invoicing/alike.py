"""Sums of schedules that bill alike, worked out once for each kind of them.

An index has those that come to the same beside each other (`schedules_alike`), so the database goes through it once and
keeps nothing but how many there are of a kind. It took twice as long to put every schedule into a table of kinds.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

from django.db.models import Subquery

from invoicing.models import BillingScheduleQuerySet
from invoicing.models.schedules import ALIKE
from invoicing.practicalities import Practicalities
from practices.arrays import array
from practices.kept import kept_rows
from practices.prepared import Prepared


class SumOfAlike(Subquery):
    """What dated schedules add up to, each kind once and so many times, as a column of `practices.scalars.figures`.

    ``amount`` is what one of a kind comes to, in SQL over the names of `ALIKE`.
    """

    template = "(SELECT sum(times * ({amount})) FROM (%(subquery)s) AS alike)"

    def __init__(self, schedules: BillingScheduleQuerySet, amount: str, output_field: Any) -> None:
        super().__init__(schedules.alike(), output_field)
        self.template = self.template.format(amount=amount.replace("%", "%%"))


def next_bills_of_all(days: Sequence[date], known: Practicalities) -> tuple[Any, ...]:
    """How many schedules have a bill by the last of these days, then of each day how many bills, their net and VAT.

    Counted for a day is who bills a single time by the last one, at the schedule's own price. Nothing may be planned.
    """
    rates, firsts, ends, percents = zip(*known.spans(), strict=True) if known.rates else ((), (), (), ())
    values: dict[str, Any] = {f"day_{place}": day for place, day in enumerate(days)}
    values |= {"last": days[-1], "month": days[-1].replace(day=1)}
    values |= {
        "rates": array(rates),
        "firsts": array(firsts),
        "ends": array(ends),
        "percents": array(percents),
    }
    (found,) = kept_rows(_next_bills(len(days)), values)
    return found


@cache
def _next_bills(days: int) -> Prepared:
    sums = ", ".join(_SUMS.format(day=f"%(day_{place})s::date") for place in range(days))
    return Prepared(_NEXT_BILLS.format(sums=sums))


#: As `money.amounts.price_line`: half-up, each line by itself. A hundredth is exact where a division is not.
_SUMS = """
    coalesce(sum(times) FILTER (WHERE is_plain AND next_bill_on <= {day}), 0)::bigint,
    sum(times * net) FILTER (WHERE is_plain AND next_bill_on <= {day}),
    sum(times * round(net * percent * 0.01, 2)) FILTER (WHERE is_plain AND next_bill_on <= {day})"""
_DUE = "invoicing_billingschedule WHERE status = 'active' AND next_bill_on <= %(last)s"
_KINDS = "tax_rate_id, next_bill_on, billing, period, quantity, unit_price"
# Who was decided about is worked out elsewhere, and is taken off again: they are few, and nobody else is held against
# them. Each of them counts among the bills all the same.
_NEXT_BILLS = f"""
    WITH kind AS MATERIALIZED (
        SELECT {_KINDS}, count(*) AS times, count(*) AS bills FROM {_DUE}
        GROUP BY {", ".join(f"{name}_id" if name in ("tax_rate", "service") else name for name in ALIKE)}
        UNION ALL
        SELECT {_KINDS}, -1, 0 FROM {_DUE} AND id IN (
            SELECT schedule_id FROM invoicing_comingbill
            WHERE bills_on IS NOT NULL OR quantity IS NOT NULL OR unit_price IS NOT NULL)
    ), line AS (
        SELECT round(quantity * unit_price, 2) AS net, times, bills, rate.percent, next_bill_on,
            billing <> 'recurring' OR period = 'month' AND next_bill_on >= %(month)s AS is_plain
        FROM kind
        JOIN unnest(%(rates)s::bigint[], %(firsts)s::date[], %(ends)s::date[], %(percents)s::numeric[])
            AS rate(id, first, next, percent)
            ON rate.id = kind.tax_rate_id AND kind.next_bill_on >= rate.first AND kind.next_bill_on < rate.next
    )
    SELECT coalesce(sum(bills), 0)::bigint, {{sums}} FROM line
"""  # noqa: S608 - names of ours
