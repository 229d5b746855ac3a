"""What can go wrong while a person connects and sets up Sage."""

from practices.errors import DomainError


class PracticeNotInUK(DomainError):
    message = (
        "Sage can be connected for practices in the United Kingdom only. The practice's country is a setting."
    )


class DemoStaysHere(DomainError):
    message = "This is a demo practice with made-up clients, so it cannot be connected to Sage."


class PlanLacksSage(DomainError):
    message = "Sage is not part of the practice's plan. Ask the operator of this service to change the plan."


class SageNotConfigured(DomainError):
    message = (
        "This installation is not registered with Sage yet. Its operator has to set SAGE_CLIENT_ID and "
        "SAGE_CLIENT_SECRET first."
    )


class NotConnected(DomainError):
    message = "The practice is not connected to Sage. Connect it first."


class SignInFailed(DomainError):
    """The trip to Sage's sign-in page ended without a connection; nothing was stored."""

    title = "Sage was not connected"
    status = 400


class StateMissing(SignInFailed):
    message = "This page is where Sage sends you after signing in, and Sage did not say which sign-in it was."


class StateNotOurs(SignInFailed):
    message = "This address was changed on its way, or did not come from a sign-in that was started here."


class StateExpired(SignInFailed):
    message = "The sign-in took longer than ten minutes, so it was dropped for safety."


class StateUsed(SignInFailed):
    message = "This sign-in was already used, or was started in another browser."


class StartedBySomebodyElse(SignInFailed):
    message = "This sign-in was started by somebody else, or for a practice whose connection is not yours to set up."


class ConsentDenied(SignInFailed):
    message = "Access was refused on Sage's page, so nothing was connected."


class SageRefusedSignIn(SignInFailed):
    message = "Sage ended the sign-in with an error, so nothing was connected."


class CodeMissing(SignInFailed):
    message = "Sage sent no code with its answer, so nothing was connected."


class CodeRefused(SignInFailed):
    message = (
        "Sage no longer accepts this sign-in: its code lives for one minute and works once. Sign in again."
    )


class ReadOnlyAccess(SignInFailed):
    message = "Sage granted reading only, which is not enough to copy invoices. Sign in again and allow full access."


class SageIsAway(SignInFailed):
    title = "Sage could not be reached"
    status = 503
    message = (
        "Sage did not answer, so nothing was connected and nothing was changed. Try again in a few minutes."
    )


class InstallationRefused(SignInFailed):
    status = 503
    message = (
        "Sage does not accept this installation's client id or secret. Its operator has to check SAGE_CLIENT_ID, "
        "SAGE_CLIENT_SECRET and the redirect address registered with Sage."
    )


class NoUsableCompany(SignInFailed):
    message = (
        "This Sage login opens no company in the United Kingdom with an active Sage Accounting plan. Other Sage "
        "products and countries cannot be connected."
    )


class LoginLacksTheCompany(SignInFailed):
    message = (
        "This Sage login cannot open the company that is connected, and a practice uses one company at a time. Sign in "
        "to Sage with a login that can open it. To go over to a company of this other login, disconnect the one in use "
        "first: that page lists what stays linked to it."
    )


class BusinessUnsuitable(DomainError):
    message = "This company cannot be connected."


class BusinessIsSettled(DomainError):
    message = (
        "Another company is in use already. A practice uses one company at a time: switch to the other one."
    )


class CopyIsInAnotherCompany(DomainError):
    message = (
        "This copy is in a Sage company that is not connected any more, so it can be neither changed nor voided from "
        "here. Change it there by hand, or connect that company again."
    )


class QueueForAnotherBusiness(DomainError):
    message = (
        "Documents are still waiting for another company. Connect that one again, or withdraw them first."
    )


class AccountNotUsable(DomainError):
    message = "This account is not, or no longer, a sales account in Sage. Choose another one."


class ItemNotUsable(DomainError):
    message = "This item is not in the company's catalogue in Sage any more. Choose another one, or none."


class RateNotUsable(DomainError):
    message = "This VAT rate is not, or no longer, offered by Sage. Choose another one."


class NotReady(DomainError):
    message = "The connection cannot be enabled yet."
