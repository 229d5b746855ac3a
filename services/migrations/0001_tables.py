import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import practices.tenancy
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('services', '0001_initial'),
        ('services', '0002_price_types'),
    ]

    initial = True

    dependencies = [
        ('practices', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='ServiceCategory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='category')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'verbose_name_plural': 'service categories',
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(models.F('practice'), django.db.models.functions.text.Lower('name'), name='one_category_of_a_name')],
            },
        ),
        migrations.CreateModel(
            name='TaxRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('vat_code', models.CharField(choices=[('standard', 'Standard'), ('reduced', 'Reduced'), ('zero', 'Zero'), ('exempt', 'Exempt'), ('outside_scope', 'Outside the scope of VAT')], max_length=15, verbose_name='VAT treatment')),
                ('status', models.CharField(choices=[('active', 'Active'), ('archived', 'Archived')], default='active', max_length=10)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(models.F('practice'), django.db.models.functions.text.Lower('name'), name='one_tax_rate_of_a_name')],
            },
        ),
        migrations.CreateModel(
            name='Service',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='service')),
                ('description', models.TextField(blank=True)),
                ('billing_basis', models.CharField(choices=[('fixed', 'Fixed price'), ('unit', 'Per unit'), ('minimum', 'From a minimum'), ('range', 'Range'), ('hourly', 'Per hour'), ('included', 'Included (no price)')], default='fixed', max_length=10, verbose_name='price type')),
                ('unit_name', models.CharField(blank=True, help_text='What is counted, in the singular: employee, return, site.', max_length=30, verbose_name='unit')),
                ('billing_mode', models.CharField(choices=[('automatic', 'Automatic'), ('manual', 'By hand')], default='automatic', max_length=10, verbose_name='billing')),
                ('terms', models.TextField(blank=True, verbose_name='terms of this service')),
                ('status', models.CharField(choices=[('active', 'Active'), ('archived', 'Archived')], default='active', max_length=10)),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('category', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='services', to='services.servicecategory')),
                ('tax_rate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='services', to='services.taxrate', verbose_name='VAT rate')),
            ],
            options={
                'ordering': ['name', 'id'],
                'indexes': [models.Index(fields=['practice', 'status', 'name'], name='services_by_status')],
                'constraints': [models.UniqueConstraint(models.F('practice'), django.db.models.functions.text.Lower('name'), name='one_service_of_a_name')],
            },
        ),
        migrations.CreateModel(
            name='VatSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('charges_vat', models.BooleanField(default=True, help_text='Without it no VAT is shown or charged anywhere.', verbose_name='the practice is registered for VAT')),
                ('shown', models.CharField(choices=[('exclusive', 'Before VAT'), ('inclusive', 'Including VAT')], default='exclusive', max_length=10, verbose_name='prices are shown')),
                ('label', models.CharField(default='VAT', max_length=12, verbose_name='name of the tax')),
                ('default_tax_rate', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='services.taxrate', verbose_name='default VAT rate')),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice',), name='one_vat_settings_for_a_practice')],
            },
        ),
        migrations.CreateModel(
            name='Price',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('unit_price', models.DecimalField(decimal_places=4, help_text='Before VAT.', max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0'))])),
                ('highest_price', models.DecimalField(blank=True, decimal_places=4, help_text='Before VAT.', max_digits=12, null=True, verbose_name='up to')),
                ('effective_from', models.DateField()),
                ('practice', models.ForeignKey(default=practices.tenancy.practice_of_new_rows, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practices.practice')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prices', to='services.service')),
            ],
            options={
                'ordering': ['-effective_from', '-id'],
                'constraints': [models.UniqueConstraint(fields=('practice', 'service', 'effective_from'), name='one_price_for_a_day'), models.CheckConstraint(condition=models.Q(('unit_price__gte', 0)), name='price_is_not_negative'), models.CheckConstraint(condition=models.Q(('highest_price__isnull', True), ('highest_price__gt', models.F('unit_price')), _connector='OR'), name='a_range_goes_up')],
            },
        ),
    ]
