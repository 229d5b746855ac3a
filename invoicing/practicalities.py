"""What a practice has decided about billing, read once and used for a thousand schedules."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists

from invoicing.due import Rules
from invoicing.models import InvoicingSettings, ServiceChange
from money.vat import VatCode, percent_on, percentages_of
from practices.models import Practice
from practices.remembered import acting_practice, is_remembering, practice_and, remembered, row_of
from practices.templatetags.dates import written_date
from services.models import TaxRate


@dataclass(slots=True)
class Practicalities:
    """The invoice day, the rules of billing and the VAT rates of the acting practice."""

    invoice_day: int
    _settings: InvoicingSettings | None
    time_zone: str
    #: Whether the practice is registered for VAT, so that its invoices are VAT invoices.
    charges_vat: bool = False
    _rates: dict[int, Any] | None = None
    _planned: "dict[int, PlannedTerms] | None" = None
    _percents: dict[tuple[str, date], Decimal] = field(default_factory=dict)
    _stretches: dict[tuple[date, date], str] = field(default_factory=dict)

    @classmethod
    def of_the_practice(cls) -> "Practicalities":
        """As they are now."""
        return remembered("practicalities", cls._read)

    @classmethod
    def of(cls, practice: Practice) -> "Practicalities":
        """As they are now, for who has read the practice's own row already."""
        return remembered("practicalities", lambda: cls._with(practice, None))

    @classmethod
    def _read(cls) -> "Practicalities":
        if is_remembering():
            return cls._with(acting_practice(), None)
        practice, settings = practice_and(InvoicingSettings)
        return cls._with(practice, settings or InvoicingSettings())

    @classmethod
    def _with(cls, practice: Practice, settings: InvoicingSettings | None) -> "Practicalities":
        return cls(
            practice.invoice_day,
            settings,
            practice.time_zone,
            charges_vat=bool(practice.vat_number),
        )

    @property
    def settings(self) -> InvoicingSettings:
        """The rules of billing as a row; read when first asked for where they are not at hand."""
        if self._settings is None:
            self._settings = row_of(InvoicingSettings) or InvoicingSettings()
        return self._settings

    @property
    def rules(self) -> Rules:
        """What the practice wants to be asked about."""
        return Rules(self.settings.needs_approval, self.settings.asks_about_missed)

    @property
    def rates(self) -> dict[int, Any]:
        """The VAT rates by id; read when first asked for, which a billing run does not."""
        if self._rates is None:
            # Where nothing is planned, nothing is asked about it later; what is billed has a rate.
            has_plans = Exists(ServiceChange.objects.planned())
            self._rates = TaxRate.objects.annotate(has_plans=has_plans).in_bulk()
        return self._rates

    def with_rates(self, rates: dict[int, Any]) -> "Practicalities":
        """The same where these rates, read as `rates` reads them, are all that is asked about."""
        return replace(self, _rates=rates, _planned=None)

    def percent(self, rate_id: int, tax_point: date) -> Decimal:
        """The percentage of a VAT rate on a tax point, two places."""
        return self.percent_of(self.rates[rate_id].vat_code, tax_point)

    def percent_of(self, vat_code: str, tax_point: date) -> Decimal:
        """The percentage of a VAT code on a tax point, two places."""
        key = (vat_code, tax_point)
        if key not in self._percents:
            self._percents[key] = percent_on(VatCode(vat_code), tax_point)
        return self._percents[key]

    @property
    def planned(self) -> "dict[int, PlannedTerms]":
        """The prices and quantities that are planned and not applied yet, by the schedule's id."""
        if self._planned is None:
            rows: Iterable[Any] = ()
            if any(rate.has_plans for rate in self.rates.values()):
                rows = ServiceChange.objects.planned().values_list("schedule_id", "effective_on", "after")
            self._planned = {
                pk: PlannedTerms(on, _figure(after.get("quantity")), _figure(after.get("unit_price")))
                for pk, on, after in rows
                if "quantity" in after or "unit_price" in after
            }
        return self._planned

    def spans(self) -> list[tuple[int, date, date, Decimal]]:
        """Each VAT rate's percentages: its id, the first day, the first day of the next, the percentage."""
        found = []
        for pk, rate in self.rates.items():
            steps = percentages_of(VatCode(rate.vat_code))
            ends = [*(first for first, _ in steps[1:]), date.max]
            found += [(pk, first, end, percent) for (first, percent), end in zip(steps, ends, strict=True)]
        return found

    def stretch(self, starts_on: date, ends_on: date) -> str:
        """`1 Apr 2027 to 30 Apr 2027`."""
        key = (starts_on, ends_on)
        if key not in self._stretches:
            self._stretches[key] = f"{written_date(starts_on)} to {written_date(ends_on)}"
        return self._stretches[key]

    def leaves_at(self, now: datetime) -> datetime | None:
        """When what is issued now may leave for the ledger; None for at once."""
        return leaves_at(now, self.settings.quiet_minutes, self.settings.quiet_until, self.time_zone)


@dataclass(frozen=True, slots=True)
class PlannedTerms:
    """What bills dated on a day or later will carry: quantity and unit price, None where it stays as it is."""

    effective_on: date
    quantity: Decimal | None
    unit_price: Decimal | None


def _figure(written: str | None) -> Decimal | None:
    return None if written is None else Decimal(written)


def quiet_time_in_words(settings: InvoicingSettings) -> str:
    """How long what is billed stays here before it may leave: `30 minutes`, `until 18:00`; empty for not at all."""
    words = []
    if settings.quiet_minutes:
        words.append(f"{settings.quiet_minutes} minute{'' if settings.quiet_minutes == 1 else 's'}")
    if settings.quiet_until is not None:
        words.append(f"until {settings.quiet_until:%H:%M}")
    return ", and ".join(words)


def leaves_at(now: datetime, quiet_minutes: int, quiet_until: time | None, time_zone: str) -> datetime | None:
    """When an invoice issued now may leave, after the quiet time of the practice; None for at once.

    A time of day that has passed counts for that day no more: what is issued in the evening leaves at once.
    Both together mean whichever is later.
    """
    later = []
    if quiet_minutes:
        later.append(now + timedelta(minutes=quiet_minutes))
    if quiet_until is not None:
        zone = ZoneInfo(time_zone)
        evening = datetime.combine(now.astimezone(zone).date(), quiet_until, zone)
        if evening > now:
            later.append(evening)
    return max(later, default=None)
