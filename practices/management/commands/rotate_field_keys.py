"""For the operator, after a new key was put first in FIELD_ENCRYPTION_KEYS: `./dev manage rotate_field_keys`."""

from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from psycopg2.sql import SQL, Identifier

from practices.fields import SealedTextField, keys
from practices.isolation import tenant_models
from practices.models import Practice
from practices.tenancy import practice_scope


class Command(BaseCommand):
    """Every sealed value is written again under the newest key; the old key may go after that."""

    help = "Write every encrypted value again under the first of FIELD_ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        count = sum(self._practice(pk) for pk in Practice.objects.order_by("pk").values_list("pk", flat=True))
        count += self._second_factors()
        self.stdout.write(f"{count} values are under the newest key. The old keys can be removed now.")

    def _practice(self, practice_id: int) -> int:
        count = 0
        with practice_scope(practice_id), connection.cursor() as cursor:
            for model in tenant_models():
                for field in model._meta.local_fields:
                    if isinstance(field, SealedTextField):
                        count += self._column(cursor, model._meta.db_table, field.attname)
        return count

    def _column(self, cursor: Any, table: str, column: str) -> int:
        """The values of one column, below the ORM: what is sealed stays sealed, practice and all."""
        names = {"table": Identifier(table), "column": Identifier(column)}
        cursor.execute(
            SQL("SELECT id, {column} FROM {table} WHERE {column} <> '' FOR UPDATE").format(**names)
        )
        rows = cursor.fetchall()
        for pk, sealed in rows:
            cursor.execute(
                SQL("UPDATE {table} SET {column} = %s WHERE id = %s").format(**names), [rotated(sealed), pk]
            )
        return len(rows)

    def _second_factors(self) -> int:
        return sum(map(self._factor, Authenticator.objects.order_by("pk").values_list("pk", flat=True)))

    @transaction.atomic
    def _factor(self, pk: int) -> int:
        """Locked as it is now: what somebody signs in with meanwhile is used up, and stays so."""
        factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
        if factor is None:
            return 0
        secrets = {name: factor.data[name] for name in ("secret", "seed") if factor.data.get(name)}
        factor.data = {**factor.data, **{name: rotated(value) for name, value in secrets.items()}}
        factor.save(update_fields=["data"])
        return len(secrets)


def rotated(sealed: str) -> str:
    """The same value under the newest key; raises `CommandError` where no key opens it, and nothing is changed."""
    try:
        return keys().rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise CommandError(
            "A value does not open with any of FIELD_ENCRYPTION_KEYS, so nothing was changed there. "
            "Add the key it was written with behind the newest one, and run this again."
        ) from error
