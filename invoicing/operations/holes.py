"""Holes of the period ledger, closed daily: each is put before a person again, with its own date."""

import structlog

from invoicing.models import BillingSchedule
from invoicing.operations.advancing import BATCH
from invoicing.operations.coming_bills import hold_bills, reopen_periods
from invoicing.period_ledger import holes_among
from invoicing.practicalities import Practicalities
from practices import audit

log = structlog.get_logger(__name__)
#: Why a bill is held whose period was neither billed nor left out.
HOLE = "It was neither billed nor left out"


def close_holes(after: int = 0) -> tuple[int, int | None]:
    """How many holes of the next thousand schedules after that id are due again, and where to go on.

    None instead of a place where none is left.
    """
    live = BillingSchedule.objects.recurring().filter(pk__gt=after).order_by("pk")
    schedules = list(live.select_for_update(of=["self"])[:BATCH])
    known = Practicalities.of_the_practice()
    found = 0
    by_id = {schedule.pk: schedule for schedule in schedules}
    for pk, periods in holes_among(schedules, known).items():
        starts = [period.starts_on for period in periods]
        found += hold_bills([(pk, starts_on) for starts_on in starts], reason=HOLE)
        reopen_periods(by_id[pk], starts)
        audit.record("schedule.hole_found", by_id[pk], starts=[str(each) for each in starts])
    if found:
        log.error("periods were neither billed nor left out", holes=found)
    return found, schedules[-1].pk if len(schedules) == BATCH else None
