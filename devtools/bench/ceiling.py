"""What this machine can do at most, in the same run: a loop that only claims, sends and completes.

No clients, no mapping, no row level security and no audit: rows of a bare table are claimed twenty-five at a time, one
fixed document is sent for each over a kept connection of the standard library, and what was sent is completed together.
Both are committed.
"""

import http.client
import os
import threading
import time
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2

from devtools import roles
from devtools.bench import machine

BATCH, THREADS = 25, 8
_CLAIM = """
UPDATE ceiling SET state = 1 WHERE id IN
    (SELECT id FROM ceiling WHERE state = 0 ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING id
"""
_BODY = (
    '{{"sales_invoice":{{"contact_id":"c","date":"2026-11-25","due_date":"2026-12-09","reference":"INV-{0}",'
    '"idempotency_id":"{0}","invoice_lines":[{{"description":"Bookkeeping 1","ledger_account_id":"a","quantity":1,'
    '"unit_price":120.00,"tax_rate_id":"GB_STANDARD","tax_amount":24.00}},{{"description":"Bookkeeping 2",'
    '"ledger_account_id":"a","quantity":1,"unit_price":45.53,"tax_rate_id":"GB_STANDARD","tax_amount":9.11}}]}}}}'
)


def measure(url: str, headers: dict[str, str], rows: int) -> dict[str, Any]:
    """Documents a second, and CPU milliseconds of this process and PostgreSQL for each."""
    connection = _connected()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE ceiling (id bigserial PRIMARY KEY, state int NOT NULL DEFAULT 0)")
        cursor.execute("INSERT INTO ceiling (state) SELECT 0 FROM generate_series(1, %s)", [rows])
    connection.commit()
    connection.close()
    postgres, app, started = machine.postgres_cpu_seconds(), time.process_time(), time.monotonic()
    threads = [threading.Thread(target=_work, args=(url, headers)) for _ in range(THREADS)]
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


def _work(url: str, headers: dict[str, str]) -> None:
    address = urlsplit(url)
    remote = http.client.HTTPConnection(address.netloc, timeout=30)
    connection = _connected()
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_CLAIM, [BATCH])
            claimed = [row[0] for row in cursor.fetchall()]
            connection.commit()
            if not claimed:
                break
            for _ in claimed:
                remote.request("POST", address.path, _BODY.format(uuid4().hex).encode(), headers)
                answer = remote.getresponse()
                answer.read()
                if answer.status != 201:
                    raise RuntimeError(f"the remote answered {answer.status}")
            cursor.execute("UPDATE ceiling SET state = 2 WHERE id = ANY(%s)", [claimed])
            connection.commit()
    connection.close()
    remote.close()
