"""What a person reads when something went wrong with Sage: what happened, why, and what to do next.

The key is the name of the error's class, as it stands in `Posting.failure` and `SageConnection.trouble`.
"""

from dataclasses import dataclass

from sage_integration.sage.errors import SageError

#: The key of a mistake of ours that no rule foresaw.
UNEXPECTED = "Unexpected"
#: Errors whose detail is written for a person; that of the others is a method and a path.
DETAILED = {
    "AccountNotMapped",
    "AmbiguousContact",
    "ContactDiffers",
    "ContactTaken",
    "ContactUnusable",
    "CurrencyDiffers",
    "ChangedInSage",
    "CreditStays",
    "DuplicateInSage",
    "LockedInSage",
    "MappingMissing",
    "InAnotherCompany",
    "MissingInSage",
    "PeriodClosed",
    "RateNotMapped",
    "RateUnsuitable",
    "SettledInSage",
    "TooLongForSage",
    "TotalsDiffer",
    "VatNotRegistered",
}
#: Pages where a cause is mended; which document or client they are about is known by the posting.
ACCOUNTS, RATES, CONTACT = "sage:account-map", "sage:tax-rate-map", "sage:contact-choose"
#: Those of them that are about the whole practice, so that nothing else has to be known to go there.
OF_THE_PRACTICE = {ACCOUNTS, RATES}
DIFFERENCES, CREDIT_COPY = "sage:invoice-differences", "sage:credit-note-copy"
CONNECTION, INVOICE, CLIENT = "sage:connection-detail", "invoicing:invoice-detail", "clients:client-edit"


@dataclass(frozen=True)
class Explanation:
    """One thing that can go wrong, in three sentences, and the button that mends it.

    ``remedy`` are the button's words and ``page`` the URL name it leads to; both are empty where there is nothing
    to press but *Try again*, or nothing at all.
    """

    sentence: str
    cause: str
    way_out: str
    remedy: str = ""
    page: str = ""


