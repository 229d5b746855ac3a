"""The practice's current mappings to Sage and its rules of posting, loaded once for a batch."""

import json
from decimal import Decimal
from typing import Any

from django.db import connection as database

from invoicing.models import InvoicingSettings
from practices.prepared import Prepared
from practices.tenancy import acting_practice_id, require_scope
from sage_integration.mappers import ItemField, Mappings, Rules
from sage_integration.models import SageConnection, SageItem
from sage_integration.sage.resources.settings import NOT_REGISTERED

#: Plans without quantities on lines: Start, and its partner edition (FACTS.md 2; 15, 27).
PLANS_WITHOUT_QUANTITIES = {"START", "MICRO"}
#: Rows as JSON holds them, in the order of the columns asked for.
Rows = list[Any]
ITEM_FIELDS: dict[str, ItemField] = {SageItem.Kind.PRODUCT: "product_id", SageItem.Kind.SERVICE: "service_id"}


def load_rules(connection: SageConnection) -> Rules:
    """What decides how documents go to this connection's business, as it is now."""
    mappings, with_descriptions, currency = _read(connection)
    return Rules(
        mappings=mappings,
        with_descriptions=with_descriptions,
        numbers_are_ours=connection.number_owner == SageConnection.NumberOwner.PRACTICE,
        arrives_as_draft=connection.arrives_as == SageConnection.ArrivesAs.DRAFT,
        has_quantities=connection.plan_id not in PLANS_WITHOUT_QUANTITIES,
        is_vat_registered=connection.tax_scheme != NOT_REGISTERED,
        currency=currency,
        base_currency=connection.base_currency,
        accounts_start_on=connection.accounts_start_on,
        locked_until=connection.locked_until,
    )


def load_mappings(connection: SageConnection) -> Mappings:
    """Accounts, VAT rates and items as they are mapped now; what Sage no longer offers is not usable."""
    return _read(connection)[0]


def _read(connection: SageConnection) -> tuple[Mappings, bool, str]:
    """Mappings, whether descriptions go along, our currency. One question: every turn of every practice asks it."""
    require_scope(SageConnection)
    with database.cursor() as cursor:
        cursor.execute(_MAPPINGS, {"business": connection.business_id, "practice": acting_practice_id()})
        *mapped, with_descriptions, currency = cursor.fetchone()
    if with_descriptions is None:
        with_descriptions = InvoicingSettings().includes_descriptions
    return _mappings(connection, [json.loads(each) for each in mapped]), with_descriptions, currency


def _mappings(connection: SageConnection, mapped: list[Rows]) -> Mappings:
    accounts, rates, items, by_service, by_rate, by_client = mapped
    return Mappings(
        default_account=connection.default_account_id,
        accounts=dict(by_service),
        tax_rates=dict(by_rate),
        usable_accounts=frozenset(sage_id for sage_id, _, is_usable in accounts if is_usable),
        usable_tax_rates=frozenset(sage_id for sage_id, _, is_usable, _ in rates if is_usable),
        # An item that is gone is left out: a line needs none, and its account is named anyway (FACTS.md 12).
        items={service_id: (ITEM_FIELDS[kind], sage_id) for service_id, sage_id, kind, _ in items},
        names={row[0]: row[1] for row in (*accounts, *rates)} | {row[1]: row[3] for row in items},
        percentages={sage_id: Decimal(percentage) for sage_id, _, _, percentage in rates},
        client_accounts=dict(by_client),
    )


# Names as the models write them. Percentages as texts: a float beside an amount is a bug.
_MAPPINGS = Prepared(
    """
SELECT
    (SELECT coalesce(json_agg(json_build_array(sage_id, nominal_code || ' ' || name, is_usable)), '[]')::text
        FROM sage_integration_sageledgeraccount),
    (SELECT coalesce(json_agg(json_build_array(sage_id, name, is_usable, percentage::text)), '[]')::text
        FROM sage_integration_sagetaxrate),
    (SELECT coalesce(json_agg(json_build_array(linked.service_id, item.sage_id, item.kind, item.name)), '[]')::text
        FROM sage_integration_itemmapping linked
        JOIN sage_integration_sageitem item
            ON item.practice_id = linked.practice_id AND item.sage_id = linked.sage_item_id AND item.is_usable),
    (SELECT coalesce(json_agg(json_build_array(service_id, ledger_account_id)), '[]')::text
        FROM sage_integration_accountmapping),
    (SELECT coalesce(json_agg(json_build_array(tax_rate_id, sage_tax_rate_id)), '[]')::text
        FROM sage_integration_taxratemapping),
    (SELECT coalesce(json_agg(json_build_array(client_id, ledger_account_id)), '[]')::text
        FROM sage_integration_clientaccount WHERE business_id = %(business)s),
    (SELECT includes_descriptions FROM invoicing_invoicingsettings),
    (SELECT currency FROM practices_practice WHERE id = %(practice)s)
"""
)
