"""What can go wrong between a document and the outbox."""

from practices.errors import DomainError


class NotHeld(DomainError):
    message = "This is not held any more: somebody released it already."


class NotFailed(DomainError):
    message = "This has nothing to retry: it is waiting, on its way or already in Sage."


class CannotCancel(DomainError):
    message = (
        "This may already be in Sage, so it cannot be withdrawn here. Void or credit the invoice instead."
    )


class PostingsAreClosed(DomainError):
    message = "Nothing can leave yet: connect Sage and press Enable first."


class LeaseLost(Exception):
    """Another worker took this posting over; whoever holds the lease goes on with it."""


class ChangeUnderWay(DomainError):
    message = "A change to this document is on its way to Sage. Wait for its end, then look again."


class NotInLedger(DomainError):
    message = "This document is not in Sage, so there is nothing there to change."
