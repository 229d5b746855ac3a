"""An invoice exactly as Sage will hold it, and what would be refused: one function for the page and the push.

Pure: what is sent, what is shown and what is refused come from the same values, so they cannot differ. No
request is made for an invoice with a refusal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils.functional import cached_property

from invoicing.models import Invoice, InvoiceLine
from money.amounts import ZERO, Amounts, total
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import written
from sage_integration import mappers
from sage_integration.choices import NO_CHOICES, NO_VAT, Choices, LineChoice
from sage_integration.descriptions import LINE_LENGTH, full_length, has_formatting, has_table
from sage_integration.explanations import EXPLANATIONS, OF_THE_PRACTICE, failure_of, sentence_of
from sage_integration.mappers import Rules, Shape
from sage_integration.sage.errors import MappingMissing, SageError
from sage_integration.sage.resources.sales_invoices import NewSalesInvoice
from sage_integration.sync.errors import (
    CurrencyDiffers,
    NothingToPost,
    PeriodClosed,
    RateUnsuitable,
    VatNotRegistered,
)


@dataclass(frozen=True)
class Standing:
    """Which contact the invoice will belong to in Sage, in words; `refusal` when that needs a person first."""

    words: str
    refusal: SageError | None = None
    #: Whether it would be made with the document, because Sage has none.
    is_new: bool = False
    #: Sage's id of the contact that the client is linked with; empty where it is not.
    linked: str = ""


#: What stands there before anybody has looked.
NOT_LOOKED_UP = Standing("Found by its exact name when the invoice is copied, or created")


@dataclass(frozen=True)
class Obstacle:
    """Why a document would not leave, in words, and where that is mended: a page of the practice, if there is one."""

    failure: str
    text: str
    remedy: str = ""
    page: str = ""


@dataclass(frozen=True)
class ShownLine:
    """One line as it will stand in Sage; account, rate and item by the names they have there."""

    shape: Shape
    account: str
    rate: str
    item: str
    amounts: Amounts
    notes: tuple[str, ...]

    @property
    def description(self) -> str:
        """Plain text, as many lines as it has."""
        return self.shape.description

    @property
    def heading(self) -> str:
        """The first line of the text, which names the service."""
        return self.description.partition("\n")[0]

    @property
    def details(self) -> str:
        """The rest of the text; empty where there is one line."""
        return self.description.partition("\n")[2]

    @property
    def quantity(self) -> Decimal:
        """As it is sent."""
        return self.shape.quantity

    @property
    def unit_price(self) -> Decimal:
        """As it is sent, in pounds and pence."""
        return self.shape.unit_price


@dataclass(frozen=True)
class AsSageShows:
    """An issued invoice, or one that will be issued, through the eyes of Sage."""

    invoice: Invoice
    lines: Sequence[InvoiceLine]
    rules: Rules
    reference: str = ""
    idempotency_id: str = ""
    contact: Standing = field(default=NOT_LOOKED_UP)
    choices: Choices = NO_CHOICES

    def __post_init__(self) -> None:
        # Whoever looks at it, its client's own rules hold.
        object.__setattr__(self, "rules", self.rules.of_client(self.invoice.client_id))

    def payload(self) -> NewSalesInvoice:
        """What is sent, complete but for its contact; raises the first refusal."""
        for refusal in self.refusals:
            raise refusal
        return {**self._payload}

    @cached_property
    def _payload(self) -> NewSalesInvoice:
        return mappers.sales_invoice(
            self.invoice,
            self.lines,
            self.rules,
            reference=self.reference,
            idempotency_id=self.idempotency_id,
            choices=self.choices,
        )

    @cached_property
    def sent(self) -> list[tuple[InvoiceLine, LineChoice]]:
        """The lines that reach Sage, with what was chosen for each."""
        return mappers.chosen(self.lines, self.choices)

    @cached_property
    def shown(self) -> list[ShownLine]:
        """The lines that reach Sage."""
        return [_shown(line, self.rules, choice) for line, choice in self.sent]

    @cached_property
    def amounts(self) -> Amounts:
        """Net and VAT as Sage will add them up: line by line, each rounded (FACTS.md 8.3)."""
        return total(
            _amounts_of(line, mappers.net_of(line), self.rules, choice) for line, choice in self.sent
        )

    @property
    def difference(self) -> Decimal:
        """Sage's gross less ours: nothing, unless somebody chose another VAT rate for this copy."""
        return self.amounts.gross - self.invoice.gross

    @cached_property
    def refusals(self) -> list[SageError]:
        """Why it would not leave, in the order a person would settle it (P09, P25)."""
        return list(_refusals(self))

    @property
    def reasons(self) -> list[str]:
        """The refusals in words, with the way out."""
        return [obstacle.text for obstacle in self.obstacles]

    @property
    def obstacles(self) -> list[Obstacle]:
        """The same with the page where each is mended."""
        return list(dict.fromkeys(_obstacle(refusal) for refusal in self.refusals))

    @property
    def notes(self) -> list[str]:
        """What goes otherwise than it stands here, and why."""
        return list(dict.fromkeys(_notes(self)))

    @property
    def arrives_as_draft(self) -> bool:
        """Whether it is to be released in Sage before it counts."""
        return mappers.arrives_as_draft(self.rules, self.choices)

    @property
    def day(self) -> date:
        """The date it gets in Sage."""
        return self.choices.dated or self.invoice.tax_point

    @property
    def due_on(self) -> date:
        """The due date it gets in Sage."""
        return self.choices.due_on or self.invoice.due_on

    @property
    def number(self) -> str:
        """Whose number it gets (F10, D4)."""
        if self.choices.number:
            return self.choices.number
        if self.arrives_as_draft:
            return "None yet: Sage numbers a draft when it is released there"
        if self.rules.numbers_are_ours:
            return self.invoice.number_label if self.invoice.number else "Ours, once it is issued"
        return "Sage's next number"

    @property
    def arrival(self) -> str:
        """Whether it counts in Sage at once."""
        return "Draft, to be released in Sage" if self.arrives_as_draft else "Final"

    @property
    def address(self) -> list[str]:
        """The address that goes along; empty when none is known."""
        sent = mappers.main_address(self.invoice.client)
        return [str(sent[name]) for name in mappers.ADDRESS_LENGTHS if sent.get(name)] if sent else []  # type: ignore[literal-required]


