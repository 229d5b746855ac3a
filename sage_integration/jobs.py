"""Long work about Sage: importing contacts, taking an import back, adopting invoices from before."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from clients.models import Client
from invoicing.models import Invoice
from practices.errors import DomainError
from practices.job_models import Job, JobRow
from practices.jobs import Outcome, runs, start_job
from practices.permissions import Can
from sage_integration.adoption.operations import adopt_invoice
from sage_integration.app_clients.decisions import Act, Decision, Plan
from sage_integration.app_clients.importing import confirm_link, ignore_contact, import_contact, take_back
from sage_integration.app_clients.suggestions import refresh_suggestions
from sage_integration.models import AdoptionOffer, SageContact

IMPORT, UNDO, ADOPT = "sage.import_clients", "sage.undo_import", "sage.adopt_invoices"
#: An import can be taken back for so long after it ended.
UNDO_FOR = timedelta(hours=24)


class CannotUndo(DomainError):
    message = (
        "This import cannot be taken back: more than 24 hours have passed, or it was taken back already."
    )


def start_import(plan: Plan, *, business_id: str, currency: str) -> Job:
    """The work that carries out a sound plan; what is left for later is not part of it."""
    decisions = [row.decision for row in plan.rows if row.decision.act != Act.LATER]
    return start_job(
        IMPORT,
        "Clients from Sage",
        total=len(decisions),
        right=Can.MANAGE_CLIENTS,
        parameters={
            "business": business_id,
            "currency": currency,
            "decisions": [[d.contact_id, str(d.act), d.client_id, d.is_another] for d in decisions],
        },
    )


@runs(IMPORT, chunk=50)
def _import(job: Job, start: int, stop: int) -> Sequence[Outcome]:
    """Rows of an import; what cannot be done any more is left for a person, and nothing of it is half done."""
    outcomes = [
        _carry_out(job, Decision(key, Act(act), client, another))
        for key, act, client, another in (job.parameters["decisions"][start:stop])
    ]
    if stop == job.total:
        refresh_suggestions(job.parameters["business"])
    return outcomes


def _carry_out(job: Job, decision: Decision) -> Outcome:
    contact = SageContact.objects.filter(pk=decision.contact_id).first()
    if contact is None:
        return Outcome("A contact", JobRow.Outcome.SKIPPED, "It has gone from Sage meanwhile.")
    try:
        with transaction.atomic():
            return _done(job, contact, decision)
    except DomainError as error:
        return Outcome(contact.name, JobRow.Outcome.NEEDS_YOU, error.message, _page_of(job, contact))


def _done(job: Job, contact: SageContact, decision: Decision) -> Outcome:
    currency = job.parameters["currency"]
    if decision.act == Act.IGNORE:
        ignore_contact(contact, job=job)
        return Outcome(contact.name, message="Not imported; it stays on the list of those.")
    if decision.act == Act.NEW:
        made = import_contact(contact, currency=currency, is_another=decision.is_another, job=job)
        return Outcome(contact.name, message="Imported as a new client.", url=_client_page(job, made))
    if not (found := Client.objects.filter(pk=decision.client_id or 0)):
        return Outcome(contact.name, JobRow.Outcome.SKIPPED, "The client is not there any more.")
    client = found[0]
    released = confirm_link(contact, client, currency=currency, job=job)
    words = f"Linked with {client.name}."
    if released:
        words += f" {released} {'invoice' if released == 1 else 'invoices'} that waited for it can leave now."
    return Outcome(contact.name, message=words, url=_client_page(job, client))


def _client_page(job: Job, client: Client) -> str:
    return reverse("clients:client-detail", args=[job.practice.slug, client.pk])


def _page_of(job: Job, contact: SageContact) -> str:
    return f"{reverse('sage:app-client-review', args=[job.practice.slug])}?contact={contact.pk}"


def imports_to_undo(now: datetime) -> list[Job]:
    """The imports that can still be taken back, newest first."""
    ended = Job.objects.filter(kind=IMPORT, finished_at__gt=now - UNDO_FOR, done__gt=0)
    undone = {
        job.parameters["job"] for job in Job.objects.filter(kind=UNDO, created_at__gt=now - 2 * UNDO_FOR)
    }
    return [job for job in ended.order_by("-pk") if job.pk not in undone]


def start_undo(job: Job, *, now: datetime) -> Job:
    """The work that takes an import back row by row; raises `CannotUndo`."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job not in imports_to_undo(now):
        raise CannotUndo(job)
    return start_job(
        UNDO,
        "Take an import from Sage back",
        total=job.done,
        right=Can.MANAGE_CLIENTS,
        parameters={"job": job.pk, "business": job.parameters["business"]},
    )


@runs(UNDO, chunk=50)
def _undo(undoing: Job, start: int, stop: int) -> Sequence[Outcome]:
    """Rows of an import taken back; what was worked with since stays, and is said."""
    job = Job.objects.get(pk=undoing.parameters["job"])
    outcomes = [_taken_back(job, key) for key, *_ in job.parameters["decisions"][start:stop]]
    if stop == undoing.total:
        refresh_suggestions(undoing.parameters["business"])
    return outcomes


def _taken_back(job: Job, contact_id: int) -> Outcome:
    contact = SageContact.objects.filter(pk=contact_id).first()
    if contact is None:
        return Outcome("A contact", JobRow.Outcome.SKIPPED, "It has gone from Sage meanwhile.")
    if why_not := take_back(contact, job):
        return Outcome(contact.name, JobRow.Outcome.SKIPPED, why_not)
    return Outcome(contact.name, message="As it was before the import.")


def start_adoption(offers: Sequence[AdoptionOffer]) -> Job:
    """The work that links these invoices with those in Sage; nothing is sent."""
    return start_job(
        ADOPT,
        "Adopt invoices that are in Sage",
        total=len(offers),
        right=Can.MANAGE_CONNECTION,
        parameters={"offers": [offer.pk for offer in offers]},
    )


@runs(ADOPT, chunk=50)
def _adopt(job: Job, start: int, stop: int) -> Sequence[Outcome]:
    """Rows of an adoption; what changed meanwhile is left for a person."""
    return [_adopted(job, pk) for pk in job.parameters["offers"][start:stop]]


def _adopted(job: Job, pk: int) -> Outcome:
    offer = AdoptionOffer.objects.select_related("posting").filter(pk=pk).first()
    if offer is None:
        return Outcome("An invoice", JobRow.Outcome.SKIPPED, "It was settled meanwhile.")
    invoice = Invoice.objects.get(pk=offer.posting.subject_id)
    page = reverse("invoicing:invoice-detail", args=[job.practice.slug, invoice.pk])
    try:
        with transaction.atomic():
            adopt_invoice(offer)
    except DomainError as error:
        return Outcome(invoice.number_label, JobRow.Outcome.NEEDS_YOU, error.message, page)
    return Outcome(
        invoice.number_label, message=f"It is {offer.sage_number} in Sage; nothing was sent.", url=page
    )
