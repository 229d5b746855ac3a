"""The first page of a practice: what needs somebody, this month's money, proposals, what happened.

Every figure is the total of the list it leads to.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import Value
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from ignition.activity import recent_activity
from ignition.first_run import columns_of_first_steps, steps_in_short
from ignition.shell import connection_of
from invoicing.coming import coming_total
from invoicing.due import Rules
from invoicing.figures import columns_of_home as invoicing_columns
from invoicing.practicalities import Practicalities
from money.amounts import ZERO
from practices.permissions import Can, may
from practices.requests import PracticeRequest, requires
from practices.scalars import WrittenColumns, count_of, figures_with_shell
from practices.written import Given
from proposals.models import Proposal
from proposals.periods import day_in_month
from proposals.queries import columns_of_home as proposal_columns
from proposals.queries import shown_as, worth_of_proposals
from sage_integration.app_clients.standing import contacts_of
from sage_integration.readiness import rates_to_map
from sage_integration.stakes import columns_of_stakes, stake_now

#: Days, time zones and rules whose columns are kept in SQL.
MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person: how much of it, in words, what it comes to, and the list behind it.

    Who may not open that list reads the words without an address.
    """

    count: int
    words: str
    url: str
    tone: str
    amount: Decimal | None = None
    #: What the amount is: gross, net, in the first year.
    note: str = ""


@requires(Can.SEE)
def home(request: PracticeRequest, practice: str) -> HttpResponse:
    """What a person should know before anything else; the pictures follow by themselves."""
    today, connection = request.practice.today(), connection_of(request)
    rules = Practicalities.of(request.practice)
    is_enabled = connection is not None and connection.is_enabled
    written = _columns_of(today, rules.time_zone, rules.rules, is_enabled=is_enabled)
    business_id = connection.business_id if connection else ""
    known = figures_with_shell(request, **written.columns(business=business_id))
    known["coming"] = coming_total(last_day_of(today), rules).amounts.gross
    context = {
        "needs": [need for need in needs(request, today, known) if need.count],
        "month": month_in_links(request, known, today),
        "first_steps": steps_in_short(request, known),
        "proposals": proposal_links(request, known),
        "recent": recent_activity(request.practice, 12),
        "today": today,
    }
    return render(request, "home.html", context)


@lru_cache(maxsize=MOST_KEPT)
def _columns_of(today: date, time_zone: str, rules: Rules, *, is_enabled: bool) -> WrittenColumns:
    """What home counts and adds up of a day, put into SQL once for all practices of a time zone that ask the same.

    Of the practice itself nothing is in it: row level security chooses the rows.
    """
    del time_zone  # the one that is active now, in which a day begins
    return WrittenColumns(
        lambda: {
            **invoicing_columns(today, rules),
            **proposal_columns(today),
            **columns_of_first_steps(),
            **sage_columns(is_enabled=is_enabled),
            **columns_of_stakes(today),
        }
    )


def sage_columns(*, is_enabled: bool) -> dict[str, Any]:
    """Columns for `figures`: VAT rates and customers of a `Given` business that wait, once Sage is enabled."""
    if not is_enabled:
        return {"rates": Value(0), "contacts": Value(0)}
    undecided = contacts_of("decide", Given("business"))
    return {"rates": count_of(rates_to_map()), "contacts": count_of(undecided)}


def last_day_of(today: date) -> date:
    """The last day of the month of a day."""
    return day_in_month(today.year, today.month, 31)


