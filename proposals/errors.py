"""What can go wrong with a proposal."""

from practices.errors import DomainError


class NotADraft(DomainError):
    message = "This proposal was sent, so it can no longer be changed. Recall it first, or duplicate it."


class HasPackages(DomainError):
    message = (
        "This draft offers packages, which a list of services would take apart. Nothing was changed; "
        "change its services on its page."
    )


class SaysMoreThanLines(DomainError):
    message = (
        "This draft has deposits, services that take over from an earlier proposal, or billing with a start, an end "
        "or a date of its own, which a list of services cannot say. Nothing was changed; change its services on its "
        "page."
    )


class NothingChosen(DomainError):
    message = "Choose at least one first. Nothing was done."


class NotAwaitingSignature(DomainError):
    message = "This proposal does not wait for a signature any more. Nothing was changed."


class ProposalHasExpired(DomainError):
    message = "This proposal has expired. It has to be sent again with a new date."


class NothingOffered(DomainError):
    message = "This proposal offers no service yet. Add at least one, then send it."


class NoSignatory(DomainError):
    message = "Nobody at this client signs proposals. Mark a contact person as the one who signs."


class EndsBeforeSending(DomainError):
    message = "The proposal would have expired already. Choose a later “valid until” date."


class ClientIsArchived(DomainError):
    message = "This client is archived. Restore the client first."


class NoTerms(DomainError):
    message = "The practice has no engagement terms yet. Write them on the terms page first."


class PartlySigned(DomainError):
    message = (
        "Somebody has already signed this proposal, so it cannot be recalled. "
        "Mark it as lost and send a duplicate instead."
    )


class DocumentDiffers(DomainError):
    message = "This is not the proposal as it stands now. Read it again before you sign; nothing was signed."


class NotASignatory(DomainError):
    message = "This person was not asked to sign this proposal."


class NameMissing(DomainError):
    message = "A signature needs a name. Type the full name of the person who signs."


class ReasonMissing(DomainError):
    message = "Please give a reason; it is kept with the proposal."


class WrongLink(DomainError):
    message = (
        "Part of the address may be missing. Open the link in the e-mail again, or ask your accountant for a "
        "new one."
    )


class TooMuchForAnInvoice(DomainError):
    message = "One of its bills would be larger than an invoice can hold. Check the quantities and prices."


class WasSent(DomainError):
    message = "This proposal was sent once, so it is kept. Send it again, or leave it as a draft."


class SignatoryWithoutEmail(DomainError):
    message = (
        "Somebody who has to sign has no e-mail address. Add it on the client's page, or choose another."
    )


class EndsTooSoon(DomainError):
    message = "Choose a later day: today or after, and later than the proposal can be signed now."


class CannotReopen(DomainError):
    message = "Only a declined, lost or expired proposal can be opened again. Nothing was changed."


class LetterIncomplete(DomainError):
    message = "The letter cannot be filled in yet."


class NotYourTurn(DomainError):
    message = "The first signatory has to sign before you. You get an e-mail as soon as it is your turn."


class OnlyTheFirstChooses(DomainError):
    message = "The first signatory has chosen what is agreed; it cannot be changed by signing."


class ChoiceMissing(DomainError):
    message = "Choose one of the packages before you sign."


class LinkHasExpired(DomainError):
    message = "This link has run out. Ask for a fresh one; it comes by e-mail."


class QuestionMissing(DomainError):
    message = "Please write your question."


class TooManyQuestions(DomainError):
    message = "Many questions were sent today already. Please ring or write to the practice."


class UnknownChoice(DomainError):
    message = "One of the choices is not part of this proposal. Reload the page and choose again."


class ChangedElsewhere(DomainError):
    message = (
        "This proposal was changed somewhere else since you opened it, perhaps in another window. Your last "
        "change was not saved, and nothing was overwritten. Load the newer version, then make your change again."
    )


class TooMuchInIt(DomainError):
    message = "A proposal holds 400 services in 40 groups at most. Remove some, or make a second proposal."


class TooManyOptions(DomainError):
    message = "A client can choose between three packages at most. Remove one first."


class NotOfThisProposal(DomainError):
    message = "This belongs to another proposal. Reload the page; nothing was changed."


class StartsAfterItsFirstBill(DomainError):
    message = (
        "A bill falls before the engagement starts. Choose an earlier start, or let billing begin later."
    )


class DoneBeforeItBegins(DomainError):
    message = (
        "A group is to be done before the engagement starts. Choose a later day for it, or an earlier start."
    )


class OptionWithoutServices(DomainError):
    message = "One of the packages holds no service of its own. Give it one, or remove the package."


class VatWithoutRegistration(DomainError):
    message = (
        "The practice is not registered for VAT, and a service of this proposal carries some. Choose a rate "
        "outside the scope of VAT for it."
    )


class OpenAlready(DomainError):
    message = "The client has an open proposal of this name already. Nothing was drafted."


class TemplateNameTaken(DomainError):
    message = "There is a template of this name already. Choose another name."


class NotInReview(DomainError):
    message = "This proposal does not wait for a review any more. Nothing was changed."
