"""What cannot be done with clients, in words."""

from practices.errors import DomainError


class CannotActivate(DomainError):
    message = "This client is archived. Restore it first."


class NeedsMoneyLaunderingChecks(DomainError):
    message = (
        "The money laundering checks of this client are not cleared, or their review is overdue. Nothing was done: "
        "clear them on the client's page, or switch the rule off in the client settings."
    )


class ChecksNotFinished(DomainError):
    message = (
        "This cannot be signed yet: the law asks for checks of a client before work begins, and they are not finished. "
        "Nothing was signed; once the practice has finished them, the same link works."
    )


class NextReviewIsPast(DomainError):
    message = "The next review cannot be before the day of the checks."


class ClearedNeedsAReviewer(DomainError):
    message = "Say who checked the client and when, so that it can be shown to a supervisor."


class GroupNameTaken(DomainError):
    message = "There is a group of this name already. Choose another name, or add the clients to that one."


class PayerIsElsewhere(DomainError):
    message = "Only a client of the same group can pay for another. Add the payer to the group first."


class PayerIsPaidFor(DomainError):
    message = "Somebody else pays for this client, so it cannot pay for others. Choose who pays in the end."


class PayerPaysForOthers(DomainError):
    message = "This client pays for others. Choose another payer for them first."


class NotAFileWeKeep(DomainError):
    message = "This kind of file is not kept. Use PDF, JPEG, PNG, Word, Excel, CSV or plain text."


class FileTooLarge(DomainError):
    message = "This file is too large. Nothing was added."


class PictureTooLarge(DomainError):
    message = "This picture has too many pixels to be opened safely. Nothing was added; save it smaller and try again."


class EmptyFile(DomainError):
    message = "This file is empty. Nothing was added."


class NobodyChosen(DomainError):
    message = "No client was chosen, or one of them is not here any more. Nothing was done."


class TooManyRows(DomainError):
    message = "This file has too many rows. Nothing was imported; part it."


class NameColumnMissing(DomainError):
    message = "Say which column holds the client's name. Nothing was checked yet."


class ColumnChosenTwice(DomainError):
    message = "Two columns are read as the same thing. Choose one of them. Nothing was checked yet."


class ImportIsElsewhere(DomainError):
    message = "This import has gone on meanwhile. Look at its page again."


class NothingToImport(DomainError):
    message = "There is nothing to import: every row is here already, left out, undecided or cannot be read."


class CannotBeUndone(DomainError):
    message = "This cannot be undone any more: a day has passed, or it was undone already."


class CannotMerge(DomainError):
    message = "These two cannot be merged. Nothing was changed."
