"""How copying went, day by day."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from ledger.models import Posting

DAYS = 30


@dataclass(frozen=True, slots=True)
class Day:
    """One civil day of the practice: documents that arrived in the ledger, refused ones that need somebody."""

    on: date
    arrived: int = 0
    refused: int = 0


def last_days(today: date) -> list[Day]:
    """The last thirty days up to today, the oldest first; quiet days included."""
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    start = timezone.make_aware(datetime.combine(days[0], time.min))
    settled = Posting.objects.filter(
        status__in=[Posting.Status.POSTED, Posting.Status.FAILED], settled_at__gte=start
    )
    counted = (
        settled.order_by()
        .annotate(on=TruncDate("settled_at"))
        .values_list("on")
        .annotate(
            arrived=Count("status", filter=Q(status=Posting.Status.POSTED)),
            refused=Count("status", filter=Q(status=Posting.Status.FAILED)),
        )
    )
    found = {on: (arrived, refused) for on, arrived, refused in counted}
    return [Day(on, *found.get(on, (0, 0))) for on in days]
