import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
import practices.tenancy
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('ledger', '0001_initial'),
        ('ledger', '0002_initial'),
        ('ledger', '0004_remedy'),
        ('ledger', '0005_pause'),
        ('ledger', '0006_postings_in_order'),
        ('ledger', '0007_times_lost'),
        ('ledger', '0008_postings_leased'),
        ('ledger', '0009_changes_of_copies'),
        ('ledger', '0010_refused_at'),
        ('ledger', '0011_requested_by'),
        ('ledger', '0012_numbers_in_the_ledger'),
        ('ledger', '0013_plural_words'),
        ('ledger', '0014_invoices_in_the_ledger'),
        ('ledger', '0015_lean_postings'),
        ('ledger', '0016_postings_of_a_document'),
    ]

    initial = True

    dependencies = [
        ('practices', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('accepts_postings', models.BooleanField(default=False, help_text='Closed until a connection is enabled: what is requested before that is held.')),
                ('posts_new_clients', models.BooleanField(default=True, help_text='Each client can be switched on its own page.', verbose_name='create invoices in Sage for new clients')),
                ('paused_at', models.DateTimeField(null=True)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'verbose_name_plural': 'ledger settings',
                'constraints': [models.UniqueConstraint(fields=('practice',), name='one_ledger_settings_for_a_practice')],
            },
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('contact.upsert', 'Contact'), ('invoice.create', 'Invoice'), ('invoice.update', 'Change to an invoice'), ('invoice.void', 'Void of an invoice'), ('credit_note.create', 'Credit note'), ('credit_note.update', 'Change to a credit note'), ('credit_note.allocate', 'Credit set against an invoice')], max_length=20)),
                ('subject_id', models.BigIntegerField()),
                ('copy', models.PositiveSmallIntegerField(default=1)),
                ('reference', models.CharField(max_length=25)),
                ('idempotency_id', models.CharField(max_length=32)),
                ('status', models.CharField(choices=[('held', 'Held'), ('pending', 'Waiting'), ('leased', 'Copying'), ('posted', 'In Sage'), ('failed', 'Needs you'), ('cancelled', 'Withdrawn')], default='pending', max_length=10)),
                ('not_before', models.DateTimeField(default=django.utils.timezone.now)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('times_lost', models.PositiveSmallIntegerField(default=0)),
                ('lease', models.CharField(blank=True, max_length=32)),
                ('lease_expires_at', models.DateTimeField(null=True)),
                ('attempted_at', models.DateTimeField(null=True)),
                ('refused_at', models.DateTimeField(null=True)),
                ('external_id', models.CharField(blank=True, max_length=64)),
                ('external_number', models.CharField(blank=True, max_length=40)),
                ('external_url', models.URLField(blank=True, max_length=300)),
                ('failure', models.CharField(blank=True, max_length=60)),
                ('failure_detail', models.TextField(blank=True)),
                ('remedy', models.CharField(blank=True, max_length=60)),
                ('requested_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('settled_at', models.DateTimeField(null=True)),
                ('basis', models.CharField(blank=True, db_default='', default='', max_length=64)),
                ('then', models.CharField(blank=True, choices=[('', 'Nothing more'), ('void_here', 'Void here too'), ('copy_again', 'Copy again')], db_default='', default='', max_length=10)),
                ('reason', models.CharField(blank=True, db_default='', default='', max_length=200)),
                ('held_revision', models.PositiveIntegerField(db_default=1, default=1)),
                ('standing', models.CharField(blank=True, choices=[('', 'As copied'), ('changed', 'Changed there'), ('void', 'Void there'), ('missing', 'Not there any more')], db_default='', default='', max_length=7)),
                ('blocked', models.CharField(blank=True, choices=[('', 'Can be changed'), ('settled', 'Money is set against it there'), ('locked', 'In a locked period or on a VAT return')], db_default='', default='', max_length=7)),
                ('checked_at', models.DateTimeField(null=True)),
                ('practice', models.ForeignKey(db_index=False, default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('requested_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('target', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='ledger.posting')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(models.F('practice'), models.F('not_before'), condition=models.Q(('status__in', ['pending', 'leased'])), name='postings_to_push'), models.Index(condition=models.Q(('status', 'pending')), fields=['practice', 'id'], name='postings_in_order'), models.Index(condition=models.Q(('status', 'leased')), fields=['practice', 'lease_expires_at'], name='postings_leased'), models.Index(fields=['practice', 'status', '-id'], name='postings_by_status'), models.Index(fields=['practice', 'subject_id', 'kind'], name='postings_of_a_document'), models.Index(condition=models.Q(('kind', 'invoice.create'), ('status', 'posted')), fields=['practice', 'subject_id'], name='invoices_in_the_ledger'), models.Index(models.F('practice'), django.db.models.functions.comparison.Collate('external_number', 'C'), condition=models.Q(('external_number', ''), _negated=True), name='postings_by_ledger_number')],
                'constraints': [models.UniqueConstraint(fields=('practice', 'reference'), name='reference_is_unique_in_the_practice'), models.UniqueConstraint(fields=('idempotency_id',), name='idempotency_id_is_unique'), models.UniqueConstraint(condition=models.Q(('status', 'cancelled'), _negated=True), fields=('practice', 'kind', 'subject_id', 'copy'), name='one_live_posting_for_a_copy'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'leased'), _negated=True), models.Q(models.Q(('lease', ''), _negated=True), ('lease_expires_at__isnull', False)), _connector='OR'), name='a_lease_has_an_end'), models.UniqueConstraint(condition=models.Q(('status__in', ['held', 'pending', 'leased', 'failed'])), fields=('practice', 'target'), name='one_open_change_of_a_copy'), models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['invoice.update', 'invoice.void', 'credit_note.update']), ('target__isnull', False)), models.Q(models.Q(('kind__in', ['invoice.update', 'invoice.void', 'credit_note.update']), _negated=True), ('target__isnull', True)), _connector='OR'), name='a_change_names_its_copy'), models.CheckConstraint(condition=models.Q(('refused_at__isnull', True), ('attempted_at__isnull', False), _connector='OR'), name='a_refusal_follows_a_try'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'posted'), _negated=True), models.Q(('external_id', ''), _negated=True), _connector='OR'), name='posted_means_known_in_the_ledger')],
            },
        ),
    ]
