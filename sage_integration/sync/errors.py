"""What the order of steps can run into, beyond what Sage itself answers."""

from sage_integration.sage.errors import AccessDenied, ReauthorisationRequired, Retry, SageError


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


class NothingToPost(SageError):
    """No line of the invoice has a price, and Sage takes no invoice without lines."""

    retry = Retry.NEVER


class RateUnsuitable(SageError):
    """A line carries VAT and its rate in Sage has none, or the other way round."""

    retry = Retry.NEVER


class VatNotRegistered(SageError):
    """The invoice carries VAT, and the business in Sage is not registered for it."""

    retry = Retry.NEVER


class PeriodClosed(SageError):
    """The invoice's date is before the business's books begin, or in a locked period."""

    retry = Retry.NEVER


class CurrencyDiffers(SageError):
    """The invoice is in another currency than the business, or its contact, in Sage."""

    retry = Retry.NEVER


class ContactUnusable(SageError):
    """The client's Sage contact takes no documents: deleted, erased, or no customer."""

    retry = Retry.NEVER


class BusinessGone(ReauthorisationRequired):
    """This login no longer opens the connected business."""


class SettledInSage(SageError):
    """Money is set against the document in Sage, so Sage lets nobody change or void it."""

    retry = Retry.NEVER


class LockedInSage(SageError):
    """The document is on a VAT return or in a locked period in Sage."""

    retry = Retry.NEVER


class MissingInSage(SageError):
    """The document that was to be changed is not in Sage any more."""

    retry = Retry.NEVER


class InAnotherCompany(SageError):
    """The document that was to be changed is in a company that is not connected any more."""

    retry = Retry.NEVER


class ChangedInSage(SageError):
    """Somebody changed the document in Sage since the change was asked for."""

    retry = Retry.NEVER


class NeedsReplacing(SageError):
    """The document cannot be changed in place: it has to be voided and copied again."""

    retry = Retry.NEVER


class CreditStays(SageError):
    """The credit note cannot be changed in Sage: somebody set it against something there, or its period is closed."""

    retry = Retry.NEVER


class ChangeGoesFirst(SageError):
    """The credit note is being changed, and is set against its invoice after that."""

    retry = Retry.LATER


class InvoiceNotInSage(SageError):
    """The invoice that a credit note takes back is not in Sage."""

    retry = Retry.NEVER


class CreditNotAllowed(AccessDenied):
    """The Sage plan, or the role of whoever connected Sage, has no credit notes."""


class AllocationNotAllowed(AccessDenied):
    """The Sage plan, or the role of whoever connected Sage, has no allocations."""
