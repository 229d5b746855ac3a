"""Plans that the database made while a table was small, and would keep for the life of a connection."""

from django.db import connection


def forget_plans() -> None:
    """Have everything planned anew, the checks of foreign keys among them, for the tables as they are now.

    On a table that is nearly empty every index of a practice costs the same, and a check planned then may read all
    the practice's rows for each new one. Called before many rows are written.
    """
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")
