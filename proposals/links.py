"""The link a client opens: a signed token that names the practice, the proposal and the link's version.

Nobody can make one up (HMAC-SHA256 with the installation's secret). Recalling or sending a proposal raises
its version, and older links die with it.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.conf import settings
from django.core import signing
from django.urls import reverse

from clients.models import ContactPerson
from proposals.errors import WrongLink
from proposals.models import Proposal

SALT = "proposals.link"


#: How long a link works before its holder asks for a fresh one; the offer itself lasts until its last day.
LINK_LIFE = timedelta(days=14)


class PublicLink(NamedTuple):
    """What a token says."""

    practice_id: int
    proposal_id: int
    version: int
    #: The contact person it was sent to; 0 for a link that the practice passes on itself.
    person_id: int = 0
    #: The second since 1970 after which it asks for a fresh one; 0 for never.
    until: int = 0

    def has_run_out(self, now: datetime) -> bool:
        """Whether its holder has to ask for a fresh one."""
        return bool(self.until) and now.timestamp() > self.until


class Standing(StrEnum):
    """What a link leads to today."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    RECALLED = "recalled"


DECIDED: dict[str, Standing] = {
    Proposal.Status.ACCEPTED: Standing.ACCEPTED,
    Proposal.Status.SUPERSEDED: Standing.ACCEPTED,
    Proposal.Status.DECLINED: Standing.DECLINED,
    Proposal.Status.LOST: Standing.RECALLED,
    Proposal.Status.EXPIRED: Standing.EXPIRED,
}


def _signer() -> signing.Signer:
    # A full stop, because mail programs tend to end a link at Django's own colon.
    return signing.Signer(salt=SALT, sep=".")


def public_path(proposal: Proposal, person: ContactPerson | None = None) -> str:
    """The path of the page where the client reads and signs; the same for as long as the link lives.

    A link for one ``person`` says who is reading; one without asks whoever signs who they are.
    """
    until = int(proposal.link_expires_at.timestamp()) if proposal.link_expires_at else 0
    person_id = person.pk if person else 0
    link = PublicLink(proposal.practice.pk, proposal.pk, proposal.link_version, person_id, until)
    return reverse("proposal-read", args=[_signer().sign_object(list(link))])


def public_url(proposal: Proposal, person: ContactPerson | None = None) -> str:
    """The whole address of that page, for messages and for copying."""
    return settings.PUBLIC_URL + public_path(proposal, person)


def read_token(token: str) -> PublicLink:
    """What the token says; raises `WrongLink` for anything we did not sign."""
    try:
        return PublicLink(*_signer().unsign_object(token))
    except (signing.BadSignature, TypeError, ValueError) as error:
        raise WrongLink from error


def standing_of(proposal: Proposal, link: PublicLink, *, on: date) -> Standing:
    """What a link to this proposal leads to on a date in the practice's zone."""
    if link.version != proposal.link_version:
        return Standing.RECALLED
    if proposal.status == Proposal.Status.SENT:
        return Standing.EXPIRED if proposal.valid_until < on else Standing.OPEN
    return DECIDED.get(proposal.status, Standing.RECALLED)
