"""A whole billing run in short transactions, for the daily task and for a person who does not want to wait for it."""

from datetime import date

from invoicing.operations import BillingOutcome, bill_due_periods
from invoicing.queries import clients_being_billed
from practices.tenancy import practice_transaction

#: Clients billed in one transaction: what a killed run has to do again, at most.
CHUNK = 50


def run_billing(on: date) -> BillingOutcome:
    """What was billed for the acting practice, a chunk of clients a transaction; call it outside a transaction."""
    with practice_transaction():
        clients = clients_being_billed()
    outcome = BillingOutcome()
    for start in range(0, len(clients), CHUNK):
        with practice_transaction():
            outcome += bill_due_periods(on=on, clients=clients[start : start + CHUNK])
    return outcome
