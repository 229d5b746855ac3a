"""One thing done with many invoices: a job, with an outcome for each of them.

An app above this one offers what it can do with invoices by `add_act`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.urls import reverse

from invoicing.errors import NothingChosen
from invoicing.models import Invoice, InvoiceQuerySet, InvoicingSettings
from invoicing.operations import (
    invoicing_settings,
    issue_invoice,
    mark_paid,
    send_invoice,
    switch_reminders,
)
from invoicing.operations.sending import to_send_with_ledgers_documents
from practices.errors import DomainError
from practices.job_models import Job, JobRow
from practices.jobs import Outcome, job_done, runs, start_job
from practices.models import Practice
from practices.permissions import Can
from practices.tenancy import acting_practice_id

#: Done one by one, or many in a few statements.
KIND, KIND_OF_MANY = "invoicing.bulk", "invoicing.bulk_many"
CHUNK, CHUNK_OF_MANY = 50, 250
#: A job is told of no more invoices than this at once.
MOST = 20_000
NONE_CHOSEN = "Choose at least one invoice of this list."


@dataclass(frozen=True, slots=True)
class Chosen:
    """One of the invoices something is done with: its id, what it is called, and its page."""

    pk: int
    label: str
    url: str
    is_draft: bool = False

    def outcome(
        self, message: str = "", outcome: str = JobRow.Outcome.DONE, *, follows: int | None = None
    ) -> Outcome:
        """What became of it, in words; ``follows`` is the posting that says how it goes on."""
        return Outcome(self.label, outcome, message, self.url, follows)


DoOne = Callable[[Invoice, date], str]
#: What was chosen, in order, and today; an outcome for each of them.
DoMany = Callable[[Sequence[Chosen], date], list[Outcome]]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done with many invoices.

    ``kind`` is the job that does it; without one it is so quick that it is done while the person waits.
    """

    label: str
    right: Can
    do: DoMany
    kind: str = KIND


def one_by_one(do: DoOne) -> DoMany:
    """An act made of one that takes an invoice, with its client, and today: what it returns is said beside the row.

    A `DomainError` says why it was not done, and keeps no other.
    """

    def do_each(chosen: Sequence[Chosen], on: date) -> list[Outcome]:
        invoices = Invoice.objects.select_related("client", "practice").in_bulk([each.pk for each in chosen])
        return [_done(each, do, invoices[each.pk], on) for each in chosen]

    return do_each


def _done(chosen: Chosen, do: DoOne, invoice: Invoice, on: date) -> Outcome:
    try:
        return chosen.outcome(do(invoice, on))
    except DomainError as refusal:
        return chosen.outcome(refusal.message, JobRow.Outcome.NEEDS_YOU)


def _issue(invoice: Invoice, on: date) -> str:
    return issue_invoice(invoice, on=on).number_label


def _send(invoice: Invoice, on: date) -> str:
    del on
    return f"To {', '.join(send_invoice(invoice))}"


def _paid(invoice: Invoice, on: date) -> str:
    mark_paid(invoice, amount=invoice.outstanding, received_on=on, on=on)
    return "Recorded here, not in Sage"


def _remind(invoice: Invoice, on: date) -> str:
    del on
    switch_reminders(invoice, on=True)
    return ""


def _leave_alone(invoice: Invoice, on: date) -> str:
    del on
    switch_reminders(invoice, on=False)
    return ""


ACTS: dict[str, Act] = {
    "issue": Act("Issue", Can.ISSUE_INVOICES, one_by_one(_issue)),
    "send": Act("Send by e-mail", Can.ISSUE_INVOICES, one_by_one(_send)),
    "paid": Act("Mark as paid today", Can.ISSUE_INVOICES, one_by_one(_paid)),
    "remind": Act("Remind as usual", Can.ISSUE_INVOICES, one_by_one(_remind)),
    "leave": Act("Stop reminders", Can.ISSUE_INVOICES, one_by_one(_leave_alone)),
}


class _Elsewhere:
    """The kind of job that sends invoices whose documents the ledger makes; empty where no ledger is connected."""

    kind = ""


def send_ledgers_documents_by(kind: str) -> None:
    """Let a job of this kind send invoices with the ledger's PDFs; an app calls this once, when it starts."""
    _Elsewhere.kind = kind


def kind_of(key: str) -> str:
    """The kind of job that does an act: sending is another one where the ledger makes the documents (F11)."""
    by_ledger = key == "send" and invoicing_settings().documents_by == InvoicingSettings.DocumentsBy.LEDGER
    return _Elsewhere.kind if by_ledger and _Elsewhere.kind else ACTS[key].kind