EXPLANATIONS: dict[str, Explanation] = {
    "SageUnavailable": Explanation(
        "Sage could not be reached, and nothing was stored there.",
        "Sage, or the way to it, is down for the moment.",
        "Nothing to do: this is tried again by itself.",
    ),
    "SageRateLimited": Explanation(
        "Sage takes no more requests for the moment.",
        "Sage allows each company a number of requests a minute and a day, and they are used up.",
        "Nothing to do: this goes on by itself as soon as Sage allows.",
    ),
    "ReauthorisationRequired": Explanation(
        "Sage no longer accepts the practice's authorisation.",
        "Access was withdrawn in Sage, or it ran out because it was not used for a month.",
        "An owner has to connect Sage again on the Sage page. What waits then leaves by itself.",
        "Sign in to Sage again",
        CONNECTION,
    ),
    "GrantRefused": Explanation(
        "Sage no longer accepts the practice's authorisation.",
        "The stored authorisation was used up, has expired or was withdrawn in Sage.",
        "An owner has to connect Sage again on the Sage page. What waits then leaves by itself.",
        "Sign in to Sage again",
        CONNECTION,
    ),
    "RefreshOutcomeUnknown": Explanation(
        "Sage's answer got lost while the authorisation was being renewed.",
        "The connection broke at that moment.",
        "Nothing to do now: it is tried again. If Sage asks for a new sign-in, the owners get a message.",
    ),
    "AppRefused": Explanation(
        "Sage does not accept this installation.",
        "The client id, the secret or the redirect address registered with Sage is wrong.",
        "The operator of this installation has to correct SAGE_CLIENT_ID and SAGE_CLIENT_SECRET.",
    ),
    "SubscriptionInactive": Explanation(
        "The company has no active Sage subscription.",
        "The trial is over, or the plan was cancelled.",
        "Renew the subscription in Sage. What waits then leaves by itself.",
    ),
    "UnexpectedAnswer": Explanation(
        "Sage answered with something that cannot be understood.",
        "This is usually a short disturbance at Sage.",
        "Nothing to do: this is tried again by itself. If it stays like this for a day, tell your operator.",
    ),
    "OutcomeUnknown": Explanation(
        "Sage may or may not have stored this: its answer got lost.",
        "The connection broke, or Sage had an error, after the document had left.",
        "Nothing to do: in a few minutes we look in Sage before anything is sent again.",
    ),
    "NotSeenYet": Explanation(
        "We are checking with Sage whether an earlier try arrived.",
        "The answer to an earlier try got lost, and Sage shows nothing so far.",
        "Nothing to do: we look once more before anything is sent again.",
    ),
    "AccessDenied": Explanation(
        "Sage does not allow this.",
        "The role of the person who connected Sage, or the company's Sage plan, does not include it.",
        "Have that person's role changed in Sage, or connect with another login, then retry.",
        "Look at the connection",
        CONNECTION,
    ),
    "SageRejected": Explanation(
        "Sage refused this document.",
        "Something in it does not fit the company's books in Sage.",
        "Correct what Sage names, here or in Sage, then retry.",
    ),
    "NotInSage": Explanation(
        "Something this document needs is no longer in Sage.",
        "A contact or document was deleted or merged there.",
        "Link the client to the right Sage contact, then retry.",
        "Choose the Sage contact",
        CONTACT,
    ),
    "DuplicateInSage": Explanation(
        "More than one document in Sage carries this reference.",
        "The document was copied by hand in Sage, or entered there a second time.",
        "Void the one that is not wanted in Sage, then retry.",
    ),
    "VoidedInSage": Explanation(
        "This document was voided in Sage.",
        "It arrived there, and then somebody voided it.",
        "Void the invoice here too, or make a new copy if the void was a mistake.",
        "Decide about the invoice",
        DIFFERENCES,
    ),
    "SettledInSage": Explanation(
        "Money is set against this document in Sage, so Sage lets nobody change it.",
        "A payment or a credit note was recorded against it.",
        "Take the payment off the invoice in Sage and try again, or credit the invoice.",
        "See what is possible",
        DIFFERENCES,
    ),
    "LockedInSage": Explanation(
        "This document is on a VAT return or in a locked period in Sage, so it stays as it is.",
        "Changing it would change a return that has been made.",
        "Credit the invoice and issue it anew: both land in the open period.",
        "See what is possible",
        DIFFERENCES,
    ),
    "MissingInSage": Explanation(
        "The document that was to be changed is not in Sage any more.",
        "It was deleted there.",
        "Link the invoice to another document in Sage, or copy it again.",
        "Decide about the invoice",
        DIFFERENCES,
    ),
    "InAnotherCompany": Explanation(
        "The document that was to be changed is in a Sage company that is not connected any more.",
        "The practice has gone over to another company since it was copied, and documents stay where they are.",
        "Change it there by hand and withdraw this, or connect that company again and try again.",
    ),
    "ChangedInSage": Explanation(
        "Somebody changed this document in Sage in the meantime, so nothing was overwritten.",
        "It is not as it was when the change was asked for.",
        "Look at the differences and choose again.",
        "See the differences",
        DIFFERENCES,
    ),
    "NeedsReplacing": Explanation(
        "This document cannot be changed in place.",
        "A line has to go, and Sage cannot take one off an invoice for certain.",
        "Void the copy and make a new one: the page of differences does both.",
        "See the differences",
        DIFFERENCES,
    ),
    "CreditStays": Explanation(
        "This credit note stays as it is in Sage, and nothing was changed there.",
        "Something is set against it that was not set by us, money was paid back for it, or its period is closed.",
        "Take that off in Sage and try again, or create a new copy and void the old one there.",
        "Create new",
        CREDIT_COPY,
    ),
    "ChangeGoesFirst": Explanation(
        "The credit note is being changed in Sage, and is set against its invoice after that.",
        "Sage changes no credit note that is set against something.",
        "Nothing to do: this goes on by itself.",
    ),
    "InvoiceNotInSage": Explanation(
        "The invoice that this credit note takes back is not in Sage.",
        "It was never copied, or it was voided or deleted there.",
        "Copy the invoice first, then retry. If the invoice is void in Sage, no credit note is needed there.",
    ),
    "CreditNotAllowed": Explanation(
        "Sage does not let this practice create or release credit notes.",
        "Sage's Standard plan may leave them out, or the person who connected Sage has no full access to Sales.",
        "Change the plan, or connect with a login that has full access, then retry. Or enter the credit note in Sage.",
        "Look at the connection",
        CONNECTION,
    ),
    "AllocationNotAllowed": Explanation(
        "The credit note is in Sage, but Sage does not let us set it against the invoice.",
        "Sage's Start plan has no allocations, and they need full access to Sales, Purchases and Contacts.",
        "Set the credit note against the invoice in Sage by hand, or change plan or access and retry.",
        "Look at the connection",
        CONNECTION,
    ),
    "AmbiguousContact": Explanation(
        "More than one Sage contact has exactly the client's name.",
        "Only a person can tell which of them is meant.",
        "Rename one of them in Sage, or link the client to the right one, then retry.",
        "Choose the Sage contact",
        CONTACT,
    ),
    "ContactTaken": Explanation(
        "The Sage contact of this name already stands for another of your clients.",
        "Two clients here have the same name, and Sage has one contact for both.",
        "Give one of the clients another name, or link it to a contact of its own, then retry.",
        "Choose the Sage contact",
        CONTACT,
    ),
    "ContactDiffers": Explanation(
        "The document arrived in Sage, but it belongs to another contact there.",
        "It was moved in Sage, or the client was linked to another contact in the meantime.",
        "Put it right in Sage, or link the client to that contact, then retry.",
        "Choose the Sage contact",
        CONTACT,
    ),
    "MappingMissing": Explanation(
        "Not in Sage yet: its sales account or VAT rate is not chosen there.",
        "It counts here all the same; Sage's debtors and VAT return do not have it.",
        "Choose it on the Sage page, then try again.",
        "Look at the connection",
        CONNECTION,
    ),
    "AccountNotMapped": Explanation(
        "Not in Sage yet: its sales account is not chosen, or is not there any more.",
        "It counts here all the same; Sage's debtors and sales do not have it.",
        "Choose the account. Everything waiting for it is then sent.",
        "Choose the account",
        ACCOUNTS,
    ),
    "RateNotMapped": Explanation(
        "Not in Sage yet: its VAT rate has no match there.",
        "It counts here all the same; Sage's debtors and VAT return do not have it.",
        "Choose the Sage rate. Everything waiting for it is then sent.",
        "Map the VAT rate",
        RATES,
    ),
    "RateUnsuitable": Explanation(
        "The VAT rate in Sage does not suit the line.",
        "One of the two carries VAT and the other does not, so the VAT return would be wrong.",
        "Map the rate to the right one of Sage. Everything that waits for it is then tried again.",
        "Map the VAT rate",
        RATES,
    ),
    "VatNotRegistered": Explanation(
        "The invoice carries VAT, and the company in Sage is not registered for VAT.",
        "Sage takes no VAT from a company that is not registered.",
        "Correct the VAT scheme in Sage and read the settings again, or void the invoice and issue it without VAT.",
        "Look at the invoice",
        INVOICE,
    ),
    "PeriodClosed": Explanation(
        "Sage takes no invoice of this date.",
        "Its period is locked in Sage, is on a VAT return, or lies before the books begin.",
        "Void the invoice here and issue it with a later date, or unlock the period in Sage and then retry.",
        "Look at the invoice",
        INVOICE,
    ),
    "CurrencyDiffers": Explanation(
        "The invoice is in another currency than Sage would take it in.",
        "The company, or the contact, is kept in another currency in Sage.",
        "Link the client to a contact in pounds, then retry. Nothing is ever converted silently.",
        "Choose the Sage contact",
        CONTACT,
    ),
    "ContactUnusable": Explanation(
        "The client's contact in Sage takes no more invoices.",
        "It was deleted, merged, erased or deactivated in Sage, or it is no customer.",
        "Link the client to another contact, or have a new one made. No new one is made by itself.",
        "Choose the Sage contact",
        CONTACT,
    ),
    "TooLongForSage": Explanation(
        "Something here is longer than Sage takes.",
        "Sage limits names to 100 characters.",
        "Shorten it on the client's page, then retry.",
        "Change the client",
        CLIENT,
    ),
    "NothingToPost": Explanation(
        "The invoice has no line with a price, so there is nothing to copy.",
        "Included services never reach Sage, and Sage takes no invoice without lines.",
        "Withdraw this; the invoice stays here.",
    ),
    "BusinessGone": Explanation(
        "This Sage login no longer opens the connected company.",
        "The company was deleted or moved in Sage, or the person lost access to it.",
        "An owner has to connect again with a login that opens it. What waits then leaves by itself.",
        "Sign in to Sage again",
        CONNECTION,
    ),
    "WrongBusiness": Explanation(
        "Sage answered for another company than the connected one.",
        "The login may have lost the connected company.",
        "Check in Sage that the login still opens the company, connect again if not, then retry.",
        "Look at the connection",
        CONNECTION,
    ),
    "TotalsDiffer": Explanation(
        "The document is in Sage, but its total there is not ours.",
        "It was changed in Sage, or Sage calculated it differently.",
        "Compare the two. Correct the one in Sage, then retry; nothing is sent twice.",
    ),
    "NotIssued": Explanation(
        "The invoice is a draft or void, so it is not copied.",
        "It was voided before it left.",
        "Nothing to do. Withdraw this if you do not want to see it any more.",
    ),
    UNEXPECTED: Explanation(
        "Something went wrong here, not in Sage.",
        "This is a mistake in Ignition; the details are in its log.",
        "Retry is safe. If it fails again, give the reference of this document to your operator.",
    ),
}


