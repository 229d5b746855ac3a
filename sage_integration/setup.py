"""The choices that decide how invoices arrive in Sage; each is recorded, and none touches what was posted (F26)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils import timezone

from clients.models import Client, ClientQuerySet
from clients.operations import switch_posting
from invoicing.operations.settings import set_documents_by, set_invoicing_settings
from ledger.models import Posting
from ledger.outbox import ledger_settings
from ledger.releases import retry_all
from practices import audit
from practices.scalars import count_of, figures
from sage_integration.connections import locked_connection, maker_of_documents
from sage_integration.errors import AccountNotUsable, ItemNotUsable, RateNotUsable
from sage_integration.models import (
    AccountMapping,
    ClientAccount,
    ItemMapping,
    SageConnection,
    SageItem,
    SageLedgerAccount,
    SageTaxRate,
    TaxRateMapping,
)
from services.models import Service, TaxRate

#: Sales of services, then sales of goods, in the UK chart of accounts (FACTS.md 7).
USUAL_ACCOUNTS = (4010, 4000)
#: Refusals that a choice made here settles: whatever failed for them is tried again at once (P17).
FOR_WANT_OF_AN_ACCOUNT, FOR_WANT_OF_A_RATE = {"AccountNotMapped"}, {"RateNotMapped", "RateUnsuitable"}


@dataclass(frozen=True)
class Settings:
    """What the settings page decides; terms are days from 0 to 365."""

    default_account_id: str
    pulls_payments: bool
    posts_new_clients: bool
    includes_descriptions: bool
    manual_terms_days: int
    automatic_terms_days: int
    number_owner: str = SageConnection.NumberOwner.SAGE
    pdf_owner: str = SageConnection.PdfOwner.SAGE
    arrives_as: str = SageConnection.ArrivesAs.FINAL
    vat_by_hand: str = SageConnection.VatByHand.MAPPED
    syncs_names: bool = False
    name_direction: str = SageConnection.NameDirection.TO_SAGE
    alert_after_minutes: int = 60


#: Those of them that are the connection's own; the others belong to the ledger and to invoicing.
OF_THE_CONNECTION = (
    "default_account_id",
    "pulls_payments",
    "number_owner",
    "pdf_owner",
    "arrives_as",
    "vat_by_hand",
    "syncs_names",
    "name_direction",
    "alert_after_minutes",
)


def usable_accounts() -> list[SageLedgerAccount]:
    """The sales accounts that can be chosen, by nominal code (F13)."""
    return list(SageLedgerAccount.objects.filter(is_usable=True))


def usable_rates() -> list[SageTaxRate]:
    """The VAT rates of Sage that can be chosen."""
    return list(SageTaxRate.objects.filter(is_usable=True))


def suggested_account(accounts: list[SageLedgerAccount]) -> str:
    """Sage's id of the account most practices post fees to; empty when none of them exists."""
    by_code = {account.nominal_code: account.sage_id for account in accounts}
    return next((by_code[code] for code in USUAL_ACCOUNTS if code in by_code), "")


def save_settings(wanted: Settings) -> SageConnection:
    """The connection with these settings, for invoices made from now on; raises `AccountNotUsable`."""
    connection = locked_connection()
    _require_account(wanted.default_account_id)
    changes = _change(connection, OF_THE_CONNECTION, wanted)
    if changes.get("pulls_payments") == [False, True]:
        # The next poll comes at once and compares every invoice copied so far (ruling D9).
        connection.opening_read_at, connection.poll_after = None, timezone.now()
        connection.save(update_fields=["opening_read_at", "poll_after"])
    ledger = ledger_settings()
    changes |= _change(ledger, ("posts_new_clients",), wanted)
    set_invoicing_settings(
        manual_terms_days=wanted.manual_terms_days,
        automatic_terms_days=wanted.automatic_terms_days,
        includes_descriptions=wanted.includes_descriptions,
    )
    set_documents_by(maker_of_documents(connection))
    _record_changes(connection, changes)
    if "default_account_id" in changes:
        retry_all(FOR_WANT_OF_AN_ACCOUNT)
    return connection


def choose_default_account(ledger_account_id: str) -> SageConnection:
    """The connection with another default account, for invoices copied from now on; raises `AccountNotUsable`."""
    connection = locked_connection()
    if connection.default_account_id == ledger_account_id:
        return connection
    _require_account(ledger_account_id)
    before, connection.default_account_id = connection.default_account_id, ledger_account_id
    connection.save(update_fields=["default_account_id"])
    _record_changes(connection, {"default_account_id": [before, ledger_account_id]})
    retry_all(FOR_WANT_OF_AN_ACCOUNT)
    return connection


def _change(row: Model, names: Iterable[str], wanted: Settings) -> dict[str, list[Any]]:
    """Bring these fields of a row to what is wanted; what differed, before and after."""
    changes = {
        name: [getattr(row, name), getattr(wanted, name)]
        for name in names
        if getattr(row, name) != getattr(wanted, name)
    }
    for name, (_, after) in changes.items():
        setattr(row, name, after)
    if changes:
        row.save(update_fields=list(changes))
    return changes


def _record_changes(connection: SageConnection, changes: dict[str, list[Any]]) -> None:
    if changes:
        audit.record("sage.settings_changed", connection, changes=changes)


