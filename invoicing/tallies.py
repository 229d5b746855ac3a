"""Keeping what invoices add up to: folded, held against the invoices every night, made anew when somebody says so.

See docs/decisions/0033-kept-sums.md. Triggers add up what each statement changes, in its transaction; here several rows
become one. Who folds or makes anew waits for others who do, and never for anybody who writes an invoice.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from django.db import connection

from invoicing.models import TallyCheck
from money.amounts import ZERO
from practices.tenancy import acting_practice_id

#: The first half of the lock's number: "tallies".
LOCK = 7_411_135
KIND = "status, source, month, due_on"
FIGURES = "count, net, vat, outstanding"
SUMS = "sum(count)::bigint AS count, sum(net) AS net, sum(vat) AS vat, sum(outstanding) AS outstanding"
#: What the invoices come to, kind by kind, read from themselves: as the triggers of migration 0017 see them.
LIVE = """
    SELECT status, source, date_trunc('month', tax_point::timestamp)::date AS month,
           CASE WHEN status = 'issued' AND outstanding > 0 THEN due_on END AS due_on,
           count(*) AS count, sum(net) AS net, sum(vat) AS vat, sum(outstanding) AS outstanding
    FROM invoicing_invoice WHERE practice_id = %(practice)s GROUP BY 1, 2, 3, 4
"""
KEPT = f"""
    SELECT {KIND}, {SUMS} FROM invoicing_invoicetally WHERE practice_id = %(practice)s
    GROUP BY {KIND}
    HAVING (sum(count), sum(net), sum(vat), sum(outstanding)) <> (0, 0, 0, 0)
"""  # noqa: S608 - names of columns alone
#: One statement sees one moment: a row that is committed meanwhile is neither removed nor added up.
FOLD = f"""
    WITH fresh AS MATERIALIZED (
        SELECT DISTINCT {KIND} FROM invoicing_invoicetally WHERE practice_id = %(practice)s AND NOT is_folded
    ), gone AS (
        DELETE FROM invoicing_invoicetally AS tally USING fresh
        WHERE tally.practice_id = %(practice)s AND tally.status = fresh.status AND tally.source = fresh.source
            AND tally.month = fresh.month AND tally.due_on IS NOT DISTINCT FROM fresh.due_on
        RETURNING tally.*
    )
    INSERT INTO invoicing_invoicetally (practice_id, {KIND}, {FIGURES}, is_folded)
    SELECT %(practice)s, {KIND}, {SUMS}, true FROM gone GROUP BY {KIND}
    HAVING (sum(count), sum(net), sum(vat), sum(outstanding)) <> (0, 0, 0, 0)
"""  # noqa: S608 - names of columns alone
ANEW = f"""
    WITH gone AS (DELETE FROM invoicing_invoicetally WHERE practice_id = %(practice)s)
    INSERT INTO invoicing_invoicetally (practice_id, {KIND}, {FIGURES}, is_folded)
    SELECT %(practice)s, {KIND}, {FIGURES}, true FROM ({LIVE}) AS live
"""  # noqa: S608 - names of columns alone
BOTH = f"SELECT true, {KIND}, {FIGURES} FROM ({KEPT}) AS kept UNION ALL SELECT false, {KIND}, {FIGURES} FROM ({LIVE}) AS live"  # noqa: E501, S608 - names of columns alone

Kind: TypeAlias = tuple[str, str, date, date | None]


@dataclass(frozen=True, slots=True)
class Figures:
    """Of invoices of one kind: how many there are, and what they come to in the practice's currency."""

    count: int
    net: Decimal
    vat: Decimal
    outstanding: Decimal


NOTHING = Figures(0, ZERO, ZERO, ZERO)


def fold() -> None:
    """Make one row of several that say of one kind of invoices what was added; the sums stay what they are."""
    _run_alone(FOLD)


def make_anew() -> None:
    """Put what the invoices come to now in place of what is kept of the acting practice."""
    _run_alone(ANEW)


def differences() -> dict[Kind, tuple[Figures, Figures]]:
    """The kinds of invoices of which something else is kept than they come to at this moment: what is, what should be.

    A kind is a status, a source, a month and, where something is owed, a due date.
    """
    sides: tuple[dict[Kind, Figures], dict[Kind, Figures]] = {}, {}
    with connection.cursor() as cursor:
        cursor.execute(BOTH, {"practice": acting_practice_id()})
        for is_kept, status, source, month, due_on, *figures in cursor.fetchall():
            sides[not is_kept][status, source, month, due_on] = Figures(*figures)
    kept, live = sides
    pairs = {kind: (kept.get(kind, NOTHING), live.get(kind, NOTHING)) for kind in kept.keys() | live.keys()}
    return {kind: pair for kind, pair in pairs.items() if pair[0] != pair[1]}


def check_tallies(now: datetime) -> TallyCheck:
    """How many kinds differ at this moment, kept once any did so that the operator sees it; nothing is mended.

    Nothing is kept of a practice whose sums agreed every time: of one that is still to arrive, nothing must stay.
    """
    _be_alone()
    differing = len(differences())
    check: TallyCheck = TallyCheck.objects.first() or TallyCheck()
    check.checked_at, check.differing = now, differing
    check.differs_since = (check.differs_since or now) if differing else None
    if differing or check.pk:
        check.save()
    return check


def _run_alone(statement: str) -> None:
    """Run a statement while nobody else does one of these in this practice."""
    _be_alone()
    with connection.cursor() as cursor:
        # A statement of its own: it sees what whoever had the lock before has done.
        cursor.execute(statement, {"practice": acting_practice_id()})


def _be_alone() -> None:
    """Wait until nobody else folds, makes anew or checks in this practice; the lock goes with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, acting_practice_id() % 2**31])
