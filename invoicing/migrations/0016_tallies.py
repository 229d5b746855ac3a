import practices.tenancy
from django.conf import settings
from django.db import migrations, models
from django.db.models.deletion import PROTECT

TALLIES = 'invoicing_invoicetally (practice_id, status, source, month, due_on, count, net, vat, outstanding, is_folded)'
#: The kind of an invoice: whatever is asked of sums is asked by these.
KIND = """practice_id, status, source, date_trunc('month', tax_point::timestamp)::date,
    CASE WHEN status = 'issued' AND outstanding > 0 THEN due_on END"""
READ = 'practice_id, status, source, tax_point, due_on, outstanding, net, vat'
SUMS = 'sum(net), sum(vat), sum(outstanding)'
SIGNED = 'sum(sign * net), sum(sign * vat), sum(sign * outstanding)'

FUNCTIONS = f"""
CREATE FUNCTION invoicing_tally_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO {TALLIES} SELECT {KIND}, count(*), {SUMS}, false FROM fresh GROUP BY 1, 2, 3, 4, 5;
  RETURN NULL;
END $$;

CREATE FUNCTION invoicing_tally_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO {TALLIES} SELECT {KIND}, sum(sign), {SIGNED}, false FROM (
    SELECT 1 AS sign, {READ} FROM fresh UNION ALL SELECT -1, {READ} FROM stale
  ) AS changes GROUP BY 1, 2, 3, 4, 5 HAVING (sum(sign), {SIGNED}) <> (0, 0, 0, 0);
  RETURN NULL;
END $$;

CREATE FUNCTION invoicing_tally_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO {TALLIES} SELECT {KIND}, -count(*), -sum(net), -sum(vat), -sum(outstanding), false FROM stale
    GROUP BY 1, 2, 3, 4, 5;
  RETURN NULL;
END $$;

CREATE FUNCTION invoicing_practices_to_fold() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT practice_id FROM invoicing_invoicetally WHERE NOT is_folded GROUP BY practice_id HAVING count(*) > 50 $$;
"""  # noqa: S608 - names of columns alone
DROP_FUNCTIONS = """DROP FUNCTION invoicing_practices_to_fold, invoicing_tally_removed, invoicing_tally_changed,
    invoicing_tally_added"""


def practice_key(**options):
    return models.ForeignKey(
        default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=PROTECT, related_name='+',
        to='practices.practice', **options,
    )


class Migration(migrations.Migration):
    """Where what invoices add up to is kept, and the functions that keep it; the next one lets them begin."""

    dependencies = [('invoicing', '0001_tables')]

    operations = [
        migrations.CreateModel(
            name='InvoiceTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('issued', 'Issued'), ('void', 'Void')], max_length=10)),
                ('source', models.CharField(choices=[('upfront', 'On acceptance'), ('on_completion', 'On completion'), ('recurring', 'Recurring'), ('instant', 'Instant bill')], max_length=15)),
                ('month', models.DateField()),
                ('due_on', models.DateField(null=True)),
                ('count', models.IntegerField()),
                ('net', models.DecimalField(decimal_places=2, default=0, max_digits=16)),
                ('vat', models.DecimalField(decimal_places=2, default=0, max_digits=16)),
                ('outstanding', models.DecimalField(decimal_places=2, default=0, max_digits=16)),
                ('is_folded', models.BooleanField(db_default=False, default=False)),
                ('practice', practice_key(db_constraint=False, db_index=False)),
            ],
            options={
                'verbose_name_plural': 'invoice tallies',
                'indexes': [
                    models.Index(fields=['practice', 'month'], name='tallies_by_month'),
                    models.Index(condition=models.Q(('due_on__isnull', False)), fields=['practice', 'due_on'], include=('outstanding', 'count'), name='tallies_of_what_is_owed'),
                    models.Index(condition=models.Q(('is_folded', False)), fields=['practice'], name='tallies_to_fold'),
                ],
            },
        ),
        migrations.CreateModel(
            name='TallyCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('checked_at', models.DateTimeField()),
                ('differing', models.PositiveIntegerField(default=0)),
                ('differs_since', models.DateTimeField(null=True)),
                ('practice', practice_key()),
            ],
        ),
        # Once the triggers are there, processes of the version before that write invoices write here too.
        migrations.RunSQL(
            f'GRANT SELECT, INSERT, UPDATE, DELETE ON invoicing_invoicetally TO {settings.APP_ROLE}',
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
    ]
