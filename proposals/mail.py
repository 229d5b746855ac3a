"""The messages a proposal sends: one for each version of its link and each recipient."""

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse

from clients.models import ContactPerson
from clients.queries import addresses_to_tell, members_to_tell
from practices.mail import File, queue_email, queue_message
from practices.models import Membership, User
from practices.templatetags.dates import written_date, written_instant
from proposals.links import public_url
from proposals.mail_kinds import LINK_RENEWED, PROPOSAL_ACCEPTED, PROPOSAL_SENT
from proposals.models import Proposal, ProposalEvent, ProposalSignatory, Signature
from proposals.turns import whose_turn


def invite_to_sign(proposal: Proposal, *, again: int | None = None) -> list[str]:
    """Queue the link to everybody whose turn it is to sign; the addresses. ``again`` numbers a repeat.

    The first signatory is asked first, all others once they have signed (G27).
    """
    return [_invite(proposal, signatory, again) for signatory in whose_turn(proposal)]


def _invite(proposal: Proposal, signatory: ProposalSignatory, again: int | None) -> str:
    person, repeat = signatory.person, f":again:{again}" if again else ""
    event = f"proposal:{proposal.pk}:{proposal.link_version}:sent:{person.pk}{repeat}"
    values = values_of(proposal, person)
    queue_message(person.email, PROPOSAL_SENT, values, event=event, url=public_url(proposal, person))
    return person.email


def values_of(proposal: Proposal, person: ContactPerson) -> dict[str, str]:
    """What the placeholders of a message about the proposal stand for."""
    return {
        "person.name": person.name,
        "client.name": proposal.client.name,
        "proposal.number": proposal.number_label,
        "proposal.message": proposal.message,
        "proposal.valid_until": written_date(proposal.valid_until),
    }


def announce_acceptance(proposal: Proposal, files: Sequence[File] = ()) -> None:
    """Tell those who signed, and the practice's owners and the sender, each with the signed copy."""
    signatures = list(proposal.signatures.select_related("on_behalf", "signatory"))
    stem = f"proposal:{proposal.pk}:{proposal.link_version}:accepted"
    said = "\n".join(_in_words(signature, proposal.practice.time_zone) for signature in signatures)
    for signature in signatures:
        person = signature.signatory
        values = values_of(proposal, person) | {"signatures": said}
        event = f"{stem}:person:{person.pk}"
        url = public_url(proposal, person)
        queue_message(person.email, PROPOSAL_ACCEPTED, values, event=event, url=url, files=files)
    context = {"proposal": proposal, "signatures": signatures, "page": page_of(proposal)}
    for user in people_to_tell(proposal):
        event = f"{stem}:member:{user.pk}"
        queue_email(user.email, "proposals/proposal_won", context, event=event, files=files)
    for address in addresses_to_tell(proposal.client):
        event = f"{stem}:told:{address}"[:120]
        queue_email(address, "proposals/proposal_won", context, event=event, files=files)


def send_fresh_link(proposal: Proposal, event: ProposalEvent) -> None:
    """Queue a fresh link to whose turn it is, or once everybody has signed to those who did."""
    asked = [signatory.person for signatory in whose_turn(proposal)]
    people = asked or [signature.signatory for signature in proposal.signatures.select_related("signatory")]
    for person in people:
        key = f"proposal:{proposal.pk}:link:{event.number}:{person.pk}"
        url = public_url(proposal, person)
        queue_message(person.email, LINK_RENEWED, values_of(proposal, person), event=key, url=url)


def pass_on_question(proposal: Proposal, event: ProposalEvent, person: ContactPerson | None) -> None:
    """Queue a client's question to the practice's owners and the sender; an answer reaches who asked."""
    context = {
        "proposal": proposal,
        "name": event.data["name"],
        "question": event.data["question"],
        "page": page_of(proposal),
    }
    first = proposal.signatories.select_related("person").first()
    answer_to = person or (first.person if first else None)
    for user in people_to_tell(proposal):
        queue_email(
            user.email,
            "proposals/question_asked",
            context,
            event=f"proposal:{proposal.pk}:question:{event.number}:{user.pk}",
            reply_to=answer_to.email if answer_to else "",
        )


def _in_words(signature: Signature, zone: str) -> str:
    when = written_instant(signature.signed_at, zone)
    if signature.on_behalf_id:
        return f"Recorded by us for {signature.signed_name} on {when}: {signature.reason}"
    return f"Signed by {signature.signed_name} on {when}"


def page_of(proposal: Proposal) -> str:
    """The whole address of the practice's own page about the proposal."""
    return settings.PUBLIC_URL + reverse(
        "proposals:proposal-detail", args=[proposal.practice.slug, proposal.pk]
    )


def people_to_tell(proposal: Proposal) -> list[User]:
    """The practice's owners, the client's manager and partner (G47), and whoever sent it while still a member."""
    told = {user.pk for user in members_to_tell(proposal.client)} | {proposal.sent_by_id}
    members = Membership.objects.filter(practice=proposal.practice_id).select_related("user").order_by("id")
    return [
        member.user for member in members if member.role == Membership.Role.OWNER or member.user_id in told
    ]
