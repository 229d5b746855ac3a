"""Earlier copies of invoices: what is said of them, and credits made in Sage."""

from decimal import Decimal
from typing import Any

from practices.scalars import figures
from practices.tenancy import practice_scope
from sage_integration.attention import columns_of_inbox, things
from tests.factories import TODAY
from tests.integration.sage_integration.polling import poll, polled

PAID = "INV-000001: £50.00 was paid in Sage on SI-1, an earlier copy of this invoice, and pays nothing here."


def later(practice, clock) -> str:
    """What a poll says after a while; the same one once more says nothing new."""
    clock.shift(600)
    problem = poll(practice).problem
    clock.shift(600)
    polled(practice)
    return problem


def told(practice) -> list[str]:
    """What needs somebody, as the inbox lists and counts it."""
    with practice_scope(practice.pk):
        listed = [thing.sentence for thing in things()]
        assert figures(**columns_of_inbox(TODAY))["need_you"] == len(listed)
        return listed


def on_account(sage, business, contact_id, amount) -> dict[str, Any]:
    """What lies on account of a contact after a receipt in Sage that pays nothing."""
    receipt = sage.create(
        "contact_payments",
        business,
        transaction_type_id="CUSTOMER_RECEIPT",
        contact_id=contact_id,
        bank_account_id=sage.records("bank_accounts", business)[0]["id"],
        date=TODAY.isoformat(),
        total_amount=amount,
    )
    rest: dict[str, Any] = receipt["payment_on_account"]
    return rest


def credited(sage, business, document, amount, *, of=None, besides=None):
    """A credit note made in Sage, or what it is ``of``, set against a document there.

    ``besides`` is what lies on account, all of which is set against it in the same allocation.
    """
    whose = {"contact_id": document["contact"]["id"], "date": TODAY.isoformat()}
    account = document["invoice_lines"][0]["ledger_account"]["id"]
    line = {"description": "Goodwill", "ledger_account_id": account, "quantity": "1", "unit_price": amount}
    line |= {"tax_rate_id": "GB_ZERO", "tax_amount": "0"}
    note = of or sage.create("sales_credit_notes", business, credit_note_lines=[line], **whose)
    more = Decimal(besides["total_amount"]) if besides else Decimal(0)
    parts = [
        {"artefact_id": document["id"], "amount": str(Decimal(amount) + more)},
        {"artefact_id": note["id"], "amount": f"-{amount}"},
    ]
    parts += [{"artefact_id": besides["id"], "amount": str(-more)}] if besides else []
    kind = "CUSTOMER_ALLOCATION"
    return sage.create(
        "contact_allocations", business, transaction_type_id=kind, allocated_artefacts=parts, **whose
    )
