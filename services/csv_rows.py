"""The price list as a CSV file, out and in again: by name, prices added and never edited."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.urls import reverse

from practices.csv_files import format_of, harmed, header_of, open_rows
from practices.errors import DomainError
from practices.job_models import Job
from practices.jobs import Outcome, runs, start_job
from practices.permissions import Can
from practices.remembered import acting_practice
from services.errors import NotAServiceFile, TooManyServices
from services.forms import ServiceForm
from services.models import Service, TaxRate
from services.operations import add_service, amend_service, category_named, reprice_service
from services.queries import default_tax_rate, price_on, with_price

IMPORT = "services.import"
MOST = 5_000
#: What a column is called, and the field of a service it holds.
COLUMNS = {
    "Service": "name",
    "Category": "category_name",
    "Price type": "billing_basis",
    "Unit": "unit_name",
    "Price before VAT": "unit_price",
    "Up to": "highest_price",
    "VAT rate": "tax_rate",
    "Billing": "billing_mode",
    "Description": "description",
    "Terms": "terms",
}
PRICES = {"unit_price", "highest_price"}
Row = dict[str, str]


def exported(services: Iterable[Service]) -> Iterable[Sequence[Any]]:
    """The cells of each service in the order of `COLUMNS`; the services come with price, category and VAT rate."""
    for service in services:
        price: Any = service
        yield [
            service.name,
            service.category or "",
            service.get_billing_basis_display(),
            service.unit_name,
            _figure(price.unit_price),
            _figure(price.highest_price),
            service.tax_rate.name,
            service.get_billing_mode_display(),
            service.description,
            service.terms,
        ]


def _figure(price: Decimal | None) -> str:
    return "" if price is None else f"{price.normalize():f}"


def rows_in(file: Any) -> list[Row]:
    """The rows of a file by field; raises what `practices.csv_files` does, `NotAServiceFile` or `TooManyServices`."""
    with open_rows(file, format_of(file)) as lines:
        header = [name.strip().casefold() for name in header_of(lines)]
        places = {
            field: header.index(title.casefold())
            for title, field in COLUMNS.items()
            if title.casefold() in header
        }
        if "name" not in places:
            raise NotAServiceFile(header)
        rows = []
        for line in lines:
            row = {field: harmed(line[place]) for field, place in places.items() if place < len(line)}
            for field in PRICES & row.keys():
                row[field] = row[field].removeprefix("£").replace(",", "")
            if row.get("name"):
                rows.append(row)
            if len(rows) > MOST:
                raise TooManyServices(MOST)
    if not rows:
        raise NotAServiceFile(header)
    return rows


def start_import(rows: Sequence[Row]) -> Job:
    """The job that adds what is new and changes what is here already, each row with its outcome."""
    return start_job(
        IMPORT,
        f"Import {len(rows)} service{'' if len(rows) == 1 else 's'}",
        total=len(rows),
        right=Can.MANAGE_SERVICES,
        parameters={"rows": list(rows)},
    )


@runs(IMPORT, chunk=50)
def import_rows(job: Job, start: int, stop: int) -> list[Outcome]:
    """Add or change the next services; a row that cannot be taken says why and keeps no other."""
    today = acting_practice().today()
    return [_imported(row, today) for row in job.parameters["rows"][start:stop]]


def _imported(row: Row, today: date) -> Outcome:
    service = Service.objects.filter(name__iexact=row["name"]).first()
    try:
        data = _data_of(row, service, today)
    except DomainError as problem:
        return Outcome(row["name"], "failed", problem.message)
    form = ServiceForm(data, instance=service)
    if not form.is_valid():
        words = " ".join(
            f"{form.fields[name].label}: {' '.join(str(each) for each in found)}"
            for name, found in form.errors.items()
            if name in form.fields
        )
        return Outcome(row["name"], "failed", words)
    try:
        with transaction.atomic():
            service, done = _kept(form, data, is_new=service is None, today=today)
    except DomainError as problem:
        return Outcome(row["name"], "failed", problem.message)
    url = reverse("services:service-detail", args=[acting_practice().slug, service.pk])
    return Outcome(service.name, "done", done, url)


def _data_of(row: Row, service: Service | None, today: date) -> dict[str, Any]:
    """The row as the form of a service takes it; what the file does not hold stays as it is, or is usual."""
    rate = (
        TaxRate.objects.offered().filter(name__iexact=row["tax_rate"]).first()
        if row.get("tax_rate")
        else None
    )
    if row.get("tax_rate") and rate is None:
        raise NotAServiceFile(
            message=f"There is no VAT rate called “{row['tax_rate'][:40]}” here. Add it first."
        )
    usual = rate or (service.tax_rate if service else default_tax_rate())
    known = (
        {name: getattr(service, name) for name in ("unit_name", "description", "terms")} if service else {}
    )
    return {
        **known,
        "category_name": service.category if service else "",
        **row,
        "billing_basis": _choice(row, "billing_basis", Service.BillingBasis, service),
        "billing_mode": _choice(row, "billing_mode", Service.BillingMode, service),
        "tax_rate": usual.pk if usual else None,
        "unit_price": row.get("unit_price") or (_figure(price_on(service, today)) if service else ""),
    }


def _choice(row: Row, field: str, choices: Any, service: Service | None) -> str:
    said = row.get(field, "").strip()
    if not said:
        return str(getattr(service, field) if service else choices.values[0])
    by_label = {label.casefold(): value for value, label in choices.choices}
    return str(by_label.get(said.casefold(), said))


def _kept(form: ServiceForm, data: dict[str, Any], *, is_new: bool, today: date) -> tuple[Service, str]:
    entered: Service = form.save(commit=False)
    entered.category = category_named(form.cleaned_data["category_name"])
    if is_new:
        prices = {name: form.cleaned_data[name] for name in ("unit_price", "highest_price")}
        return add_service(entered, effective_from=today, **prices), "Added"
    service = amend_service(entered)
    price, highest = _decimal(data["unit_price"]), _decimal(data.get("highest_price", ""))
    known: Any = with_price(Service.objects.filter(pk=service.pk), today).get()
    if price is None or (price, highest) == (known.unit_price, known.highest_price):
        return service, "Changed"
    reprice_service(service, unit_price=price, highest_price=highest, effective_from=today)
    return service, f"Changed, with a new price from today: {price:f}"


def _decimal(text: str) -> Decimal | None:
    """The price of a cell, None for an empty one; raises `NotAServiceFile` for what is no price."""
    if not text:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation as error:
        raise NotAServiceFile(message=f"“{text[:20]}” is no price.") from error
    if not price.is_finite() or price < 0 or price >= 10**8 or price != round(price, 4):
        raise NotAServiceFile(message=f"“{text[:20]}” is no price: not below 0, four decimal places at most.")
    return price
