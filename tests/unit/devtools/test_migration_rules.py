"""What the linter finds in migrations, and what it lets pass."""

import pytest

from devtools.migration_rules import (
    RELEASED,
    findings_in,
    findings_since,
    latest_migrations,
    migrations_that_need_downtime,
    read_released,
    tables_made_in,
)

HEAD = """from django.db import migrations, models

class Migration(migrations.Migration):
    operations = [
        """


def found(operation: str) -> list[str]:
    source = f"{HEAD}{operation}\n    ]\n"
    return findings_in(source, tables_made_in(source))


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


def test_what_is_here_breaks_no_rule_and_every_app_of_ours_is_under_them():
    assert migrations_that_need_downtime() == ""
    known = read_released(RELEASED.read_text())
    now = read_released(latest_migrations())
    assert known.keys() <= now.keys()
    assert all(number <= now[app] for app, number in known.items())
    assert known, "the list is not empty"


@pytest.fixture
def migrations(tmp_path):
    """Writes a migration of an app, and returns what the rules say of all of them since a list."""

    def since(released: str, **files: str) -> list[str]:
        for name, operations in files.items():
            app, _, number = name.partition("_")
            path = tmp_path / app / "migrations" / f"{number}_x.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{HEAD}{operations}\n    ]\n")
        return findings_since(released, tmp_path)

    return since


ADD = "migrations.AddField(model_name='note', name='y', field=models.TextField(default='')),"
CREATE = "migrations.CreateModel(name='Note', fields=[('x', models.TextField(default=''))]),"


def test_only_what_the_list_does_not_know_is_looked_at(migrations):
    assert migrations("notes 0002\n", notes_0001=CREATE, notes_0002=ADD) == []
    [finding] = migrations("# words\nnotes 0001\n")
    assert finding.startswith("notes/migrations/0002_x.py:5: AddField")


def test_before_any_release_an_app_that_is_not_named_is_looked_at_whole(migrations):
    drop = "migrations.RemoveField(model_name='invoice', name='x'),"
    [finding] = migrations("", notes_0001=drop)
    assert "RemoveField" in finding


def test_what_a_new_table_is_made_of_passes_by_what_it_is_and_not_by_the_file_s_name(migrations):
    drop = "migrations.DeleteModel(name='Note'),"
    index = "migrations.AddIndex(model_name='note', index=models.Index(fields=['x'], name='x')),"
    assert (
        migrations("other 0009\n", notes_0001=CREATE, notes_0002=ADD, notes_0003=index, notes_0004=drop) == []
    )
    assert migrations("notes 0001\n") != []
