"""From our documents to Sage's: no query, no request, and no default that hides a gap."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal, TypeVar

from clients.models import Client, ContactPerson
from invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from money.amounts import ZERO, to_pence
from sage_integration.choices import AS_MAPPED, NO_CHOICES, NO_VAT, BilledLine, Choices, LineChoice
from sage_integration.descriptions import line_description
from sage_integration.sage.decimals import number
from sage_integration.sage.errors import AccountNotMapped, RateNotMapped, TooLongForSage
from sage_integration.sage.resources.contacts import CUSTOMER, NewAddress, NewContact, NewContactPerson
from sage_integration.sage.resources.documents import DRAFT
from sage_integration.sage.resources.sales_credit_notes import NewSalesCreditNote
from sage_integration.sage.resources.sales_invoices import NewSalesInvoice, NewSalesInvoiceLine
from services.models import Service, TaxRate

#: The kind of address an invoice is sent to (FACTS.md 6).
SALES_ADDRESS = "SALES"
#: What our numbers begin with; Sage takes six characters (FACTS.md 9.1).
NUMBER_PREFIX = "INV-"
#: Characters Sage takes of a contact's name, of a person's name or number, and of an address (FACTS.md 6).
NAME_LENGTH, PERSON_LENGTH = 100, 50
ADDRESS_LENGTHS = {"address_line_1": 50, "address_line_2": 50, "city": 50, "region": 50, "postal_code": 10}
ONE = Decimal(1)
#: The field of a line that names an item of Sage's catalogue.
ItemField = Literal["product_id", "service_id"]
Line = TypeVar("Line", InvoiceLine, CreditNoteLine)


@dataclass(frozen=True)
class Mappings:
    """What our accounts, VAT rates and services are in Sage, by our ids; names and percentages by Sage's."""

    default_account: str
    accounts: Mapping[int, str]
    tax_rates: Mapping[int, str]
    usable_accounts: frozenset[str]
    usable_tax_rates: frozenset[str]
    #: The item of Sage's catalogue a service is linked to: the field of the line that names it, and Sage's id.
    items: Mapping[int, tuple[ItemField, str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    percentages: Mapping[str, Decimal] = field(default_factory=dict)
    #: The default account of clients that have one of their own.
    client_accounts: Mapping[int, str] = field(default_factory=dict)

    def account(self, service: Service, chosen: str = "") -> str:
        """The chosen ledger account, else the service's, else the default one (F14, F15).

        Raises `AccountNotMapped`.
        """
        account = chosen or self.accounts.get(service.id) or self.default_account
        if not account:
            raise AccountNotMapped("no default sales account is chosen")
        if account not in self.usable_accounts:
            raise AccountNotMapped(
                f"the sales account of “{service.name}” is gone from Sage or not for sales any more"
            )
        return account

    def tax_rate(self, rate: TaxRate, chosen: str | None = None) -> str:
        """The chosen rate of Sage (an empty one is no VAT), else what ours is mapped to (F29, F33, F34).

        Raises `RateNotMapped`.
        """
        sage_rate = self.tax_rates.get(rate.id) if chosen is None else chosen or NO_VAT
        if not sage_rate:
            raise RateNotMapped(f"the VAT rate “{rate.name}” is not mapped")
        if sage_rate not in self.usable_tax_rates:
            raise RateNotMapped(f"Sage does not offer the rate that “{rate.name}” would go with")
        return sage_rate


@dataclass(frozen=True)
class Rules:
    """Everything beside the invoice itself that decides what Sage is sent, and whether it is sent at all."""

    mappings: Mappings
    with_descriptions: bool = True
    #: F10: our number goes along; otherwise Sage gives one.
    numbers_are_ours: bool = False
    arrives_as_draft: bool = False
    #: The Start plan has no quantities on lines (FACTS.md 15, 27).
    has_quantities: bool = True
    is_vat_registered: bool = True
    #: Of our invoices, and of the business; the latter is empty when the login may not see it.
    currency: str = "GBP"
    base_currency: str = ""
    #: The first day of the books, and the last locked one.
    accounts_start_on: date | None = None
    locked_until: date | None = None

    def of_client(self, client_id: int) -> "Rules":
        """The same for the invoices of one client, whose own account takes the place of the default one."""
        account = self.mappings.client_accounts.get(client_id)
        if not account:
            return self
        return replace(self, mappings=replace(self.mappings, default_account=account, client_accounts={}))


@dataclass(frozen=True)
class Shape:
    """What a line says in Sage and how its net comes about there."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    #: How the amount came about here, where the line goes as one piece; else empty.
    calculation: str

    @property
    def net(self) -> Decimal:
        """As Sage computes it."""
        return _net_in_sage(self.quantity, self.unit_price)


def sales_invoice(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    rules: Rules,
    *,
    reference: str,
    idempotency_id: str,
    choices: Choices = NO_CHOICES,
) -> NewSalesInvoice:
    """The invoice as Sage is to store it, complete but for its contact; raises `MappingMissing`.

    No header totals are sent, they follow from the lines (FACTS.md 8.3).
    """
    document: NewSalesInvoice = {
        "contact_id": "",
        "date": (choices.dated or invoice.tax_point).isoformat(),
        "due_date": (choices.due_on or invoice.due_on).isoformat(),
        "reference": reference,
        "idempotency_id": idempotency_id,
        "invoice_lines": [sales_invoice_line(line, rules, choice) for line, choice in chosen(lines, choices)],
    }
    if address := main_address(invoice.client):
        document["main_address"] = address
    if arrives_as_draft(rules, choices):
        document["status_id"] = DRAFT
    if choices.number:
        document["invoice_number"] = choices.number
    elif rules.numbers_are_ours and invoice.number:
        document["invoice_number_prefix"] = NUMBER_PREFIX
        document["invoice_number"] = invoice.number_label
    return document


def sales_credit_note(
    note: CreditNote,
    lines: Sequence[CreditNoteLine],
    rules: Rules,
    *,
    reference: str,
    idempotency_id: str,
    contact_id: str,
    original_number: str,
    choices: Choices = NO_CHOICES,
) -> NewSalesCreditNote:
    """The credit note as Sage is to store it, of the contact its invoice has there; raises `MappingMissing`.

    Prices are positive, and the invoice is named in the notes, because Sage knows no link (FACTS.md 10).
    """
    document: NewSalesCreditNote = {
        "contact_id": contact_id,
        "date": note.issued_on.isoformat(),
        "reference": reference,
        "idempotency_id": idempotency_id,
        "original_invoice_date": note.invoice.tax_point.isoformat(),
        "notes": credit_note_notes(note, original_number),
        "credit_note_lines": [
            sales_invoice_line(line, rules, choice) for line, choice in chosen(lines, choices)
        ],
    }
    if address := main_address(note.client):
        document["main_address"] = address
    return document


def credit_note_notes(note: CreditNote, original_number: str) -> str:
    """What the credit note says of its invoice and its reason; not meant for the customer (FACTS.md 9.1)."""
    return f"Credits {original_number} ({note.invoice.number_label}) in full. {note.reason}"


def arrives_as_draft(rules: Rules, choices: Choices = NO_CHOICES) -> bool:
    """Whether the invoice arrives as a draft: as chosen, else as the practice has it."""
    return rules.arrives_as_draft if choices.arrives_as_draft is None else choices.arrives_as_draft


def sales_invoice_line(line: BilledLine, rules: Rules, choice: LineChoice = AS_MAPPED) -> NewSalesInvoiceLine:
    """One line with its VAT as frozen on issue or as chosen; Sage computes none (FACTS.md 8.2).

    Raises `MappingMissing`.
    """
    shape, rate = shape_of(line, rules), rules.mappings.tax_rate(line.tax_rate, choice.rate)
    sent: NewSalesInvoiceLine = {
        "description": shape.description,
        "ledger_account_id": rules.mappings.account(line.service, choice.account),
        "quantity": number(shape.quantity),
        "unit_price": number(shape.unit_price),
        "tax_rate_id": rate,
        "tax_amount": number(choice.vat(line, rules.mappings.percentages.get(rate))),
    }
    if item := rules.mappings.items.get(line.service_id):
        sent[item[0]] = item[1]
    return sent


def shape_of(line: BilledLine, rules: Rules) -> Shape:
    """How a line reads in Sage.

    Sage rounds unit prices to pennies before it multiplies (FACTS.md 8.3), and its Start plan has no quantities.
    Where that would change the net, or lose the quantity, the line goes as one piece at its net, and says what
    the net is made of: 3 × £0.3333 is 1 × £1.00.
    """
    quantity, unit_price, calculation = _made_of(line, rules)
    details = line.description if rules.with_descriptions else ""
    return Shape(
        line_description(line.name, details, calculation=calculation), quantity, unit_price, calculation
    )


def net_of(line: BilledLine) -> Decimal:
    """The line's net as Sage computes it from `shape_of`: ours, as one it would compute otherwise goes as one piece."""
    return to_pence(line.net)


def _made_of(line: BilledLine, rules: Rules) -> tuple[Decimal, Decimal, str]:
    """Quantity and unit price as they are sent, and how the amount came about where the line goes as one piece."""
    price = to_pence(line.unit_price)
    is_too_fine = line.unit_price != price or to_pence(line.quantity * price) != line.net
    if is_too_fine or (line.quantity != ONE and not rules.has_quantities):
        return ONE, to_pence(line.net), f"({_plain(line.quantity)} × {_price(line.unit_price)})"
    return line.quantity, price, ""


def _net_in_sage(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """Sage rounds the price to pennies, multiplies and rounds (FACTS.md 8.3)."""
    return to_pence(quantity * to_pence(unit_price))


def priced(lines: Iterable[Line]) -> list[Line]:
    """The lines that are sent: services without a price never reach an invoice (F22)."""
    return [line for line in lines if not _is_included(line)]


def chosen(lines: Iterable[Line], choices: Choices) -> list[tuple[Line, LineChoice]]:
    """The lines that are sent, each with what was chosen for it."""
    numbered = enumerate(lines)
    return [(line, choices.of(position, line)) for position, line in numbered if not _is_included(line)]


def contact(client: Client, people: Sequence[ContactPerson], *, idempotency_id: str) -> NewContact:
    """The client as a new Sage customer (FACTS.md 6), its first person the main one; raises `TooLongForSage` (D15)."""
    if len(client.name) > NAME_LENGTH:
        raise TooLongForSage(
            f"“{client.name[:40]}…” has {len(client.name)} characters, and Sage takes {NAME_LENGTH}"
        )
    new: NewContact = {
        "name": client.name,
        "contact_type_ids": [CUSTOMER],
        "idempotency_id": idempotency_id,
    }
    if vat_number := "".join(client.vat_number.split()):
        new["tax_number"] = vat_number
    if address := main_address(client):
        new["main_address"] = address
    if person := _main_person(client, people):
        new["main_contact_person"] = person
    return new


def main_address(client: Client) -> NewAddress | None:
    """The billing address, or None when the practice does not know it."""
    if not client.address_lines:
        return None
    return {**_address_lines(client), "country_id": client.country, "address_type_id": SALES_ADDRESS}


def bare_address(client: Client) -> NewAddress:
    """All that is known of a client without an address, for a contact that has none in Sage either.

    Sage may insist on an address on a document (FACTS.md 17, 13).
    """
    return {"country_id": client.country, "address_type_id": SALES_ADDRESS}


def cut_in_the_address(client: Client) -> list[str]:
    """The parts of the billing address that are longer than Sage takes, and go shortened."""
    return [
        value
        for name, limit in ADDRESS_LENGTHS.items()
        if len(value := getattr(client, name).strip()) > limit
    ]


def _address_lines(client: Client) -> NewAddress:
    def part(name: str) -> str:
        return str(getattr(client, name)).strip()[: ADDRESS_LENGTHS[name]]

    lines: NewAddress = {
        "address_line_1": part("address_line_1"),
        "address_line_2": part("address_line_2"),
        "city": part("city"),
        "region": part("region"),
        "postal_code": part("postal_code"),
    }
    return lines


def _main_person(client: Client, people: Sequence[ContactPerson]) -> NewContactPerson | None:
    person: NewContactPerson = {}
    if people:
        person["name"] = people[0].name[:PERSON_LENGTH]
        if people[0].email:
            person["email"] = people[0].email
    if phone := (people[0].phone if people else "") or client.phone:
        person["telephone"] = phone[:PERSON_LENGTH]
    return person or None


def _is_included(line: BilledLine) -> bool:
    """Services without a price never reach an invoice (F22)."""
    return (
        line.unit_price == 0
        and line.net == ZERO
        and line.service.billing_basis == Service.BillingBasis.INCLUDED
    )


def _plain(value: Decimal) -> str:
    text = f"{value.normalize():f}"
    return text if "." not in text or len(text.split(".")[1]) > 1 else f"{text}0"


def _price(value: Decimal) -> str:
    """At least with its pence: 50.00, 0.3333."""
    return f"{value:.2f}" if value == to_pence(value) else _plain(value)
