"""What is in order before a proposal is sent and what is not, step by step, each with the place to mend it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from clients.models import ContactPerson
from practices.errors import DomainError
from practices.templatetags.dates import written_date
from practices.templatetags.money_tags import written
from proposals import errors
from proposals.billing_rules import BillingRule
from proposals.bills import Calendar
from proposals.models import Proposal, ProposalGroup, ProposalLine, Terms
from proposals.operations.sending import Offered, reasons_not_to_send


class Step(StrEnum):
    """The steps of the editor, in their order."""

    CLIENT = "client"
    SERVICES = "services"
    PRESENTATION = "presentation"
    TERMS = "terms"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `done`, `warn` or `error`, and the step and field where it is mended."""

    step: Step
    state: str
    label: str
    text: str = ""
    anchor: str = ""


#: Where each rule that keeps a proposal from being sent is mended.
PLACES: dict[type[DomainError], tuple[Step, str, str]] = {
    errors.ClientIsArchived: (Step.CLIENT, "client", "The client is archived"),
    errors.NoSignatory: (Step.CLIENT, "signatories", "Nobody signs for the client"),
    errors.SignatoryWithoutEmail: (Step.CLIENT, "signatories", "A signatory has no e-mail address"),
    errors.EndsBeforeSending: (Step.CLIENT, "id_valid_until", "It would have expired already"),
    errors.NothingOffered: (Step.SERVICES, "add-service", "No service is offered"),
    errors.TooMuchForAnInvoice: (Step.SERVICES, "groups", "A bill is too large for an invoice"),
    errors.VatWithoutRegistration: (Step.SERVICES, "groups", "VAT without a registration"),
    errors.StartsAfterItsFirstBill: (Step.SERVICES, "groups", "A bill falls before the start"),
    errors.DoneBeforeItBegins: (Step.SERVICES, "groups", "Work is done before the start"),
    errors.OptionWithoutServices: (Step.PRESENTATION, "options", "A package is empty"),
    errors.LetterIncomplete: (Step.TERMS, "terms", "The letter cannot be filled in"),
    errors.NoTerms: (Step.TERMS, "terms", "There are no terms"),
}


@dataclass(frozen=True, slots=True)
class Contents:
    """A draft read once for everything the editor shows of it."""

    proposal: Proposal
    offered: Offered
    calendar: Calendar
    today: date

    @property
    def lines(self) -> list[ProposalLine]:
        """Its lines, group by group."""
        return self.offered.lines

    @property
    def groups(self) -> list[ProposalGroup]:
        """Its groups in their order."""
        return self.offered.groups

    @property
    def people(self) -> list[ContactPerson]:
        """Who signs, the primary one first."""
        return self.offered.people

    @property
    def terms(self) -> Terms | None:
        """The standard terms that would be sent now."""
        return self.offered.terms

    def lines_of(self, group: ProposalGroup) -> list[ProposalLine]:
        """The group's lines in their order."""
        return [line for line in self.lines if line.group_id == group.pk]


def checks_of(contents: Contents) -> list[Check]:
    """Everything that is looked at, in the order of the steps; what is wrong first within each."""
    found = [*_refusals(contents), *_warnings(contents)]
    to_look_at = {check.step for check in found}
    found += [
        Check(step, "done", label, text)
        for step, label, text in _in_order(contents)
        if step not in to_look_at
    ]
    order = list(Step)
    return sorted(found, key=lambda check: (order.index(check.step), check.state == "done"))


def _refusals(contents: Contents) -> Iterator[Check]:
    for reason in reasons_not_to_send(contents.proposal, on=contents.today, offered=contents.offered):
        step, anchor, label = PLACES.get(type(reason), (Step.SEND, "checks", "It cannot be sent"))
        yield Check(step, "error", label, reason.message, anchor)


def _warnings(contents: Contents) -> Iterator[Check]:
    proposal, lines = contents.proposal, contents.lines
    yield from _start_gone_by(contents)
    free = [line for line in lines if not line.is_included and not line.unit_price]
    if free:
        yield Check(
            Step.SERVICES,
            "warn",
            "A service costs nothing",
            f"{free[0].name} has a price of 0.00.",
            f"line-{free[0].pk}",
        )
    empty = [group for group in contents.groups if not contents.lines_of(group)]
    if empty and lines:
        yield Check(
            Step.SERVICES,
            "warn",
            "A group is empty",
            f"“{empty[0].heading}” holds no service.",
            f"group-{empty[0].pk}",
        )
    if contents.calendar.has_variable_prices:
        yield Check(
            Step.SERVICES,
            "warn",
            "Some prices are confirmed later",
            "They are shown as “to be confirmed” and billed only after somebody has confirmed them.",
        )
    if contents.terms and contents.terms.is_starter_wording:
        yield Check(
            Step.TERMS,
            "warn",
            "The terms are the starter wording",
            "Nobody in the practice has reviewed them yet.",
            "terms",
        )
    if proposal.shows_minimum_value and not proposal.minimum_months:
        yield Check(
            Step.PRESENTATION,
            "warn",
            "There is no minimum length",
            "Its value can only be shown once there is one.",
            "id_shows_minimum_value",
        )


def _start_gone_by(contents: Contents) -> Iterator[Check]:
    """That work recurs from a day before today: the period that runs is billed whole, those before it are not."""
    proposal, today = contents.proposal, contents.today
    rules = {line.rule for line in contents.lines if not line.is_included and line.rule.is_recurring}
    from_the_start = [rule for rule in rules if rule.counts_from == BillingRule.CountsFrom.START]
    if not any(
        rule.begins_on(starts_on=proposal.starts_on, accepted_on=today) < today for rule in from_the_start
    ):
        return
    words = (
        "What recurs is billed from the period that runs on the day of acceptance, and that one in full. "
        "Periods that are over by then are not billed by themselves."
    )
    if contents.calendar.bills:
        first = contents.calendar.bills[0]
        amount = written(first.amounts.gross, proposal.practice.currency)
        words += f" If it is accepted today, {amount} is billed first, on {written_date(first.on)}."
    yield Check(Step.CLIENT, "warn", "It starts in the past", words, "id_starts_on")


def _in_order(contents: Contents) -> Iterator[tuple[Step, str, str]]:
    people = ", ".join(person.name for person in contents.people)
    yield Step.CLIENT, "Client and dates", f"Signed by {people}" if people else ""
    services, groups = _counted(len(contents.lines), "service"), _counted(len(contents.groups), "group")
    yield Step.SERVICES, "Services and billing", f"{services} in {groups}"
    yield Step.PRESENTATION, "Presentation", ""
    if contents.terms:
        yield Step.TERMS, "Terms", f"Version {contents.terms.version}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def state_of(step: Step, checks: list[Check]) -> str:
    """The mark of a step: `error`, `warn` or `done`; the last one is done when everything before it is."""
    of_step = [check.state for check in checks if step in (check.step, Step.SEND)]
    return next((state for state in ("error", "warn") if state in of_step), "done")
