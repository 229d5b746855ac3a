"""Changing the VAT rates, and whether VAT is charged at all."""

from money.vat import VatCode
from practices import audit
from services.errors import LastTaxRate, RateInUse
from services.models import Service, TaxRate, VatSettings
from services.operations.names import save_under_free_name

NO_VAT = "No VAT"


def add_tax_rate(rate: TaxRate) -> TaxRate:
    """A VAT rate the practice offers from now on; it has to be mapped to Sage (F31). Raises `NameTaken`."""
    save_under_free_name(rate)
    audit.record("tax_rate.added", rate, name=rate.name, vat_code=rate.vat_code)
    return rate


def rename_tax_rate(rate: TaxRate, name: str) -> TaxRate:
    """The rate under another name; its treatment never changes. Raises `NameTaken`."""
    before, rate.name = rate.name, name
    save_under_free_name(rate, ["name"])
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


def set_vat_settings(settings: VatSettings) -> int:
    """Keep how the practice stands to VAT; how many services were moved to another rate by it.

    A practice that is not registered has one rate, outside the scope of VAT, and everything it offers has it:
    no VAT is shown or charged anywhere, and Sage gets its "No VAT" rate.
    """
    before: VatSettings | None = VatSettings.objects.select_for_update().first()
    settings.pk = before.pk if before else None
    moved = 0
    if not settings.charges_vat:
        settings.default_tax_rate = _rate_without_vat()
        priced = Service.objects.offered().exclude(tax_rate=settings.default_tax_rate)
        moved = priced.update(tax_rate=settings.default_tax_rate)
    settings.save()
    audit.record("vat_settings.changed", settings, charges_vat=settings.charges_vat, services_moved=moved)
    return moved


def _rate_without_vat() -> TaxRate:
    without = TaxRate.objects.filter(vat_code=VatCode.OUTSIDE_SCOPE)
    found: TaxRate | None = without.filter(status=TaxRate.Status.ACTIVE).first() or without.first()
    if found is None:
        return add_tax_rate(TaxRate(name=NO_VAT, vat_code=VatCode.OUTSIDE_SCOPE))
    return restore_tax_rate(found)
