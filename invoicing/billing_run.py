"""A whole billing run in short transactions, for the daily task and for a person who does not want to wait for it."""

from collections.abc import Sequence
from datetime import date

from invoicing.operations import BillingOutcome, bill_due_periods
from invoicing.queries import clients_being_billed
from practices.errors import DomainError
from practices.tenancy import practice_transaction

#: Clients billed in one transaction: what a killed run has to do again, at most.
CHUNK = 50


def run_billing(on: date) -> BillingOutcome:
    """What was billed for the acting practice, a chunk of clients a transaction; call it outside a transaction."""
    with practice_transaction():
        clients = clients_being_billed()
    outcome = BillingOutcome()
    for start in range(0, len(clients), CHUNK):
        outcome += _bill(clients[start : start + CHUNK], on)
    return outcome


def _bill(clients: Sequence[int], on: date) -> BillingOutcome:
    """Bill these clients together; where a rule forbids that, each alone, so that one cannot hold up the others."""
    try:
        with practice_transaction():
            return bill_due_periods(on=on, clients=clients)
    except DomainError as error:
        if len(clients) == 1:
            return BillingOutcome(refused=((clients[0], error.message),))
    outcome = BillingOutcome()
    for client in clients:
        outcome += _bill([client], on)
    return outcome
