"""Changing the price list and the VAT rates."""

from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction

from practices import audit
from services.errors import LastTaxRate, NameTaken, PriceExists, RateInUse
from services.models import Price, Service, TaxRate

PARTICULARS = ["name", "description", "billing_basis", "tax_rate"]


def add_service(service: Service, *, unit_price: Decimal, effective_from: date) -> Service:
    """The service with its first price (before VAT, in the practice's currency); raises `NameTaken`."""
    _save_under_free_name(service)
    Price.objects.create(service=service, unit_price=unit_price, effective_from=effective_from)
    audit.record("service.added", service, name=service.name, unit_price=str(unit_price))
    return service


def amend_service(service: Service) -> Service:
    """The service with changed particulars; proposals already made keep their copy. Raises `NameTaken`."""
    _save_under_free_name(service, PARTICULARS)
    audit.record("service.amended", service, name=service.name)
    return service


def reprice_service(service: Service, *, unit_price: Decimal, effective_from: date) -> Price:
    """A new price from a date on; earlier prices stay as they were. Raises `PriceExists`."""
    service = Service.objects.select_for_update().get(pk=service.pk)
    price: Price
    price, created = Price.objects.get_or_create(
        service=service, effective_from=effective_from, defaults={"unit_price": unit_price}
    )
    if not created and price.unit_price != unit_price:
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


def _set_service_status(service: Service, status: str, action: str) -> Service:
    service = Service.objects.select_for_update().get(pk=service.pk)
    if service.status != status:
        service.status = status
        service.save(update_fields=["status"])
        audit.record(action, service)
    return service


def add_tax_rate(rate: TaxRate) -> TaxRate:
    """A VAT rate the practice offers from now on; it has to be mapped to Sage (F31). Raises `NameTaken`."""
    _save_under_free_name(rate)
    audit.record("tax_rate.added", rate, name=rate.name, vat_code=rate.vat_code)
    return rate


def rename_tax_rate(rate: TaxRate, name: str) -> TaxRate:
    """The rate under another name; its treatment never changes. Raises `NameTaken`."""
    before, rate.name = rate.name, name
    _save_under_free_name(rate, ["name"])
    audit.record("tax_rate.renamed", rate, before=before, after=name)
    return rate


def archive_tax_rate(rate: TaxRate) -> TaxRate:
    """The rate no longer offered; raises `RateInUse` while an active service has it, or `LastTaxRate`."""
    rate = TaxRate.objects.select_for_update().get(pk=rate.pk)
    if rate.services.filter(status=Service.Status.ACTIVE).exists():
        raise RateInUse(rate)
    if not TaxRate.objects.offered().exclude(pk=rate.pk).exists():
        raise LastTaxRate(rate)
    return _set_rate_status(rate, TaxRate.Status.ARCHIVED, "tax_rate.archived")


def restore_tax_rate(rate: TaxRate) -> TaxRate:
    """An archived rate offered again."""
    return _set_rate_status(rate, TaxRate.Status.ACTIVE, "tax_rate.restored")


def _set_rate_status(rate: TaxRate, status: str, action: str) -> TaxRate:
    if rate.status != status:
        rate.status = status
        rate.save(update_fields=["status"])
        audit.record(action, rate)
    return rate


def _save_under_free_name(item: Service | TaxRate, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            item.save(update_fields=fields)
    except IntegrityError as error:
        if "of_a_name" in str(error):
            raise NameTaken(item) from error
        raise
