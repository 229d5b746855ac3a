import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import practices.colours
import practices.fields
import practices.tenancy
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('practices', '0001_initial'),
        ('practices', '0003_jobs'),
        ('practices', '0005_roles'),
        ('practices', '0006_second_factor_for_owners'),
        ('practices', '0007_saved_views'),
        ('practices', '0008_api_keys'),
        ('practices', '0009_mail_and_profile'),
        ('practices', '0010_webhooks'),
        ('practices', '0012_demo'),
        ('practices', '0014_full_export'),
        ('practices', '0015_roles_of_invoicing'),
        ('practices', '0016_invitations_again'),
        ('practices', '0017_sealed_answers'),
        ('practices', '0018_sender_of_messages'),
        ('practices', '0019_weekly_summary'),
        ('practices', '0020_api_key_words'),
        ('practices', '0021_lean_audit_entries'),
        ('practices', '0022_rows_that_follow'),
        ('practices', '0023_plurals'),
    ]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail address')),
                ('name', models.CharField(blank=True, max_length=100)),
                ('is_staff', models.BooleanField(default=False, verbose_name='operator of the service')),
                ('is_active', models.BooleanField(default=True)),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='one_user_for_an_email_address')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40)),
                ('title', models.CharField(max_length=120)),
                ('right', models.CharField(max_length=40)),
                ('parameters', models.JSONField(default=dict)),
                ('status', models.CharField(choices=[('queued', 'Waiting'), ('running', 'Running'), ('done', 'Finished'), ('cancelled', 'Cancelled'), ('failed', 'Stopped')], default='queued', max_length=10)),
                ('total', models.PositiveIntegerField()),
                ('done', models.PositiveIntegerField(default=0)),
                ('skipped', models.PositiveIntegerField(default=0)),
                ('needs_you', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('started_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('done__lte', models.F('total'))), name='job_does_no_more_than_its_rows')],
            },
        ),
        migrations.CreateModel(
            name='Practice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='practice name')),
                ('slug', models.SlugField(unique=True)),
                ('country', models.CharField(default='GB', max_length=2)),
                ('currency', models.CharField(default='GBP', max_length=3)),
                ('vat_number', models.CharField(blank=True, max_length=20, verbose_name='VAT number')),
                ('invoice_day', models.PositiveSmallIntegerField(default=1, help_text='The day of the month that recurring invoices are dated; the last day where a month is shorter.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(31)])),
                ('time_zone', models.CharField(default='Europe/London', max_length=50)),
                ('plan', models.CharField(blank=True, max_length=40)),
                ('owners_need_second_factor', models.BooleanField(default=False, help_text='Owners then sign in with an authenticator app or a passkey as well as their password.', verbose_name='owners need a second factor')),
                ('is_demo', models.BooleanField(db_default=False, default=False, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('invoice_day__range', (1, 31))), name='invoice_day_is_in_a_month')],
            },
        ),
        migrations.CreateModel(
            name='OutgoingEmail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(max_length=120)),
                ('to', models.EmailField(max_length=254)),
                ('subject', models.CharField(max_length=200)),
                ('text', models.TextField()),
                ('html', models.TextField(blank=True)),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('sending', 'Sending'), ('sent', 'Sent'), ('failed', 'Not sent')], default='queued', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('not_before', models.DateTimeField(default=django.utils.timezone.now)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('sent_at', models.DateTimeField(null=True)),
                ('failure', models.TextField(blank=True)),
                ('kind', models.CharField(blank=True, max_length=60)),
                ('from_name', models.CharField(blank=True, max_length=100)),
                ('reply_to', models.EmailField(blank=True, max_length=254)),
                ('repeats', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='repeated', to='practices.outgoingemail')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('status', 'queued')), fields=['practice', 'not_before'], name='emails_to_send')],
                'constraints': [models.UniqueConstraint(fields=('practice', 'event'), name='one_email_for_an_event')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Manager'), ('staff', 'Staff'), ('preparer', 'Invoice preparer'), ('invoicer', 'Invoicer'), ('accounts', 'Accounting contact'), ('apprentice', 'Apprentice'), ('read_only', 'Read only')], max_length=10)),
                ('joined_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('gets_weekly_summary', models.BooleanField(db_default=True, default=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='practices.practice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice', 'user'), name='one_membership_in_a_practice')],
            },
        ),
        migrations.CreateModel(
            name='MailWording',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60)),
                ('subject', models.CharField(max_length=150)),
                ('body', models.TextField(max_length=20000, verbose_name='message')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice', 'kind'), name='one_wording_for_a_kind')],
            },
        ),
        migrations.CreateModel(
            name='JobRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('label', models.CharField(max_length=200)),
                ('outcome', models.CharField(choices=[('done', 'Done'), ('skipped', 'Left out'), ('needs_you', 'Needs you'), ('failed', 'Failed')], max_length=10)),
                ('message', models.CharField(blank=True, max_length=500)),
                ('url', models.CharField(blank=True, max_length=300)),
                ('follows', models.BigIntegerField(null=True)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='practices.job')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['position'],
                'indexes': [models.Index(fields=['practice', 'job', 'outcome', 'position'], name='rows_of_a_job_by_outcome'), models.Index(condition=models.Q(('follows__isnull', False)), fields=['practice', 'job', 'follows'], name='rows_that_follow')],
                'constraints': [models.UniqueConstraint(fields=('practice', 'job', 'position'), name='one_outcome_for_a_row_of_a_job')],
            },
        ),
        migrations.AddField(
            model_name='job',
            name='practice',
            field=models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice'),
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Manager'), ('staff', 'Staff'), ('preparer', 'Invoice preparer'), ('invoicer', 'Invoicer'), ('accounts', 'Accounting contact'), ('apprentice', 'Apprentice'), ('read_only', 'Read only')], default='staff', max_length=10)),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('invited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='IdempotentAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('request_sha256', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('body', practices.fields.SealedTextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice', 'key'), name='one_answer_for_an_idempotency_key')],
            },
        ),
        migrations.CreateModel(
            name='EmailAttachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='file name')),
                ('content_type', models.CharField(default='application/pdf', max_length=60)),
                ('content', models.BinaryField()),
                ('email', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='practices.outgoingemail')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(max_length=60)),
                ('subject_type', models.CharField(max_length=60)),
                ('subject_id', models.BigIntegerField(null=True)),
                ('data', models.JSONField(default=dict)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(db_index=False, default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'verbose_name_plural': 'audit entries',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['practice', 'subject_type', 'subject_id', '-id'], name='audit_of_a_subject')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='What uses it, such as “Client portal”.', max_length=60)),
                ('prefix', models.CharField(max_length=12, unique=True)),
                ('secret_sha256', models.CharField(max_length=64)),
                ('scopes', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to='practices.practice')),
            ],
            options={
                'verbose_name': 'API key',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='PracticeExport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('tables', models.JSONField(default=list)),
                ('finished_at', models.DateTimeField(null=True)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='practices.job')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ExportPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('table', models.CharField(max_length=60)),
                ('position', models.PositiveIntegerField()),
                ('path', models.CharField(blank=True, max_length=120)),
                ('rows', models.PositiveIntegerField(default=0)),
                ('content', models.BinaryField()),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('export', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='practices.practiceexport')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('practice', 'export', 'table', 'position'), name='one_export_part_at_a_place'), models.CheckConstraint(condition=models.Q(('path', ''), ('rows', 0), _connector='OR'), name='an_export_part_is_rows_or_a_file')],
            },
        ),
        migrations.CreateModel(
            name='PracticeProfile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.TextField(blank=True, max_length=400)),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='telephone')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail address for clients')),
                ('website', models.URLField(blank=True)),
                ('company_number', models.CharField(blank=True, max_length=20)),
                ('principal', models.CharField(blank=True, max_length=100)),
                ('supervisory_body', models.CharField(blank=True, max_length=150)),
                ('membership_number', models.CharField(blank=True, max_length=40, verbose_name='firm or membership number')),
                ('region', models.CharField(blank=True, choices=[('england_and_wales', 'England and Wales'), ('scotland', 'Scotland'), ('northern_ireland', 'Northern Ireland'), ('ireland', 'Ireland')], max_length=20, verbose_name='law of')),
                ('insurer', models.CharField(blank=True, max_length=150, verbose_name='professional indemnity insurer')),
                ('insurer_address', models.TextField(blank=True, max_length=400, verbose_name="insurer's address")),
                ('insured_territory', models.CharField(blank=True, max_length=150, verbose_name='where the cover applies')),
                ('complaints_officer', models.CharField(blank=True, max_length=100, verbose_name='who handles complaints')),
                ('data_protection_officer', models.CharField(blank=True, max_length=100, verbose_name='who answers for personal data')),
                ('data_protection_number', models.CharField(blank=True, max_length=40, verbose_name='data protection registration')),
                ('brand_colour', models.CharField(default='#a8410e', max_length=7, validators=[practices.colours.readable_colour])),
                ('reply_to', models.EmailField(blank=True, max_length=254, verbose_name='answers go to')),
                ('sender_name', models.CharField(blank=True, db_default='', default='', max_length=80, verbose_name='messages come from')),
                ('sends_plain_text', models.BooleanField(db_default=False, default=False, verbose_name='send messages as plain text')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice',), name='one_profile_for_a_practice')],
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('list', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=40, verbose_name='view')),
                ('query', models.CharField(blank=True, max_length=2000)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(fields=('practice', 'user', 'list', 'name'), name='one_view_of_a_name')],
            },
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500, verbose_name='address')),
                ('events', models.JSONField(default=list)),
                ('secret', practices.fields.SealedTextField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('removed_at', models.DateTimeField(null=True)),
                ('strikes', models.PositiveIntegerField(default=0)),
                ('paused_until', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.CharField(max_length=40)),
                ('event', models.CharField(max_length=40)),
                ('body', models.TextField()),
                ('status', models.CharField(choices=[('pending', 'Waiting'), ('delivered', 'Delivered'), ('failed', 'Given up')], default='pending', max_length=10)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('not_before', models.DateTimeField(default=django.utils.timezone.now)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('give_up_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('answer_status', models.PositiveSmallIntegerField(null=True)),
                ('failure', models.CharField(blank=True, max_length=300)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='practices.webhookendpoint')),
            ],
            options={
                'verbose_name_plural': 'webhook deliveries',
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('status', 'pending')), fields=['practice', 'not_before'], name='webhooks_to_send'), models.Index(fields=['practice', 'endpoint', '-id'], name='webhooks_of_an_endpoint')],
                'constraints': [models.UniqueConstraint(fields=('practice', 'endpoint', 'message_id'), name='one_delivery_of_a_message_to_an_endpoint')],
            },
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('status__in', ['queued', 'running'])), fields=['practice', 'id'], name='jobs_to_do'),
        ),
    ]
