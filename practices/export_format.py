"""What a full export holds and how a row is written: docs/export-format.md, version 1.

The tables follow from the models, so a new table is exported without anybody thinking of it; what is left out is
named here.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import models

from practices.fields import SealedTextField
from practices.isolation import tenant_models
from practices.tenancy import TenantModel

FORMAT = "ignition-practice-export"
VERSION = 1
#: Tables that stay: worked out anew from others, a secret each, or about exports themselves.
LEFT_OUT = {
    "clients.clientword": "the search index, worked out from clients and people",
    "ignition.practicearrival": "files of practices that arrive here",
    "ignition.arrivalpart": "files of practices that arrive here",
    "invoicing.invoicetally": "sums, worked out from invoices",
    "invoicing.tallycheck": "when those sums were held against the invoices",
    "practices.changemark": "which tables changed, by transactions of this database",
    "practices.idempotentanswer": "answers kept for repeats of requests",
    "practices.practiceexport": "exports themselves",
    "practices.exportpart": "exports themselves",
    "sage_integration.authorisation": "sign-ins to Sage under way",
}
#: What `people.ndjson` says of a member; of who is none, nothing.
OF_A_MEMBER = ("role", "gets_weekly_summary")
#: JSON columns that point to rows here, and to which. `ignition.moving_in.references` gives those their new ids.
JSON_WITH_IDS = {
    "clients.clientmerge.filled": "users",
    "clients.clientmerge.moved": "rows that moved, by their table",
    "clients.importrow.changes": "users",
    "invoicing.billingrun.refused": "clients",
    "invoicing.invoicerevision.particulars": "services, VAT rates",
    "invoicing.servicechange.after": "services",
    "invoicing.servicechange.before": "services",
    "practices.auditentry.data": "what the entry is about, by name",
    "practices.job.parameters": "what the work is about, by name",
    "proposals.proposaltemplate.content": "services, VAT rates",
    "sage_integration.clientchoices.accounts": "services, as keys",
    "sage_integration.clientchoices.rates": "VAT rates, as keys",
    "sage_integration.copychoices.lines": "services, VAT rates",
    "sage_integration.sagecontact.candidates": "clients",
    "sage_integration.sagecontact.twins": "contacts of Sage kept here",
}
#: JSON columns that are evidence: whatever ids they hold are those of that day, and they travel as they are.
JSON_AS_IT_WAS = {
    "proposals.proposal.document",
    "proposals.proposalevent.data",
    "proposals.signature.drawing",
}
#: JSON columns without any id of ours; what Sage calls its things is no id of ours.
JSON_WITHOUT_IDS = {
    "clients.clientimport.header",
    "clients.clientimport.mapping",
    "clients.clientimport.sample",
    "clients.clientsettings.import_mapping",
    "clients.importpiece.rows",
    "clients.importrow.values",
    "clients.twinpair.reasons",
    "ignition.firstrun.skipped",
    "invoicing.invoicingsettings.reminder_days",
    "invoicing.monthsignoff.figures",
    "invoicing.payment.drawn",
    "invoicing.servicechange.told",
    "practices.webhookendpoint.events",
    "sage_integration.adoptionoffer.evidence",
    "sage_integration.sageconnection.health",
    "sage_integration.sageconnection.steps_read",
    "sage_integration.sagelink.copied",
    "sage_integration.sagelink.seen",
    "sage_integration.synccursor.seen",
    "sage_integration.syncrun.counts",
}
#: Columns of text that name rows by their ids and are evidence too: what was sent stays as it was sent.
TEXT_AS_IT_WAS = {
    "practices.outgoingemail.html",
    "practices.outgoingemail.text",
    "practices.webhookdelivery.body",
}
#: Rows read, written and stored at a time.
AT_ONCE = 2000


@dataclass(slots=True)
class Written:
    """One row as JSON, and the files it names with their contents, by path in the archive."""

    row: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)


def label_of(model: type[models.Model]) -> str:
    """`invoicing.invoiceline`: the table's name in the file."""
    return model._meta.label_lower


def exported_models() -> list[type[TenantModel]]:
    """Every table that is exported, each after those its keys point to, as far as keys do not go round."""
    wanted = {label_of(model): model for model in tenant_models() if label_of(model) not in LEFT_OUT}
    order: list[type[TenantModel]] = []
    under_way: set[str] = set()

    def add(label: str) -> None:
        if label not in wanted or wanted[label] in order or label in under_way:
            return
        under_way.add(label)
        for target in _targets(wanted[label]):
            add(target)
        order.append(wanted[label])

    for label in sorted(wanted):
        add(label)
    return order


def _targets(model: type[TenantModel]) -> list[str]:
    keys = [each for each in model._meta.concrete_fields if isinstance(each, models.ForeignKey)]
    return sorted({label_of(each.related_model) for each in keys} - {label_of(model)})


def columns_of(model: type[models.Model]) -> list["models.Field[Any, Any]"]:
    """The columns that are exported: all but secrets, what the database works out, and the practice."""
    return [
        each
        for each in model._meta.concrete_fields
        if not isinstance(each, SealedTextField) and not each.generated and each.name != "practice"
    ]


def left_out_of(model: type[models.Model]) -> list[str]:
    """The names of the columns that are secrets."""
    return [each.attname for each in model._meta.concrete_fields if isinstance(each, SealedTextField)]


def describe_columns(model: type[models.Model], known: Collection[str]) -> list[dict[str, Any]]:
    """Name, type and, of a key, the table it points to, and whether that one comes later; for the manifest."""
    described: list[dict[str, Any]] = []
    for each in columns_of(model):
        said: dict[str, Any] = {"name": each.attname, "type": each.get_internal_type()}
        if isinstance(each, models.ForeignKey):
            said["references"] = label_of(each.related_model)
            if said["references"] not in known:
                said["later"] = True
        described.append(said)
    return described


def rows_of(model: type[TenantModel], last: int) -> Iterator[Written]:
    """The acting practice's rows up to an id, oldest first, streamed."""
    columns = columns_of(model)
    names = [each.attname for each in columns]
    binary = {each.attname for each in columns if isinstance(each, models.BinaryField)}
    # Rows with files are read a few at a time: a file may be ten megabytes.
    at_once = 10 if binary else AT_ONCE
    rows = model.objects.filter(pk__lte=last).order_by("pk").values_list(*names)
    for values in rows.iterator(chunk_size=at_once):
        yield written(label_of(model), dict(zip(names, values, strict=True)), binary)


def written(label: str, values: dict[str, Any], binary: set[str]) -> Written:
    """A row with its values as JSON has them; binary ones become files that the row names."""
    files: dict[str, bytes] = {}
    row = {}
    for name, value in values.items():
        if name in binary and value is not None:
            path = f"files/{label}/{values['id']}-{name}"
            files[path] = bytes(value)
            row[name] = {"file": path, "bytes": len(files[path])}
        else:
            row[name] = plain(value)
    return Written(row, files)


def plain(value: Any) -> Any:
    """The value as JSON: amounts and dates as text that loses nothing, everything else as it is."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value