def _obstacle(refusal: SageError) -> Obstacle:
    failure, text = failure_of(refusal), sentence_of(refusal)
    explanation = EXPLANATIONS[failure]
    if explanation.page in OF_THE_PRACTICE:
        return Obstacle(failure, text, explanation.remedy, explanation.page)
    return Obstacle(failure, text)


def _shown(line: InvoiceLine, rules: Rules, choice: LineChoice) -> ShownLine:
    shape, mappings = mappers.shape_of(line, rules), rules.mappings
    account = choice.account or mappings.accounts.get(line.service_id) or mappings.default_account
    rate = mappings.tax_rates.get(line.tax_rate_id, "") if choice.rate is None else choice.rate or NO_VAT
    item = mappings.items.get(line.service_id)
    return ShownLine(
        shape=shape,
        account=mappings.names.get(account, account),
        rate=mappings.names.get(rate, rate),
        item=mappings.names.get(item[1], "") if item else "",
        amounts=_amounts_of(line, shape.net, rules, choice),
        notes=tuple(_line_notes(line, shape, rules, choice)),
    )


def _amounts_of(line: InvoiceLine, net: Decimal, rules: Rules, choice: LineChoice) -> Amounts:
    """A line's net in Sage, and the VAT it is sent with."""
    percentage = rules.mappings.percentages.get(choice.rate or NO_VAT)
    return Amounts(net, choice.vat(line, percentage))


def _refusals(document: AsSageShows) -> Iterator[SageError]:
    rules, lines = document.rules, document.sent
    if not lines:
        yield NothingToPost(document.invoice.number_label)
    yield from _gaps(lines, rules)
    if not rules.is_vat_registered and document.amounts.vat:
        yield VatNotRegistered(f"{document.invoice.number_label} carries VAT")
    if refusal := closed_period(document.day, rules):
        yield refusal
    if rules.base_currency and rules.base_currency != rules.currency:
        yield CurrencyDiffers(f"the invoice is in {rules.currency}, and the company in {rules.base_currency}")
    if document.contact.refusal:
        yield document.contact.refusal


