"""Raising many fees together: which services it reaches, planning it client by client, and undoing it before its day.

The planning is a job, so that a thousand clients and their letters keep nobody waiting.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from invoicing.errors import InThePast, NothingToUplift, TooLateToUndo
from invoicing.fee_letters import FeeLetter, send_fee_letter, take_back_fee_letter
from invoicing.models import BillingSchedule, BillingScheduleQuerySet, FeeUplift, ServiceChange
from invoicing.operations.changing import particulars_of
from invoicing.raising import ClientEffect, Raise, effect_on
from practices import audit
from practices.job_models import Job
from practices.jobs import Outcome, cancel_job, runs, start_job
from practices.permissions import Can
from practices.remembered import acting_practice
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import written
from services.models import Service

PLAN, TAKE_BACK = "invoicing.uplift", "invoicing.uplift_undone"
Status = BillingSchedule.Status


@dataclass(frozen=True, slots=True)
class Reach:
    """Which services an uplift is about: of the library (none named: every one), of these clients (None: everybody)."""

    services: Sequence[int] = ()
    clients: Collection[int] | None = None


def raise_of(uplift: FeeUplift) -> Raise:
    """By how much, as values."""
    return Raise(uplift.percent, uplift.amount, Decimal(uplift.rounding))


def reached(reach: Reach, *, effective_on: date) -> BillingScheduleQuerySet:
    """The recurring services that would be raised: with a price, not over by then, no other change planned."""
    found: BillingScheduleQuerySet = BillingSchedule.objects.filter(
        billing=BillingSchedule.Billing.RECURRING, unit_price__gt=0
    ).exclude(status=Status.ENDED)
    found = found.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=effective_on))
    found = found.exclude(changes__status=ServiceChange.Status.PLANNED)
    if reach.services:
        found = found.filter(service__in=list(reach.services))
    if reach.clients is not None:
        found = found.filter(client__in=list(reach.clients))
    return found.select_related("client", "service").order_by("client__name_key", "client_id", "id")


def plan_uplift(uplift: FeeUplift, reach: Reach, *, on: date) -> FeeUplift:
    """The uplift with the job that plans it client by client; ``on`` is today.

    Raises `InThePast` for a day that is not later than today, or `NothingToUplift`.
    """
    if uplift.effective_on <= on:
        raise InThePast(uplift, message="Choose a day after today, so that the uplift can still be undone.")
    effects = effect_on(reached(reach, effective_on=uplift.effective_on), raise_of(uplift))
    if not effects:
        raise NothingToUplift(uplift)
    uplift.planned_by = audit.current_actor()
    uplift.save()
    audit.record(
        "uplift.planned", uplift, name=uplift.title, on=str(uplift.effective_on), clients=len(effects)
    )
    uplift.job = start_job(
        PLAN,
        f"Plan “{uplift.title}”",
        total=len(effects),
        right=Can.ISSUE_INVOICES,
        parameters={
            "uplift": uplift.pk,
            "services": list(reach.services),
            "clients": [effect.client_id for effect in effects],
        },
    )
    uplift.save(update_fields=["job"])
    return uplift


@runs(PLAN, chunk=50)
def plan_clients(job: Job, start: int, stop: int) -> list[Outcome]:
    """Plan the next clients' new prices and write their letters; each is a row."""
    uplift = FeeUplift.objects.select_for_update().get(pk=job.parameters["uplift"])
    ids: list[int] = job.parameters["clients"][start:stop]
    if uplift.status != FeeUplift.Status.PLANNED:
        return [Outcome("A client", "skipped", "The uplift was undone.") for _ in ids]
    reach = Reach(job.parameters["services"], ids)
    schedules = reached(reach, effective_on=uplift.effective_on).select_for_update(of=("self",))
    effects = {effect.client_id: effect for effect in effect_on(schedules, raise_of(uplift))}
    names = dict(Client.objects.filter(pk__in=ids).values_list("pk", "name"))
    return [
        _planned(uplift, effects[pk])
        if pk in effects
        else Outcome(names.get(pk, "A client"), "skipped", "Nothing to raise here any more.")
        for pk in ids
    ]


