"""What somebody chose for one copy instead of what mappings and rules would give; values only, no query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from invoicing.models import CreditNoteLine, Invoice, InvoiceLine
from money.amounts import ZERO, to_pence
from sage_integration.models import CopyChoices

#: Sage's rate of lines that carry no VAT at all (FACTS.md 8.1).
NO_VAT = "GB_NO_TAX"
#: Both are billed by line, and read alike.
BilledLine = InvoiceLine | CreditNoteLine


@dataclass(frozen=True)
class LineChoice:
    """The account and VAT rate chosen for a line: an empty account is the mapped one, a rate of None too."""

    account: str = ""
    rate: str | None = None

    @property
    def is_untaxed(self) -> bool:
        """Whether somebody chose that the line carries no VAT (F34)."""
        return self.rate == ""

    def vat(self, line: BilledLine, percentage: Decimal | None) -> Decimal:
        """The line's VAT in pounds: as frozen on issue, or by the chosen rate's percentage."""
        if self.rate is None:
            return line.vat
        if self.is_untaxed or not percentage:
            return ZERO
        return to_pence(line.net * percentage / 100)


AS_MAPPED = LineChoice()


@dataclass(frozen=True)
class Choices:
    """What one copy is sent with; without any, everything follows mappings and rules."""

    lines: tuple[LineChoice, ...] = ()
    #: The service and VAT rate each of them was made for: a line that is another one since is sent as mapped.
    made_for: tuple[tuple[int, int], ...] = ()
    dated: date | None = None
    due_on: date | None = None
    number: str = ""
    arrives_as_draft: bool | None = None

    def of(self, position: int, line: BilledLine) -> LineChoice:
        """The choice for the line at a position, from 0."""
        if position >= len(self.lines) or self.made_for[position] != (line.service_id, line.tax_rate_id):
            return AS_MAPPED
        return self.lines[position]

    @property
    def are_nothing(self) -> bool:
        """Whether everything goes as mappings and rules have it."""
        is_as_mapped = all(line == AS_MAPPED for line in self.lines)
        return is_as_mapped and (self.dated, self.due_on, self.number, self.arrives_as_draft) == (
            None,
            None,
            "",
            None,
        )

    def vat_dropped(self, lines: Sequence[BilledLine]) -> Decimal:
        """The VAT in pounds that these lines carry here and would not carry in Sage, because none was chosen (D1)."""
        untaxed = (line.vat for at, line in enumerate(lines) if self.of(at, line).is_untaxed)
        return sum(untaxed, ZERO)


NO_CHOICES = Choices()


def stored_choices(kept: CopyChoices | None, invoice: Invoice | None = None) -> Choices:
    """The choices of a copy as they are kept; dates only as long as the invoice was not amended since."""
    if kept is None:
        return NO_CHOICES
    lines = tuple(LineChoice(each["account"], each["rate"]) for each in kept.lines)
    made_for = tuple((each["service"], each["tax_rate"]) for each in kept.lines)
    holds = invoice is None or invoice.revision == kept.revision
    return Choices(
        lines,
        made_for,
        dated=kept.dated if holds else None,
        due_on=kept.due_on if holds else None,
        number=kept.number,
        arrives_as_draft=kept.arrives_as_draft,
    )


def kept_lines(choices: Choices, lines: Sequence[BilledLine]) -> list[dict[str, object]]:
    """The line choices as `CopyChoices.lines` keeps them."""
    return [
        {
            "account": choice.account,
            "rate": choice.rate,
            "service": line.service_id,
            "tax_rate": line.tax_rate_id,
        }
        for line, choice in ((line, choices.of(position, line)) for position, line in enumerate(lines))
    ]
