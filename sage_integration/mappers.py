"""From our documents to Sage's: no query, no request, and no default that hides a gap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from clients.models import Client, ContactPerson
from invoicing.models import Invoice, InvoiceLine
from money.amounts import ZERO, to_pence
from sage_integration.descriptions import line_description
from sage_integration.sage.decimals import number
from sage_integration.sage.errors import MappingMissing
from sage_integration.sage.resources.contacts import CUSTOMER, NewAddress, NewContact, NewContactPerson
from sage_integration.sage.resources.sales_invoices import NewSalesInvoice, NewSalesInvoiceLine
from services.models import Service, TaxRate

#: The kind of address an invoice is sent to (FACTS.md 6).
SALES_ADDRESS = "SALES"
ONE = Decimal(1)


@dataclass(frozen=True)
class Mappings:
    """Which Sage account a service and which Sage rate a VAT rate stands for, by our ids."""

    default_account: str
    accounts: Mapping[int, str]
    tax_rates: Mapping[int, str]
    usable_accounts: frozenset[str]
    usable_tax_rates: frozenset[str]

    def account(self, service: Service) -> str:
        """The ledger account of a service, else the default one (F14, F15); raises `MappingMissing`."""
        account = self.accounts.get(service.pk) or self.default_account
        if not account:
            raise MappingMissing("no default sales account is chosen")
        if account not in self.usable_accounts:
            raise MappingMissing(
                f"the sales account of “{service.name}” is gone from Sage or not for sales any more"
            )
        return account

    def tax_rate(self, rate: TaxRate) -> str:
        """Sage's id of one of our VAT rates (F29); raises `MappingMissing`."""
        sage_rate = self.tax_rates.get(rate.pk)
        if not sage_rate:
            raise MappingMissing(f"the VAT rate “{rate.name}” is not mapped")
        if sage_rate not in self.usable_tax_rates:
            raise MappingMissing(f"Sage no longer offers the rate that “{rate.name}” is mapped to")
        return sage_rate


def sales_invoice(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    mappings: Mappings,
    *,
    reference: str,
    idempotency_id: str,
    with_descriptions: bool,
) -> NewSalesInvoice:
    """The invoice as Sage is to store it, complete but for its contact; raises `MappingMissing`.

    Sage gives the number (FACTS.md 9.3); no header totals are sent, they follow from the lines (8.3).
    """
    document: NewSalesInvoice = {
        "contact_id": "",
        "date": invoice.tax_point.isoformat(),
        "due_date": invoice.due_on.isoformat(),
        "reference": reference,
        "idempotency_id": idempotency_id,
        "invoice_lines": [
            sales_invoice_line(line, mappings, with_description=with_descriptions)
            for line in lines
            if not _is_included(line)
        ],
    }
    if address := main_address(invoice.client):
        document["main_address"] = address
    return document


def sales_invoice_line(
    line: InvoiceLine, mappings: Mappings, *, with_description: bool
) -> NewSalesInvoiceLine:
    """One line with its VAT as frozen on issue; Sage computes none (FACTS.md 8.2).

    Sage rounds unit prices to pennies before it multiplies (FACTS.md 8.3). Where that would change the net,
    the line goes as one piece at its net, and says what the net is made of: 3 × £0.3333 is 1 × £1.00.
    """
    quantity, unit_price, calculation = line.quantity, line.unit_price, ""
    if to_pence(quantity * to_pence(unit_price)) != line.net or unit_price != to_pence(unit_price):
        calculation = f"({_plain(quantity)} × {_plain(unit_price)})"
        quantity, unit_price = ONE, line.net
    return {
        "description": line_description(
            line.name, line.description if with_description else "", calculation=calculation
        ),
        "ledger_account_id": mappings.account(line.service),
        "quantity": number(quantity),
        "unit_price": number(to_pence(unit_price)),
        "tax_rate_id": mappings.tax_rate(line.tax_rate),
        "tax_amount": number(line.vat),
    }


def contact(client: Client, people: Sequence[ContactPerson], *, idempotency_id: str) -> NewContact:
    """The client as a new Sage customer (FACTS.md 6); its first person is the main one."""
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


def _address_lines(client: Client) -> NewAddress:
    lines: NewAddress = {
        "address_line_1": client.address_line_1,
        "address_line_2": client.address_line_2,
        "city": client.city,
        "region": client.region,
        "postal_code": client.postal_code,
    }
    return lines


def _main_person(client: Client, people: Sequence[ContactPerson]) -> NewContactPerson | None:
    person: NewContactPerson = {}
    if people:
        person["name"] = people[0].name
        if people[0].email:
            person["email"] = people[0].email
    if phone := (people[0].phone if people else "") or client.phone:
        person["telephone"] = phone
    return person or None


def _is_included(line: InvoiceLine) -> bool:
    """Services without a price never reach an invoice (F22)."""
    return (
        line.service.billing_basis == Service.BillingBasis.INCLUDED
        and line.net == ZERO
        and line.unit_price == 0
    )


def _plain(value: Decimal) -> str:
    text = f"{value.normalize():f}"
    return text if "." not in text or len(text.split(".")[1]) > 1 else f"{text}0"
