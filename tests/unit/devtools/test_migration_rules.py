"""What the linter finds in migrations, and what it lets pass."""

import pytest

from devtools.migration_rules import (
    findings_in,
    latest_migrations,
    migrations_that_need_downtime,
    read_released,
)

HEAD = """from django.db import migrations, models

class Migration(migrations.Migration):
    operations = [
        """


def found(operation: str) -> list[str]:
    return findings_in(f"{HEAD}{operation}\n    ]\n")


@pytest.mark.parametrize(
    "operation",
    [
        "migrations.RemoveField(model_name='invoice', name='x'),",
        "migrations.DeleteModel(name='Invoice'),",
        "migrations.RenameField(model_name='invoice', old_name='x', new_name='y'),",
        "migrations.AddField(model_name='invoice', name='x', field=models.TextField(default='')),",
        "migrations.AlterField(model_name='invoice', name='x', field=models.TextField()),",
        "migrations.AddIndex(model_name='invoice', index=models.Index(fields=['x'], name='x')),",
        "migrations.RunPython(fill),",
        "migrations.RunSQL('CREATE INDEX x ON invoicing_invoice (x)'),",
        "migrations.RunSQL('ALTER TABLE x ALTER COLUMN y SET NOT NULL'),",
    ],
)
def test_what_stops_or_breaks_the_running_version_is_found(operation):
    assert len(found(operation)) == 1
    assert found(f"{operation}  # zero-downtime: the table has one row a practice") == []


@pytest.mark.parametrize(
    "operation",
    [
        "migrations.AddField(model_name='invoice', name='x', field=models.TextField(null=True)),",
        "migrations.AddField(model_name='invoice', name='x', field=models.TextField(default='', db_default='')),",
        """migrations.CreateModel(name='Note', fields=[('x', models.TextField(default=''))]),
        migrations.AddIndex(model_name='note', index=models.Index(fields=['x'], name='x')),""",
        "migrations.RunSQL('CREATE INDEX CONCURRENTLY x ON invoicing_invoice (x)'),",
        "migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField(model_name='a', name='x')]),",
    ],
)
def test_what_runs_beside_the_old_version_passes(operation):
    assert found(operation) == []


def test_only_what_is_newer_than_the_release_is_looked_at():
    assert migrations_that_need_downtime() == ""
    assert read_released("# words\ninvoicing 0012\n") == {"invoicing": "0012"}
    assert read_released(latest_migrations())["practices"] >= "0011"
