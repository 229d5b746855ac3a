"""One template for many clients, and one act on many proposals: jobs with an outcome for each row."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from clients.models import Client
from practices.errors import DomainError
from practices.jobs import Outcome, runs, start_job
from practices.mail import acting_practice
from practices.models import Job
from practices.permissions import Can
from proposals.errors import NothingChosen
from proposals.models import Proposal, ProposalTemplate
from proposals.operations import (
    discard_draft,
    draft_proposal,
    reasons_not_to_send,
    request_review,
    resend_proposal,
    send_proposal,
)
from proposals.operations.templates import apply_template

DRAFT, ACT = "proposals.from_template", "proposals.bulk"
MOST = 5_000

#: Whom a row is for: a client by its id, or by what a file says of it (name, company number, e-mail address).
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What every proposal of a run has in common."""

    template: ProposalTemplate
    title: str
    starts_on: date
    valid_until: date
    sends: bool = False


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
    template = ProposalTemplate.objects.filter(pk=given["template"]).first()
    return [_drafted(row, template, given, today) for row in given["rows"][start:stop]]


def _drafted(row: Row, template: ProposalTemplate | None, given: dict[str, Any], today: date) -> Outcome:
    client, problem = _client_of(row)
    if client is None:
        return Outcome(row.get("name") or "A client", "needs_you", problem)
    if template is None:
        return Outcome(
            client.name, "failed", "The template was removed meanwhile.", client.get_absolute_url()
        )
    try:
        with transaction.atomic():
            proposal = Proposal(
                client=client,
                title=given["title"],
                starts_on=date.fromisoformat(given["starts_on"]),
                valid_until=date.fromisoformat(given["valid_until"]),
            )
            draft_proposal(proposal)
            left_out = apply_template(proposal, template, on=today)
    except DomainError as error:
        return Outcome(client.name, "failed", error.message, client.get_absolute_url())
    url, words = proposal.get_absolute_url(), f"{proposal.number_label} drafted"
    if left_out:
        return Outcome(
            client.name, "needs_you", f"{words}, without {', '.join(left_out)}: not offered any more.", url
        )
    if not given["sends"]:
        return Outcome(client.name, "done", words, url)
    reasons = reasons_not_to_send(proposal, on=today)
    if reasons:
        return Outcome(client.name, "needs_you", f"{words} but not sent. {reasons[0].message}", url)
    send_proposal(proposal, on=today)
    return Outcome(client.name, "done", f"{proposal.number_label} sent", url)


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
