"""Ten thousand made-up invoices: our totals, what is sent, and what Sage makes of it, to the penny (P10, I3)."""

import random
from collections import defaultdict
from datetime import date
from decimal import Decimal

from invoicing.models import InvoiceLine
from invoicing.operations.invoices import price_lines
from money.amounts import ZERO
from sage_integration.mappers import Mappings, Rules, shape_of
from services.models import Service, TaxRate

INVOICES = 10_000
CODES = {"standard": 2000, "reduced": 500, "zero": 0, "exempt": 0}
RULES = Rules(Mappings("4000", {}, {}, frozenset({"4000"}), frozenset()))
SERVICE = Service(pk=1, name="Bookkeeping")


def made_up(chance: random.Random) -> list[InvoiceLine]:
    return [
        InvoiceLine(
            service=SERVICE,
            name="Bookkeeping",
            quantity=Decimal(chance.randrange(1, 10**4)) / 100,
            unit_price=Decimal(chance.randrange(0, 10**8)) / 10_000,
            tax_rate=TaxRate(vat_code=chance.choice(list(CODES))),
        )
        for _ in range(chance.randint(1, 4))
    ]


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def as_sage_adds_up(lines: list[InvoiceLine]) -> tuple[int, int]:
    """In whole pennies: the sent price rounded, multiplied, rounded; the tax as sent (FACTS.md 8.3)."""
    net = vat = 0
    for line in lines:
        shape = shape_of(line, RULES)
        price = half_up(int(shape.unit_price * 10_000), 100)
        net += half_up(int(shape.quantity * 100) * price, 100)
        vat += int(line.vat * 100)
    return net, vat


def test_p10_ten_thousand_invoices_come_to_the_same_here_and_in_sage():
    chance = random.Random(1807)
    difference = 0
    for _ in range(INVOICES):
        lines = made_up(chance)
        ours = price_lines(lines, date(2027, 3, 10))
        net, vat = as_sage_adds_up(lines)
        difference += abs(net - int(ours.net * 100)) + abs(vat - int(ours.vat * 100))
        assert ours.net == sum((line.net for line in lines), ZERO)
        assert ours.vat == sum((line.vat for line in lines), ZERO)
        by_code: dict[str, list[InvoiceLine]] = defaultdict(list)
        for line in lines:
            by_code[line.vat_code].append(line)
        for code, group in by_code.items():
            expected = sum(half_up(int(line.net * 100) * CODES[code], 10_000) for line in group)
            assert int(sum(line.vat for line in group) * 100) == expected
    assert difference == 0
