from django.db import migrations, models

OPEN = "'held', 'pending', 'leased', 'failed'"
CHANGES = 'UNIQUE INDEX CONCURRENTLY {name} ON ledger_posting (practice_id, target_id) WHERE {condition}'
PUSH = 'INDEX CONCURRENTLY {name} ON ledger_posting (practice_id, not_before) WHERE {condition}'
DUE = """
CREATE OR REPLACE FUNCTION ledger_practices_due() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ {question} $$
"""
BY_STATE = """
    SELECT practice_id FROM ledger_posting WHERE status = 'pending' AND not_before <= now()
    UNION SELECT practice_id FROM ledger_posting WHERE status = 'leased' AND lease_expires_at <= now()
"""
AT_ONCE = """
    SELECT DISTINCT practice_id FROM ledger_posting WHERE (status = 'pending' AND not_before <= now())
        OR (status = 'leased' AND lease_expires_at <= now())
"""


def replaced(name, definition, old, new):
    """The index with another condition; there is one under its name all the time but for a moment."""
    return [
        migrations.RunSQL(f'DROP INDEX CONCURRENTLY IF EXISTS {name}_new', migrations.RunSQL.noop),
        migrations.RunSQL(
            f"CREATE {definition.format(name=name + '_new', condition=new)}", f'DROP INDEX CONCURRENTLY IF EXISTS {name}_new',
        ),
        migrations.RunSQL(
            f'DROP INDEX CONCURRENTLY IF EXISTS {name}', f'CREATE {definition.format(name=name, condition=old)}',
        ),
        migrations.RunSQL(f'ALTER INDEX {name}_new RENAME TO {name}', f'ALTER INDEX {name} RENAME TO {name}_new'),
    ]


class Migration(migrations.Migration):
    """A posting that changes its state is written into every index it belongs to: two of them hold less from now on."""

    atomic = False

    dependencies = [('ledger', '0002_functions')]

    operations = [
        migrations.RunSQL(DUE.format(question=BY_STATE), DUE.format(question=AT_ONCE)),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                *replaced(
                    'one_open_change_of_a_copy', CHANGES,
                    f'status IN ({OPEN})', f'status IN ({OPEN}) AND target_id IS NOT NULL',
                ),
                *replaced('postings_to_push', PUSH, "status IN ('pending', 'leased')", "status = 'pending'"),
            ],
            state_operations=[
                migrations.RemoveConstraint(model_name='posting', name='one_open_change_of_a_copy'),
                migrations.AddConstraint(  # zero-downtime: only Django's picture of it, see above
                    model_name='posting',
                    constraint=models.UniqueConstraint(
                        condition=models.Q(
                            ('status__in', ['held', 'pending', 'leased', 'failed']), ('target__isnull', False)
                        ),
                        fields=('practice', 'target'), name='one_open_change_of_a_copy',
                    ),
                ),
                migrations.RemoveIndex(model_name='posting', name='postings_to_push'),
                migrations.AddIndex(  # zero-downtime: only Django's picture of it, see above
                    model_name='posting',
                    index=models.Index(
                        models.F('practice'), models.F('not_before'), condition=models.Q(('status', 'pending')),
                        name='postings_to_push',
                    ),
                ),
            ],
        ),
    ]
