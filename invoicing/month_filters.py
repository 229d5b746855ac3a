"""A month narrowed to a kind of change or to what stands in the way of its bills (4.18).

Both follow from the bills of two months side by side, which no index knows: the months of a view's clients are worked
out and looked through, which asks no more than drawing one page of them does.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from clients.models import Client, ClientQuerySet
from invoicing.client_plan import WORDS as WAITS
from invoicing.due import Wait
from invoicing.listing import first_of_month, words_field
from invoicing.month_clients import clients_of
from invoicing.month_end import LEDGER_WARNINGS, ClientMonth
from invoicing.months import Month
from invoicing.practicalities import Practicalities
from proposals.models import EARLIEST, LATEST

#: Clients whose months are worked out together.
AT_ONCE = 1000
#: The word of the address → the kind of change, as a row names it.
CHANGES = {
    "new": "New",
    "ended": "Ended",
    "price": "Price",
    "quantity": "Quantity",
    "one-off": "One-off",
    "left-out": "Left out",
}
_CONTACT = {name: words for name, words in LEDGER_WARNINGS.items() if "ontact" in name}
#: The word of the address → what the block is called, and how the warnings of such a row begin.
BLOCKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "unmapped": (
        "Unmapped",
        tuple(LEDGER_WARNINGS[name] for name in LEDGER_WARNINGS if name not in _CONTACT),
    ),
    "contact": ("Ambiguous contact", tuple(_CONTACT.values())),
    "refused": ("Refused by Sage", ("Refused by Sage",)),
    "missing": ("Quantity or price missing", ("Quantity or price missing",)),
    "price-jump": ("Price jump", ("Price jump",)),
    "archived": ("Archived client", ("Client is archived",)),
    "late": ("Billed after sign-off", ("Billed after sign-off",)),
}


def is_clean(row: ClientMonth) -> bool:
    """Whether nothing has to be looked at before its bills are approved, and nobody holds one."""
    return not row.warnings and WAITS[Wait.HELD] not in row.waits


#: Filters that are no one kind: the word of the address → what it is called, and which rows it lets through.
OTHER_CHANGES: dict[str, tuple[str, Callable[[ClientMonth], bool]]] = {
    "any": ("Anything", lambda row: bool(row.changes)),
    "nothing": ("Nothing", lambda row: not row.changes),
}
OTHER_BLOCKS: dict[str, tuple[str, Callable[[ClientMonth], bool]]] = {
    "any": ("Anything", lambda row: not is_clean(row)),
    "clean": ("Nothing", is_clean),
    "held": (WAITS[Wait.HELD], lambda row: WAITS[Wait.HELD] in row.waits),
}


class MonthForm(forms.Form):
    """What narrows the month beside its views."""

    q = words_field("Client")
    change = forms.ChoiceField(
        label="What changed",
        required=False,
        choices=[
            ("", "All"),
            *CHANGES.items(),
            *((key, words) for key, (words, _) in OTHER_CHANGES.items()),
        ],
    )
    block = forms.ChoiceField(
        label="Look at",
        required=False,
        choices=[
            ("", "All"),
            *((key, words) for blocks in (BLOCKS, OTHER_BLOCKS) for key, (words, _) in blocks.items()),
        ],
    )


@dataclass(frozen=True, slots=True)
class MonthView:
    """A month as an address asks for it: which clients, narrowed by what; what it says wrongly narrows nothing."""

    month: Month
    show: str
    words: str
    change: str
    block: str
    form: MonthForm

    @classmethod
    def of(cls, query: QueryDict, today: date) -> "MonthView":
        """The view of a query string, or of the hidden fields of a form that acts on it."""
        form = MonthForm(query)
        form.is_valid()
        words, change, block = (form.cleaned_data.get(name, "") for name in ("q", "change", "block"))
        first = first_of_month(query.get("month", "")) or today
        month = Month.of(min(max(first, EARLIEST), LATEST))
        return cls(month, query.get("show", ""), words, change, block, form)

    @property
    def is_worked_out(self) -> bool:
        """Whether only the months themselves say who is in the view."""
        return bool(self.change or self.block)

    @property
    def is_narrowed(self) -> bool:
        """Whether somebody of the month is left aside."""
        return bool(self.show or self.words or self.is_worked_out)

    @property
    def chosen(self) -> dict[str, str]:
        """What of the address counts, without the place in the list."""
        pairs = {"month": self.month.key, "show": self.show, "q": self.words}
        pairs |= {"change": self.change, "block": self.block}
        return {name: value for name, value in pairs.items() if value}

    def query(self, **other: str) -> str:
        """Its query string, with these values instead of its own."""
        return urlencode({name: value for name, value in (self.chosen | other).items() if value})

    def clients(self, known: Practicalities) -> ClientQuerySet:
        """The clients of the view by name, before the months themselves narrow them."""
        return clients_of(self.month, self.show, known).matching(self.words)

    def lets_through(self, row: ClientMonth) -> bool:
        """Whether a client's month is what the two filters ask for."""
        return _is_of(row, self.change, _has_change, OTHER_CHANGES) and _is_of(
            row, self.block, _has_block, OTHER_BLOCKS
        )

    def narrowed(
        self, clients: Iterable[Client], rows_of: Callable[[Sequence[Client]], list[ClientMonth]]
    ) -> list[ClientMonth]:
        """The months of those clients that the filters let through, in their order."""
        everybody, found = list(clients), list[ClientMonth]()
        for start in range(0, len(everybody), AT_ONCE):
            found += filter(self.lets_through, rows_of(everybody[start : start + AT_ONCE]))
        return found


def _is_of(row: ClientMonth, key: str, has: Callable[[ClientMonth, str], bool], others: Any) -> bool:
    if not key:
        return True
    return bool(others[key][1](row)) if key in others else has(row, key)


def _has_change(row: ClientMonth, key: str) -> bool:
    return CHANGES[key] in row.changes


def _has_block(row: ClientMonth, key: str) -> bool:
    return any(warning.startswith(BLOCKS[key][1]) for warning in row.warnings)
