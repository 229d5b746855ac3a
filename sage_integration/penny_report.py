"""The penny report: a month's invoices beside what counts for them in Sage, added up by the database.

What Sage has of an invoice is all its copies that count there, the newest and earlier ones alike: it is what the ledger
holds for it, so an invoice that counts there twice differs by the whole of a copy, also where somebody asked for that.
Of copies that are void, missing or credited in full there, Sage has nothing; one that was credited in part counts as
the document it is. Invoices that are void here are not in the report.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from django.db import connection

from invoicing.models import Invoice, InvoiceQuerySet
from ledger.models import Posting
from money.amounts import ZERO, Amounts
from practices.tenancy import acting_practice_id
from sage_integration.models import SageLink
from sage_integration.sync.wanted import copies_of

Status = Posting.Status
NOTHING = Amounts()
#: What a row of the report shows of an invoice.
OF_A_ROW = ("number", "tax_point", "net", "vat", "client__name")


@dataclass(frozen=True, slots=True)
class PennyRow:
    """An invoice here beside its copies in Sage; what Sage has is None while none arrived."""

    invoice: Invoice
    #: Of the copies that count there, else of the newest.
    number: str
    theirs: Decimal | None
    #: In words, what became of the newest copy where none counts any more.
    gone: str = ""
    #: How many copies count there.
    copies: int = 0

    @property
    def difference(self) -> Decimal:
        """Sage's total less ours, in pounds; nothing while no copy arrived."""
        return ZERO if self.theirs is None else self.theirs - self.invoice.gross


@dataclass(frozen=True, slots=True)
class RateRow:
    """What one VAT rate adds up to on both sides, in pounds; without a percentage, what Sage tells no rate of."""

    percent: Decimal | None
    ours: Amounts
    theirs: Amounts

    @property
    def net_difference(self) -> Decimal:
        """Sage's net less ours."""
        return self.theirs.net - self.ours.net

    @property
    def vat_difference(self) -> Decimal:
        """Sage's VAT less ours."""
        return self.theirs.vat - self.ours.vat


@dataclass(frozen=True, slots=True)
class PennyReport:
    """A month: its invoices, those that arrived in Sage, what these come to on both sides, and where they differ."""

    month: date
    invoices: int
    arrived: int
    #: The total of what arrived in Sage, as it is here, and as Sage holds it.
    ours: Decimal
    theirs: Decimal
    #: The invoices that are not the same on both sides.
    apart: list[PennyRow]
    rates: list[RateRow]
    #: Of those without a copy in Sage, how many were refused, are held, and are on their way.
    refused: int = 0
    held: int = 0
    on_the_way: int = 0

    @property
    def difference(self) -> Decimal:
        """Sage's less ours."""
        return self.theirs - self.ours

    @property
    def rates_differ(self) -> bool:
        """Whether the net or the VAT of any rate is not the same on both sides."""
        return any(rate.net_difference or rate.vat_difference for rate in self.rates)

    @property
    def differs(self) -> bool:
        """Whether the two sides are not the same anywhere, so that a sign-off needs a note."""
        return bool(self.difference or self.apart or self.rates_differ)

    @property
    def waiting(self) -> int:
        """Invoices of the month of which no copy has arrived."""
        return self.invoices - self.arrived


def penny_report(month: date, business_id: str) -> PennyReport:
    """The invoices of a month (by tax point, first to last day) beside their copies."""
    parameters: dict[str, Any] = {
        "practice": acting_practice_id(),
        "business": business_id,
        "gone": [str(standing) for standing in Posting.GONE],
    }
    with connection.cursor() as cursor:
        cursor.execute(_REPORT, parameters | {"first": month, "next": _next(month)})
        found: list[tuple[Any, ...]] = cursor.fetchall()
    told: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for part, *figures in found:
        told[part].append(tuple(figures))
    [(invoices, arrived, ours, theirs)] = told["month"]
    differing = Invoice.objects.filter(pk__in=[pk for pk, *_ in told["apart"]])
    apart = _rows(differing, business_id) if told["apart"] else []
    away = {status: int(count) for status in Status.values for count, *_ in told[f"away {status}"]}
    return PennyReport(
        month,
        int(invoices),
        int(arrived),
        ours,
        theirs,
        apart,
        _by_rate(told["ours"], told["theirs"]),
        refused=away.get(Status.FAILED, 0),
        held=away.get(Status.HELD, 0),
        on_the_way=away.get(Status.PENDING, 0) + away.get(Status.LEASED, 0),
    )


def penny_rows(month: date, business_id: str) -> list[PennyRow]:
    """The same invoice by invoice, in the order of their numbers."""
    of_month = Invoice.objects.issued().filter(tax_point__gte=month, tax_point__lt=_next(month))
    return _rows(of_month, business_id)


def _rows(invoices: InvoiceQuerySet, business_id: str) -> list[PennyRow]:
    chosen = list(invoices.select_related("client").only(*OF_A_ROW).order_by("number"))
    copies = copies_of([invoice.pk for invoice in chosen], business_id)
    return [_row(invoice, copies.get(invoice.pk, [])) for invoice in chosen]


