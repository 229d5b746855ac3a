"""The Sage client: the resources of one business behind one name."""

from sage_integration.sage.resources.bank_accounts import BankAccounts
from sage_integration.sage.resources.businesses import Businesses
from sage_integration.sage.resources.catalogue import Products, Services
from sage_integration.sage.resources.contact_allocations import ContactAllocations
from sage_integration.sage.resources.contact_payments import ContactPayments
from sage_integration.sage.resources.contacts import Contacts
from sage_integration.sage.resources.ledger_accounts import LedgerAccounts
from sage_integration.sage.resources.sales_credit_notes import SalesCreditNotes
from sage_integration.sage.resources.sales_invoices import SalesInvoices
from sage_integration.sage.resources.settings import (
    BusinessSettingsResource,
    FinancialSettingsResource,
    InvoiceSettingsResource,
)
from sage_integration.sage.resources.tax_rates import TaxRates
from sage_integration.sage.resources.transactions import Transactions
from sage_integration.sage.resources.user import Users
from sage_integration.sage.transport import Transport


class SageClient:
    """Everything we ask of one Sage business; `close` it, or use it in a `with`, to free its connection."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.businesses = Businesses(transport)
        self.user = Users(transport)
        self.contacts = Contacts(transport)
        self.ledger_accounts = LedgerAccounts(transport)
        self.tax_rates = TaxRates(transport)
        self.bank_accounts = BankAccounts(transport)
        self.sales_invoices = SalesInvoices(transport)
        self.sales_credit_notes = SalesCreditNotes(transport)
        self.contact_payments = ContactPayments(transport)
        self.contact_allocations = ContactAllocations(transport)
        self.transactions = Transactions(transport)
        self.products = Products(transport)
        self.services = Services(transport)
        self.financial_settings = FinancialSettingsResource(transport)
        self.invoice_settings = InvoiceSettingsResource(transport)
        self.business_settings = BusinessSettingsResource(transport)

    def reserve(self, count: int = 1) -> int:
        """Token and budget for the next requests, taken now: for how many, up to so many and at least one.

        Raises what they raise, with nothing sent.
        """
        return self._transport.reserve(count)

    def release(self) -> None:
        """Give back what is reserved and not needed."""
        self._transport.release()

    def close(self) -> None:
        """Give the kept connection back."""
        self._transport.close()

    def __enter__(self) -> "SageClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
