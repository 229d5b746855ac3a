"""What pages are held against, measured in the same run: the bare questions to the database, and a file of rows."""

import csv
import io
import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.template import engines

from devtools.bench import machine
from devtools.bench.pages_population import Measured
from invoicing.models import Invoice
from ledger.models import Posting
from ledger.releases import retry_all
from practices.models import User
from practices.tenancy import practice_scope

ROUNDS = 25
ROWS = 50
#: The list as bare as it can be: a session's user, fifty rows from an index, their clients, a plain table.
LIST = """
    SELECT invoice.number, client.name, invoice.tax_point, invoice.net, invoice.vat, invoice.outstanding
    FROM invoicing_invoice AS invoice
    JOIN clients_client AS client ON client.practice_id = invoice.practice_id AND client.id = invoice.client_id
    WHERE invoice.practice_id = %s ORDER BY invoice.id DESC LIMIT 50
"""
DETAIL = """
    SELECT (SELECT row_to_json(i) FROM invoicing_invoice AS i WHERE i.practice_id = p.id AND i.id = %s),
           (SELECT json_agg(l) FROM invoicing_invoiceline AS l WHERE l.practice_id = p.id AND l.invoice_id = %s),
           (SELECT json_agg(a) FROM practices_auditentry AS a WHERE a.practice_id = p.id
                AND a.subject_type = 'invoicing.invoice' AND a.subject_id = %s)
    FROM practices_practice AS p WHERE p.id = %s
"""
SEARCH = "SELECT id, name FROM clients_client WHERE practice_id = %s AND name ILIKE '%%harb%%' LIMIT 50"
DASHBOARD = """
    SELECT sum(net + vat) FILTER (WHERE tax_point >= date_trunc('month', now())),
           sum(outstanding), sum(outstanding) FILTER (WHERE due_on < now()), count(*),
           count(*) FILTER (WHERE outstanding > 0 AND due_on < now())
    FROM invoicing_invoice WHERE practice_id = %s AND status = 'issued'
"""
TABLE = engines["django"].from_string(
    "<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>"
)


def floors(practice: Measured, person: User) -> dict[str, float]:
    """The 95th percentile of each bare question with its rows in a plain table, in milliseconds."""
    with practice_scope(practice.pk):
        invoice = Invoice.objects.order_by("-pk").values_list("pk", flat=True)[practice.invoices // 2]
        asked: dict[str, tuple[str, list[int]]] = {
            "list": (LIST, [practice.pk]),
            "detail": (DETAIL, [invoice, invoice, invoice, practice.pk]),
            "search": (SEARCH, [practice.pk]),
            "dashboard": (DASHBOARD, [practice.pk]),
        }
        return {
            name: p95_of(lambda sql=sql, values=values: _bare(person, sql, values))  # type: ignore[misc]
            for name, (sql, values) in asked.items()
        }


def _bare(person: User, sql: str, values: list[int]) -> str:
    User.objects.get(pk=person.pk)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return str(TABLE.render({"rows": cursor.fetchall()[:ROWS]}))


def p95_of(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Milliseconds that nineteen of twenty calls stay below, once what is made once is made."""
    act()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.quantiles(times, n=20, method="inclusive")[18]


def file_of_everything(browser: Any, address: str, practice: Measured) -> dict[str, float]:
    """Seconds and memory of the list's CSV file of all invoices, and of the rows alone read by an iterator."""
    with practice_scope(practice.pk):
        fields = ("number", "client__name", "tax_point", "net", "vat", "outstanding", "status")
        rows = Invoice.objects.order_by("-pk").values_list(*fields)
        started = time.perf_counter()
        written = csv.writer(io.StringIO())
        written.writerows(rows.iterator(chunk_size=2000))
        floor = time.perf_counter() - started
    before = machine.rss_mib() or 0.0
    started = time.perf_counter()
    answer = browser.get(address, {"file": "csv"}, secure=True)
    lines = sum(part.count(b"\n") for part in answer.streaming_content)
    seconds = time.perf_counter() - started
    assert lines == practice.invoices + 1, lines  # noqa: S101 - else something else was measured
    grown = (machine.rss_mib() or 0.0) - before
    return {"seconds": round(seconds, 2), "floor_seconds": round(floor, 2), "grown_mib": round(grown, 1)}


def retry_of_many(practice: Measured, many: int) -> dict[str, float]:
    """Seconds and questions of *Try all again* for so many refused documents."""
    with practice_scope(practice.pk):
        chosen = list(Posting.objects.order_by("pk").values_list("pk", flat=True)[:many])
        Posting.objects.filter(pk__in=chosen).update(
            status=Posting.Status.FAILED, failure="Refused", external_number=""
        )
        questions: list[str] = []
        started = time.perf_counter()

        def counted(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            questions.append(sql)
            return execute(sql, *rest)

        with connection.execute_wrapper(counted):
            retried = retry_all({"Refused"})
        return {
            "retried": retried,
            "seconds": round(time.perf_counter() - started, 3),
            "queries": len(questions),
        }
