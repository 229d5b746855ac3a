"""Reads about the price list."""

from datetime import date
from decimal import Decimal

from django.db.models import DecimalField, OuterRef, Subquery

from services.models import Price, Service, ServiceQuerySet


def price_on(service: Service, on: date) -> Decimal | None:
    """The unit price before VAT on a date, in the practice's currency; None before the first one."""
    latest: Decimal | None = (
        service.prices.filter(effective_from__lte=on).values_list("unit_price", flat=True).first()
    )
    return latest


def with_price(services: ServiceQuerySet, on: date) -> ServiceQuerySet:
    """The services, each with its ``unit_price`` on a date, in one query."""
    latest = Price.objects.filter(service=OuterRef("pk"), effective_from__lte=on).values("unit_price")[:1]
    return services.annotate(unit_price=Subquery(latest, output_field=DecimalField()))