def _planned(uplift: FeeUplift, effect: ClientEffect) -> Outcome:
    changes = ServiceChange.objects.bulk_create(
        ServiceChange(
            schedule=schedule,
            uplift=uplift,
            effective_on=uplift.effective_on,
            before={"unit_price": particulars_of(schedule)["unit_price"]},
            after={"unit_price": f"{price:.4f}"},
            planned_by=uplift.planned_by,
        )
        for schedule, price in effect.changes
    )
    audit.record_many(
        "schedule.change_planned",
        BillingSchedule,
        (
            (
                change.schedule_id,
                {"on": str(uplift.effective_on), "before": change.before, "after": change.after},
            )
            for change in changes
        ),
    )
    practice = acting_practice()
    words = (
        f"{len(changes)} service{'' if len(changes) == 1 else 's'}: "
        f"{written(effect.before.monthly, practice.currency)} becomes "
        f"{written(effect.after.monthly, practice.currency)} a month"
    )
    url = reverse("invoicing:client-services", args=[practice.slug, effect.client_id])
    if not uplift.notice:
        return Outcome(effect.name, "done", words, url)
    client = changes[0].schedule.client
    letter = FeeLetter(client, uplift.effective_on, changes, uplift.notice)
    told = send_fee_letter(letter, key=f"uplift:{uplift.pk}:{client.pk}", at=timezone.now())
    if not told:
        words += ". Nobody at the client can be written to: print the letter on the page of the uplift."
        return Outcome(effect.name, "needs_you", words, url)
    ServiceChange.objects.filter(pk__in=[change.pk for change in changes]).update(told=told)
    return Outcome(effect.name, "done", f"{words}. Letter to {', '.join(told)}", url)


def withdraw_uplift(uplift: FeeUplift, *, on: date) -> FeeUplift:
    """The uplift undone before its day, and whoever got a letter told so; raises `TooLateToUndo`."""
    uplift = FeeUplift.objects.select_for_update(of=("self",)).select_related("job").get(pk=uplift.pk)
    if uplift.status != FeeUplift.Status.PLANNED or uplift.effective_on <= on:
        raise TooLateToUndo(uplift)
    planned = ServiceChange.objects.planned().filter(uplift=uplift)
    told = list(
        planned.exclude(told=[])
        .order_by("schedule__client")
        .values_list("schedule__client", flat=True)
        .distinct()
    )
    undone = planned.update(status=ServiceChange.Status.WITHDRAWN)
    uplift.status = FeeUplift.Status.WITHDRAWN
    uplift.save(update_fields=["status"])
    if uplift.job and uplift.job.is_live:
        cancel_job(uplift.job)
    audit.record("uplift.undone", uplift, name=uplift.title, services=undone)
    if told:
        start_job(
            TAKE_BACK,
            f"Tell clients that “{uplift.title}” is undone",
            total=len(told),
            right=Can.ISSUE_INVOICES,
            parameters={"uplift": uplift.pk, "clients": told},
        )
    return uplift


@runs(TAKE_BACK, chunk=100)
def tell_clients(job: Job, start: int, stop: int) -> list[Outcome]:
    """Tell the next clients that their fees stay as they are."""
    uplift = FeeUplift.objects.get(pk=job.parameters["uplift"])
    ids: list[int] = job.parameters["clients"][start:stop]
    clients = Client.objects.in_bulk(ids)
    addresses: dict[int, list[str]] = {}
    rows = ServiceChange.objects.filter(uplift=uplift, schedule__client__in=ids)
    for pk, told in rows.values_list("schedule__client", "told"):
        addresses.setdefault(pk, []).extend(told)
    outcomes = []
    for pk in ids:
        client = clients[pk]
        take_back_fee_letter(client, uplift.effective_on, addresses[pk], key=f"uplift:{uplift.pk}:undone")
        words = f"Their fees stay as they are after {written_date(uplift.effective_on)}."
        outcomes.append(Outcome(client.name, "done", words, client.get_absolute_url()))
    return outcomes


def services_in_use() -> list[tuple[str, str]]:
    """The services of the library that recur for somebody now, for a form: (id, name)."""
    live = BillingSchedule.objects.filter(billing=BillingSchedule.Billing.RECURRING).exclude(
        status=Status.ENDED
    )
    used = Service.objects.filter(pk__in=live.values("service")).order_by("name")
    return [(str(pk), name) for pk, name in used.values_list("pk", "name")]
