"""What a VAT invoice has to show, and what ours would lack.

HMRC, "VAT record keeping" and VAT Regulations 1995, regulation 14: a number that follows on, the seller's name,
address and VAT number, the date, the customer's name and address, a description, and of each item the quantity,
the price, the rate, the net; the VAT altogether.
"""

from collections.abc import Sequence

from clients.models import Client
from invoicing.errors import NeedsAnAddress
from invoicing.models import Invoice, InvoiceLine
from money.amounts import ZERO
from practices.models import Practice, PracticeProfile
from practices.tenancy import acting_practice_id


def check_names_the_customer(client: Client) -> None:
    """Raise `NeedsAnAddress` where the practice charges VAT and the customer has no address to print."""
    if not has_address(client) and charges_vat():
        raise NeedsAnAddress(client)


def has_address(client: Client) -> bool:
    """Whether there is something to print under the customer's name."""
    return bool(client.address_line_1 or client.postal_code)


def charges_vat() -> bool:
    """Whether the acting practice is registered for VAT, so that its invoices are VAT invoices."""
    return Practice.objects.exclude(vat_number="").filter(pk=acting_practice_id()).exists()


def missing_on(
    invoice: Invoice, lines: Sequence[InvoiceLine], practice: Practice, profile: PracticeProfile
) -> list[str]:
    """What the document lacks to be a VAT invoice, each in words that say where to enter it; empty when it is whole.

    A practice that is not registered issues plain invoices: those lack something only where they charge VAT.
    """
    missing = []
    if not practice.vat_number:
        return [_NO_NUMBER] if any(line.vat != ZERO for line in lines) else []
    if not profile.address.strip():
        missing.append("Your address. Enter it in Settings, Profile.")
    if not has_address(invoice.client):
        missing.append("The customer's address. Enter it on the client's page.")
    if invoice.number is None:
        missing.append("A number. It gets one when it is issued.")
    missing += [
        f"A description of line {position}." for position, line in enumerate(lines, 1) if not line.name
    ]
    return missing


_NO_NUMBER = (
    "Your VAT number, though it charges VAT: your client may be unable to reclaim it. Enter the number in Settings, or"
    " use a rate without VAT."
)
