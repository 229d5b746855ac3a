"""What billing adds to the price list: who has a service now, and what it brings a month."""

from collections.abc import Mapping, Sequence
from typing import Any

from invoicing.models import BillingSchedule
from invoicing.service_use import use_by_service
from services.contributions import say_of_services


def contribute() -> None:
    """Offer the columns to the price list."""
    say_of_services(["clients", "monthly"], _use)


def _use(services: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    used = use_by_service(BillingSchedule.objects.filter(service__in=services))
    return {pk: {"clients": use.clients, "monthly": use.worth.monthly} for pk, use in used.items()}
