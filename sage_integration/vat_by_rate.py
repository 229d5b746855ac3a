"""Net and VAT of a month by VAT rate, ours beside Sage's."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from invoicing.models import InvoiceLine
from money.amounts import Amounts, total
from sage_integration.models import SageLink, SageTaxRate

NOTHING = Amounts()


@dataclass(frozen=True, slots=True)
class RateRow:
    """What one VAT rate adds up to on both sides, in pounds; without a percentage, what Sage tells no rate of."""

    percent: Decimal | None
    ours: Amounts
    theirs: Amounts

    @property
    def difference(self) -> Decimal:
        """Sage's VAT less ours."""
        return self.theirs.vat - self.ours.vat


def vat_by_rate(links: Collection[SageLink]) -> list[RateRow]:
    """The invoices of these copies, by rate from the highest on; ours from our lines, Sage's from the copies' lines."""
    ours, theirs = _ours({link.posting.subject_id for link in links}), _theirs(links)
    known = sorted(
        (percent for percent in ours.keys() | theirs.keys() if percent is not None),
        key=lambda percent: -percent,
    )
    keys: list[Decimal | None] = [*known, *([None] if None in theirs else [])]
    return [RateRow(key, ours.get(key, NOTHING), theirs.get(key, NOTHING)) for key in keys]


def _ours(invoices: set[int]) -> dict[Decimal | None, Amounts]:
    rows = (
        InvoiceLine.objects.filter(invoice__in=invoices)
        .order_by()
        .values_list("vat_percent")
        .annotate(Sum("net"), Sum("vat"))
    )
    return {percent: Amounts(net, vat) for percent, net, vat in rows}


def _theirs(links: Collection[SageLink]) -> dict[Decimal | None, Amounts]:
    percents = dict(SageTaxRate.objects.values_list("sage_id", "percentage"))
    sums: dict[Decimal | None, Amounts] = defaultdict(lambda: NOTHING)
    for link in links:
        for percent, amounts in _lines_of(link, percents):
            sums[percent] += amounts
    return dict(sums)


def _lines_of(link: SageLink, percents: dict[str, Decimal]) -> list[tuple[Decimal | None, Amounts]]:
    """The lines as Sage held them when they were read last.

    What they leave of the document's amounts, because somebody changed it since, is of their rate where all have the
    same one, and of no known rate otherwise.
    """
    lines: list[dict[str, Any]] = link.in_sage.get("lines") or link.copied.get("lines") or []
    found: list[tuple[Decimal | None, Amounts]] = [
        (percents.get(line["rate"]), Amounts(Decimal(line["net"] or 0), Decimal(line["vat"] or 0)))
        for line in lines
    ]
    left = Amounts(link.net, link.vat) - total(amounts for _, amounts in found)
    if left == NOTHING:
        return found
    rates = {percent for percent, _ in found}
    return [*found, (rates.pop() if len(rates) == 1 else None, left)]
