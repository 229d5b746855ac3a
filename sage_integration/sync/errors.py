"""What the order of steps can run into, beyond what Sage itself answers."""

from sage_integration.sage.errors import Retry, SageError


class NotSeenYet(SageError):
    """An earlier try may have landed, and Sage does not show it yet."""

    retry = Retry.LATER


class ContactDiffers(SageError):
    """The document in Sage belongs to another contact."""

    retry = Retry.NEVER


class ContactTaken(SageError):
    """The Sage contact of this name already stands for another of your clients."""

    retry = Retry.NEVER


class NotIssued(SageError):
    """The invoice is a draft or void, so it is not copied."""

    retry = Retry.NEVER