def failure_of(error: SageError) -> str:
    """The key of an error: its class's name, or that of the nearest class above it that is explained."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in EXPLANATIONS)


def remedy_of(failure: str) -> str:
    """The words of the button that mends it; empty when trying again is all there is."""
    explanation = EXPLANATIONS.get(failure)
    return explanation.remedy if explanation else ""


def sentence_of(error: SageError) -> str:
    """What happened, with the detail or Sage's own words, and the next step: `Posting.failure_detail`."""
    explanation = EXPLANATIONS[failure_of(error)]
    words = [explanation.sentence]
    if error.detail and failure_of(error) in DETAILED:
        words.append(f"{error.detail[:1].upper()}{error.detail[1:].rstrip('.')}.")
    if said := _said_by_sage(error):
        words.append(f"Sage says: {said}")
    return " ".join([*words, explanation.way_out])


def unexpected_sentence() -> str:
    """The same for a mistake of ours."""
    explanation = EXPLANATIONS[UNEXPECTED]
    return f"{explanation.sentence} {explanation.way_out}"


def _said_by_sage(error: SageError) -> str:
    """Sage's messages with the fields they name; Sage often names the wrong one (FACTS.md 15, 8)."""
    said = []
    for problem in error.problems:
        message = problem["message"].strip().rstrip(".") or problem["code"]
        if message:
            said.append(f"{message} ({problem['source']})." if problem["source"] else f"{message}.")
    return " ".join(dict.fromkeys(said))
