"""The floor of a sweep: for each practice a token refresh, stored encrypted, and one page of changes.

Seven statements a practice in two transactions: whoever reads Sage at all does that much.
"""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from django.conf import settings
from django.db import connection, transaction

from practices.fields import seal, unseal
from practices.tenancy import acting_for

LOCK = """
SELECT id, refresh_token, business_id FROM sage_integration_sageconnection
WHERE practice_id = %s AND status <> 'disconnected' FOR UPDATE
"""
STORE = """
UPDATE sage_integration_sageconnection SET access_token = %s, refresh_token = %s,
    access_expires_at = now() + make_interval(secs => %s)
WHERE id = %s
"""
SCOPE = "SELECT set_config('ignition.practice_id', %s, true)"
NOTE = """
UPDATE sage_integration_synccursor SET since = since
WHERE practice_id = %s AND feed = 'contact_payments.updated'
"""


def floor(practices: Iterable[Any], threads: int) -> dict[str, float]:
    """Seconds and processor seconds for these practices, so many at a time, each thread with kept connections."""

    def read(group: list[Any]) -> None:
        with requests.Session() as session:
            session.trust_env = False
            try:
                for practice in group:
                    with acting_for(practice.pk):
                        _one(practice.pk, session)
            finally:
                connection.close()

    queue = list(practices)
    groups = [queue[start::threads] for start in range(threads)]
    began, cpu = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(read, groups))
    return {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}


def _one(practice_id: int, session: requests.Session) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SCOPE, [str(practice_id)])
        cursor.execute(LOCK, [practice_id])
        key, sealed, business = cursor.fetchone()
        answer = session.post(
            settings.SAGE_TOKEN_URL,
            data={
                "grant_type": "refresh_token",
                "refresh_token": unseal(sealed),
                "client_id": settings.SAGE_CLIENT_ID,
                "client_secret": settings.SAGE_CLIENT_SECRET,
            },
            timeout=30,
        )
        answer.raise_for_status()
        pair = answer.json()
        access, renewed = pair["access_token"], pair["refresh_token"]
        cursor.execute(STORE, [seal(access), seal(renewed), pair["expires_in"], key])
    page = session.get(
        f"{settings.SAGE_API_URL}/contact_payments",
        params={"updated_or_created_since": "2999-01-01T00:00:00Z", "items_per_page": "200"},
        headers={"Authorization": f"Bearer {access}", "X-Business": business},
        timeout=30,
    )
    page.raise_for_status()
    page.json()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SCOPE, [str(practice_id)])
        cursor.execute(NOTE, [practice_id])
