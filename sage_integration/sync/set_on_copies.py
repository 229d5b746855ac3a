"""What is set in Sage against earlier copies of invoices, as it was read there last."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from money.amounts import ZERO
from sage_integration.models import SageLink, SetOnEarlierCopy


class Part(NamedTuple):
    """What the money, or the credits, of one payment or allocation settle of a document, in pounds."""

    sage_id: str
    amount: Decimal
    is_money: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What is set against a copy in Sage altogether, in pounds: money received, and credits."""

    money: Decimal = ZERO
    credit: Decimal = ZERO


def settled_on(link: SageLink) -> Settled:
    """What is set against an earlier copy, as it was read last."""
    sums = SetOnEarlierCopy.objects.filter(link=link).values_list("is_money").annotate(Sum("amount"))
    found: dict[bool, Decimal] = dict(sums.order_by())
    return Settled(found.get(True, ZERO), found.get(False, ZERO))


def parts_on(link: SageLink) -> list[Part]:
    """Each part of that."""
    parts = SetOnEarlierCopy.objects.filter(link=link).values_list("sage_id", "amount", "is_money")
    return [Part(*part) for part in parts]


def money_on(link_ids: Collection[int]) -> dict[int, Decimal]:
    """The money set against each of these copies, by the link's id; those without any are left out."""
    if not link_ids:
        return {}
    paid = SetOnEarlierCopy.objects.filter(link__in=link_ids, is_money=True).values_list("link")
    return dict(paid.annotate(Sum("amount")).order_by())


def keep_parts(link: SageLink, parts: Iterable[Part]) -> None:
    """From now on this, and nothing else, is known to be set against an earlier copy."""
    SetOnEarlierCopy.objects.filter(link=link).delete()
    SetOnEarlierCopy.objects.bulk_create(SetOnEarlierCopy(link=link, **part._asdict()) for part in parts)
