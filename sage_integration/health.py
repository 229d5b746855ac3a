"""What stands in the way of posting to a company, in words, before it can hurt an invoice.

Pure but for one look across practices; everything else was read from Sage before and is kept on the connection.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection as database

from practices.templatetags.dates import written_date
from practices.tenancy import acting_practice_id
from sage_integration.mappings import PLANS_WITHOUT_QUANTITIES
from sage_integration.models import SageConnection, SageLink, SageTaxRate
from sage_integration.sage.resources.settings import NOT_REGISTERED

#: What a login needs to be allowed in Sage, what it is needed for, and whether nothing works without it.
AREAS = (
    ("sales", "Sales", "invoices cannot be copied", True),
    ("contacts", "Contacts", "clients cannot be found or created", True),
    ("bank", "Bank", "payments cannot be brought back", False),
    ("settings", "Settings", "lock dates, VAT scheme and currency cannot be checked beforehand", False),
    ("catalogue", "Products & Services", "services cannot be linked to Sage's own items", False),
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it stands in a word, what that means, and what can be done."""

    label: str
    word: str
    tone: str = "good"
    consequence: str = ""
    cure: str = ""
    #: Whether it shows that Sage lets this login write.
    is_proof: bool = False


def findings(connection: SageConnection) -> list[Finding]:
    """Everything the health check looks at, in the order a person would; empty before the first reading."""
    if not connection.health_read_at:
        return []
    facts = connection.health
    return [
        _plan(connection),
        *_access(connection),
        _country(facts),
        _address(facts),
        _vat_scheme(connection),
        _rates(),
        _currency(connection),
        _start_of_accounts(connection),
        _lock_date(connection),
        _elsewhere(connection),
    ]


def troubles(connection: SageConnection) -> list[Finding]:
    """Only what a person should look at."""
    return [finding for finding in findings(connection) if finding.tone in ("warn", "bad")]


def practices_connected_to(business_id: str) -> set[int]:
    """Ids of all practices of this installation with a live connection to a company, the acting one included."""
    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM sage_practices_of_business(%s)", [business_id])
        return {row[0] for row in cursor.fetchall()}


def is_connected_elsewhere(business_id: str) -> bool:
    """Whether another practice here posts to the same company; which one is nobody's business."""
    return bool(practices_connected_to(business_id) - {acting_practice_id()})


def _plan(connection: SageConnection) -> Finding:
    if connection.plan_id in PLANS_WITHOUT_QUANTITIES:
        return Finding(
            "Sage plan",
            connection.plan,
            "warn",
            # FACTS.md 15, 27
            "This plan has no quantities, no products and no allocations: a line arrives with quantity 1 and its "
            "total, with the quantity in words.",
            "A larger plan, in Sage under Manage subscriptions, lifts this.",
        )
    return Finding("Sage plan", connection.plan or "Unknown")


def _access(connection: SageConnection) -> Iterator[Finding]:
    access = connection.health.get("access", {})
    for key, area, without, is_vital in AREAS:
        if access.get(key):
            yield Finding(f"Access to {area}", "Can be read")
        else:
            yield Finding(
                f"Access to {area}",
                "Not allowed",
                "bad" if is_vital else "warn",
                f"Without it {without}.",
                f"In Sage, give the user who signed in full access to {area} (Settings, Users), then check again.",
            )
    if all(access.get(key) for key, *_, is_vital in AREAS if is_vital):
        yield _rights_to_write(connection)


def _rights_to_write(connection: SageConnection) -> Finding:
    """What arrived tells: Sage names a login's rights only by refusing (FACTS.md 2), and nothing is written to ask."""
    created = SageLink.objects.filter(business_id=connection.business_id, was_adopted=False)
    latest = created.filter(posted_at__gte=connection.connected_at).order_by("-pk").first()
    if latest is not None:
        return Finding(
            "Rights to write",
            "Proved",
            "good",
            f"{latest.sage_number} was created in Sage on {written_date(latest.posted_at.date())}.",
            is_proof=True,
        )
    return Finding(
        "Rights to write",
        "Not checked",
        "info",
        "Only reading could be checked: Sage says what a login may write when something is written. Without that "
        "right the first invoice is refused, stays here and says so; nothing is lost.",
        "To be sure, look in Sage under Settings, Users that whoever signed in has full access to Sales and Contacts.",
    )


def _country(facts: dict[str, Any]) -> Finding:
    if facts.get("country") != "GB":
        return Finding(
            "Country",
            facts.get("country_name") or "Unknown",
            "bad",
            "Only companies in the United Kingdom are supported.",
            "Disconnect, and connect a company in the United Kingdom.",
        )
    if facts.get("ni_based"):
        return Finding(
            "Country", "Northern Ireland", "info", "Goods sold to the EU have VAT rules of their own in Sage."
        )
    return Finding("Country", "United Kingdom")


def _address(facts: dict[str, Any]) -> Finding:
    if facts.get("has_address"):
        return Finding("Company address", "Complete")
    return Finding(
        "Company address",
        "Incomplete",
        "warn",
        "A VAT invoice has to show the seller's address, and Sage's PDF takes it from there.",
        "In Sage, fill in street and postcode under Settings, Business information.",
    )


def _vat_scheme(connection: SageConnection) -> Finding:
    if connection.tax_scheme == NOT_REGISTERED:
        return Finding(
            "VAT scheme",
            "Not registered",
            "warn",
            "Invoices in this company can carry no VAT; one that has VAT here is refused before it is sent.",
            "If the company is registered, enter its VAT scheme in Sage under Settings, Accounting dates & VAT.",
        )
    if not connection.tax_scheme:
        return Finding("VAT scheme", "Unknown", "info", "This login may not read Sage's settings.")
    return Finding("VAT scheme", "Registered")


def _rates() -> Finding:
    found = SageTaxRate.objects.filter(is_usable=True).count()
    if not found:
        return Finding(
            "VAT rates",
            "None",
            "bad",
            "Without a rate of Sage no line can be posted.",
            "Check in Sage that VAT rates are visible, then check again.",
        )
    return Finding("VAT rates", f"{found} found")


def _currency(connection: SageConnection) -> Finding:
    currency = connection.base_currency
    if not currency:
        return Finding("Currency", "Unknown", "info", "This login may not read Sage's settings.")
    if currency != "GBP":
        return Finding(
            "Currency",
            currency,
            "bad",
            "Invoices here are in pounds; posted to this company they would be read as another currency.",
            "Connect a company whose base currency is the pound.",
        )
    return Finding("Currency", "Pound sterling")


def _start_of_accounts(connection: SageConnection) -> Finding:
    start = connection.accounts_start_on
    if start is None:
        return Finding("Accounts start", "Not set", "info")
    return Finding(
        "Accounts start",
        written_date(start),
        "info",
        "Invoices dated earlier are refused before they are sent.",
    )


def _lock_date(connection: SageConnection) -> Finding:
    locked = connection.locked_until
    if locked is None:
        return Finding("Lock date", "None")
    return Finding(
        "Lock date",
        written_date(locked),
        "info",
        "Invoices dated up to then are refused before they are sent.",
        "If such an invoice has to go in, move the lock date in Sage, or date the invoice later.",
    )


def _elsewhere(connection: SageConnection) -> Finding:
    if is_connected_elsewhere(connection.business_id):
        return Finding(
            "Other connections",
            "Connected elsewhere",
            "warn",
            "Another practice in this installation is connected to the same company, so a client billed in both "
            "would be invoiced twice in it.",
            "If that is not meant, disconnect one of the two.",
        )
    return Finding("Other connections", "None")
