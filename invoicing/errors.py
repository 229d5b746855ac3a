"""What can go wrong between accepted work and money received."""

from practices.errors import DomainError


class NotADraft(DomainError):
    message = "This invoice has already been issued, so it cannot be changed. Void it, or issue another one."


class NotIssued(DomainError):
    message = "This invoice is not open: only issued invoices that are not void can be paid or voided."


class NoLines(DomainError):
    message = "An invoice needs at least one line. Add what you are billing and try again."


class DatedInTheFuture(DomainError):
    message = "This invoice is dated in the future. Issue it on that day, or give it today's date."


class NeedsAnAddress(DomainError):
    message = (
        "A VAT invoice names the customer's address, and this client has none. Enter it on the client's page, and"
        " issue the invoice then; nothing was issued."
    )


class NobodyToSendTo(DomainError):
    message = (
        "Nobody at this client receives invoices by e-mail. Add a person with an e-mail address on the"
        " client's page."
    )


class LedgerMakesDocuments(DomainError):
    message = (
        "The PDFs of this practice are Sage's, and Sage's PDF of this invoice is not here. Nothing was sent. Send it"
        " from its own page once it is in Sage."
    )


class NothingOutstanding(DomainError):
    message = "Nothing is owed on this invoice, so there is nothing to mark as paid or to write off."


class MoreThanIsOwed(DomainError):
    message = "More than is owed on this invoice was entered. Enter what is outstanding, or less."


class PaidInTheLedger(DomainError):
    message = "This payment was recorded in Sage, so it is taken back there; it follows here within minutes."


class NothingSaid(DomainError):
    message = "Write between one and a thousand letters. Nothing was kept."


class NothingToMerge(DomainError):
    message = "This draft has no two lines with the same VAT rate, so there is nothing to merge."


class DueBeforeItsDate(DomainError):
    message = "An invoice cannot be due before its own date. Choose a later due date."


class CreditedBeforeItsDate(DomainError):
    message = "A credit note cannot be dated before its invoice. Give it the invoice's date or a later one."


class AmountTooLarge(DomainError):
    message = (
        "This comes to more than £9,999,999,999.99, which an invoice cannot hold. Check quantity and price."
    )


class HasPayments(DomainError):
    message = (
        "Money has been received against this invoice, so it can be neither changed nor voided. Take the payment"
        " back first: here if it was entered here, else in Sage."
    )


class IsInTheLedger(DomainError):
    message = (
        "This invoice is in Sage, so it is voided there first: ask for that on its page, and it is void here once Sage "
        "has confirmed it."
    )


class GoneFromTheLedger(IsInTheLedger):
    message = (
        "Sage does not count this invoice any more. Choose Decide, accept that, and it is void here too."
    )


class ChangedInTheLedger(IsInTheLedger):
    message = "This invoice was changed in Sage. Settle the differences first; then it can be voided there and here."


class MayBeInTheLedger(DomainError):
    message = (
        "This invoice is on its way to Sage, so it can be neither changed nor voided now. Try again when Sage has"
        " answered."
    )


class AlreadyPosting(DomainError):
    message = "This invoice is already on its way to Sage or in it. Nothing was sent a second time."


class NothingToComplete(DomainError):
    message = (
        "This work was already marked complete, or its billing has ended. Nothing was billed a second time."
    )


class NotConfirmed(DomainError):
    message = (
        "The price of this work is still to be confirmed, so it is not billed as it stands. Confirm quantity and price"
        " on the client's billing schedule, and issue it there."
    )


class NotRecurring(DomainError):
    message = "This is not billed period by period, so it has no periods to skip, pause or resume."


class NotBilling(DomainError):
    message = (
        "Billing of this service is paused or has ended already. Reload the page to see where it stands."
    )


class NotPaused(DomainError):
    message = "Billing of this service is not paused. Reload the page to see where it stands."


class NotAPeriod(DomainError):
    message = "No period of this service begins on that day. Choose one of the coming periods."


class PeriodIsSettled(DomainError):
    message = "This period has already been billed or left out."


class ReasonForApproving(DomainError):
    message = (
        "Nothing was approved: a reason was entered, and approving takes none. Press Hold or Leave out if that is what"
        " the reason is for, or approve without one."
    )


class NothingAsked(DomainError):
    message = "Choose whether to approve, hold or leave out. Nothing was changed."


class NeedsAReason(DomainError):
    message = "Say why this period is not billed: the reason stays with it."


