"""Row level security, grants and same-practice keys, derived from the models after every `migrate`.

Nobody has to remember them: a new `TenantModel` has its policy, its grants and, for each key to another
practice-owned table, a composite twin, because foreign key checks ignore row level security.
"""

import hashlib
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.backends.utils import CursorWrapper

from practices.tenancy import TenantModel

POLICY = "practice_isolation"
PREDICATE = "practice_id = NULLIF(current_setting('ignition.practice_id', true), '')::bigint"


def tenant_models() -> list[type[TenantModel]]:
    """Every model whose rows belong to a practice."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def same_practice_keys(model: type[TenantModel]) -> list[models.ForeignKey[Any, Any]]:
    """The model's foreign keys to other practice-owned tables."""
    return [
        field
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and issubclass(field.related_model, TenantModel)
    ]


def short_name(name: str) -> str:
    """The name itself, or a stable shortening of it within PostgreSQL's 63 characters."""
    return name if len(name) <= 63 else f"{name[:54]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def isolate_practices(**_: Any) -> None:
    """Bring policies, grants and composite keys of the database in line with the models."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        present = [model for model in tenant_models() if model._meta.db_table in tables]
        for model in present:
            _protect(cursor, model)
        for model in present:
            _tie_keys(cursor, model, tables)
        _grant(cursor, present)


def _protect(cursor: CursorWrapper, model: type[TenantModel]) -> None:
    table = model._meta.db_table
    cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    cursor.execute("SELECT 1 FROM pg_policies WHERE tablename = %s AND policyname = %s", [table, POLICY])
    verb = "ALTER" if cursor.fetchone() else "CREATE"
    cursor.execute(f'{verb} POLICY {POLICY} ON "{table}" USING ({PREDICATE})')
    _add_constraint(cursor, table, short_name(f"{table}_is_of_a_practice"), "UNIQUE (practice_id, id)")


def _tie_keys(cursor: CursorWrapper, model: type[TenantModel], tables: set[str]) -> None:
    table = model._meta.db_table
    for field in same_practice_keys(model):
        target = field.related_model._meta.db_table
        if target in tables:
            _add_constraint(
                cursor,
                table,
                short_name(f"{table}_{field.column}_same_practice"),
                f'FOREIGN KEY (practice_id, "{field.column}") REFERENCES "{target}" (practice_id, id)'
                " DEFERRABLE INITIALLY DEFERRED",
            )


def _add_constraint(cursor: CursorWrapper, table: str, name: str, definition: str) -> None:
    cursor.execute(
        "SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass", [name, f'"{table}"']
    )
    if not cursor.fetchone():
        cursor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}')


def _grant(cursor: CursorWrapper, present: list[type[TenantModel]]) -> None:
    role = settings.APP_ROLE
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
    cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}")
    cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}")
    for model in present:
        if model.append_only:
            cursor.execute(f'REVOKE UPDATE, DELETE ON "{model._meta.db_table}" FROM {role}')
