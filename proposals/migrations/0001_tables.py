import datetime
import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import practices.tenancy
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('proposals', '0001_initial'),
        ('proposals', '0002_dates_of_this_century'),
        ('proposals', '0003_billing_rules'),
        ('proposals', '0004_letters_and_evidence'),
        ('proposals', '0005_templates_and_reminders'),
        ('proposals', '0006_shown_as'),
    ]

    initial = True

    dependencies = [
        ('clients', '0001_tables'),
        ('practices', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('services', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='BrochureBlock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=80)),
                ('body', models.TextField(max_length=20000, verbose_name='text')),
                ('is_archived', models.BooleanField(default=False, editable=False)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['title', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(editable=False)),
                ('title', models.CharField(max_length=120, verbose_name='internal name')),
                ('starts_on', models.DateField(help_text='The first day of the engagement and of recurring billing.', verbose_name='starts on')),
                ('valid_until', models.DateField(verbose_name='valid until')),
                ('message', models.TextField(blank=True, verbose_name='message to the client')),
                ('minimum_months', models.PositiveSmallIntegerField(blank=True, help_text='For information: billing does not stop by itself.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(120)], verbose_name='minimum length in months')),
                ('shows_prices', models.BooleanField(default=True, verbose_name='show the price of each service')),
                ('shows_completion_dates', models.BooleanField(default=True, verbose_name='show the dates of work billed on completion')),
                ('shows_minimum_value', models.BooleanField(default=False, verbose_name='show what the minimum length comes to')),
                ('reminds_every', models.PositiveSmallIntegerField(blank=True, help_text='Whoever has not signed is reminded by e-mail until the proposal runs out. Empty: never.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)], verbose_name='remind every so many days')),
                ('reminded_on', models.DateField(editable=False, null=True)),
                ('reminders_sent', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('review_note', models.TextField(blank=True, editable=False)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('sent', 'Awaiting signature'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('lost', 'Lost'), ('expired', 'Expired'), ('superseded', 'Superseded')], default='draft', editable=False, max_length=10)),
                ('link_version', models.PositiveIntegerField(default=0, editable=False)),
                ('document', models.JSONField(default=dict, editable=False)),
                ('document_sha256', models.CharField(blank=True, editable=False, max_length=64)),
                ('link_expires_at', models.DateTimeField(editable=False, null=True)),
                ('sent_at', models.DateTimeField(editable=False, null=True)),
                ('decided_at', models.DateTimeField(editable=False, null=True)),
                ('decline_reason', models.TextField(blank=True, editable=False)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='clients.client')),
                ('owner', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('renews', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='renewals', to='proposals.proposal')),
                ('sent_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['practice', 'status', '-id'], name='proposals_by_status')],
                'constraints': [models.UniqueConstraint(fields=('practice', 'number'), name='proposal_number_is_unique_in_the_practice'), models.CheckConstraint(condition=models.Q(('starts_on__range', (datetime.date(2000, 1, 1), datetime.date(2100, 12, 31))), ('valid_until__range', (datetime.date(2000, 1, 1), datetime.date(2100, 12, 31)))), name='proposal_dates_are_of_this_century'), models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'in_review']), models.Q(('document_sha256', ''), _negated=True), _connector='OR'), name='a_sent_proposal_has_its_fingerprint')],
            },
        ),
        migrations.CreateModel(
            name='ProposalBlock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('block', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='proposals.brochureblock')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['position', 'id'],
            },
        ),
        migrations.CreateModel(
            name='ProposalGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('billing', models.CharField(choices=[('upfront', 'On acceptance'), ('on_completion', 'On completion'), ('recurring', 'Recurring')], default='upfront', max_length=15)),
                ('every', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(120)])),
                ('period', models.CharField(blank=True, choices=[('day', 'day'), ('week', 'week'), ('month', 'month')], max_length=5)),
                ('counts_from', models.CharField(choices=[('start', "the proposal's start"), ('acceptance', 'acceptance'), ('date', 'a date')], default='start', max_length=10)),
                ('first_on', models.DateField(blank=True, null=True)),
                ('delay', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(120)])),
                ('delay_period', models.CharField(blank=True, choices=[('day', 'day'), ('week', 'week'), ('month', 'month')], max_length=5)),
                ('times', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(120)])),
                ('completes_on', models.DateField(blank=True, null=True)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('heading', models.CharField(max_length=80)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('proposal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='groups', to='proposals.proposal')),
            ],
            options={
                'ordering': ['position', 'id'],
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(models.Q(('billing', 'recurring'), ('completes_on', None), ('every__gte', 1), ('every__isnull', False), ('period__in', ['day', 'week', 'month']), models.Q(('times', None), ('times__gte', 1), _connector='OR')), models.Q(('billing', 'upfront'), ('completes_on', None), ('counts_from', 'start'), ('delay', 0), ('every', None), ('first_on', None), ('period', ''), ('times', None)), models.Q(('billing', 'on_completion'), ('counts_from', 'start'), ('delay', 0), ('every', None), ('first_on', None), ('period', ''), ('times', None)), _connector='OR'), models.Q(models.Q(('counts_from', 'date'), ('first_on__isnull', False)), models.Q(models.Q(('counts_from', 'date'), _negated=True), ('first_on', None)), _connector='OR'), models.Q(models.Q(('delay', 0), ('delay_period', '')), models.Q(('delay__gte', 1), ('delay_period__in', ['day', 'week', 'month'])), _connector='OR')), name='proposalgroup_rule_is_whole')],
            },
        ),
        migrations.CreateModel(
            name='ProposalLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('has_right_to_cancel', models.BooleanField(default=False, verbose_name='include the right to cancel')),
                ('blocks', models.ManyToManyField(related_name='+', through='proposals.ProposalBlock', to='proposals.brochureblock')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('proposal', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='letter', to='proposals.proposal')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='proposalblock',
            name='letter',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chosen', to='proposals.proposalletter'),
        ),
        migrations.CreateModel(
            name='ProposalLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('billing', models.CharField(choices=[('upfront', 'On acceptance'), ('on_completion', 'On completion'), ('recurring', 'Recurring')], default='upfront', max_length=15)),
                ('every', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(120)])),
                ('period', models.CharField(blank=True, choices=[('day', 'day'), ('week', 'week'), ('month', 'month')], max_length=5)),
                ('counts_from', models.CharField(choices=[('start', "the proposal's start"), ('acceptance', 'acceptance'), ('date', 'a date')], default='start', max_length=10)),
                ('first_on', models.DateField(blank=True, null=True)),
                ('delay', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(120)])),
                ('delay_period', models.CharField(blank=True, choices=[('day', 'day'), ('week', 'week'), ('month', 'month')], max_length=5)),
                ('times', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(120)])),
                ('completes_on', models.DateField(blank=True, null=True)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('name', models.CharField(max_length=120)),
                ('description', models.TextField(blank=True)),
                ('is_included', models.BooleanField(default=False, verbose_name='included without a price')),
                ('quantity', models.DecimalField(decimal_places=2, default=Decimal('1'), max_digits=10, validators=[django.core.validators.MinValueValidator(Decimal('0.01'))])),
                ('unit_price', models.DecimalField(decimal_places=4, max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0'))])),
                ('billing_basis', models.CharField(choices=[('fixed', 'Fixed price'), ('unit', 'Per unit'), ('minimum', 'From a minimum'), ('range', 'Range'), ('hourly', 'Per hour'), ('included', 'Included (no price)')], default='fixed', max_length=10, verbose_name='price type')),
                ('billing_mode', models.CharField(choices=[('automatic', 'Automatic'), ('manual', 'By hand')], default='automatic', max_length=10)),
                ('unit_name', models.CharField(blank=True, max_length=30)),
                ('highest_price', models.DecimalField(blank=True, decimal_places=4, max_digits=12, null=True)),
                ('discount_percent', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=5, validators=[django.core.validators.MinValueValidator(Decimal('0')), django.core.validators.MaxValueValidator(Decimal('100'))], verbose_name='discount in percent')),
                ('deposit', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0.00'))])),
                ('is_optional', models.BooleanField(default=False, verbose_name='optional add-on')),
                ('is_taken', models.BooleanField(default=True, editable=False)),
                ('shown_as', models.BigIntegerField(editable=False, null=True)),
                ('group', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='proposals.proposalgroup')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('proposal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='proposals.proposal')),
                ('replaces', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='proposals.proposalline')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='services.service')),
                ('tax_rate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='services.taxrate', verbose_name='VAT rate')),
            ],
            options={
                'ordering': ['position', 'id'],
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(models.Q(('billing', 'recurring'), ('completes_on', None), ('every__gte', 1), ('every__isnull', False), ('period__in', ['day', 'week', 'month']), models.Q(('times', None), ('times__gte', 1), _connector='OR')), models.Q(('billing', 'upfront'), ('completes_on', None), ('counts_from', 'start'), ('delay', 0), ('every', None), ('first_on', None), ('period', ''), ('times', None)), models.Q(('billing', 'on_completion'), ('counts_from', 'start'), ('delay', 0), ('every', None), ('first_on', None), ('period', ''), ('times', None)), _connector='OR'), models.Q(models.Q(('counts_from', 'date'), ('first_on__isnull', False)), models.Q(models.Q(('counts_from', 'date'), _negated=True), ('first_on', None)), _connector='OR'), models.Q(models.Q(('delay', 0), ('delay_period', '')), models.Q(('delay__gte', 1), ('delay_period__in', ['day', 'week', 'month'])), _connector='OR')), name='proposalline_rule_is_whole'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='proposal_quantity_is_positive'), models.CheckConstraint(condition=models.Q(('unit_price__gte', 0)), name='proposal_price_is_not_negative'), models.CheckConstraint(condition=models.Q(('discount_percent__gte', 0), ('discount_percent__lte', 100)), name='proposal_discount_is_a_percentage'), models.CheckConstraint(condition=models.Q(('deposit', 0), models.Q(('billing', 'on_completion'), ('deposit__gt', 0), ('is_included', False)), _connector='OR'), name='a_deposit_is_for_work_billed_on_completion'), models.CheckConstraint(condition=models.Q(('is_taken', True), ('is_optional', True), _connector='OR'), name='only_an_add_on_can_be_left_out')],
            },
        ),
        migrations.CreateModel(
            name='ProposalNumbering',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('next_number', models.PositiveIntegerField(default=1)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice',), name='one_proposal_numbering_for_a_practice')],
            },
        ),
        migrations.CreateModel(
            name='ProposalOption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('name', models.CharField(max_length=60)),
                ('description', models.CharField(blank=True, max_length=300)),
                ('shown_as', models.BigIntegerField(editable=False, null=True)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('proposal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='options', to='proposals.proposal')),
            ],
            options={
                'ordering': ['position', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('position__lt', 3)), name='a_proposal_has_three_options_at_most'), models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('practice', 'proposal', 'position'), name='one_option_at_a_position')],
            },
        ),
        migrations.AddField(
            model_name='proposalgroup',
            name='option',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='groups', to='proposals.proposaloption'),
        ),
        migrations.AddField(
            model_name='proposal',
            name='chosen_option',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='proposals.proposaloption'),
        ),
        migrations.CreateModel(
            name='ProposalSignatory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.contactperson')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('proposal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='signatories', to='proposals.proposal')),
            ],
            options={
                'ordering': ['position', 'id'],
                'constraints': [models.UniqueConstraint(fields=('practice', 'proposal', 'person'), name='one_place_for_a_signatory')],
            },
        ),
        migrations.CreateModel(
            name='ProposalTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('description', models.CharField(blank=True, max_length=200)),
                ('content', models.JSONField(default=dict, editable=False)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(models.F('practice'), django.db.models.functions.text.Lower('name'), name='one_template_of_a_name')],
            },
        ),
        migrations.CreateModel(
            name='Signature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('signed_name', models.CharField(max_length=100)),
                ('ip', models.GenericIPAddressField(null=True, verbose_name='network address')),
                ('user_agent', models.CharField(blank=True, max_length=300, verbose_name='browser')),
                ('signed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('reason', models.TextField(blank=True, verbose_name='why it was recorded for the client')),
                ('document_sha256', models.CharField(max_length=64)),
                ('drawing', models.JSONField(blank=True, default=list)),
                ('asks_early_start', models.BooleanField(default=False)),
                ('on_behalf', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('proposal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to='proposals.proposal')),
                ('signatory', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.contactperson')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('practice', 'proposal', 'signatory'), name='a_signatory_signs_once'), models.CheckConstraint(condition=models.Q(('signed_name', ''), _negated=True), name='a_signature_has_a_name'), models.CheckConstraint(condition=models.Q(models.Q(('on_behalf__isnull', True), ('reason', '')), models.Q(('on_behalf__isnull', False), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='a_signature_for_the_client_has_its_reason')],
            },
        ),
        migrations.CreateModel(
            name='SignedRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pdf', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('proposal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='records', to='proposals.proposal')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice', 'proposal'), name='one_record_of_a_proposal')],
            },
        ),
        migrations.CreateModel(
            name='Terms',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('part', models.CharField(choices=[('cover', 'Covering letter'), ('schedule', 'Schedule of services'), ('service', 'Terms of one service'), ('fees', 'Fees and payment'), ('terms', 'Standard terms'), ('privacy', 'Privacy notice'), ('cancel', 'Right to cancel'), ('disengagement', 'Disengagement letter')], default='terms', max_length=15)),
                ('version', models.PositiveIntegerField()),
                ('body', models.TextField(blank=True, max_length=100000, verbose_name='text')),
                ('review_by', models.DateField(blank=True, null=True, verbose_name='read again by')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('service', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='services.service')),
                ('written_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'terms',
                'ordering': ['-version'],
                'constraints': [models.UniqueConstraint(fields=('practice', 'part', 'service', 'version'), name='one_terms_of_a_version', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('part', 'service'), ('service__isnull', False)), models.Q(models.Q(('part', 'service'), _negated=True), ('service__isnull', True)), _connector='OR'), name='terms_of_a_service_name_it')],
            },
        ),
        migrations.AddField(
            model_name='proposal',
            name='terms',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='proposals.terms'),
        ),
        migrations.CreateModel(
            name='ProposalEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('kind', models.CharField(max_length=30)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('data', models.JSONField(default=dict)),
                ('previous_sha256', models.CharField(blank=True, max_length=64)),
                ('sha256', models.CharField(max_length=64)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('proposal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='chain', to='proposals.proposal')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('practice', 'proposal', 'number'), name='one_event_at_a_place'), models.CheckConstraint(condition=models.Q(models.Q(('number', 1), ('previous_sha256', '')), models.Q(('number__gt', 1), models.Q(('previous_sha256', ''), _negated=True)), _connector='OR'), name='only_the_first_event_follows_nothing')],
            },
        ),
        migrations.AddConstraint(
            model_name='proposalblock',
            constraint=models.UniqueConstraint(fields=('practice', 'letter', 'block'), name='a_block_stands_once_in_a_letter'),
        ),
    ]
