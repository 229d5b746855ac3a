"""What happens here when a practice opens."""

from typing import Any

from money.vat import VatCode
from practices.signals import practice_opened
from services.models import TaxRate


def connect() -> None:
    """Listen to the apps below."""
    practice_opened.connect(add_first_tax_rates, dispatch_uid="first tax rates")


def add_first_tax_rates(sender: Any, **_: Any) -> None:
    """Every practice starts with the two rates almost all of them need."""
    TaxRate.objects.create(name="Standard rate", vat_code=VatCode.STANDARD)
    TaxRate.objects.create(name="Zero rate", vat_code=VatCode.ZERO)
