"""Sending many invoices with Sage's own PDFs (F11): the files are read between transactions, a few at a time."""

from dataclasses import dataclass

from invoicing.models import Invoice, InvoiceMessage
from invoicing.operations import send_invoice
from practices.errors import DomainError
from practices.job_models import Job
from practices.jobs import NotYet, Outcome, runs_after
from practices.mail import File
from practices.tenancy import practice_transaction
from sage_integration.documents import NoDocument, sages_document
from sage_integration.sage.errors import SageRateLimited

KIND = "sage.send"
#: Documents that are asked of Sage before they are sent; each is a request.
CHUNK = 10
#: Seconds until Sage is asked again where it does not say when.
WAIT = 15.0


@dataclass(frozen=True, slots=True)
class Found:
    """Sage's PDF of one invoice, or why there is none; neither where the practice makes its own again."""

    file: File | None = None
    why_not: str = ""


def read_documents(job: Job, start: int, stop: int) -> dict[int, Found]:
    """Sage's PDFs of the next invoices of a job, by invoice; talks to Sage, in no transaction."""
    ids: list[int] = job.parameters["invoices"][start:stop]
    with practice_transaction():
        invoices = Invoice.objects.in_bulk(ids)
    return {pk: _found(invoice) for pk, invoice in invoices.items()}


def _found(invoice: Invoice) -> Found:
    try:
        return Found(sages_document(invoice, urgent=False))
    except NoDocument as none:
        return Found(why_not=none.why)
    except SageRateLimited as full:
        raise NotYet(full.retry_after or WAIT) from full


@runs_after(read_documents, KIND, chunk=CHUNK)
def send_rows(job: Job, start: int, stop: int, found: dict[int, Found]) -> list[Outcome]:
    """Send the next invoices, each with the PDF that Sage gave; what Sage did not give is not sent, and says why."""
    ids: list[int] = job.parameters["invoices"][start:stop]
    invoices = Invoice.objects.select_related("client").in_bulk(ids)
    sent = _sent_already(ids) if job.parameters.get("once") else set()
    return [_sent(invoices.get(pk), found.get(pk, Found()), is_sent=pk in sent) for pk in ids]


def _sent_already(ids: list[int]) -> set[int]:
    messages = InvoiceMessage.objects.filter(invoice__in=ids, kind=InvoiceMessage.Kind.INVOICE)
    return set(messages.values_list("invoice", flat=True))


def _sent(invoice: Invoice | None, found: Found, *, is_sent: bool) -> Outcome:
    if invoice is None:
        return Outcome("An invoice", "skipped", "It is not here any more.")
    label, url = f"{invoice.number_label}, {invoice.client.name}", invoice.get_absolute_url()
    if is_sent:
        return Outcome(label, "skipped", "It was sent meanwhile.", url)
    if found.why_not:
        return Outcome(label, "needs_you", f"{found.why_not} Nothing was sent.", url)
    try:
        addresses = send_invoice(invoice, file=found.file)
    except DomainError as refusal:
        return Outcome(label, "needs_you", refusal.message, url)
    return Outcome(label, "done", f"To {', '.join(addresses)}, with Sage's PDF", url)
