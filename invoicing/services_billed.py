"""The services being billed as the billing page lists them: what recurs, and what waits to be marked complete."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Case, Count, DecimalField, F, Q, Sum, Value, When
from django.db.models.functions import Round

from clients.models.search import ids_with_words, is_among
from invoicing.coming import next_bills
from invoicing.due import Bill
from invoicing.models import BillingSchedule, BillingScheduleQuerySet
from invoicing.operations import complete_schedule, end_service, pause_billing, resume_billing
from invoicing.practicalities import Practicalities
from money.amounts import ZERO, Amounts, price_line
from practices.errors import DomainError
from practices.kept import kept_values

#: The word of the address → what the view is called.
VIEWS = {"": "Recurring", "complete": "To complete", "overdue": "Should be complete by now"}
#: What can be done with many at once, and what is said of each afterwards.
ACTS: dict[str, tuple[Callable[..., object], str]] = {
    "complete": (complete_schedule, "marked complete and billed"),
    "pause": (pause_billing, "paused"),
    "resume": (resume_billing, "billed again"),
    "end": (end_service, "ended"),
}


def state_of_service(schedule: BillingSchedule, today: date) -> tuple[str, str, str]:
    """How a service stands with its client (4.7): label, tone and icon (empty for the tone's own)."""
    if schedule.status == BillingSchedule.Status.PAUSED:
        return "Paused", "warn", "pause"
    if schedule.status == BillingSchedule.Status.ENDED:
        return "Ended", "neutral", "flag"
    return ("Upcoming", "info", "") if schedule.starts_on > today else ("Active", "good", "")


@dataclass(frozen=True, slots=True)
class Billed:
    """One service being billed: what a bill of it comes to today, and the next one."""

    schedule: BillingSchedule
    amounts: Amounts
    next: Bill | None
    today: date

    @property
    def state(self) -> tuple[str, str, str]:
        """Label, tone and icon (empty for the tone's own)."""
        if self.schedule.status == BillingSchedule.Status.PAUSED:
            return "Paused", "warn", "pause"
        if self.schedule.ends_on:
            return "Ending", "neutral", "flag"
        if self.schedule.billing == BillingSchedule.Billing.RECURRING and not self.is_ready:
            return "Active", "good", ""
        return ("Ready", "info", "") if self.is_ready else ("To complete", "neutral", "")

    @property
    def is_ready(self) -> bool:
        """Whether the date of its next bill has come."""
        return self.next is not None and self.next.bills_on <= self.today


def services_billed(view: str, words: str, on: date) -> BillingScheduleQuerySet:
    """The services of a view, of clients or under a name with these words."""
    schedules = BillingSchedule.objects.all()
    if view == "complete":
        chosen: BillingScheduleQuerySet = schedules.to_complete()
    elif view == "overdue":
        chosen = schedules.overdue_by_hand(on)
    else:
        live = Q(status=BillingSchedule.Status.ACTIVE) | Q(status=BillingSchedule.Status.PAUSED)
        chosen = schedules.filter(live, billing=BillingSchedule.Billing.RECURRING)
    if words:
        chosen = chosen.filter(is_among("client", ids_with_words(words)) | Q(name__icontains=words))
    return chosen


def billed_rows(schedules: Sequence[BillingSchedule], known: Practicalities, today: date) -> Iterator[Billed]:
    """Each of them with its amounts and its next bill; a handful of questions for all."""
    recurring = [each for each in schedules if each.billing == BillingSchedule.Billing.RECURRING]
    coming = next_bills(recurring, known)
    for schedule in schedules:
        percent = known.percent(schedule.tax_rate_id, today)
        amounts = price_line(schedule.quantity, schedule.unit_price, percent)
        yield Billed(schedule, amounts, coming.get(schedule.pk), today)


def totals_of_services(
    schedules: BillingScheduleQuerySet, known: Practicalities, today: date
) -> tuple[int, Amounts]:
    """How many there are, and what one bill of each comes to today, in one question."""
    money = DecimalField(max_digits=16, decimal_places=4)
    percent = Case(
        *(When(tax_rate=pk, then=Value(known.percent(pk, today))) for pk in known.rates),
        default=Value(ZERO),
        output_field=money,
    )
    net = Round(F("quantity") * F("unit_price"), precision=2, output_field=money)
    # A hundredth is exact where a division is not, and takes a third of its time.
    vat = Round(net * percent * Value(Decimal("0.01")), precision=2, output_field=money)
    # The practice's own, so of one at most.
    summed = schedules.order_by().values("practice").annotate(of_all=Count("pk"), net=Sum(net), vat=Sum(vat))
    found = kept_values(summed.values_list("of_all", "net", "vat"))
    count, all_net, all_vat = found[0] if found else (0, ZERO, ZERO)
    return count, Amounts(all_net, all_vat)


def act_on_services(act: str, ids: Sequence[int], *, on: date) -> tuple[int, list[str]]:
    """Do one of `ACTS` to each; how many were done, and for each of the others why not."""
    change, _ = ACTS[act]
    done, refused = 0, []
    for schedule in BillingSchedule.objects.filter(pk__in=ids).select_related("client").order_by("pk"):
        try:
            with transaction.atomic():
                change(schedule, on=on)
        except DomainError as refusal:
            refused.append(f"{schedule.name} of {schedule.client.name}: {refusal.message}")
        else:
            done += 1
    return done, refused
