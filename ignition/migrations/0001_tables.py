import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import practices.tenancy
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('ignition', '0002_personal_data'),
        ('ignition', '0003_first_run'),
        ('ignition', '0005_plural_words'),
        ('ignition', '0006_arrivals'),
    ]

    initial = True

    dependencies = [
        ('clients', '0001_tables'),
        ('practices', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PracticeArrival',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_name', models.CharField(max_length=200)),
                ('exported_at', models.CharField(max_length=40)),
                ('counts', models.JSONField(default=list)),
                ('people', models.JSONField(default=list)),
                ('uploaded_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('status', models.CharField(choices=[('checked', 'Checked, nothing is written yet'), ('waiting', 'Waits for a worker'), ('done', 'Taken in'), ('stopped', 'Stopped, nothing was written')], default='checked', max_length=10)),
                ('failure', models.TextField(blank=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('uploaded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice',), name='a_practice_arrives_once')],
            },
        ),
        migrations.CreateModel(
            name='ArrivalPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('arrival', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='ignition.practicearrival')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('practice', 'arrival', 'position'), name='one_part_at_a_position')],
            },
        ),
        migrations.CreateModel(
            name='RetentionSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('documents_years', models.PositiveSmallIntegerField(default=6, help_text="The law asks for six years after the last one. Only then do an erased client's name and address go.", validators=[django.core.validators.MinValueValidator(6), django.core.validators.MaxValueValidator(20)], verbose_name='years to keep invoices and signed documents')),
                ('mail_months', models.PositiveSmallIntegerField(default=24, help_text='That a message was sent, to whom and when, stays.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(240)], verbose_name='months to keep the text of sent messages')),
                ('work_months', models.PositiveSmallIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)], verbose_name='months to keep imported files and lists of finished work')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'verbose_name_plural': 'retention settings',
                'constraints': [models.UniqueConstraint(fields=('practice',), name='one_retention_settings_for_a_practice'), models.CheckConstraint(condition=models.Q(('documents_years__gte', 6)), name='documents_are_kept_as_long_as_the_law_asks')],
            },
        ),
        migrations.CreateModel(
            name='ClientErasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=200)),
                ('erased_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('keep_until', models.DateField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('client', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.client')),
                ('erased_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('finished_at', None)), fields=['practice', 'keep_until'], name='erasures_to_finish')],
            },
        ),
        migrations.CreateModel(
            name='FirstRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('skipped', models.JSONField(default=list)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice',), name='one_first_run_for_a_practice')],
            },
        ),
    ]
