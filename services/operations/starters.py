"""Taking services of the starter catalogue into the library."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from services.models import Service
from services.operations.services import add_service, category_named
from services.queries import default_tax_rate
from services.starter_catalogue import CATALOGUE


def add_starters(prices: Mapping[str, Decimal | None], *, on: date) -> list[Service]:
    """The services that were added from the catalogue, by name, each at its price before VAT from a day on.

    A name the library has already, or one the catalogue does not know, is left out: asking again adds nothing twice.
    """
    held = {name.casefold() for name in Service.objects.values_list("name", flat=True)}
    rate = default_tax_rate()
    return [
        add_service(
            Service(
                name=item.name,
                description=item.description,
                category=category_named(item.category),
                billing_basis=item.basis,
                unit_name=item.unit,
                tax_rate=rate,
            ),
            unit_price=None if item.price is None else prices[item.name],
            effective_from=on,
        )
        for item in CATALOGUE
        if item.name in prices and item.name.casefold() not in held
    ]