def mark_step_read(step: str) -> SageConnection:
    """The connection with a step of the set-up behind it that only has to be read."""
    connection = locked_connection()
    if step not in connection.steps_read:
        connection.steps_read = [*connection.steps_read, step]
        connection.save(update_fields=["steps_read"])
    return connection


def clients_unlike_the_default() -> ClientQuerySet:
    """Clients on the books whose own switch differs from what new clients start with (ruling D8)."""
    others: ClientQuerySet = Client.objects.exclude(status=Client.Status.ARCHIVED).exclude(
        posts_automatically=ledger_settings().posts_new_clients
    )
    return others


def whom_settings_concern() -> str:
    """How many clients have their invoices created in Sage, and what is still to leave, in words."""
    on_the_books: ClientQuerySet = Client.objects.exclude(status=Client.Status.ARCHIVED)
    waits = Posting.objects.filter(
        kind=Posting.Kind.INVOICE_CREATE, status__in=[Posting.Status.HELD, Posting.Status.PENDING]
    )
    known = figures(clients=count_of(on_the_books.filter(posts_automatically=True)), waiting=count_of(waits))
    clients, waiting = known["clients"], known["waiting"]
    words = f"invoices of {clients} client{'' if clients == 1 else 's'} from now on"
    return f"{words}, and {waiting} that {'waits' if waiting == 1 else 'wait'} to leave" if waiting else words


def apply_default_to_clients() -> int:
    """Give every client on the books the switch that new clients start with; how many changed (ruling D8)."""
    on = ledger_settings().posts_new_clients
    return len([switch_posting(client, on=on) for client in clients_unlike_the_default().order_by("id")])


def map_tax_rate(tax_rate: TaxRate, sage_tax_rate_id: str) -> None:
    """Let a rate of Sage stand for one of ours; an empty id takes the mapping away. Raises `RateNotUsable`."""
    connection = locked_connection()
    mapping = TaxRateMapping.objects.filter(tax_rate=tax_rate).first()
    before = mapping.sage_tax_rate_id if mapping else ""
    if sage_tax_rate_id == before:
        return
    if not sage_tax_rate_id:
        TaxRateMapping.objects.filter(tax_rate=tax_rate).delete()
    else:
        if not SageTaxRate.objects.filter(sage_id=sage_tax_rate_id, is_usable=True).exists():
            raise RateNotUsable(tax_rate)
        TaxRateMapping.objects.update_or_create(
            tax_rate=tax_rate, defaults={"sage_tax_rate_id": sage_tax_rate_id}
        )
    audit.record(
        "sage.tax_rate_mapped",
        connection,
        tax_rate=tax_rate.name,
        changes={"rate": [before, sage_tax_rate_id]},
    )
    retry_all(FOR_WANT_OF_A_RATE)


def map_account(service: Service, ledger_account_id: str) -> None:
    """Let a service have an account of its own; an empty id means the default one (F14, F16).

    Raises `AccountNotUsable`.
    """
    connection = locked_connection()
    mapping = AccountMapping.objects.filter(service=service).first()
    before = mapping.ledger_account_id if mapping else ""
    if ledger_account_id == before:
        return
    if not ledger_account_id:
        AccountMapping.objects.filter(service=service).delete()
    else:
        _require_account(ledger_account_id)
        AccountMapping.objects.update_or_create(
            service=service, defaults={"ledger_account_id": ledger_account_id}
        )
    audit.record(
        "sage.account_mapped",
        connection,
        service=service.name,
        changes={"account": [before, ledger_account_id]},
    )
    retry_all(FOR_WANT_OF_AN_ACCOUNT)


def map_item(service: Service, sage_item_id: str) -> None:
    """Let the lines of a service carry an item of Sage's catalogue, none for an empty id; raises `ItemNotUsable`."""
    connection = locked_connection()
    mapping = ItemMapping.objects.filter(service=service).first()
    before = mapping.sage_item_id if mapping else ""
    if sage_item_id == before:
        return
    if not sage_item_id:
        ItemMapping.objects.filter(service=service).delete()
    else:
        if not SageItem.objects.filter(sage_id=sage_item_id, is_usable=True).exists():
            raise ItemNotUsable(sage_item_id)
        ItemMapping.objects.update_or_create(service=service, defaults={"sage_item_id": sage_item_id})
    audit.record(
        "sage.item_mapped", connection, service=service.name, changes={"item": [before, sage_item_id]}
    )


def _require_account(ledger_account_id: str) -> None:
    if not SageLedgerAccount.objects.filter(sage_id=ledger_account_id, is_usable=True).exists():
        raise AccountNotUsable(ledger_account_id)


def choose_client_account(client: Client, ledger_account_id: str) -> None:
    """Let a client's fees have a sales account of their own, from the next invoice on; an empty id means none.

    A service with an account of its own keeps it. What failed for want of an account leaves again. Raises
    `AccountNotUsable`.
    """
    connection = locked_connection()
    own = ClientAccount.objects.filter(client=client, business_id=connection.business_id)
    before = own.values_list("ledger_account_id", flat=True).first() or ""
    if ledger_account_id == before:
        return
    if not ledger_account_id:
        own.delete()
    else:
        _require_account(ledger_account_id)
        ClientAccount.objects.update_or_create(
            client=client,
            business_id=connection.business_id,
            defaults={"ledger_account_id": ledger_account_id},
        )
    audit.record("client.account_chosen", client, changes={"account": [before, ledger_account_id]})
    retry_all(FOR_WANT_OF_AN_ACCOUNT)
