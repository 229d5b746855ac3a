"""Marks of changes: a row for each transaction that changed rows of a table, made by triggers (migration 0003)."""

from django.db import connection, models

from practices.prepared import Prepared
from practices.tenancy import TenantModel, acting_practice_id, practice_key


class ChangeMark(TenantModel):
    """That a transaction changed rows of a table; all marks of a table together say in which state it is.

    Nothing updates one, so no two writers ever wait for each other here. No mark ever comes again, not even where the
    database was restored to an earlier moment: hence the stamp, which is random.
    """

    # Every index begins with the practice, so none for it alone; the rows that were changed have the key.
    practice = practice_key(db_index=False, db_constraint=False)
    of_table = models.CharField(max_length=63)
    #: The number of the transaction: one mark of each is enough.
    changed_in = models.BigIntegerField()
    stamp = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "of_table", "changed_in"], name="one_mark_for_a_transaction"
            )
        ]

    def __str__(self) -> str:
        return f"{self.of_table} in {self.changed_in}"


def marks_of(practice_id: int) -> list[str]:
    """The marks of a practice, each the table's name and a stamp; whether or not somebody acts for it."""
    with connection.cursor() as cursor:
        cursor.execute(Prepared(f"SELECT {MARKS.format(practice='%s')}"), [practice_id])
        found: list[str] = cursor.fetchone()[0]
        return found


#: The same as a column of a question that knows the practice.
MARKS = "practices_marks({practice})"
FOLD = """
    WITH gone AS (DELETE FROM practices_changemark WHERE practice_id = %(practice)s RETURNING of_table)
    INSERT INTO practices_changemark (practice_id, of_table, changed_in, stamp)
    SELECT %(practice)s, of_table, pg_current_xact_id()::text::bigint, gen_random_uuid()
    FROM (SELECT DISTINCT of_table FROM gone) AS tables
"""


def fold_marks() -> None:
    """Put one mark of each table in the place of those that are there; pages read once more what they were kept for."""
    with connection.cursor() as cursor:
        # One statement sees one moment: a mark that is committed meanwhile stays beside the new one.
        cursor.execute(FOLD, {"practice": acting_practice_id()})
