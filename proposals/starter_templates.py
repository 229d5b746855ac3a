"""Proposals to begin with, provided for every practice. Prices are the practice's own."""

from dataclasses import dataclass

from proposals.billing_rules import Rule

MONTHLY = Rule(billing="recurring", every=1, period="month")
QUARTERLY = Rule(billing="recurring", every=3, period="month")
WHEN_DONE = Rule(billing="on_completion")


@dataclass(frozen=True, slots=True)
class StarterService:
    """A service that such a proposal offers."""

    name: str
    description: str
    basis: str = "fixed"
    unit: str = ""
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class StarterGroup:
    """Services under one heading with one billing rule."""

    heading: str
    rule: Rule
    services: tuple[StarterService, ...]


@dataclass(frozen=True, slots=True)
class StarterTemplate:
    """A provided template; ``key`` names it in addresses."""

    key: str
    name: str
    description: str
    groups: tuple[StarterGroup, ...]


ACCOUNTS = StarterService(
    "Annual accounts", "Statutory accounts for the year, prepared from your records and filed in time."
)
COMPANY_TAX = StarterService(
    "Company tax return", "The corporation tax computation and return, sent to HMRC after you approve them."
)
CONFIRMATION = StarterService("Confirmation statement", "The yearly statement to Companies House.")
BOOKKEEPING = StarterService("Bookkeeping", "Your books kept month by month, with the bank reconciled.")
VAT_RETURN = StarterService("VAT return", "Each quarter's return, prepared and filed digitally.")
PAYROLL = StarterService(
    "Payroll", "Payslips, filings and the figures you need for payment.", basis="unit", unit="employee"
)
ADVICE = StarterService(
    "Tax advice", "Advice beyond the yearly returns, by the hour.", basis="hourly", is_optional=True
)
SUPPORT = StarterService("Telephone support", "Questions answered whenever they come up.", basis="included")
SELF_ASSESSMENT = StarterService("Self assessment return", "Your yearly tax return, with the tax worked out.")
CONSOLIDATION = StarterService("Group accounts", "Consolidated accounts of the parent and its subsidiaries.")
SET_UP = StarterService("Taking you on", "Clearance from your last accountant, and your records set up.")

STARTER_TEMPLATES = (
    StarterTemplate(
        "company",
        "Limited company, accounts and tax",
        "Yearly compliance when it is done, bookkeeping and payroll every month.",
        (
            StarterGroup("To begin with", Rule(), (SET_UP,)),
            StarterGroup("Every month", MONTHLY, (BOOKKEEPING, PAYROLL, SUPPORT)),
            StarterGroup("VAT", QUARTERLY, (VAT_RETURN,)),
            StarterGroup("Every year", WHEN_DONE, (ACCOUNTS, COMPANY_TAX, CONFIRMATION)),
            StarterGroup("If you need it", MONTHLY, (ADVICE,)),
        ),
    ),
    StarterTemplate(
        "sole-trader",
        "Sole trader",
        "Books through the year and the self assessment return.",
        (
            StarterGroup("Every month", MONTHLY, (BOOKKEEPING, SUPPORT)),
            StarterGroup("Every year", WHEN_DONE, (SELF_ASSESSMENT,)),
        ),
    ),
    StarterTemplate(
        "group",
        "Group of companies",
        "A heading for each company, and the group's own accounts.",
        (
            StarterGroup("Parent company", WHEN_DONE, (ACCOUNTS, COMPANY_TAX, CONFIRMATION)),
            StarterGroup("First subsidiary", WHEN_DONE, (ACCOUNTS, COMPANY_TAX, CONFIRMATION)),
            StarterGroup("Second subsidiary", WHEN_DONE, (ACCOUNTS, COMPANY_TAX, CONFIRMATION)),
            StarterGroup("The group", WHEN_DONE, (CONSOLIDATION,)),
            StarterGroup("Every month, for all of them", MONTHLY, (BOOKKEEPING, PAYROLL)),
        ),
    ),
)
