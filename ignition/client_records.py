"""Everything that is kept about one client, found by the keys of the tables, so that a new table is never forgotten."""

import io
import json
import zipfile
from typing import Any

from django.db import models
from django.db.models import Q

from clients.models import Client, ContactPerson
from invoicing.models import CreditNote, Invoice
from ledger.models import Posting
from practices.export_format import exported_models, label_of, written
from practices.fields import SealedTextField
from practices.isolation import same_practice_keys
from practices.models import AuditEntry, EmailAttachment, OutgoingEmail
from practices.tenancy import TenantModel

Found = dict[type[TenantModel], set[int]]
#: Of which document a posting is, by the first word of its kind.
SUBJECTS: dict[str, type[TenantModel]] = {"contact": Client, "invoice": Invoice, "credit_note": CreditNote}


def rows_about(client: Client) -> Found:
    """Ids of every row that belongs to the client, by table: what points to it, and what points to that."""
    found: Found = {Client: {client.pk}}
    for model in exported_models():
        if model is Client:
            continue
        if model is Posting:
            ids = _postings(found)
        elif model is OutgoingEmail:
            ids = set(mails_to(client).values_list("pk", flat=True))
        else:
            ids = _pointing(model, found)
        if ids:
            found[model] = ids
    found[AuditEntry] = _trail(found)
    return found


def mails_to(client: Client) -> models.QuerySet[OutgoingEmail]:
    """Messages to the client's people and addresses."""
    people = ContactPerson.objects.filter(client=client).exclude(email="")
    addresses: models.QuerySet[OutgoingEmail] = OutgoingEmail.objects.filter(
        to__in=list(people.values_list("email", flat=True))
    )
    return addresses


def _pointing(model: type[TenantModel], found: Found) -> set[int]:
    """Rows with a key to what was found; keys of a table to itself lead to other documents, not to this client."""
    keys = [
        key
        for key in same_practice_keys(model)
        if key.related_model in found and key.related_model is not model
    ]
    if not keys:
        return set()
    wanted = Q()
    for key in keys:
        wanted |= Q(**{f"{key.name}__in": found[key.related_model]})  # type: ignore[index]  # tenant tables all
    return set(model.objects.filter(wanted).order_by().values_list("pk", flat=True))


def _postings(found: Found) -> set[int]:
    wanted = Q()
    for word, model in SUBJECTS.items():
        wanted |= Q(kind__startswith=f"{word}.", subject_id__in=found.get(model, set()))
    return set(Posting.objects.filter(wanted).order_by().values_list("pk", flat=True))


def _trail(found: Found) -> set[int]:
    wanted = Q(pk=None)
    for model, ids in found.items():
        wanted |= Q(subject_type=label_of(model), subject_id__in=ids)
    return set(AuditEntry.objects.filter(wanted).order_by().values_list("pk", flat=True))


def records_file(client: Client) -> bytes:
    """A ZIP with a row a line for each table, and the files that rows name."""
    found = rows_about(client)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for model, ids in sorted(found.items(), key=lambda item: label_of(item[0])):
            lines, files = _written(model, ids)
            archive.writestr(f"tables/{label_of(model)}.ndjson", "".join(lines))
            for path, content in files.items():
                archive.writestr(path, content)
        archive.writestr("README.txt", README)
    return target.getvalue()


README = """\
Everything that is kept about one client.
tables/ has a file a table and a row a line, as JSON; files/ has what was uploaded, signed and sent.
"""


def _written(model: type[TenantModel], ids: set[int]) -> tuple[list[str], dict[str, bytes]]:
    fields: list[Any] = [
        field
        for field in model._meta.concrete_fields
        if not isinstance(field, SealedTextField) and field.name != "practice"
    ]
    names = [field.attname for field in fields]
    binary = {field.attname for field in fields if isinstance(field, models.BinaryField)}
    lines: list[str] = []
    files: dict[str, bytes] = {}
    for values in model.objects.filter(pk__in=ids).order_by("pk").values_list(*names):
        row = written(label_of(model), dict(zip(names, values, strict=True)), binary)
        lines.append(json.dumps(row.row, ensure_ascii=False) + "\n")
        files |= row.files
    return lines, files


def attachments_of(mails: models.QuerySet[OutgoingEmail]) -> models.QuerySet[EmailAttachment]:
    """The files that went with these messages."""
    files: models.QuerySet[EmailAttachment] = EmailAttachment.objects.filter(email__in=mails.values("pk"))
    return files
