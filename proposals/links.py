"""The link a client opens: a signed token that names the practice, the proposal and the link's version.

Nobody can make one up (HMAC-SHA256 with the installation's secret). Recalling or sending a proposal raises
its version, and older links die with it.
"""

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from django.conf import settings
from django.core import signing
from django.urls import reverse

from proposals.errors import WrongLink
from proposals.models import Proposal

SALT = "proposals.link"


class PublicLink(NamedTuple):
    """What a token says."""

    practice_id: int
    proposal_id: int
    version: int


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


def public_path(proposal: Proposal) -> str:
    """The path of the page where the client reads and signs; the same for as long as the link lives."""
    link = PublicLink(proposal.practice.pk, proposal.pk, proposal.link_version)
    return reverse("proposal-read", args=[_signer().sign_object(list(link))])


def public_url(proposal: Proposal) -> str:
    """The whole address of that page, for messages and for copying."""
    return settings.PUBLIC_URL + public_path(proposal)


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
