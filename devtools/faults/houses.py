"""The practices of a random history, each connected to a company of its own in the pretend Sage."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from clients.models import Client, ContactPerson
from clients.operations import add_client
from invoicing.operations.settings import set_billing_rules
from ledger.models import LedgerSettings
from practices.models import User
from practices.operations import open_practice
from practices.tenancy import practice_scope
from sage_integration.connections import complete_connection
from sage_integration.models import SageConnection, SageLedgerAccount, SageTaxRate, TaxRateMapping
from sage_integration.sage.oauth import TokenPair
from sage_sandbox.handle import SandboxHandle
from services.models import Service, TaxRate
from services.operations import add_service

CLIENTS = ("Acme Dental Ltd", "Bolt & Sons", "Cog Ltd")
ACCOUNT = 4010
RATES = {"standard": ("GB_STANDARD", Decimal(20)), "zero": ("GB_ZERO", Decimal(0))}


@dataclass(frozen=True)
class House:
    """One practice, its owner and its company in Sage."""

    pk: int
    owner: User
    business: str


def open_house(name: str, business: str, handle: SandboxHandle) -> House:
    """A practice with three clients and two services, connected and enabled."""
    owner = User.objects.create_user(f"{uuid4().hex}@faults.example", None, name="Owner")
    house = House(open_practice(owner, name).pk, owner, business)
    with practice_scope(house.pk):
        _connect(house, handle)
        # Nobody is there to answer about periods that were missed while the clock was moved.
        set_billing_rules(grouping="client", needs_approval=False, asks_about_missed=False)
        _offer_services()
        for client in CLIENTS:
            person = ContactPerson(name="Ann Other", email="ann@client.example", is_signatory=True)
            add_client(Client(name=client, address_line_1="1 Quay Street", city="Bristol"), [person])
    return house


def sign_in_again(house: House, handle: SandboxHandle) -> None:
    """What the owner does when the connection asks for it; inside a scope."""
    complete_connection(_tokens(handle), [house.business], by=house.owner)


def _tokens(handle: SandboxHandle) -> TokenPair:
    pair = handle.tokens(settings.SAGE_CLIENT_ID)
    return TokenPair(
        access_token=pair["access_token"],
        refresh_token=pair["refresh_token"],
        expires_in=pair["expires_in"],
        refresh_token_expires_in=pair["refresh_token_expires_in"],
        requested_by_id=pair["requested_by_id"],
        scope=pair["scope"],
    )


def _connect(house: House, handle: SandboxHandle) -> None:
    accounts = handle.records("ledger_accounts", house.business)
    account = next(row["id"] for row in accounts if row["nominal_code"] == ACCOUNT)
    now, pair = timezone.now(), _tokens(handle)
    SageConnection.objects.create(
        status=SageConnection.Status.ENABLED,
        business_id=house.business,
        business_name="Of the history",
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        access_expires_at=now + timedelta(seconds=pair.expires_in),
        refresh_expires_at=now + timedelta(days=31),
        default_account_id=account,
        connected_by=house.owner,
        enabled_at=now,
    )
    SageLedgerAccount.objects.create(sage_id=account, nominal_code=ACCOUNT, name="Sales", seen_at=now)
    for code, (sage_id, percentage) in RATES.items():
        SageTaxRate.objects.create(sage_id=sage_id, name=code, percentage=percentage, seen_at=now)
        ours = TaxRate.objects.get(vat_code=code)
        TaxRateMapping.objects.create(tax_rate=ours, sage_tax_rate_id=sage_id)
    LedgerSettings.objects.update_or_create(defaults={"accepts_postings": True})


def _offer_services() -> None:
    for name, code in (("Bookkeeping", "standard"), ("Annual accounts", "standard"), ("Training", "zero")):
        service = Service(name=name, tax_rate=TaxRate.objects.get(vat_code=code))
        add_service(service, unit_price=Decimal(100), effective_from=date(2020, 1, 1))