class EndsBeforeItStarts(DomainError):
    message = "Billing cannot end before it starts. Choose a later day."


class OverAllocated(DomainError):
    message = "More money is set against this invoice than it comes to. Check the payment and its invoices."


class AllocatesMoreThanReceived(DomainError):
    message = "More is set against invoices than was received. Check the payment's amount."


class InvoiceOfAnotherClient(DomainError):
    message = "A payment can only be set against invoices of the client who made it."


class NotAnAmount(DomainError):
    message = "An amount of money received has to be more than nothing."


class ClientIsArchived(DomainError):
    message = (
        "This client, or who pays for it, is archived, so nothing is billed. Restore whoever is archived first, or end"
        " the billing of the services."
    )


class AlreadyRunning(DomainError):
    message = "A billing run is already running. Nothing was started; its progress is on the billing page."


class PauseIsOver(DomainError):
    message = "A pause has to end on a day that is still to come. Choose a later day."


class NotEnded(DomainError):
    message = "Billing of this service has no last day, so there is nothing to take back."


class NothingToEnd(DomainError):
    message = "Everything this client is billed for has ended by that day already. Nothing was changed."


class NothingLeftToBill(DomainError):
    message = "Everything this service had to bill is billed, so it cannot be taken up again."


class DateOutOfRange(DomainError):
    message = "A date has to lie between 1 Jan 2000 and 31 Dec 2100. Check the year."


class MovedBeforeItBegan(DomainError):
    message = (
        "Periods cannot be counted from a day before the service began: that would bill all that time once more. Check"
        " the year, or choose a later day."
    )


class NotAPrice(DomainError):
    message = (
        "A price has at most four decimal places and is not negative; a quantity has two and is above zero."
        " Check what was entered."
    )


class NothingToSplit(DomainError):
    message = (
        "Both parts of a split bill have to be more than nothing, in whole pennies. Choose another amount."
    )


class MonthIsOpen(DomainError):
    message = (
        "Something dated in this month is neither billed nor left out. Bill it, leave it out, or move it to"
        " another month, then sign off."
    )


class MonthNotBegun(DomainError):
    message = "This month has not begun, so nobody can say yet that it is billed."


class MonthIsSignedOff(DomainError):
    message = "This month has been signed off already. Reload the page to see by whom."


class CannotBeUndone(DomainError):
    message = (
        "This invoice has left, or money was received on it, so it cannot be undone without a trace."
        " Void it or credit it instead."
    )


class NothingChosen(DomainError):
    message = "Choose at least one thing to bill."


class NotOfThisClient(DomainError):
    message = "Something chosen belongs to another client. Reload the page and choose again."


class NotBilled(DomainError):
    message = "This client could not be billed."


class SplitIsIncomplete(DomainError):
    message = (
        "Enter an amount before VAT, in pounds and whole pennies, and the day on which that part is billed."
    )


class NoReason(DomainError):
    message = "Say why, in a few words: the reason stays with the document."


class NothingChanged(DomainError):
    message = "Nothing was changed, so the invoice stays as it is."


class IsCredited(DomainError):
    message = (
        "This invoice is credited in full, so it stays as it is. There is one credit note for an invoice."
    )


class SettledInTheLedger(DomainError):
    message = (
        "Money is set against this invoice in Sage, so it cannot be changed. Take the payment off the invoice in Sage "
        "first, or credit the invoice."
    )


class LockedInTheLedger(DomainError):
    message = (
        "This invoice is on a VAT return or in a locked period in Sage, so it cannot be changed or voided. Credit it "
        "and issue it anew."
    )


class NotInTheLedger(DomainError):
    message = "This invoice is not in Sage. Copy it first: a credit note goes where its invoice is."


class ChangeIsPlanned(DomainError):
    message = (
        "Another change of this service is planned already. Undo that one first, or wait until it counts."
    )


class NothingToRenew(DomainError):
    message = (
        "The client is billed for nothing that recurs, so there is nothing to renew. No proposal was drafted; begin a "
        "new one instead."
    )


class ServiceIsUnchanged(DomainError):
    message = "Nothing would change: the service has these particulars already."


class InThePast(DomainError):
    message = "Choose today or a later day. What was billed before stays as it is."


class TooLateToUndo(DomainError):
    message = "Its day has come: the new prices count already. Change the services one by one, or plan another change."


class NothingToUplift(DomainError):
    message = "No service that recurs fits this choice, or none would get another price. Nothing was planned."
