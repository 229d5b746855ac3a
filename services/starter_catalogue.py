"""What practices in the United Kingdom commonly sell, for a library that is not empty on the first day.

Names, words and prices were written for this project: prices are round figures to begin from, and each practice sets
its own before it adds a service.
"""

from dataclasses import dataclass
from decimal import Decimal

from services.models import Service

Basis = Service.BillingBasis


@dataclass(frozen=True, slots=True)
class Starter:
    """One service of the catalogue; the price is before VAT, in pounds, None where it is included in others."""

    category: str
    name: str
    description: str
    price: Decimal | None
    basis: str = Basis.FIXED
    unit: str = ""


def _of(category: str, *rows: tuple[str, str, str | None, str, str]) -> list[Starter]:
    return [
        Starter(category, name, words, None if price is None else Decimal(price), basis, unit)
        for name, words, price, basis, unit in rows
    ]


CATALOGUE: list[Starter] = [
    *_of(
        "Accounts",
        (
            "Annual accounts for a company",
            "Statutory accounts from your records, for your approval and for Companies House.",
            "850",
            Basis.FIXED,
            "",
        ),
        (
            "Annual accounts for a sole trader",
            "Accounts for the year, ready for your tax return.",
            "350",
            Basis.FIXED,
            "",
        ),
        (
            "Annual accounts for a partnership",
            "Accounts for the year with each partner's share.",
            "550",
            Basis.FIXED,
            "",
        ),
        (
            "Charity accounts",
            "Yearly accounts and the trustees' report in the form that the regulator asks for.",
            "900",
            Basis.FIXED,
            "",
        ),
        (
            "Management accounts",
            "Profit, balance sheet and a page of what they mean, soon after the period ends.",
            "220",
            Basis.FIXED,
            "",
        ),
        ("Dormant accounts", "Accounts for a company that did not trade.", "120", Basis.FIXED, ""),
    ),
    *_of(
        "Tax",
        (
            "Company tax return",
            "The corporation tax return with its computation, filed in time.",
            "300",
            Basis.FIXED,
            "",
        ),
        (
            "Personal tax return",
            "Your self assessment return, with what is due and when.",
            "220",
            Basis.FIXED,
            "",
        ),
        (
            "Partnership tax return",
            "The partnership's return and each partner's statement.",
            "280",
            Basis.FIXED,
            "",
        ),
        (
            "Making Tax Digital updates",
            "Quarterly updates of business or letting income to HMRC.",
            "90",
            Basis.FIXED,
            "",
        ),
        (
            "Capital gains return",
            "Working out and reporting the gain on one property or holding.",
            "250",
            Basis.UNIT,
            "disposal",
        ),
        (
            "Rental accounts",
            "Income and costs of let property for your tax return.",
            "95",
            Basis.UNIT,
            "property",
        ),
        ("Tax advice", "Advice on a question of yours, by the hour.", "120", Basis.HOURLY, ""),
    ),
    *_of(
        "Books and VAT",
        (
            "Bookkeeping",
            "Records kept and bank accounts reconciled every month.",
            "180",
            Basis.FIXED,
            "",
        ),
        ("VAT return", "The return prepared from your records and filed in time.", "95", Basis.FIXED, ""),
        (
            "VAT registration",
            "We register the business for VAT and choose the scheme with you.",
            "150",
            Basis.FIXED,
            "",
        ),
        ("Clearing a backlog", "Bringing old records up to date.", "45", Basis.HOURLY, ""),
        (
            "Setting up software",
            "Your books set up in the cloud, with an introduction.",
            "250",
            Basis.FIXED,
            "",
        ),
    ),
    *_of(
        "Payroll",
        ("Payroll", "Payslips and reports to HMRC, per person paid.", "6.50", Basis.UNIT, "payslip"),
        ("Payroll year end", "Year-end forms and the last report of the tax year.", "75", Basis.FIXED, ""),
        (
            "Pension duties",
            "Assessing, enrolling and reporting to the pension scheme.",
            "35",
            Basis.FIXED,
            "",
        ),
        ("Benefits in kind", "The yearly forms for benefits of staff.", "40", Basis.UNIT, "person"),
        (
            "Construction industry returns",
            "Monthly returns and statements for subcontractors.",
            "55",
            Basis.FIXED,
            "",
        ),
    ),
    *_of(
        "Company secretary",
        ("Forming a company", "A company registered, with its books set up.", "250", Basis.FIXED, ""),
        (
            "Confirmation statement",
            "The yearly statement to Companies House, without its fee.",
            "60",
            Basis.FIXED,
            "",
        ),
        ("Registered office", "Our address as the company's, with its post sent on.", "120", Basis.FIXED, ""),
        ("Dividend paperwork", "Minutes and vouchers for one dividend.", "40", Basis.UNIT, "dividend"),
    ),
    *_of(
        "Advice",
        ("Yearly planning meeting", "An hour over your figures and the year ahead.", "180", Basis.FIXED, ""),
        ("Budget and cash forecast", "Twelve months ahead, month by month.", "400", Basis.FIXED, ""),
        (
            "Reference for a lender",
            "A letter about income for a mortgage or a tenancy.",
            "75",
            Basis.UNIT,
            "letter",
        ),
        ("Fee protection", "Our time if HMRC looks into a return.", "90", Basis.FIXED, ""),
        ("Telephone support", "Ring us whenever a question comes up.", None, Basis.INCLUDED, ""),
    ),
]