def add_act(key: str, act: Act) -> None:
    """Offer one more act in the list; an app calls this once, when it starts."""
    ACTS[key] = act


def start_bulk(key: str, ids: Sequence[int], practice: Practice) -> Job:
    """The job that does it to these invoices of the practice; raises `NothingChosen`. Foreign ids are nobody's."""
    chosen = _chosen(Invoice.objects.filter(pk__in=ids), practice)
    if len(chosen) != len(set(ids)):
        raise NothingChosen(key, message=NONE_CHOSEN)
    return _start(key, chosen, practice)


def start_bulk_of_all(key: str, listed: InvoiceQuerySet, practice: Practice) -> Job:
    """The same for all of a list, the first ones where they are too many at once; raises `NothingChosen`."""
    return _start(key, _chosen(listed, practice), practice)


def _start(key: str, chosen: list[Chosen], practice: Practice) -> Job:
    if not chosen:
        raise NothingChosen(key, message=NONE_CHOSEN)
    act = ACTS[key]
    title = f"{act.label}, {len(chosen)} invoice{'s' if len(chosen) > 1 else ''}"
    if not act.kind:
        outcomes = _do(act, chosen, practice)
        done = job_done(KIND, title, outcomes, right=act.right, parameters={"act": key})
        done.practice = practice
        return done
    parameters = {"act": key, "invoices": [each.pk for each in chosen]}
    return start_job(kind_of(key), title, total=len(chosen), right=act.right, parameters=parameters)


def send_with_ledgers_documents(on: date) -> Job | None:
    """The job that sends what is unsent with the ledger's documents; None where nothing is, or one is at work."""
    ids = to_send_with_ledgers_documents(on)
    if not ids or not _Elsewhere.kind or Job.objects.live().filter(kind=_Elsewhere.kind).exists():
        return None
    return start_job(
        _Elsewhere.kind,
        f"Send by e-mail, {len(ids)} invoice{'s' if len(ids) > 1 else ''}",
        total=len(ids),
        right=Can.ISSUE_INVOICES,
        parameters={"invoices": ids, "once": True},
    )


@runs(KIND, chunk=CHUNK)
def do_rows(job: Job, start: int, stop: int) -> list[Outcome]:
    """Do the act to the next invoices; one that a rule forbids is told of and keeps no other."""
    practice = Practice.objects.get(pk=acting_practice_id())
    ids: list[int] = job.parameters["invoices"][start:stop]
    chosen = _chosen(Invoice.objects.filter(pk__in=ids), practice)
    outcomes = _do(ACTS[job.parameters["act"]], chosen, practice) if chosen else []
    by_id = dict(zip((each.pk for each in chosen), outcomes, strict=True))
    gone = Outcome("An invoice", JobRow.Outcome.SKIPPED, "It is not here any more.")
    return [by_id.get(pk, gone) for pk in ids]


@runs(KIND_OF_MANY, chunk=CHUNK_OF_MANY)
def do_many_rows(job: Job, start: int, stop: int) -> list[Outcome]:
    """The same for acts that take many invoices in a few statements."""
    return list(do_rows(job, start, stop))


def _do(act: Act, chosen: Sequence[Chosen], practice: Practice) -> list[Outcome]:
    """What became of each; one that was issued with it is called by its number from then on."""
    outcomes = act.do(chosen, practice.today())
    drafts = [each.pk for each in chosen if each.is_draft]
    if not drafts:
        return outcomes
    now = {each.pk: each.label for each in _chosen(Invoice.objects.filter(pk__in=drafts), practice)}
    together = zip(chosen, outcomes, strict=True)
    return [replace(outcome, label=now.get(each.pk, each.label)) for each, outcome in together]


def _chosen(invoices: InvoiceQuerySet, practice: Practice) -> list[Chosen]:
    """Those of the invoices that are there, in the order of their numbers; one statement however many."""
    found = invoices.order_by("number", "pk").values_list("pk", "number", "client__name")
    pages = reverse("invoicing:invoice-detail", args=[practice.slug, 0]).removesuffix("0/")
    return [
        Chosen(
            pk,
            f"{Invoice.label_of(number) if number else 'Draft'}, {client}",
            f"{pages}{pk}/",
            is_draft=not number,
        )
        for pk, number, client in found[:MOST]
    ]


def choices_for(role_may: Callable[[Can], bool]) -> list[tuple[str, str]]:
    """The acts that somebody with these rights is offered, for a select field."""
    return [(key, act.label) for key, act in ACTS.items() if role_may(act.right)]
