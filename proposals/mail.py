"""The messages a proposal sends: one for each version of its link and each recipient."""

from django.conf import settings
from django.urls import reverse

from practices.mail import queue_email
from practices.models import Membership, User
from proposals.links import public_url
from proposals.models import Proposal, ProposalSignatory


def invite_to_sign(proposal: Proposal, *, again: int | None = None) -> list[str]:
    """Queue the link to everybody who still has to sign; the addresses. ``again`` numbers a repeat."""
    signed = proposal.signatures.values("signatory")
    missing = proposal.signatories.exclude(person__in=signed).select_related("person")
    return [_invite(proposal, signatory, again) for signatory in missing]


def _invite(proposal: Proposal, signatory: ProposalSignatory, again: int | None) -> str:
    person, repeat = signatory.person, f":again:{again}" if again else ""
    event = f"proposal:{proposal.pk}:{proposal.link_version}:sent:{person.pk}{repeat}"
    context = {
        "proposal": proposal,
        "practice": proposal.practice,
        "person": person,
        "url": public_url(proposal),
    }
    queue_email(person.email, "proposals/proposal_sent", context, event=event)
    return person.email


def announce_acceptance(proposal: Proposal) -> None:
    """Tell those who signed, with the link to their copy, and the practice's owners and the sender."""
    context = {
        "proposal": proposal,
        "practice": proposal.practice,
        "signatures": list(proposal.signatures.select_related("on_behalf")),
        "url": public_url(proposal),
    }
    stem = f"proposal:{proposal.pk}:{proposal.link_version}:accepted"
    for signatory in proposal.signatories.select_related("person"):
        person = signatory.person
        context_of_person = context | {"person": person}
        event = f"{stem}:person:{person.pk}"
        queue_email(person.email, "proposals/proposal_accepted", context_of_person, event=event)
    page = reverse("proposals:proposal-detail", args=[proposal.practice.slug, proposal.pk])
    context["page"] = settings.PUBLIC_URL + page
    for user in _people_to_tell(proposal):
        event = f"{stem}:member:{user.pk}"
        queue_email(user.email, "proposals/proposal_won", context, event=event)


def _people_to_tell(proposal: Proposal) -> list[User]:
    """The practice's owners, and whoever sent the proposal while still a member."""
    members = Membership.objects.filter(practice=proposal.practice_id).select_related("user").order_by("id")
    return [
        member.user
        for member in members
        if member.role == Membership.Role.OWNER or member.user_id == proposal.sent_by_id
    ]
