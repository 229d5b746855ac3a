"""An invoice in four columns: as agreed, ours now, as copied last, and as Sage holds it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from practices.templatetags.dates import written_date
from sage_integration.sync.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class Cell:
    """What one column says, and whether it is other than what was copied last."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One field in all columns."""

    label: str
    agreed: Cell
    ours: Cell
    copied: Cell
    in_sage: Cell

    @property
    def is_changed(self) -> bool:
        """Whether either side differs from what was copied last."""
        return self.ours.is_changed or self.in_sage.is_changed


def rows_between(
    agreed: Mapping[str, Any], ours: Snapshot, copied: Snapshot, in_sage: Snapshot, names: Mapping[str, str]
) -> list[Row]:
    """The rows of the page; ``agreed`` are the particulars as first issued, ``names`` Sage's by its ids.

    Nothing counts as changed while no snapshot of the copy is known.
    """
    held = (ours, copied, in_sage)
    rows = [
        _row("Date", _day, agreed["tax_point"], [side.get("date", "") for side in held]),
        _row("Due", _day, agreed["due_on"], [side.get("due_date", "") for side in held]),
        _row("Net", _money, agreed["net"], [side.get("net", "") for side in held]),
        _row("VAT", _money, agreed["vat"], [side.get("vat", "") for side in held]),
    ]
    sides = [ours.get("lines", []), copied.get("lines", []), in_sage.get("lines", [])]
    longest = max(len(agreed["lines"]), *(len(lines) for lines in sides))
    for position in range(longest):
        first = agreed["lines"][position] if position < len(agreed["lines"]) else None
        texts = [_line(lines[position], names) if position < len(lines) else "" for lines in sides]
        known = bool(copied)
        rows.append(
            Row(
                f"Line {position + 1}",
                Cell(_agreed_line(first) if first else ""),
                Cell(texts[0], known and texts[0] != texts[1]),
                Cell(texts[1]),
                Cell(texts[2], known and texts[2] != texts[1]),
            )
        )
    return rows


def _row(label: str, say: Callable[[str], str], agreed: str, held: list[str]) -> Row:
    ours, copied, in_sage = held
    return Row(
        label,
        Cell(say(agreed)),
        Cell(say(ours), bool(copied) and ours != copied),
        Cell(say(copied)),
        Cell(say(in_sage), bool(copied) and in_sage != copied),
    )


def _line(line: Snapshot, names: Mapping[str, str]) -> str:
    account, rate = names.get(line["account"], line["account"]), names.get(line["rate"], line["rate"])
    price = f"{line['quantity']} × £{line['unit_price']} = £{line['net']} + £{line['vat']} VAT"
    return f"{line['description']}: {price}, {account}, {rate}"


def _agreed_line(line: Mapping[str, Any]) -> str:
    return f"{line['name']}: {line['quantity']} × £{line['unit_price']} = £{line['net']} + £{line['vat']} VAT"


def _day(text: str) -> str:
    return written_date(date.fromisoformat(text)) if text else ""


def _money(text: str) -> str:
    return f"£{text}" if text else ""
