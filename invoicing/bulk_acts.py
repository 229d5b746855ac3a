"""One thing done with many invoices: a job, with an outcome for each of them.

An app above this one offers what it can do with invoices by `add_act`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from invoicing.errors import NothingChosen
from invoicing.models import Invoice
from invoicing.operations import issue_invoice, mark_paid, send_invoice, switch_reminders
from practices.errors import DomainError
from practices.jobs import Outcome, runs, start_job
from practices.models import Job, Practice
from practices.permissions import Can
from practices.tenancy import acting_practice_id

KIND = "invoicing.bulk"
CHUNK = 50


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done with many invoices; ``do`` takes one, with its client, and today.

    What it returns is said beside the row; a `DomainError` says why it was not done.
    """

    label: str
    right: Can
    do: Callable[[Invoice, date], str]


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
    "issue": Act("Issue", Can.ISSUE_INVOICES, _issue),
    "send": Act("Send by e-mail", Can.ISSUE_INVOICES, _send),
    "paid": Act("Mark as paid today", Can.ISSUE_INVOICES, _paid),
    "remind": Act("Remind as usual", Can.ISSUE_INVOICES, _remind),
    "leave": Act("Stop reminders", Can.ISSUE_INVOICES, _leave_alone),
}


def add_act(key: str, act: Act) -> None:
    """Offer one more act in the list; an app calls this once, when it starts."""
    ACTS[key] = act


def start_bulk(key: str, ids: Sequence[int]) -> Job:
    """The job that does it to these invoices of the practice; raises `NothingChosen`. Foreign ids are nobody's."""
    found = list(Invoice.objects.filter(pk__in=ids).order_by("number", "pk").values_list("pk", flat=True))
    if not found or len(found) != len(set(ids)):
        raise NothingChosen(key, message="Choose at least one invoice of this list.")
    act = ACTS[key]
    return start_job(
        KIND,
        f"{act.label}, {len(found)} invoice{'s' if len(found) > 1 else ''}",
        total=len(found),
        right=act.right,
        parameters={"act": key, "invoices": found},
    )


@runs(KIND, chunk=CHUNK)
def do_rows(job: Job, start: int, stop: int) -> list[Outcome]:
    """Do the act to the next invoices; one that a rule forbids is told of and keeps no other."""
    ids: list[int] = job.parameters["invoices"][start:stop]
    invoices = Invoice.objects.select_related("client", "practice").in_bulk(ids)
    today = Practice.objects.get(pk=acting_practice_id()).today()
    act = ACTS[job.parameters["act"]]
    return [_done(invoices.get(pk), act, today) for pk in ids]


def _done(invoice: Invoice | None, act: Act, on: date) -> Outcome:
    if invoice is None:
        return Outcome("An invoice", "skipped", "It is not here any more.")
    label, url = f"{invoice.number_label}, {invoice.client.name}", invoice.get_absolute_url()
    try:
        said = act.do(invoice, on)
    except DomainError as refusal:
        return Outcome(label, "failed", refusal.message, url)
    return Outcome(label, "done", said, url)


def choices_for(role_may: Callable[[Can], bool]) -> list[tuple[str, str]]:
    """The acts that somebody with these rights is offered, for a select field."""
    return [(key, act.label) for key, act in ACTS.items() if role_may(act.right)]
