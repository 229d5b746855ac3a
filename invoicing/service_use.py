"""Who has which service, and what it brings."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Sum
from django.db.models.functions import Round

from invoicing.models import BillingSchedule
from practices.kept import kept_values
from practices.tenancy import TenantQuerySet
from proposals.queries import Worth, worth_of


@dataclass
class Use:
    """One service in use: how many clients have it, and what it brings before VAT, in the practice's currency."""

    clients: int = 0
    worth: Worth = field(default_factory=Worth)


def use_by_service(schedules: TenantQuerySet[Any] | None = None) -> dict[int, Use]:
    """By service: the clients who have it now, its recurring income, and work still to be billed once."""
    live = BillingSchedule.objects.all() if schedules is None else schedules
    live = live.exclude(status=BillingSchedule.Status.ENDED)
    found: dict[int, Use] = defaultdict(Use)
    counted = live.order_by().values_list("service").annotate(Count("client", distinct=True))
    for service, clients in kept_values(counted):
        found[service].clients = clients
    summed = (
        live.order_by()
        .values_list("service", "billing", "every", "period")
        .annotate(net=Sum(Round(F("quantity") * F("unit_price"), precision=2)))
    )
    for service, *rule, net in kept_values(summed):
        found[service].worth += worth_of(net, *rule)
    return dict(found)
