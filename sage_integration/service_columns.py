"""What Sage adds to the price list: the account that each service is posted to."""

from collections.abc import Mapping, Sequence
from typing import Any

from sage_integration.connections import current_connection
from sage_integration.models import AccountMapping, SageLedgerAccount
from services.contributions import say_of_services

DEFAULT = "Default"


def contribute() -> None:
    """Offer the column to the price list."""
    say_of_services(["account"], _accounts)


def _accounts(services: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
    """Code and name of the account a service has of its own, else that it has the default one (F16)."""
    if current_connection() is None:
        return {}
    own = dict(
        AccountMapping.objects.filter(service__in=services).values_list("service", "ledger_account_id")
    )
    named = {each.sage_id: str(each) for each in SageLedgerAccount.objects.filter(sage_id__in=own.values())}
    return {
        pk: {"account": named.get(own[pk], "Gone from Sage") if pk in own else DEFAULT} for pk in services
    }
