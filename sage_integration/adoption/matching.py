"""Which invoice in Sage one of ours is, by number, date, amount and contact; values in, values out."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from clients.likeness import Party, Verdict, why_alike


class Evidence(StrEnum):
    """What two invoices have in common, or nearly so, in words for a chip."""

    NUMBER = "same number"
    DATE = "same date"
    AMOUNT = "same amount"
    CONTACT = "same contact"
    ALIKE_CONTACT = "similar contact"
    NEAR_DATE = "date within a month"
    OTHER_VAT = "another VAT amount"


#: Keyed in late, or dated by hand: further apart it is another month's invoice.
NEAR_DAYS = 31


@dataclass(frozen=True)
class Ours:
    """An invoice of ours that may be in Sage; amounts in pounds."""

    key: int
    number: int
    dated_on: date
    net: Decimal
    vat: Decimal
    client_name: str
    #: The contact that the client is linked with; empty without one.
    sage_contact_id: str = ""


@dataclass(frozen=True)
class Theirs:
    """An invoice in Sage; amounts in pounds."""

    key: str
    number: str
    reference: str
    dated_on: date
    net: Decimal
    vat: Decimal
    contact_id: str
    contact_name: str


@dataclass(frozen=True)
class Pair:
    """One of ours and the one in Sage that it most likely is."""

    ours: Ours
    theirs: Theirs
    evidence: tuple[Evidence, ...]
    is_sure: bool


def pair_up(ours: Iterable[Ours], theirs: Sequence[Theirs]) -> list[Pair]:
    """Each of ours with at most one of theirs, and the other way round; the surest pairs are made first.

    Sure is the same amount, VAT and contact, with the same number or date, and only if nothing else fits as well.
    """
    by_total: dict[Decimal, list[Theirs]] = defaultdict(list)
    for each in theirs:
        by_total[each.net + each.vat].append(each)
    pairs = [
        pair
        for mine in ours
        for other in by_total.get(mine.net + mine.vat, [])
        if (pair := _compared(mine, other))
    ]
    fits_ours = Counter((pair.ours.key, _strength(pair)) for pair in pairs)
    fits_theirs = Counter((pair.theirs.key, _strength(pair)) for pair in pairs)
    chosen: list[Pair] = []
    used: tuple[set[int], set[str]] = (set(), set())
    for pair in sorted(pairs, key=_strength, reverse=True):
        if pair.ours.key in used[0] or pair.theirs.key in used[1]:
            continue
        used[0].add(pair.ours.key)
        used[1].add(pair.theirs.key)
        strength = _strength(pair)
        is_alone = fits_ours[pair.ours.key, strength] == fits_theirs[pair.theirs.key, strength] == 1
        chosen.append(Pair(pair.ours, pair.theirs, pair.evidence, is_sure=pair.is_sure and is_alone))
    return chosen


def _compared(ours: Ours, theirs: Theirs) -> Pair | None:
    """The pair with its evidence; None when too little speaks for it. The totals are the same already."""
    found = [Evidence.AMOUNT if ours.vat == theirs.vat else Evidence.OTHER_VAT]
    if is_number_of(ours.number, theirs):
        found.append(Evidence.NUMBER)
    days = abs((ours.dated_on - theirs.dated_on).days)
    if days <= NEAR_DAYS:
        found.append(Evidence.DATE if days == 0 else Evidence.NEAR_DATE)
    if contact := _contact(ours, theirs):
        found.append(contact)
    evidence = set(found)
    is_placed = bool(evidence & {Evidence.NUMBER, Evidence.DATE})
    is_sure = {Evidence.AMOUNT, Evidence.CONTACT} <= evidence and is_placed
    is_likely = bool(evidence & {Evidence.CONTACT, Evidence.ALIKE_CONTACT}) and (
        is_placed or Evidence.NEAR_DATE in evidence
    )
    if not (is_sure or is_likely or {Evidence.NUMBER, Evidence.DATE} <= evidence):
        return None
    return Pair(ours, theirs, tuple(found), is_sure)


def _strength(pair: Pair) -> tuple[bool, int, int]:
    """What orders pairs: sure ones, then by how much speaks for them, near dates counting half."""
    weights = {Evidence.NEAR_DATE: 1, Evidence.ALIKE_CONTACT: 1, Evidence.OTHER_VAT: -1}
    return (
        pair.is_sure,
        sum(weights.get(each, 2) for each in pair.evidence),
        -abs((pair.ours.dated_on - pair.theirs.dated_on).days),
    )


def is_number_of(number: int, theirs: Theirs) -> bool:
    """Whether somebody wrote our number there: INV-000123, inv 123, or just 123 as the reference.

    Sage's own number counts only with our prefix: its 123 is the hundred and twenty-third over there.
    """
    ours = rf"inv[-\s#]*0*{number}"
    if re.fullmatch(rf"(?:{ours}|0*{number})", theirs.reference.strip().casefold()):
        return True
    return re.fullmatch(ours, theirs.number.strip().casefold()) is not None


def _contact(ours: Ours, theirs: Theirs) -> Evidence | None:
    if ours.sage_contact_id:
        return Evidence.CONTACT if ours.sage_contact_id == theirs.contact_id else None
    alike = why_alike(Party("ours", ours.client_name), Party("theirs", theirs.contact_name))
    if alike.verdict == Verdict.EXACT:
        return Evidence.CONTACT
    return Evidence.ALIKE_CONTACT if alike.verdict >= Verdict.DOUBTFUL else None
