"""An invoice in four columns: as agreed, ours now, as copied last, and as Sage holds it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import written
from sage_integration.sync.snapshots import LINE_FIELDS, Snapshot

#: Fields of a document that one side can be taken of; each line is one more, by `line_key`.
CHOOSABLE = ("contact", "date", "due_date")
LINE_PREFIX = "line_"


@dataclass(frozen=True, slots=True)
class Cell:
    """What one column says, and whether it is other than what was copied last."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One field in all columns; ``key`` names what can be chosen, empty for amounts that follow from lines."""

    label: str
    agreed: Cell
    ours: Cell
    copied: Cell
    in_sage: Cell
    key: str = ""
    #: Whether ours and Sage's are not the same, so that one of them has to be chosen.
    differs: bool = False
    #: The side a person has chosen already.
    chosen: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether either side differs from what was copied last."""
        return self.ours.is_changed or self.in_sage.is_changed

    @property
    def is_open(self) -> bool:
        """Whether a person chooses between ours and theirs."""
        return bool(self.key) and self.differs

    @property
    def side(self) -> str:
        """The side chosen, else the one that alone was changed: `ours`, `theirs`, or neither where both were."""
        if self.chosen:
            return self.chosen
        if self.ours.is_changed and not self.in_sage.is_changed:
            return "ours"
        return "theirs" if self.in_sage.is_changed and not self.ours.is_changed else ""


def line_key(position: int) -> str:
    """What the line at a position, from 0, is called among the choices."""
    return f"{LINE_PREFIX}{position}"


def rows_between(
    agreed: Mapping[str, Any], ours: Snapshot, copied: Snapshot, in_sage: Snapshot, names: Mapping[str, str]
) -> list[Row]:
    """The rows of the page; ``agreed`` are the particulars as first issued, ``names`` Sage's by its ids.

    Nothing counts as changed while no snapshot of the copy is known.
    """
    held = (ours, copied, in_sage)
    rows = [
        _customer(agreed, copied, in_sage),
        _row("Date", _day, agreed["tax_point"], [side.get("date", "") for side in held], "date"),
        _row("Due", _day, agreed["due_on"], [side.get("due_date", "") for side in held], "due_date"),
        _row("Net", _money, agreed["net"], [side.get("net", "") for side in held]),
        _row("VAT", _money, agreed["vat"], [side.get("vat", "") for side in held]),
    ]
    sides = [ours.get("lines", []), copied.get("lines", []), in_sage.get("lines", [])]
    longest = max(len(agreed["lines"]), *(len(lines) for lines in sides))
    is_known = bool(copied)
    rows += [_line_row(at, agreed["lines"], sides, names, is_known=is_known) for at in range(longest)]
    return rows


def open_keys(ours: Snapshot, copied: Snapshot, in_sage: Snapshot) -> set[str]:
    """What is not the same in Sage as it should be by our side, by the names of the choices.

    Our side's customer is the one the invoice was copied to.
    """
    if not in_sage:
        return set()
    found = {name for name in ("date", "due_date") if ours.get(name, "") != in_sage.get(name, "")}
    if copied and copied.get("contact", "") != in_sage.get("contact", ""):
        found.add("contact")
    wanted, stored = ours.get("lines", []), in_sage.get("lines", [])
    for position in range(max(len(wanted), len(stored))):
        if not same_line(_at(wanted, position), _at(stored, position)):
            found.add(line_key(position))
    return found


def same_line(one: Snapshot | None, other: Snapshot | None) -> bool:
    """Whether two lines say the same, each of which may not be there."""
    if one is None or other is None:
        return one is other
    return all(one.get(name, "") == other.get(name, "") for name in LINE_FIELDS)


def _at(lines: Sequence[Snapshot], position: int) -> Snapshot | None:
    return lines[position] if position < len(lines) else None


def _customer(agreed: Mapping[str, Any], copied: Snapshot, in_sage: Snapshot) -> Row:
    ours, theirs = str(copied.get("contact_name", "")), str(in_sage.get("contact_name", ""))
    differs = bool(copied) and copied.get("contact", "") != in_sage.get("contact", "")
    client = str(agreed.get("client", ""))
    return Row(
        "Customer", Cell(client), Cell(ours), Cell(ours), Cell(theirs, differs), "contact", differs=differs
    )


def _line_row(
    position: int,
    agreed: Sequence[Mapping[str, Any]],
    sides: Sequence[Sequence[Snapshot]],
    names: Mapping[str, str],
    *,
    is_known: bool,
) -> Row:
    ours, copied, in_sage = (_at(lines, position) for lines in sides)
    first = agreed[position] if position < len(agreed) else None
    return Row(
        f"Line {position + 1}",
        Cell(_agreed_line(first) if first else ""),
        Cell(_line(ours, names), is_known and not same_line(ours, copied)),
        Cell(_line(copied, names)),
        Cell(_line(in_sage, names), is_known and not same_line(in_sage, copied)),
        line_key(position),
        differs=is_known and not same_line(ours, in_sage),
    )


def _row(label: str, say: Callable[[str], str], agreed: str, held: list[str], key: str = "") -> Row:
    ours, copied, in_sage = held
    return Row(
        label,
        Cell(say(agreed)),
        Cell(say(ours), bool(copied) and ours != copied),
        Cell(say(copied)),
        Cell(say(in_sage), bool(copied) and in_sage != copied),
        key,
        differs=bool(copied) and ours != in_sage,
    )


def _line(line: Snapshot | None, names: Mapping[str, str]) -> str:
    if line is None:
        return ""
    account, rate = names.get(line["account"], line["account"]), names.get(line["rate"], line["rate"])
    return f"{line['description'].rstrip('.')}: {_sum(line)}, {account}, {rate}"


def _agreed_line(line: Mapping[str, Any]) -> str:
    return f"{line['name']}: {_sum(line)}"


def _sum(line: Mapping[str, Any]) -> str:
    """`1 × £45.50 = £45.50 + £9.10 VAT`: prices with two places, or as many as they need."""
    quantity, price = Decimal(str(line["quantity"])).normalize(), Decimal(str(line["unit_price"]))
    return f"{quantity:f} × {written(price)} = {_money(line['net'])} + {_money(line['vat'])} VAT"


def _day(text: str) -> str:
    return written_date(date.fromisoformat(text)) if text else ""


def _money(text: str) -> str:
    return written(Decimal(text)) if text else ""
