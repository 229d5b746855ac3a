"""django-silver 0.11.1 (Apache-2.0) at the bills of `./dev bench billing`: what a peer costs on this machine, now.

Run by an interpreter that has it, which is none of ours:

    python -m venv PEER && PEER/bin/pip install django-silver==0.11.1 psycopg2-binary typing_extensions

As many customers have one monthly subscription each, of a plan for 120.00 with a metered feature of 45.53; each gets an
invoice of these two lines with VAT of 20 %, drafted by its generator and issued. Only that is measured.
"""

import json
import os
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection

BILLED, BEGAN, ENDED = date(2026, 11, 1), date(2026, 10, 1), date(2026, 10, 31)
GROSS = Decimal("198.64")
#: Tables of its own, made by the owner of the database's schemas.
SCHEMA = "peer"


def main(customers: int) -> None:
    """Print the CPU milliseconds of an invoice, the server's share included, as one line of JSON."""
    _set_up(os.environ["DATABASE_URL"])
    _populate(customers)
    used = _cpu_seconds()
    _bill()
    used = _cpu_seconds() - used
    print(json.dumps({"invoices": customers, "cpu_ms_per_invoice": round(used / customers * 1000, 3)}))


def _set_up(url: str) -> None:
    parts = urlsplit(url)
    options = f"-c search_path={SCHEMA} -c role={os.environ['OWNER_ROLE']}"
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "HOST": parts.hostname,
        "PORT": parts.port,
        "USER": parts.username,
        "PASSWORD": parts.password,
        "OPTIONS": {"options": options},
    }
    settings.configure(
        SECRET_KEY="of a measurement",  # noqa: S106 - signs nothing
        INSTALLED_APPS=[
            *("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"),
            *(
                "django.contrib.admin",
                "django.contrib.messages",
                "dal",
                "dal_select2",
                "rest_framework",
                "silver",
            ),
        ],
        DATABASES={"default": database},
        # The words of each line are drawn from one of its templates.
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        PAYMENT_PROCESSORS={},
        SILVER_AUTOMATICALLY_CREATE_TRANSACTIONS=False,
        ROOT_URLCONF="silver.urls",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )
    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)


def _populate(customers: int) -> None:
    silver = _models()
    address = {"address_1": "1 Quay Street", "city": "Bristol", "country": "GB"}
    provider = silver.Provider.objects.create(
        name="Provider",
        company="Provider",
        flow="invoice",
        invoice_series="INV",
        invoice_starting_number=1,
        **address,
    )
    code, metered = (silver.ProductCode.objects.create(value=value) for value in ("plan", "metered"))
    feature = silver.MeteredFeature.objects.create(
        name="Payroll", unit="unit", price_per_unit=Decimal("45.53"), included_units=0, product_code=metered
    )
    plan = silver.Plan.objects.create(
        name="Bookkeeping",
        interval="month",
        interval_count=1,
        amount=Decimal("120.00"),
        currency="GBP",
        generate_after=0,
        prebill_plan=False,
        product_code=code,
        provider=provider,
    )
    plan.metered_features.add(feature)
    for number in range(customers):
        customer = silver.Customer.objects.create(
            first_name="Client",
            last_name=str(number),
            currency="GBP",
            sales_tax_name="VAT",
            sales_tax_percent=Decimal("20.00"),
            consolidated_billing=False,
            **address,
        )
        subscription = silver.Subscription.objects.create(plan=plan, customer=customer, start_date=BEGAN)
        subscription.activate(start_date=BEGAN)
        subscription.save()
        silver.MeteredFeatureUnitsLog.objects.create(
            subscription=subscription,
            metered_feature=feature,
            consumed_units=1,
            start_date=BEGAN,
            end_date=ENDED,
        )


def _bill() -> None:
    from silver.documents_generator import DocumentsGenerator  # noqa: PLC0415

    DocumentsGenerator().generate(billing_date=BILLED)
    for invoice in _models().Invoice.objects.filter(state="draft"):
        invoice.issue()
        invoice.save()
        # With a line more or less, or another rate, it would be other work.
        assert invoice.total == GROSS, invoice.total  # noqa: S101


def _models() -> Any:
    """Its models; imported once Django is set up."""
    from silver import models  # noqa: PLC0415

    return models


def _cpu_seconds() -> float:
    """CPU seconds of this process and of the one that answers it in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    told = Path(f"/proc/{backend}/schedstat").read_text()
    return time.process_time() + int(told.split()[0]) / 1e9


if __name__ == "__main__":
    main(int(sys.argv[1]))
