"""Many invoices copied at once, in a few statements however many; inside the caller's transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db import transaction

from invoicing.bulk_acts import Chosen
from invoicing.models import Invoice
from invoicing.operations import issue_invoice, post_invoices
from invoicing.queries import invoices_to_post
from ledger.models import Posting
from ledger.releases import LetGo, release_postings, retry_postings
from practices import audit
from practices.errors import DomainError
from practices.job_models import JobRow
from practices.jobs import Outcome
from practices.remembered import acting_practice
from sage_integration.choices import Choices, stored_choices
from sage_integration.connections import current_connection
from sage_integration.copying.operations import choices_from, keep_choices, why_not_copy
from sage_integration.explanations import sentence_of
from sage_integration.mappers import Rules
from sage_integration.mappings import load_rules
from sage_integration.models import ClientChoices, CopyChoices
from sage_integration.offer import why_not_connected
from sage_integration.preview import AsSageShows

Status, Kind = Posting.Status, Posting.Kind
SKIPPED, NEEDS_YOU = JobRow.Outcome.SKIPPED, JobRow.Outcome.NEEDS_YOU


@dataclass(frozen=True, slots=True)
class Ready:
    """An invoice that may be copied: the copy that would carry it, and what it is sent with."""

    invoice: Invoice
    posting: Posting | None
    choices: Choices
    #: The choices are kept with the copy already.
    are_kept: bool


def copy_many(chosen: Sequence[Chosen], on: date) -> list[Outcome]:
    """Send the invoices that Sage does not have, never a second copy; drafts are issued first (D11, G78).

    ``on`` is today. An outcome for each says why one was not sent: it is there or on its way, or a person has to
    settle something first.
    """
    connection = current_connection()
    if connection is None or not connection.business_id:
        refusal = why_not_connected(acting_practice())
        return [each.outcome(refusal.message, NEEDS_YOU) for each in chosen]
    ids = [each.pk for each in chosen]
    # Locked in the order of their ids: whoever amends one of them meanwhile waits for the copy, or it for them.
    list(Invoice.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
    ready, reasons = _sorted_out(ids, load_rules(connection))
    ready, refused = _issue_drafts(ready, on)
    try:
        sent = _send(ready)
    except DomainError as refusal:
        sent, refused = {}, {**dict.fromkeys(ready, refusal.message), **refused}
    return [_outcome(each, sent, refused, reasons) for each in chosen]


def _outcome(
    chosen: Chosen, sent: dict[int, LetGo], refused: dict[int, str], reasons: dict[int, tuple[str, str]]
) -> Outcome:
    if chosen.pk in refused:
        return chosen.outcome(refused[chosen.pk], NEEDS_YOU)
    if chosen.pk in sent:
        gone = sent[chosen.pk]
        return chosen.outcome(f"On its way as {gone.reference}", follows=gone.posting_id)
    message, outcome = reasons.get(
        chosen.pk, ("It was changed meanwhile. Look at it and try again.", NEEDS_YOU)
    )
    return chosen.outcome(message, outcome)


def _issue_drafts(ready: dict[int, Ready], on: date) -> tuple[dict[int, Ready], dict[int, str]]:
    """What may be sent once its drafts are final, and why one could not be made final, by the invoice's id.

    What a rule forbids for one keeps no other.
    """
    refused: dict[int, str] = {}
    drafts = [pk for pk, each in ready.items() if each.invoice.status == Invoice.Status.DRAFT]
    for pk in drafts:
        try:
            with transaction.atomic():
                issue_invoice(ready[pk].invoice, on=on)
        except DomainError as refusal:
            refused[pk] = refusal.message
    copies = _latest_copies(drafts) if drafts else {}
    final = {pk: replace(each, posting=copies[pk]) if pk in copies else each for pk, each in ready.items()}
    return {pk: each for pk, each in final.items() if pk not in refused}, refused


def _sorted_out(ids: Sequence[int], rules: Rules) -> tuple[dict[int, Ready], dict[int, tuple[str, str]]]:
    """What may be sent, and of the others in words why not; both by the invoice's id."""
    invoices = invoices_to_post(ids)
    latest = _latest_copies(ids)
    kept = {each.posting_id: each for each in CopyChoices.objects.filter(posting__in=latest.values())}
    clients = {invoice.client_id for invoice, _ in invoices.values()}
    remembered = {each.client_id: each for each in ClientChoices.objects.filter(client__in=clients)}
    ready: dict[int, Ready] = {}
    reasons: dict[int, tuple[str, str]] = {}
    for pk, (invoice, lines) in invoices.items():
        posting = latest.get(pk)
        if reason := _why_not(invoice, posting):
            reasons[pk] = reason
            continue
        of_copy = kept.get(posting.pk) if posting else None
        choices = (
            stored_choices(of_copy, invoice)
            if of_copy
            else choices_from(remembered.get(invoice.client_id), lines)
        )
        if refusals := AsSageShows(invoice, lines, rules, choices=choices).refusals:
            reasons[pk] = (f"Sage would refuse it. {sentence_of(refusals[0])}", NEEDS_YOU)
        else:
            ready[pk] = Ready(invoice, posting, choices, are_kept=of_copy is not None)
    return ready, reasons


def _latest_copies(ids: Iterable[int]) -> dict[int, Posting]:
    """The newest copy of each that was not withdrawn, by the invoice's id."""
    postings = Posting.objects.live().filter(kind=Kind.INVOICE_CREATE, subject_id__in=ids)
    return {posting.subject_id: posting for posting in postings.order_by("copy", "id")}


def _why_not(invoice: Invoice, posting: Posting | None) -> tuple[str, str] | None:
    """Why there is nothing to send, or a person has to look first; with the outcome that is."""
    if invoice.status == Invoice.Status.VOID:
        return "It is void, so it is not copied.", SKIPPED
    if posting is None:
        return None
    if posting.status == Status.POSTED:
        return f"It is in Sage as {posting.external_number or posting.reference} already.", SKIPPED
    if posting.status in (Status.PENDING, Status.LEASED):
        return "It is on its way to Sage already.", SKIPPED
    refusal = why_not_copy(posting)
    return (refusal.message, NEEDS_YOU) if refusal else None


def _send(ready: dict[int, Ready]) -> dict[int, LetGo]:
    """Let these leave; the posting of each that does, by the invoice's id. Raises `PostingsAreClosed`."""
    by_status: dict[str, list[Posting]] = defaultdict(list)
    for each in ready.values():
        if each.posting is not None:
            by_status[each.posting.status].append(each.posting)
    gone = release_postings([each.pk for each in by_status[Status.HELD]]) if by_status[Status.HELD] else []
    gone += retry_postings([each.pk for each in by_status[Status.FAILED]])
    # Issued a moment ago for a client whose invoices leave by themselves, or never asked for before.
    new = [each.invoice for each in ready.values() if each.posting is None]
    postings = [*by_status[Status.PENDING], *post_invoices(new)]
    gone += [LetGo(each.pk, each.subject_id, each.reference) for each in postings]
    sent = {each.subject_id: each for each in gone}
    for pk in sent.keys() & {pk for pk, each in ready.items() if not each.are_kept}:
        each = ready[pk]
        if not each.choices.are_nothing:
            posting = Posting(pk=sent[pk].posting_id)
            keep_choices(
                posting, each.choices, list(each.invoice.lines.all()), revision=each.invoice.revision
            )
    told = ((pk, {"reference": each.reference}) for pk, each in sent.items())
    audit.record_many("invoice.copied_by_hand", Invoice, told)
    return sent
