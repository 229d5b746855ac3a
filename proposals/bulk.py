"""One template for many clients, and one act on many proposals: jobs with an outcome for each row."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from clients.models import Client
from practices.errors import DomainError
from practices.job_models import Job
from practices.jobs import Outcome, runs, start_job
from practices.permissions import Can
from practices.remembered import acting_practice
from proposals.errors import NothingChosen, OpenAlready
from proposals.models import Proposal, ProposalTemplate
from proposals.operations import (
    Plan,
    discard_draft,
    propose,
    request_review,
    resend_proposal,
    send_proposal,
)

DRAFT, ACT = "proposals.from_template", "proposals.bulk"
MOST = 5_000

#: Whom a row is for: a client by its id, or by what a file says of it (name, company number, e-mail address).
Row = dict[str, Any]


def start_drafting(plan: Plan, rows: Sequence[Row]) -> Job:
    """The job that drafts a proposal from the template for each row, and sends it where that is asked.

    Raises `NothingChosen`.
    """
    if not rows:
        raise NothingChosen(plan)
    words = "Draft and send" if plan.sends else "Draft"
    return start_job(
        DRAFT,
        f"{words} “{plan.template.name}” for {len(rows)} client{'' if len(rows) == 1 else 's'}",
        total=len(rows),
        right=Can.SEND_PROPOSALS if plan.sends else Can.PREPARE_PROPOSALS,
        parameters={
            "template": plan.template.pk,
            "title": plan.title,
            "starts_on": plan.starts_on.isoformat(),
            "valid_until": plan.valid_until.isoformat(),
            "sends": plan.sends,
            "rows": list(rows),
        },
    )


def rows_of_clients(ids: Iterable[int]) -> list[Row]:
    """A row for each of these clients of the practice, by name; foreign ids are nobody's."""
    found = Client.objects.filter(pk__in=list(ids)).order_by("name_key", "pk")
    return [{"client": pk} for pk in found.values_list("pk", flat=True)]


@runs(DRAFT, chunk=20)
def draft_rows(job: Job, start: int, stop: int) -> list[Outcome]:
    """Draft the next proposals; what a rule forbids is told of and keeps nobody else."""
    given, today = job.parameters, acting_practice().today()
    rows: list[Row] = given["rows"][start:stop]
    template = ProposalTemplate.objects.filter(pk=given["template"]).first()
    if template is None:
        gone = "The template was removed meanwhile. Nothing was drafted."
        return [Outcome(_name_in(row), "failed", gone) for row in rows]
    plan = Plan(
        template=template,
        title=given["title"],
        starts_on=date.fromisoformat(given["starts_on"]),
        valid_until=date.fromisoformat(given["valid_until"]),
        sends=given["sends"],
    )
    return [_drafted(row, plan, today, job.created_at) for row in rows]


def _name_in(row: Row) -> str:
    """Who a row is for, in words, before anybody was looked up."""
    if "client" in row:
        return Client.objects.filter(pk=row["client"]).values_list("name", flat=True).first() or "A client"
    return str(row.get("name") or "A client")


def _drafted(row: Row, plan: Plan, today: date, since: datetime) -> Outcome:
    client, problem = _client_of(row)
    if client is None:
        return Outcome(_name_in(row), "needs_you", problem)
    try:
        with transaction.atomic():  # what a rule forbids half-way leaves nothing behind
            made = propose(client, plan, on=today, since=since)
    except OpenAlready as error:
        return Outcome(client.name, "skipped", error.message, error.subject.get_absolute_url())
    except DomainError as error:
        return Outcome(client.name, "failed", error.message, client.get_absolute_url())
    url, number = made.proposal.get_absolute_url(), made.proposal.number_label
    if made.is_sent:
        return Outcome(client.name, "done", f"{number} sent", url)
    if made.left_out:
        left_out = f"without {', '.join(made.left_out)}: not offered any more"
        return Outcome(client.name, "needs_you", f"{number} drafted, {left_out}.", url)
    if made.reasons:
        return Outcome(
            client.name, "needs_you", f"{number} drafted but not sent. {made.reasons[0].message}", url
        )
    return Outcome(client.name, "done", f"{number} drafted", url)


def _client_of(row: Row) -> tuple[Client | None, str]:
    """The client of a row, or why there is none: the number goes before the name, the name before the address."""
    if "client" in row:
        return Client.objects.filter(pk=row["client"]).first(), "It is not here any more."
    looks: list[tuple[str, dict[str, Any]]] = [
        ("company_number", {"company_number__iexact": row.get("company_number", "")}),
        ("name", {"name__iexact": row.get("name", "")}),
        ("email", {"people__email__iexact": row.get("email", "")}),
    ]
    for key, condition in looks:
        if not row.get(key):
            continue
        found = list(Client.objects.current().filter(**condition).distinct()[:2])
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, "More than one client fits. Nothing was drafted; use the company number."
    return None, "No client here has this name, number or address. Nothing was drafted."


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done with many proposals at once."""

    label: str
    right: Can
    do: Callable[[Proposal, date], Any]
    done: str


ACTS: dict[str, Act] = {
    "send": Act("Send", Can.SEND_PROPOSALS, lambda proposal, on: send_proposal(proposal, on=on), "Sent"),
    "review": Act(
        "Ask for review",
        Can.PREPARE_PROPOSALS,
        lambda proposal, _: request_review(proposal),
        "Waits for a review",
    ),
    "remind": Act(
        "Send again", Can.SEND_PROPOSALS, lambda proposal, _: resend_proposal(proposal), "Sent again"
    ),
    "discard": Act(
        "Delete drafts", Can.PREPARE_PROPOSALS, lambda proposal, _: discard_draft(proposal), "Deleted"
    ),
}


def start_act(act: str, ids: Sequence[int]) -> Job:
    """The job that does it to these proposals of the practice; raises `NothingChosen`."""
    proposals = list(Proposal.objects.filter(pk__in=ids).order_by("number").values_list("pk", flat=True))
    if not proposals or len(proposals) != len(set(ids)):
        raise NothingChosen(act)
    return start_job(
        ACT,
        f"{ACTS[act].label}, {len(proposals)} proposal{'' if len(proposals) == 1 else 's'}",
        total=len(proposals),
        right=ACTS[act].right,
        parameters={"act": act, "proposals": proposals},
    )


@runs(ACT, chunk=20)
def act_on_rows(job: Job, start: int, stop: int) -> list[Outcome]:
    """Do the act to the next proposals; one that a rule forbids is told of and keeps nobody else."""
    ids: list[int] = job.parameters["proposals"][start:stop]
    proposals = Proposal.objects.select_related("client").defer("document").in_bulk(ids)
    act, today = ACTS[job.parameters["act"]], acting_practice().today()
    return [_acted(proposals.get(pk), act, today) for pk in ids]


def _acted(proposal: Proposal | None, act: Act, today: date) -> Outcome:
    if proposal is None:
        return Outcome("A proposal", "skipped", "It is not here any more.")
    label, url = f"{proposal.number_label} {proposal.client.name}", proposal.get_absolute_url()
    try:
        with transaction.atomic():
            act.do(proposal, today)
    except DomainError as error:
        return Outcome(label, "needs_you", error.message, url)
    return Outcome(label, "done", act.done, "" if act.done == "Deleted" else url)
