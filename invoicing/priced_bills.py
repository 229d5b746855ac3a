"""The next bill of each recurring service of some clients with its price, for lists of them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce

from clients.models.search import is_among_given
from invoicing.coming import amounts_of, first_bills, settled_and_decided
from invoicing.due import Bill
from invoicing.models import BilledPeriod, BillingSchedule, ComingBill, ServiceChange
from invoicing.practicalities import Practicalities
from money.amounts import Amounts
from practices.arrays import array
from practices.written import Given
from practices.written_rows import WrittenQuestion


def _recurring_with_facts() -> "QuerySet[Any, Any]":
    """The recurring schedules of given clients, each with its rate and whether anything is to be asked about it."""
    ahead = BilledPeriod.objects.filter(
        schedule=OuterRef("pk"), starts_on__gte=Coalesce(OuterRef("next_starts_on"), Value(date.max))
    )
    decided = ComingBill.objects.filter(schedule=OuterRef("pk"))
    recurring = BillingSchedule.objects.recurring().filter(is_among_given("client", Given("clients")))
    found: QuerySet[Any, Any] = recurring.order_by().annotate(
        rate_code=F("tax_rate__vat_code"),
        is_told=Exists(decided) | Exists(ahead),
        has_plans=Exists(ServiceChange.objects.planned()),
    )
    return found


#: It says nothing of a practice nor of its clients, so it is put into SQL once.
_RECURRING = WrittenQuestion(_recurring_with_facts)


@dataclass(frozen=True, slots=True)
class _Rate:
    """What is asked about a VAT rate here."""

    vat_code: str
    has_plans: bool


def priced_next_bills(clients: Collection[int]) -> Iterator[tuple[BillingSchedule, Bill, Amounts]]:
    """The next bill of each recurring schedule of these clients that has one, and what it comes to.

    One question, and one more each where a bill of theirs was decided about or settled ahead, or a price is planned.
    """
    found: list[Any] = _RECURRING.rows(BillingSchedule, clients=array(clients))
    rates = {each.tax_rate_id: _Rate(each.rate_code, each.has_plans) for each in found}
    known = Practicalities.of_the_practice().with_rates(rates)
    told = settled_and_decided([each for each in found if each.is_told])
    coming = first_bills(found, known.invoice_day, *told)
    for each in found:
        if bill := coming.get(each.pk):
            yield each, bill, amounts_of(each, bill, known)
