"""Reads about the price list."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db.models import DecimalField, OuterRef, Subquery

from money.amounts import to_pence
from practices.remembered import row_of
from services.models import Price, Service, ServiceQuerySet, TaxRate, VatSettings


def price_on(service: Service, on: date) -> Decimal | None:
    """The unit price before VAT on a date, in the practice's currency; None before the first one."""
    latest: Decimal | None = (
        service.prices.filter(effective_from__lte=on).values_list("unit_price", flat=True).first()
    )
    return latest


def with_price(services: ServiceQuerySet, on: date) -> ServiceQuerySet:
    """The services, each with its ``unit_price`` and ``highest_price`` on a date, in one query."""
    latest = Price.objects.filter(service=OuterRef("pk"), effective_from__lte=on)
    return services.annotate(
        unit_price=Subquery(latest.values("unit_price")[:1], output_field=DecimalField()),
        highest_price=Subquery(latest.values("highest_price")[:1], output_field=DecimalField()),
    )


def shown_price(price: Decimal | None, percent: Decimal, vat: VatSettings) -> Decimal | None:
    """A unit price as the practice writes prices: before VAT to four places, or including it to the penny (G62)."""
    if price is None or not vat.charges_vat or vat.shown != VatSettings.Shown.INCLUSIVE:
        return price
    return to_pence(price * (1 + percent / 100))


def vat_settings() -> VatSettings:
    """How the practice stands to VAT; what a new practice has where nobody chose yet."""
    return row_of(VatSettings) or VatSettings()


def including_vat() -> str:
    """What follows a sum in a sentence: ` including VAT`, and nothing where the practice charges none (U02)."""
    vat = vat_settings()
    return f" including {vat.label}" if vat.charges_vat else ""


def columns_without_vat() -> set[str]:
    """The columns a list of sums has no use for where the practice charges no VAT: gross says it all (U02)."""
    return set() if vat_settings().charges_vat else {"net", "vat"}


def usual_tax_rate(vat: VatSettings, offered: Iterable[TaxRate]) -> TaxRate | None:
    """Which of the offered rates new services get, as `default_tax_rate`, where all of them are at hand."""
    by_age = sorted(offered, key=lambda rate: rate.pk)
    return next((rate for rate in by_age if rate.pk == vat.default_tax_rate_id), next(iter(by_age), None))


def default_tax_rate() -> TaxRate | None:
    """The rate that new services get: the chosen one while it is offered, else the first that is."""
    chosen = vat_settings().default_tax_rate
    if chosen and chosen.status == TaxRate.Status.ACTIVE:
        return chosen
    first: TaxRate | None = TaxRate.objects.offered().first()
    return first
