"""Statistics for the planner, so that a plan is what a practice in use would get."""

from django.conf import settings
from django.db import connection


def analyse(table: str) -> None:
    """Have the rows of a table counted, as the server does by itself after a while; in an open transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {settings.OWNER_ROLE}")
        cursor.execute(f"ANALYZE {table}")
        cursor.execute(f"SET LOCAL ROLE {settings.APP_ROLE}")
