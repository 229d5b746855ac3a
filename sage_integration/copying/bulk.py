"""What is done about Sage with many invoices of the list at once: a row of a job each, with what became of it."""

from datetime import date

from invoicing.bulk_acts import Act, add_act
from invoicing.models import Invoice
from invoicing.queries import invoice_to_post
from ledger.models import Posting
from ledger.outbox import retry_posting
from practices.errors import DomainError
from practices.permissions import Can
from sage_integration.choices import Choices, stored_choices
from sage_integration.connections import current_connection
from sage_integration.copying.operations import copy_invoice, remembered_choices
from sage_integration.errors import NotConnected
from sage_integration.explanations import sentence_of
from sage_integration.mappings import load_rules
from sage_integration.models import CopyChoices
from sage_integration.operations import update_copy
from sage_integration.preview import AsSageShows


class StillADraft(DomainError):
    message = "It is a draft, and a draft is not copied in bulk. Issue it first."


class InSageAlready(DomainError):
    message = "It is in Sage already, so nothing was copied."


class OnItsWay(DomainError):
    message = "It is on its way to Sage already."


class NothingToRetry(DomainError):
    message = "Nothing about it was refused by Sage, so there is nothing to try again."


class WouldBeRefused(DomainError):
    message = "Sage would refuse it. Open it to see why."


def contribute() -> None:
    """Offer copying, trying again and updating in the list of invoices."""
    add_act("copy", Act("Copy to Sage", Can.POST_TO_LEDGER, copy_one))
    add_act("retry", Act("Try again in Sage", Can.POST_TO_LEDGER, retry_one))
    add_act("update", Act("Update in Sage", Can.POST_TO_LEDGER, update_one))


def copy_one(invoice: Invoice, on: date) -> str:
    """Send an invoice that Sage does not have; never a second copy.

    Raises why not: `StillADraft`, `InSageAlready`, `OnItsWay`, `NotConnected`, or `WouldBeRefused` with the reason.
    """
    if invoice.status == Invoice.Status.DRAFT:
        raise StillADraft(invoice)
    latest: Posting | None = Posting.objects.live().of(Posting.Kind.INVOICE_CREATE, invoice.pk).first()
    if latest is not None and latest.status == Posting.Status.POSTED:
        raise InSageAlready(message=f"It is in Sage as {latest.external_number or latest.reference} already.")
    if latest is not None and latest.status in (Posting.Status.PENDING, Posting.Status.LEASED):
        raise OnItsWay(invoice)
    loaded = invoice_to_post(invoice.pk)
    choices = _choices_for(loaded, latest)
    _require_postable(loaded, choices)
    return f"On its way as {copy_invoice(loaded, choices, on=on).reference}"


def _choices_for(invoice: Invoice, latest: Posting | None) -> Choices:
    """What was chosen for this copy before, else what is remembered for the client."""
    kept = CopyChoices.objects.filter(posting=latest).first() if latest else None
    return (
        stored_choices(kept, invoice)
        if kept
        else remembered_choices(invoice.client, list(invoice.lines.all()))
    )


def _require_postable(invoice: Invoice, choices: Choices) -> None:
    connection = current_connection()
    if connection is None or not connection.business_id:
        raise NotConnected
    document = AsSageShows(invoice, list(invoice.lines.all()), load_rules(connection), choices=choices)
    for refusal in document.refusals:
        raise WouldBeRefused(message=sentence_of(refusal))


def retry_one(invoice: Invoice, on: date) -> str:
    """Let what Sage refused about an invoice try again; raises `NothingToRetry`."""
    del on
    refused: Posting | None = Posting.objects.filter(
        kind__startswith="invoice.", subject_id=invoice.pk, status=Posting.Status.FAILED
    ).first()
    if refused is None:
        raise NothingToRetry(invoice)
    return f"{retry_posting(refused).reference} is tried again"


def update_one(invoice: Invoice, on: date) -> str:
    """Bring the latest copy up to date (F74); raises why Sage takes no change now."""
    del on
    posting = update_copy(invoice)
    is_replaced = posting.kind == Posting.Kind.INVOICE_VOID
    return "Voided there and copied again" if is_replaced else "Being updated"
