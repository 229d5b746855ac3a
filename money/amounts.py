"""Amounts of money: values in, values out, one rounding rule.

Sage rounds every line and then adds (FACTS.md 8.3), so we do the same: VAT is rounded on each line,
and every total is a sum of rounded lines. Worked example: 3 × £0.333 at 20 % is £1.00 net and £0.20 VAT.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

PENNY = Decimal("0.01")
ZERO = Decimal("0.00")


def to_pence(amount: Decimal) -> Decimal:
    """The amount rounded half-up to two places, in the same currency."""
    return amount.quantize(PENNY, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Net and VAT in one currency, both to the penny; the gross follows from them."""

    net: Decimal = ZERO
    vat: Decimal = ZERO

    @property
    def gross(self) -> Decimal:
        """Net plus VAT, to the penny."""
        return self.net + self.vat

    def __add__(self, other: Self) -> "Amounts":
        return Amounts(self.net + other.net, self.vat + other.vat)

    def __sub__(self, other: Self) -> "Amounts":
        return Amounts(self.net - other.net, self.vat - other.vat)


def total(lines: Iterable[Amounts]) -> Amounts:
    """The sum of lines that are already rounded."""
    parts = [(line.net, line.vat) for line in lines]
    return Amounts(sum([net for net, _ in parts], ZERO), sum([vat for _, vat in parts], ZERO))


def price_line(quantity: Decimal, unit_price: Decimal, vat_percent: Decimal) -> Amounts:
    """Net and VAT of one line, each rounded half-up to the penny (VAT percent as in ``Decimal("20")``)."""
    net = to_pence(quantity * unit_price)
    return Amounts(net, to_pence(net * vat_percent / 100))


def price_with_vat(gross: Decimal, vat_percent: Decimal) -> Amounts:
    """Net and VAT of one line whose price was agreed with VAT in it: the gross is met to the penny.

    The net is rounded half-up and the VAT is what is left, so it may lie a penny beside the VAT of that net:
    £0.03 at 20 % is £0.03 net and no VAT, because no net makes £0.03 otherwise.
    """
    net = to_pence(gross * 100 / (100 + vat_percent))
    return Amounts(net, to_pence(gross) - net)
