"""What this machine can do at most, in the same run: a loop that only claims, sends and completes.

No clients, no mapping, no row level security and no audit: rows of a bare table, as many companies and as many rows of
each as were measured, are claimed by company and twenty-five at a time, each company behind all others once it had its
turn. One fixed document is sent for each over a kept connection of the standard library, and what was sent is completed
together. Both are committed, and durably: before the first of the twenty-five leaves, and once all have left. It waits
for each answer, in threads of one process, because the workers do: where neighbours keep the machine busy, both lose by
it alike.

Counted in instructions, which no neighbour changes, a document costs it 630 thousand, 490 of them in this process. The
same loop in asyncio, which the performance goals call the limit, comes to 660 with aiohttp as its client, and to 270
with an HTTP client of a few lines that understands this remote alone. So it is neither a softer peer nor a harder one.
"""

import http.client
import os
import threading
import time
from collections import deque
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2

from devtools import roles
from devtools.bench import machine

BATCH, THREADS = 25, 8
_CLAIM = """
UPDATE ceiling SET state = 1 WHERE id IN
    (SELECT id FROM ceiling WHERE company = %s AND state = 0 ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING id
"""
_BODY = (
    '{{"sales_invoice":{{"contact_id":"c","date":"2026-11-25","due_date":"2026-12-09","reference":"INV-{0}",'
    '"idempotency_id":"{0}","invoice_lines":[{{"description":"Bookkeeping 1","ledger_account_id":"a","quantity":1,'
    '"unit_price":120.00,"tax_rate_id":"GB_STANDARD","tax_amount":24.00}},{{"description":"Bookkeeping 2",'
    '"ledger_account_id":"a","quantity":1,"unit_price":45.53,"tax_rate_id":"GB_STANDARD","tax_amount":9.11}}]}}}}'
)


_TABLE = """
CREATE TABLE ceiling (id bigserial PRIMARY KEY, company int NOT NULL, state int NOT NULL DEFAULT 0);
CREATE INDEX ceiling_due ON ceiling (company, id) WHERE state = 0
"""


def measure(url: str, headers: dict[str, str], *, companies: int, each: int) -> dict[str, Any]:
    """Documents a second, and CPU milliseconds of this process and PostgreSQL for each."""
    connection, rows = _connected(), companies * each
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        cursor.execute(
            "INSERT INTO ceiling (company) SELECT company FROM generate_series(1, %s) AS company,"
            " generate_series(1, %s) ORDER BY company",
            [companies, each],
        )
    connection.commit()
    connection.close()
    waiting = deque(range(1, companies + 1))
    postgres, app, started = machine.postgres_cpu_seconds(), time.process_time(), time.monotonic()
    threads = [threading.Thread(target=_work, args=(url, headers, waiting)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    spent = time.process_time() - app
    after = machine.postgres_cpu_seconds()
    total = None if after is None or postgres is None else spent + after - postgres
    return {
        "ceiling_pushes_per_second": round(rows / seconds, 1),
        "ceiling_cpu_ms_per_push": None if total is None else round(total / rows * 1000, 2),
    }


def _connected() -> Any:
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {roles.OWNER}")
    connection.commit()
    return connection


def _work(url: str, headers: dict[str, str], waiting: deque[int]) -> None:
    """Give the companies that wait their turns, until none has anything left."""
    address = urlsplit(url)
    remote = http.client.HTTPConnection(address.netloc, timeout=30)
    connection = _connected()
    with connection.cursor() as cursor:
        while waiting:
            try:
                company = waiting.popleft()
            except IndexError:
                break  # Another thread took the last one; what is left of it is that one's.
            cursor.execute(_CLAIM, [company, BATCH])
            claimed = [row[0] for row in cursor.fetchall()]
            connection.commit()
            for _ in claimed:
                body = _BODY.format(uuid4().hex).encode()
                remote.request("POST", address.path, body, {**headers, "X-Business": f"ceiling-{company}"})
                answer = remote.getresponse()
                answer.read()
                if answer.status != 201:
                    raise RuntimeError(f"the remote answered {answer.status}")
            cursor.execute("UPDATE ceiling SET state = 2 WHERE id = ANY(%s)", [claimed])
            connection.commit()
            if len(claimed) == BATCH:
                waiting.append(company)
    connection.close()
    remote.close()
