"""Our side of the books, read from the database to verify what the pages and Sage say."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg2

QUERY = """
SELECT i.id, i.source, i.status, i.number, i.net, i.vat, i.outstanding,
       coalesce(p.reference, ''), coalesce(p.status, ''), coalesce(p.external_id, ''),
       coalesce(p.external_number, '')
FROM invoicing_invoice i
LEFT JOIN ledger_posting p ON p.practice_id = i.practice_id AND p.kind = 'invoice.create'
  AND p.subject_id = i.id AND p.status <> 'cancelled'
ORDER BY i.id
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One invoice of ours, with how far its posting got."""

    id: int
    source: str
    status: str
    number: int | None
    net: Decimal
    vat: Decimal
    outstanding: Decimal
    reference: str
    posting: str
    sage_id: str
    sage_number: str

    @property
    def settlement(self) -> str:
        """`unpaid`, `part_paid` or `paid`."""
        if self.outstanding == 0:
            return "paid"
        return "part_paid" if self.outstanding < self.net + self.vat else "unpaid"


@contextmanager
def inside(slug: str) -> Iterator[Any]:
    """A cursor that sees this practice as the application does."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET ROLE ignition_app")
            cursor.execute("SELECT id FROM practices_practice WHERE slug = %s", [slug])
            practice_id = str(cursor.fetchone()[0])
            cursor.execute("SELECT set_config('ignition.practice_id', %s, true)", [practice_id])
            yield cursor
    finally:
        connection.close()


def invoices_of(slug: str) -> list[Entry]:
    """The practice's invoices, oldest first."""
    with inside(slug) as cursor:
        cursor.execute(QUERY)
        return [Entry(*row) for row in cursor.fetchall()]


def business_of(slug: str) -> str:
    """The id of the Sage business the practice is connected to."""
    with inside(slug) as cursor:
        cursor.execute("SELECT business_id FROM sage_integration_sageconnection WHERE status = 'enabled'")
        return str(cursor.fetchone()[0])
