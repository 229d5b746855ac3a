"""What is done about Sage with many invoices of the list at once: a row of a job each, with what became of it."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from django.db import transaction

from invoicing.bulk_acts import KIND_OF_MANY, Act, Chosen, add_act
from invoicing.errors import NothingChanged
from invoicing.models import Invoice
from invoicing.queries import INVOICE_KINDS
from ledger.models import Posting
from ledger.releases import retry_postings
from practices.errors import DomainError
from practices.job_models import JobRow
from practices.jobs import Outcome
from practices.permissions import Can
from practices.tasks import wake
from practices.tenancy import acting_practice_id
from sage_integration.connections import current_connection
from sage_integration.copying.many import copy_many
from sage_integration.operations import latest_copy, update_copy
from sage_integration.sync.pull import is_polled
from sage_integration.sync.wanted import newest_links, want
from sage_integration.tasks import poll_payments

NOT_READ = (
    "Payments are not brought back from Sage, so nothing is read there. That is a setting of the connection."
)

#: What is tried again, in words before its reference.
TRIED_AGAIN: dict[str, str] = {
    Posting.Kind.INVOICE_CREATE: "The copy",
    Posting.Kind.INVOICE_UPDATE: "The change",
    Posting.Kind.INVOICE_VOID: "The void",
}


class NothingToRetry(DomainError):
    message = "Nothing about it was refused by Sage, so there is nothing to try again."


def contribute() -> None:
    """Offer copying, trying again, updating and checking in the list of invoices."""
    add_act("copy", Act("Copy to Sage", Can.POST_TO_LEDGER, copy_many, kind=KIND_OF_MANY))
    add_act("retry", Act("Try again in Sage", Can.POST_TO_LEDGER, retry_many, kind=""))
    add_act("check", Act("Check in Sage now", Can.POST_TO_LEDGER, check_many, kind=""))
    add_act("update", Act("Update in Sage", Can.POST_TO_LEDGER, update_many))


def retry_many(chosen: Sequence[Chosen], on: date) -> list[Outcome]:
    """Let what Sage refused about these invoices try again, in three statements however many."""
    del on
    wanted = {each.pk for each in chosen}
    refused = Posting.objects.filter(kind__in=INVOICE_KINDS, status=Posting.Status.FAILED)
    found = refused.values_list("pk", "subject_id", "kind")
    kinds = {pk: kind for pk, subject, kind in found if subject in wanted}
    # The newest of several counts: it comes last.
    gone = sorted(retry_postings(list(kinds)), key=lambda each: each.posting_id)
    again = {each.subject_id: each for each in gone}
    return [
        each.outcome(
            f"{TRIED_AGAIN[kinds[again[each.pk].posting_id]]} {again[each.pk].reference} is tried again",
            follows=again[each.pk].posting_id,
        )
        if each.pk in again
        else each.outcome(NothingToRetry.message, JobRow.Outcome.SKIPPED)
        for each in chosen
    ]


def check_many(chosen: Sequence[Chosen], on: date) -> list[Outcome]:
    """Have a worker read these invoices in Sage again, in a few statements however many."""
    del on
    connection = current_connection()
    if connection is None or not is_polled(connection):
        return [each.outcome(NOT_READ, JobRow.Outcome.NEEDS_YOU) for each in chosen]
    links = newest_links([each.pk for each in chosen], connection.business_id)
    want(set(links), connection.business_id)
    transaction.on_commit(partial(wake, poll_payments, acting_practice_id()))
    return [
        each.outcome("Read again in a moment; what differs shows in the list")
        if each.pk in links
        else each.outcome("It is not in the connected company.", JobRow.Outcome.SKIPPED)
        for each in chosen
    ]


def update_many(chosen: Sequence[Chosen], on: date) -> list[Outcome]:
    """Bring the latest copy of each up to date (F74); a row says why Sage takes no change of it now."""
    del on
    invoices = Invoice.objects.select_related("client").in_bulk([each.pk for each in chosen])
    return [_updated(each, invoices[each.pk]) for each in chosen]


def _updated(chosen: Chosen, invoice: Invoice) -> Outcome:
    if invoice.status != Invoice.Status.ISSUED:
        state = invoice.get_status_display().lower()
        return chosen.outcome(f"It is {state} here, so nothing is updated in Sage.", JobRow.Outcome.SKIPPED)
    if latest_copy(invoice) is None:
        return chosen.outcome("It is not in Sage, so there is nothing to update.", JobRow.Outcome.SKIPPED)
    try:
        with transaction.atomic():
            posting = update_copy(invoice)
    except NothingChanged:
        return chosen.outcome("Sage has it as it is here.", JobRow.Outcome.SKIPPED)
    except DomainError as refusal:
        return chosen.outcome(refusal.message, JobRow.Outcome.NEEDS_YOU)
    is_replaced = posting.kind == Posting.Kind.INVOICE_VOID
    words = "Voided there and copied again" if is_replaced else "Being updated"
    return chosen.outcome(words, follows=posting.pk)
