"""What can go wrong with Sage, sorted by the one question a caller has: what to do next.

The first line of each docstring is the sentence the error speaks; `retry` is the only place
where it is decided whether, and how, something is tried again.
"""

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar, TypedDict


class Retry(Enum):
    """When to try again: by itself later, only after looking in Sage, or never without a person."""

    LATER = "later"
    AFTER_LOOKUP = "after_lookup"
    NEVER = "never"


class Problem(TypedDict):
    """One entry of Sage's error list; `source` often names the wrong field (FACTS.md 15, 8)."""

    code: str
    message: str
    source: str


class SageError(Exception):
    """Something went wrong with Sage."""

    retry: ClassVar[Retry]

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        problems: Sequence[Problem] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
        raw: str = "",
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.problems = list(problems)
        self.request_id = request_id
        #: Seconds, as Sage or our own budget asks for them; None where nobody said.
        self.retry_after = retry_after
        #: Whether it is certain that the document was refused, and that no try of it is in Sage.
        self.nothing_landed = False
        #: Sage's own words, shortened and without secrets.
        self.raw = raw

    def __str__(self) -> str:
        sentence = (type(self).__doc__ or "").partition("\n")[0]
        return f"{sentence} ({self.detail})" if self.detail else sentence


class SageUnavailable(SageError):
    """Sage could not be reached, and nothing was stored."""

    retry = Retry.LATER


class SageRateLimited(SageError):
    """Sage takes no more requests for the moment."""

    retry = Retry.LATER


class ReauthorisationRequired(SageError):
    """Sage no longer accepts our authorisation for this business."""

    retry = Retry.LATER


class GrantRefused(ReauthorisationRequired):
    """Sage refused the code or refresh token: it is used, expired or revoked."""


class RefreshOutcomeUnknown(SageError):
    """The answer to a token refresh was lost, so the stored refresh token may have been replaced.

    The old token is tried once more; if it was replaced, that ends in `GrantRefused`.
    """

    retry = Retry.LATER


class AppRefused(SageError):
    """Sage does not accept this installation's client id, secret or redirect address."""

    retry = Retry.LATER


class SubscriptionInactive(SageError):
    """The business has no active Sage subscription."""

    retry = Retry.LATER


class UnexpectedAnswer(SageError):
    """Sage answered a question with something that cannot be understood."""

    retry = Retry.LATER


class OutcomeUnknown(SageError):
    """Sage may or may not have stored what was sent."""

    retry = Retry.AFTER_LOOKUP


class AccessDenied(SageError):
    """The authorising user's role or the Sage plan does not allow this."""

    retry = Retry.NEVER


class SageRejected(SageError):
    """Sage refused what was sent."""

    retry = Retry.NEVER


class NotInSage(SageError):
    """This record does not exist in the Sage business."""

    retry = Retry.NEVER


class DuplicateInSage(SageError):
    """More than one document in Sage carries this reference."""

    retry = Retry.NEVER


class VoidedInSage(SageError):
    """The document with this reference was voided in Sage."""

    retry = Retry.NEVER


class AmbiguousContact(SageError):
    """More than one Sage contact has exactly this name."""

    retry = Retry.NEVER


class MappingMissing(SageError):
    """A ledger account or tax rate has not been mapped to Sage."""

    retry = Retry.NEVER


class AccountNotMapped(MappingMissing):
    """A service has no sales account in Sage, or the one it had is gone."""


class RateNotMapped(MappingMissing):
    """A VAT rate has no counterpart in Sage, or the one it had is gone."""


class TooLongForSage(SageError):
    """Something is longer than Sage takes."""

    retry = Retry.NEVER


class WrongBusiness(SageError):
    """Sage answered for another business than the one that was asked for."""

    retry = Retry.NEVER


class TotalsDiffer(SageError):
    """The total in Sage is not ours."""

    retry = Retry.NEVER
