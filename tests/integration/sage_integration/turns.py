"""What tests of turns and of what is announced in them stand on."""

from contextlib import contextmanager
from datetime import UTC, datetime

from ledger import leases
from ledger.models import Posting
from practices.tenancy import practice_scope, practice_transaction
from sage_integration.connections import current_connection
from sage_integration.models import ContactLink
from sage_integration.sessions import open_sage
from sage_integration.sync.dispatch import Dispatch
from tests.integration.sage_integration.posting import (
    add_client,
    issue,
    issued_invoice,
    line,
    posting_of,
    push_once,
)

Status = Posting.Status


def issue_many(practice, sage, count: int) -> list:
    """So many invoices of one client whose contact is linked."""
    with practice_scope(practice.pk):
        business, client = current_connection().business_id, add_client()
        theirs = sage.add_contact(client.name, business)
        ContactLink.objects.create(
            client=client, business_id=business, sage_contact_id=theirs["id"], origin="by_name"
        )
        return [issue(client, line(), on=datetime.now(UTC).date()) for _ in range(count)]


@contextmanager
def open_batch():
    """The due postings leased, and their dispatch: a turn, but step by step."""
    with practice_transaction():
        connection, batch = current_connection(), leases.lease_due_postings()
    with open_sage(connection) as sage, Dispatch(batch, connection, sage) as dispatch:
        yield batch, dispatch


def two_of_a_known_client(practice):
    """Two invoices waiting, of a client whose contact is linked."""
    issued_invoice(practice)
    push_once(practice)
    return issued_invoice(practice), issued_invoice(practice)


def take_over(invoice) -> None:
    """Another worker has the invoice's posting now."""
    with practice_transaction():
        Posting.objects.filter(subject_id=invoice.pk, status=Status.LEASED).update(lease="somebody else")


def announced(invoices) -> int:
    """How many of these invoices are announced or were sent."""
    return len([each for each in invoices if posting_of(each).attempted_at is not None])