def needs(request: PracticeRequest, today: date, known: dict[str, Any]) -> list[Need]:
    """What waits for a person, the most pressing first."""

    def page(name: str, query: str, right: Can = Can.SEE) -> str:
        return reverse(name, args=[request.practice.slug]) + query if may(request.role, right) else ""

    unsigned = _worth_of_unsigned(today) if known["unsigned"] else None
    return [
        Need(
            known["need_you"],
            _several(
                known["need_you"],
                "thing with Sage needs you",
                "things with Sage need you",
            ),
            page("sage:inbox", ""),
            "bad",
            (stake_now(known, today) or None) if known["need_you"] else None,
            "at stake",
        ),
        Need(
            known["rates"],
            _several(known["rates"], "VAT rate is not mapped to Sage", "VAT rates are not mapped to Sage"),
            page("sage:tax-rate-map", "", Can.MANAGE_CONNECTION),
            "bad",
        ),
        Need(
            known["contacts"],
            _several(
                known["contacts"], "customer in Sage needs a decision", "customers in Sage need a decision"
            ),
            page("sage:app-client-list", "?tab=decide", Can.MANAGE_CLIENTS),
            "warn",
        ),
        Need(
            known["overdue"],
            _several(known["overdue"], "invoice is overdue", "invoices are overdue"),
            page("invoicing:invoice-list", "?view=overdue"),
            "warn",
            known["overdue_amount"],
            "outstanding",
        ),
        Need(
            known["payment_issue"],
            _several(
                known["payment_issue"],
                "invoice is owed again: its payment was taken back in Sage",
                "invoices are owed again: their payments were taken back in Sage",
            ),
            page("invoicing:invoice-list", "?view=payment-issue"),
            "bad",
            known["payment_issue_amount"],
            "outstanding",
        ),
        Need(
            known["to_confirm"],
            _several(
                known["to_confirm"],
                "client cannot be billed this month before a quantity or price is confirmed",
                "clients cannot be billed this month before a quantity or price is confirmed",
            ),
            page("invoicing:month-end", "?show=confirm"),
            "warn",
        ),
        Need(
            known["to_approve"],
            _several(
                known["to_approve"],
                "client's bills of this month await approval",
                "clients' bills of this month await approval",
            ),
            page("invoicing:month-end", "?show=approve"),
            "info",
        ),
        Need(
            known["by_hand"],
            _several(
                known["by_hand"],
                "piece of work should have been billed by now",
                "pieces of work should have been billed by now",
            ),
            page("invoicing:billing", "?show=overdue"),
            "warn",
            known["by_hand_amount"],
            "before VAT",
        ),
        Need(
            known["unsigned"],
            _several(
                known["unsigned"],
                "proposal is unsigned after a week or more",
                "proposals are unsigned after a week or more",
            ),
            page("proposals:proposal-list", "?show=unsigned"),
            "info",
            unsigned,
            "in the first year, before VAT",
        ),
    ]


def _worth_of_unsigned(today: date) -> Decimal:
    worth = worth_of_proposals(shown_as(Proposal.objects.all(), "unsigned", today))
    return worth.one_off + worth.yearly


def _several(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def month_in_links(request: PracticeRequest, known: dict[str, Any], today: date) -> list[dict[str, Any]]:
    """The month's figures, gross, each with the gap to the one before and the lists behind both."""
    slug, key = request.practice.slug, f"{today:%Y-%m}"
    invoices = reverse("invoicing:invoice-list", args=[slug]) + f"?month={key}"
    month_end = reverse("invoicing:month-end", args=[slug]) + f"?month={key}"
    raised, posted, owed = (known[name] or ZERO for name in ("raised", "posted", "owed"))
    coming = known["coming"]
    there, not_there, unpaid = (f"{invoices}&view={view}" for view in ("in-sage", "not-in-sage", "unpaid"))
    rows = [
        ("Expected", raised + coming, month_end, None, "", "including VAT", ""),
        ("Raised", raised, invoices, coming, "still to bill", "nothing left to bill", month_end),
        ("In Sage", posted, there, raised - posted, "not in Sage", "nothing missing", not_there),
        ("Paid or credited", raised - owed, invoices, owed, "owed", "nothing owed", unpaid),
    ]
    names = ("label", "amount", "url", "gap", "gap_words", "no_gap_words", "gap_url")
    return [dict(zip(names, row, strict=True)) for row in rows]


def proposal_links(request: PracticeRequest, known: dict[str, Any]) -> list[dict[str, Any]]:
    """How many proposals are with their clients, how many of these were opened, and how many run out soon."""
    address = reverse("proposals:proposal-list", args=[request.practice.slug])
    return [
        {"label": "Awaiting signature", "value": known["awaiting"], "url": f"{address}?show=awaiting"},
        {"label": "Opened, not signed", "value": known["opened"], "url": f"{address}?show=opened"},
        {"label": "Expire within a week", "value": known["expiring"], "url": f"{address}?show=expiring"},
    ]
