import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
import django.utils.timezone
import practices.tenancy
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('clients', '0001_initial'),
        ('clients', '0002_initial'),
        ('clients', '0003_person_has_left'),
        ('clients', '0004_records'),
        ('clients', '0007_imports'),
        ('clients', '0008_lean_words'),
        ('clients', '0009_twins'),
        ('clients', '0010_words_without_keys'),
        ('clients', '0012_invoice_day_and_layout'),
        ('clients', '0013_collected_by_direct_debit'),
    ]

    initial = True

    dependencies = [
        ('practices', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ClientGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='group name')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(models.F('practice'), django.db.models.functions.text.Lower('name'), name='one_group_of_a_name'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='group_has_a_name')],
            },
        ),
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='client name')),
                ('name_key', models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Lower(django.db.models.functions.comparison.Collate(models.F('name'), 'pg_c_utf8')), output_field=models.CharField(max_length=200))),
                ('kind', models.CharField(choices=[('company', 'Limited company'), ('sole_trader', 'Sole trader'), ('partnership', 'Partnership'), ('charity', 'Charity'), ('trust', 'Trust'), ('individual', 'Individual')], default='company', max_length=12)),
                ('company_number', models.CharField(blank=True, max_length=10)),
                ('vat_number', models.CharField(blank=True, max_length=20, verbose_name='VAT number')),
                ('utr', models.CharField(blank=True, max_length=10, verbose_name='tax reference (UTR)')),
                ('phone', models.CharField(blank=True, max_length=30)),
                ('address_line_1', models.CharField(blank=True, max_length=50, verbose_name='address line 1')),
                ('address_line_2', models.CharField(blank=True, max_length=50, verbose_name='address line 2')),
                ('city', models.CharField(blank=True, max_length=50, verbose_name='town or city')),
                ('region', models.CharField(blank=True, max_length=50, verbose_name='county')),
                ('postal_code', models.CharField(blank=True, max_length=10, verbose_name='postcode')),
                ('country', models.CharField(default='GB', max_length=2)),
                ('registered_line_1', models.CharField(blank=True, max_length=50, verbose_name='registered address line 1')),
                ('registered_line_2', models.CharField(blank=True, max_length=50, verbose_name='registered address line 2')),
                ('registered_city', models.CharField(blank=True, max_length=50, verbose_name='registered town or city')),
                ('registered_region', models.CharField(blank=True, max_length=50, verbose_name='registered county')),
                ('registered_postal_code', models.CharField(blank=True, max_length=10, verbose_name='registered postcode')),
                ('status', models.CharField(choices=[('lead', 'Lead'), ('active', 'Active'), ('inactive', 'Inactive'), ('archived', 'Archived')], default='lead', max_length=10)),
                ('posts_automatically', models.BooleanField(default=True, verbose_name='create invoices in Sage')),
                ('aml_status', models.CharField(choices=[('to_do', 'Not started'), ('under_way', 'Under way'), ('cleared', 'Cleared'), ('refused', 'Not cleared')], default='to_do', max_length=10, verbose_name='money laundering checks')),
                ('aml_reviewed_on', models.DateField(blank=True, null=True, verbose_name='checked on')),
                ('aml_review_due_on', models.DateField(blank=True, null=True, verbose_name='next review')),
                ('tells_manager', models.BooleanField(default=True, verbose_name='tell the manager of acceptances')),
                ('tells_partner', models.BooleanField(default=True, verbose_name='tell the partner of acceptances')),
                ('also_tells', models.TextField(blank=True, verbose_name='tell these addresses too')),
                ('emails_invoices', models.BooleanField(default=True, verbose_name='e-mail invoices to the client')),
                ('emails_reminders', models.BooleanField(default=True, verbose_name='e-mail payment reminders to the client')),
                ('is_collected', models.BooleanField(db_default=False, default=False, help_text='Invoices and messages then say so, and nobody is reminded to pay.', verbose_name='we collect its invoices by Direct Debit')),
                ('terms_days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(365)], verbose_name='days to pay')),
                ('invoice_day', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(31)])),
                ('invoice_layout', models.CharField(blank=True, choices=[('each', 'A line for each service'), ('merged', 'One line for each VAT rate')], db_default='', default='', max_length=8, verbose_name='services on an invoice')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('aml_reviewer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('billed_to', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pays_for', to='clients.client')),
                ('manager', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('merged_into', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged_clients', to='clients.client')),
                ('partner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('group', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='members', to='clients.clientgroup')),
            ],
            options={
                'ordering': ['name_key', 'id'],
                'indexes': [models.Index(fields=['practice', 'name_key', 'id'], name='clients_by_name_key'), models.Index(fields=['practice', 'status', 'name_key', 'id'], name='clients_by_status_name'), models.Index(fields=['practice', 'group'], name='clients_of_a_group'), models.Index(condition=models.Q(('company_number', ''), _negated=True), fields=['practice', 'company_number'], name='clients_by_company_number'), models.Index(condition=models.Q(('vat_number', ''), _negated=True), fields=['practice', 'vat_number'], name='clients_by_vat_number')],
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='client_has_a_name'), models.CheckConstraint(condition=models.Q(('invoice_day__isnull', True), ('invoice_day__range', (1, 31)), _connector='OR'), name='a_clients_invoice_day_is_in_a_month'), models.CheckConstraint(condition=models.Q(('billed_to__isnull', True), models.Q(('billed_to', models.F('id')), _negated=True), _connector='OR'), name='client_is_not_billed_to_itself'), models.CheckConstraint(condition=models.Q(models.Q(('aml_status', 'cleared'), _negated=True), models.Q(('aml_reviewed_on__isnull', False), ('aml_reviewer__isnull', False)), _connector='OR'), name='a_cleared_client_has_reviewer_and_date'), models.CheckConstraint(condition=models.Q(('merged_into__isnull', True), ('status', 'archived'), _connector='OR'), name='a_merged_client_is_archived')],
            },
        ),
        migrations.CreateModel(
            name='ClientImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_name', models.CharField(max_length=120)),
                ('encoding', models.CharField(max_length=40)),
                ('delimiter', models.CharField(max_length=1)),
                ('header', models.JSONField(default=list)),
                ('sample', models.JSONField(default=list)),
                ('row_count', models.PositiveIntegerField()),
                ('mapping', models.JSONField(default=dict)),
                ('on_match', models.CharField(choices=[('update', 'Update them with what the file says'), ('skip', 'Leave them as they are')], default='update', max_length=10)),
                ('status', models.CharField(choices=[('uploaded', 'Columns to be chosen'), ('checking', 'Being checked'), ('checked', 'Ready to import'), ('importing', 'Being imported'), ('imported', 'Imported'), ('undoing', 'Being undone'), ('undone', 'Undone')], default='uploaded', max_length=10)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('imported_at', models.DateTimeField(null=True)),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='practices.job')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('started_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ClientMerge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('moved', models.JSONField(default=dict)),
                ('filled', models.JSONField(default=dict)),
                ('survivor_status', models.CharField(choices=[('lead', 'Lead'), ('active', 'Active'), ('inactive', 'Inactive'), ('archived', 'Archived')], max_length=10)),
                ('merged_status', models.CharField(choices=[('lead', 'Lead'), ('active', 'Active'), ('inactive', 'Inactive'), ('archived', 'Archived')], max_length=10)),
                ('merged_at', models.DateTimeField()),
                ('undone_at', models.DateTimeField(null=True)),
                ('merged', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.client')),
                ('merged_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('survivor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.client')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('survivor', models.F('merged')), _negated=True), name='a_client_merges_with_another')],
            },
        ),
        migrations.CreateModel(
            name='ClientSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('aml_before_acceptance', models.BooleanField(default=False, help_text="A proposal cannot be signed until the client's checks are cleared and no review is overdue.", verbose_name='no acceptance before money laundering checks')),
                ('aml_before_billing', models.BooleanField(default=False, help_text='Nothing is issued to the client until its checks are cleared and no review is overdue.', verbose_name='no invoices before money laundering checks')),
                ('import_mapping', models.JSONField(blank=True, default=dict)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice',), name='one_client_settings_for_a_practice')],
            },
        ),
        migrations.CreateModel(
            name='ClientWord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_id', models.BigIntegerField()),
                ('word', models.CharField(db_collation='C', max_length=60)),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'indexes': [models.Index(fields=['practice', 'client_id'], name='words_of_a_client')],
                'constraints': [models.UniqueConstraint(fields=('practice', 'word', 'client_id'), name='a_client_has_a_word_once')],
            },
        ),
        migrations.CreateModel(
            name='ContactPerson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50)),
                ('email', models.EmailField(blank=True, max_length=100, verbose_name='e-mail address')),
                ('email_key', models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Lower(models.F('email')), output_field=models.CharField(max_length=100))),
                ('phone', models.CharField(blank=True, max_length=30)),
                ('is_signatory', models.BooleanField(default=False, verbose_name='signs proposals')),
                ('is_primary', models.BooleanField(default=False, verbose_name='primary signatory')),
                ('receives_invoices', models.BooleanField(default=False, verbose_name='receives invoices')),
                ('has_left', models.BooleanField(default=False, editable=False)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='people', to='clients.client')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['-is_primary', '-is_signatory', 'id'],
                'indexes': [models.Index(fields=['practice', 'email_key'], name='people_by_email_key')],
                'constraints': [models.CheckConstraint(condition=models.Q(('is_signatory', False), models.Q(('email', ''), _negated=True), _connector='OR'), name='a_signatory_has_an_email_address'), models.CheckConstraint(condition=models.Q(('is_primary', False), ('is_signatory', True), _connector='OR'), name='a_primary_signatory_signs'), models.CheckConstraint(condition=models.Q(('receives_invoices', False), models.Q(('email', ''), _negated=True), _connector='OR'), name='who_receives_invoices_has_an_email_address'), models.UniqueConstraint(condition=models.Q(('is_primary', True)), fields=('practice', 'client'), name='one_primary_signatory_of_a_client')],
            },
        ),
        migrations.CreateModel(
            name='ImportPiece',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.PositiveIntegerField()),
                ('rows', models.JSONField()),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pieces', to='clients.clientimport')),
            ],
            options={
                'ordering': ['start'],
                'constraints': [models.UniqueConstraint(fields=('practice', 'source', 'start'), name='one_piece_at_a_place_of_an_import')],
            },
        ),
        migrations.CreateModel(
            name='ImportRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('name', models.CharField(max_length=120)),
                ('name_key', models.CharField(blank=True, max_length=120)),
                ('values', models.JSONField(default=dict)),
                ('verdict', models.CharField(choices=[('new', 'New'), ('update', 'Update'), ('same', 'Nothing new'), ('doubtful', 'To be decided'), ('repeated', 'Repeated in the file'), ('invalid', 'Cannot be read')], max_length=10)),
                ('message', models.CharField(blank=True, max_length=500)),
                ('choice', models.CharField(blank=True, choices=[('update', 'Update the client'), ('new', 'Import as new'), ('skip', 'Leave out')], max_length=10)),
                ('done', models.CharField(blank=True, choices=[('', 'Nothing'), ('created', 'Created'), ('updated', 'Updated')], max_length=10)),
                ('changes', models.JSONField(default=dict)),
                ('client', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='clients.client')),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('source', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='clients.clientimport')),
            ],
            options={
                'ordering': ['position'],
                'indexes': [models.Index(fields=['practice', 'source', 'verdict', 'position'], name='import_rows_by_verdict'), models.Index(fields=['practice', 'source', 'name_key'], name='import_rows_by_name')],
                'constraints': [models.UniqueConstraint(fields=('practice', 'source', 'position'), name='one_row_at_a_place_of_an_import')],
            },
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('body', models.TextField(max_length=5000, verbose_name='note')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='clients.client')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('body', ''), _negated=True), name='a_note_says_something')],
            },
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, verbose_name='tag')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(models.F('practice'), django.db.models.functions.text.Lower('name'), name='one_tag_of_a_name'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='tag_has_a_name')],
            },
        ),
        migrations.CreateModel(
            name='ClientTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='client_tags', to='clients.client')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('tag', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='client_tags', to='clients.tag')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice', 'tag', 'client'), name='a_client_has_a_tag_once')],
            },
        ),
        migrations.AddField(
            model_name='client',
            name='tags',
            field=models.ManyToManyField(related_name='clients', through='clients.ClientTag', to='clients.tag'),
        ),
        migrations.CreateModel(
            name='TwinPair',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verdict', models.PositiveSmallIntegerField()),
                ('score', models.IntegerField(default=0)),
                ('reasons', models.JSONField(default=list)),
                ('found_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('dismissed_at', models.DateTimeField(null=True)),
                ('first', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='clients.client')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('second', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='clients.client')),
            ],
            options={
                'ordering': ['-verdict', '-score', 'id'],
                'constraints': [models.UniqueConstraint(fields=('practice', 'first', 'second'), name='a_pair_of_twins_is_found_once'), models.CheckConstraint(condition=models.Q(('first__lt', models.F('second'))), name='twins_are_two_in_order')],
            },
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='file name')),
                ('content_type', models.CharField(max_length=80)),
                ('size', models.PositiveIntegerField(verbose_name='bytes')),
                ('sha256', models.CharField(max_length=64)),
                ('content', models.BinaryField()),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('added_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='clients.client')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='an_attachment_is_not_empty')],
            },
        ),
    ]
