"""Changing the price list."""

from copy import copy
from datetime import date
from decimal import Decimal
from typing import Any

from money.amounts import to_pence
from practices import audit
from services.errors import PriceExists
from services.models import Price, Service, ServiceCategory, ServiceQuerySet, TaxRate
from services.operations.names import save_under_free_name
from services.queries import with_price

PARTICULARS = [
    "name",
    "category",
    "description",
    "billing_basis",
    "unit_name",
    "billing_mode",
    "tax_rate",
    "terms",
]


def add_service(
    service: Service,
    *,
    unit_price: Decimal | None,
    effective_from: date,
    highest_price: Decimal | None = None,
) -> Service:
    """The service with its first price (before VAT, in the practice's currency); raises `NameTaken`.

    Without a price it has none until it is repriced; ``highest_price`` is the upper end of a range.
    """
    save_under_free_name(service)
    if unit_price is not None:
        Price.objects.create(
            service=service,
            unit_price=unit_price,
            highest_price=highest_price,
            effective_from=effective_from,
        )
    audit.record("service.added", service, name=service.name, unit_price=str(unit_price))
    return service


def amend_service(service: Service) -> Service:
    """The service with changed particulars; proposals already made keep their copy. Raises `NameTaken`."""
    before = Service.objects.select_for_update(of=["self"]).get(pk=service.pk)
    save_under_free_name(service, PARTICULARS)
    changes = audit.changes_between(before, service, PARTICULARS)
    audit.record("service.amended", service, name=service.name, changes=changes)
    return service


def reprice_service(
    service: Service, *, unit_price: Decimal, effective_from: date, highest_price: Decimal | None = None
) -> Price:
    """A new price from a date on; earlier prices stay as they were. Raises `PriceExists`."""
    service = Service.objects.select_for_update().get(pk=service.pk)
    price: Price
    price, created = Price.objects.get_or_create(
        service=service,
        effective_from=effective_from,
        defaults={"unit_price": unit_price, "highest_price": highest_price},
    )
    if not created and (price.unit_price, price.highest_price) != (unit_price, highest_price):
        raise PriceExists(price)
    if created:
        audit.record(
            "service.repriced", service, unit_price=str(unit_price), effective_from=str(effective_from)
        )
    return price


def archive_service(service: Service) -> Service:
    """The service no longer offered; what was sold goes on."""
    return _set_service_status(service, Service.Status.ARCHIVED, "service.archived")


def restore_service(service: Service) -> Service:
    """An archived service offered again."""
    return _set_service_status(service, Service.Status.ACTIVE, "service.restored")


def amend_services(
    services: ServiceQuerySet,
    *,
    category: ServiceCategory | None = None,
    tax_rate: TaxRate | None = None,
    billing_mode: str = "",
    status: str = "",
) -> int:
    """How many services were changed; what is left out stays as it is. Each gets its own audit entry."""
    changes: dict[str, Any] = {"category": category, "tax_rate": tax_rate}
    changes |= {"billing_mode": billing_mode, "status": status}
    changes = {name: value for name, value in changes.items() if value}
    rows = services.select_related("category", "tax_rate")
    locked = list(rows.select_for_update(of=["self"]).order_by("id"))
    said = []
    for service in locked:
        before = copy(service)
        for name, value in changes.items():
            setattr(service, name, value)
        said.append(audit.changes_between(before, service, changes))
    if changes:
        Service.objects.bulk_update(locked, list(changes))
        for service, each in zip(locked, said, strict=True):
            audit.record("service.amended", service, name=service.name, changes=each)
    return len(locked)


def reprice_services(
    services: ServiceQuerySet, *, percent: Decimal, effective_from: date
) -> tuple[int, list[Service]]:
    """How many services cost so many percent more (or less) from a date on, and those left as they were.

    New prices are rounded half-up to the penny. A service stays as it is when it has no price on that day,
    when it is included in others, or when there is a price from that day already: prices are never edited.
    """
    chosen = Service.objects.filter(pk__in=services.order_by().values("pk"))
    keys = [service.pk for service in chosen.select_for_update().order_by("id")]
    left, changed = [], 0
    taken = set(Price.objects.filter(effective_from=effective_from).values_list("service", flat=True))
    for service in with_price(Service.objects.filter(pk__in=keys).order_by("id"), effective_from):
        before: Decimal | None = service.unit_price  # type: ignore[attr-defined]
        if not before or service.pk in taken:
            left.append(service)
            continue
        factor = 1 + percent / 100
        highest: Decimal | None = service.highest_price  # type: ignore[attr-defined]
        reprice_service(
            service,
            unit_price=to_pence(before * factor),
            highest_price=to_pence(highest * factor) if highest else None,
            effective_from=effective_from,
        )
        changed += 1
    return changed, left


def _set_service_status(service: Service, status: str, action: str) -> Service:
    service = Service.objects.select_for_update().get(pk=service.pk)
    if service.status != status:
        service.status = status
        service.save(update_fields=["status"])
        audit.record(action, service)
    return service


def category_named(name: str) -> ServiceCategory | None:
    """The category of this name, made if there is none yet; None for an empty name."""
    name = " ".join(name.split())
    if not name:
        return None
    found: ServiceCategory | None = ServiceCategory.objects.filter(name__iexact=name).first()
    return found or ServiceCategory.objects.create(name=name)


def remove_empty_categories() -> None:
    """Forget the categories that no service, archived ones included, belongs to."""
    ServiceCategory.objects.filter(services=None).delete()