def closed_period(day: date, rules: Rules) -> PeriodClosed | None:
    """The refusal of a document's date that the business's books do not take (FACTS.md 2), or None."""
    begin, locked = rules.accounts_start_on, rules.locked_until
    if begin and day < begin:
        return PeriodClosed(
            f"the invoice is dated {written_date(day)}, and the books begin on {written_date(begin)}"
        )
    if locked and day <= locked:
        return PeriodClosed(
            f"the invoice is dated {written_date(day)}, and Sage is locked up to {written_date(locked)}"
        )
    return None


def _gaps(lines: Sequence[tuple[InvoiceLine, LineChoice]], rules: Rules) -> Iterator[SageError]:
    """What the mappings lack for these lines, each thing once."""
    found: dict[str, SageError] = {}
    for line, choice in lines:
        for gap in (_account_gap(line, rules, choice), _rate_gap(line, rules, choice)):
            if gap is not None:
                found.setdefault(gap.detail, gap)
    yield from found.values()


def _account_gap(line: InvoiceLine, rules: Rules, choice: LineChoice) -> SageError | None:
    try:
        rules.mappings.account(line.service, choice.account)
    except MappingMissing as gap:
        return gap
    return None


def _rate_gap(line: InvoiceLine, rules: Rules, choice: LineChoice) -> SageError | None:
    try:
        rate = rules.mappings.tax_rate(line.tax_rate, choice.rate)
    except MappingMissing as gap:
        return gap
    if choice.rate is not None:
        return None  # Chosen by a person, and confirmed where that drops VAT.
    percentage = rules.mappings.percentages.get(rate)
    if percentage is None or bool(percentage) == bool(line.vat_percent):
        return None
    name = rules.mappings.names.get(rate, rate)
    return RateUnsuitable(
        f"“{line.tax_rate.name}” is {line.vat_percent.normalize():f}% here, and is mapped to “{name}” in Sage"
    )


def _notes(document: AsSageShows) -> Iterator[str]:
    rules, invoice = document.rules, document.invoice
    for line in document.shown:
        yield from line.notes
    if cut := mappers.cut_in_the_address(invoice.client):
        yield f"The address is shortened where Sage takes no more: {', '.join(cut)}."
    if document.arrives_as_draft and rules.numbers_are_ours:
        yield "A draft carries no number. If Sage gives its own on release, both are shown."
    if document.difference:
        yield (
            f"Another VAT rate was chosen: Sage will show {written(document.amounts.gross)}, and the invoice "
            f"here is {written(invoice.gross)}. The difference stays until one of the two is corrected."
        )
    if invoice.gross == ZERO:
        yield "An invoice for £0.00 stays here unless somebody releases it."


def _line_notes(line: InvoiceLine, shape: Shape, rules: Rules, choice: LineChoice) -> Iterator[str]:
    details = line.description if rules.with_descriptions else ""
    length = full_length(line.name, details, calculation=shape.calculation)
    if length > LINE_LENGTH:
        yield (
            f"“{line.name}” has {length} characters with its description; Sage is sent the first "
            f"{LINE_LENGTH}, to the end of a word."
        )
    if details and has_table(details):
        yield f"The table in “{line.name}” is flattened: its cells stand one after the other."
    elif details and has_formatting(details):
        yield f"The formatting of “{line.name}” is left out: only plain text reaches Sage."
    if shape.calculation and not rules.has_quantities:
        yield f"This company's Sage plan has no quantities: “{line.name}” goes as one piece and says how many."
    elif shape.calculation:
        yield f"The price of “{line.name}” is finer than a penny: it goes as one piece and says how it adds up."
    percentage = rules.mappings.percentages.get(rules.mappings.tax_rates.get(line.tax_rate_id, ""))
    if choice.rate is None and percentage and line.vat_percent and percentage != line.vat_percent:
        yield (
            f"“{line.name}” carries {line.vat_percent.normalize():f}% VAT, and its rate in Sage is "
            f"{percentage.normalize():f}% today. The VAT is sent as it stands here."
        )