def _row(invoice: Invoice, links: list[SageLink]) -> PennyRow:
    if not links:
        return PennyRow(invoice, "", None)
    counting = [link for link in links if link.posting.standing not in Posting.GONE]
    if not counting:
        return PennyRow(invoice, links[-1].sage_number, ZERO, links[-1].posting.get_standing_display())
    numbers = ", ".join(link.sage_number for link in counting)
    return PennyRow(invoice, numbers, sum((link.gross for link in counting), ZERO), copies=len(counting))


def _next(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


#: A rate's percentage, net and VAT, and a column of the other rows.
Figures: TypeAlias = list[tuple[Any, ...]]


def _by_rate(ours: Figures, theirs: Figures) -> list[RateRow]:
    """Both sides by rate from the highest on; last, what is of no known rate."""
    sides = [{percent: Amounts(net, vat) for percent, net, vat, _ in side} for side in (ours, theirs)]
    known = sorted((each for each in sides[0].keys() | sides[1].keys() if each is not None), reverse=True)
    keys: list[Decimal | None] = [*known, *([None] if None in sides[1] else [])]
    return [RateRow(key, *(side.get(key, NOTHING) for side in sides)) for key in keys]


#: One reading of the month, however much of it there is. What the lines of a copy, as Sage held them when they were
#: read last, leave of the document's amounts, because somebody changed it since, is of their rate where all have the
#: same one, and of no known rate otherwise.
_REPORT = """
    WITH invoice AS MATERIALIZED (
        SELECT id, net + vat AS gross FROM invoicing_invoice
        WHERE practice_id = %(practice)s AND status = 'issued' AND tax_point >= %(first)s AND tax_point < %(next)s
    ), copy AS MATERIALIZED (
        SELECT invoice.id AS invoice_id, invoice.gross, link.id, posting.standing <> ALL(%(gone)s) AS counts,
            link.net, link.vat, CASE WHEN posting.standing <> ALL(%(gone)s) THEN coalesce(
                nullif(nullif(link.seen -> 'lines', '[]'), 'null'), nullif(link.copied -> 'lines', 'null'), '[]'
            ) END AS lines
        FROM invoice
        JOIN ledger_posting AS posting ON posting.practice_id = %(practice)s
            AND posting.kind = 'invoice.create' AND posting.subject_id = invoice.id
        JOIN sage_integration_sagelink AS link ON link.practice_id = %(practice)s
            AND link.posting_id = posting.id AND link.business_id = %(business)s
    ), link AS (
        SELECT id, net, vat, lines FROM copy WHERE counts
    ), arrived AS MATERIALIZED (
        SELECT invoice_id, gross, coalesce(sum(net + vat) FILTER (WHERE counts), 0.00) AS theirs
        FROM copy GROUP BY invoice_id, gross
    ), line AS MATERIALIZED (
        SELECT link.id, rate.percentage AS percent,
            sum(coalesce(nullif(line ->> 'net', ''), '0')::numeric) AS net,
            sum(coalesce(nullif(line ->> 'vat', ''), '0')::numeric) AS vat
        FROM link CROSS JOIN LATERAL jsonb_array_elements(link.lines) AS line
        LEFT JOIN sage_integration_sagetaxrate AS rate
            ON rate.practice_id = %(practice)s AND rate.sage_id = line ->> 'rate'
        GROUP BY link.id, rate.percentage
    ), rest AS (
        SELECT CASE WHEN count(line.id) = 1 THEN max(line.percent) END AS percent,
            link.net - coalesce(sum(line.net), 0) AS net, link.vat - coalesce(sum(line.vat), 0) AS vat
        FROM link LEFT JOIN line ON line.id = link.id GROUP BY link.id, link.net, link.vat
    ), theirs AS (
        SELECT percent, net, vat FROM line
        UNION ALL SELECT percent, net, vat FROM rest WHERE net <> 0 OR vat <> 0
    )
    SELECT 'month', (SELECT count(*) FROM invoice)::numeric, count(*)::numeric,
        coalesce(sum(gross), 0.00), coalesce(sum(theirs), 0.00) FROM arrived
    UNION ALL SELECT 'away ' || posting.status, count(DISTINCT invoice.id)::numeric, NULL, NULL, NULL
        FROM invoice
        JOIN ledger_posting AS posting ON posting.practice_id = %(practice)s
            AND posting.kind = 'invoice.create' AND posting.subject_id = invoice.id
        WHERE posting.status IN ('held', 'pending', 'leased', 'failed')
            AND invoice.id NOT IN (SELECT invoice_id FROM arrived)
        GROUP BY posting.status
    UNION ALL SELECT 'apart', invoice_id, NULL, NULL, NULL FROM arrived WHERE theirs <> gross
    UNION ALL SELECT 'ours', vat_percent, sum(net), sum(vat), NULL FROM invoicing_invoiceline
        WHERE practice_id = %(practice)s AND invoice_id IN (SELECT invoice_id FROM arrived) GROUP BY vat_percent
    UNION ALL SELECT 'theirs', percent, sum(net), sum(vat), NULL FROM theirs GROUP BY percent
"""
