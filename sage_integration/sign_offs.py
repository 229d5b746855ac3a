"""Signing off a month's penny report: what somebody compared, kept as it was."""

from datetime import date

from money.amounts import ZERO
from practices import audit
from practices.errors import DomainError
from practices.models import User
from sage_integration.models import PennySignOff
from sage_integration.penny_report import PennyReport

LONGEST_NOTE = 300


class StillWaiting(DomainError):
    message = "Invoices of this month have not arrived in Sage yet. Sign it off once they have."


class DifferenceUnexplained(DomainError):
    message = "The two sides differ. Say why before you sign it off."


class NothingToSign(DomainError):
    message = "There is no invoice in this month, so there is nothing to sign off."


def sign_month_off(report: PennyReport, *, by: User, note: str = "") -> PennySignOff:
    """The report as somebody signed it off; again whenever its figures have changed since.

    Raises `NothingToSign`, `StillWaiting`, and `DifferenceUnexplained` where the sides differ and no note says why.
    """
    if not report.invoices:
        raise NothingToSign
    if report.waiting:
        raise StillWaiting
    note = note.strip()[:LONGEST_NOTE]
    if report.differs and not note:
        raise DifferenceUnexplained
    signed: PennySignOff = PennySignOff.objects.create(**figures_of(report), note=note, signed_by=by)
    audit.record(
        "sage.month_signed", signed, month=f"{report.month:%B %Y}", difference=str(report.difference)
    )
    return signed


def why_not_signed(report: PennyReport) -> str:
    """Why a month with invoices cannot be signed off now, in words; empty when it can."""
    return StillWaiting.message if report.waiting else ""


def figures_of(report: PennyReport) -> dict[str, object]:
    """What of a report is signed, by field."""
    return {
        "month": report.month,
        "ours": report.ours,
        "theirs": report.theirs,
        "our_vat": sum((rate.ours.vat for rate in report.rates), ZERO),
        "their_vat": sum((rate.theirs.vat for rate in report.rates), ZERO),
        "invoices": report.invoices,
    }


def latest_sign_off(month: date) -> PennySignOff | None:
    """How a month was signed off last."""
    found: PennySignOff | None = PennySignOff.objects.filter(month=month).select_related("signed_by").first()
    return found


def still_holds(signed: PennySignOff, report: PennyReport) -> bool:
    """Whether the report is as it was signed."""
    return all(getattr(signed, name) == value for name, value in figures_of(report).items())
