"""What clients ask from their page: a question, or a fresh link."""

from datetime import datetime, timedelta

from clients.models import ContactPerson
from practices import audit
from practices.mail import one_line
from proposals import errors
from proposals.events import note_event
from proposals.links import LINK_LIFE
from proposals.mail import pass_on_question, send_fresh_link
from proposals.models import Proposal, ProposalEvent
from proposals.operations.locks import locked

MOST_QUESTIONS_A_DAY = 20
#: Pressing again within this time sends nothing more.
REPEAT_AFTER = timedelta(minutes=10)
#: The same browser looking again within this time is the same visit.
SAME_VISIT = timedelta(hours=1)


def ask_question(
    proposal: Proposal, *, name: str, question: str, person: ContactPerson | None, ip: str, now: datetime
) -> ProposalEvent:
    """The question, noted and on its way to the practice; raises `NotAwaitingSignature`, `QuestionMissing` or
    `TooManyQuestions`.
    """
    proposal = locked(proposal)
    if proposal.status != Proposal.Status.SENT:
        raise errors.NotAwaitingSignature(proposal)
    name, question = one_line(name, 100), question.strip()
    if not question or not name:
        raise errors.QuestionMissing(proposal)
    recent = proposal.chain.filter(kind="question", at__gt=now - timedelta(days=1))
    if recent.count() >= MOST_QUESTIONS_A_DAY:
        raise errors.TooManyQuestions(proposal)
    event = note_event(proposal, "question", name=name, question=question, ip=ip)
    audit.record("proposal.question_asked", proposal, name=name, reason=question)
    pass_on_question(proposal, event, person)
    return event


def renew_link(proposal: Proposal, *, version: int, ip: str, now: datetime) -> bool:
    """Whether a fresh link is on its way to the client's people: to those who are asked now, by e-mail alone.

    Pressing again soon sends nothing more; raises `NotAwaitingSignature` for a proposal that was taken back or lost.
    """
    proposal = locked(proposal)
    kept = (Proposal.Status.SENT, Proposal.Status.ACCEPTED, Proposal.Status.SUPERSEDED)
    if proposal.status not in kept or version != proposal.link_version:
        raise errors.NotAwaitingSignature(proposal)
    if proposal.chain.filter(kind="link_renewed", at__gt=now - REPEAT_AFTER).exists():
        return False
    proposal.link_expires_at = now + LINK_LIFE
    proposal.save(update_fields=["link_expires_at"])
    event = note_event(proposal, "link_renewed", ip=ip)
    send_fresh_link(proposal, event)
    return True


def note_visit(proposal: Proposal, kind: str, *, ip: str, user_agent: str, now: datetime) -> None:
    """Note that somebody opened or downloaded the proposal, once for each browser in an hour; changes nothing else."""
    seen = {"ip": ip, "user_agent": user_agent[:300]}
    recent = ProposalEvent.objects.filter(
        proposal=proposal.pk, kind=kind, at__gt=now - SAME_VISIT, data__contains=seen
    )
    if not recent.exists():
        note_event(locked(proposal), kind, **seen)
