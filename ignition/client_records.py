"""Everything that is kept about one client, found by the keys of the tables, so that a new table is never forgotten."""

import io
import json
import zipfile
from typing import Any

from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower

from clients.models import Client, ContactPerson
from invoicing.models import CreditNote, Invoice
from ledger.models import Posting
from practices.export_format import exported_models, label_of, written
from practices.fields import SealedTextField
from practices.isolation import same_practice_keys
from practices.models import AuditEntry, EmailAttachment, OutgoingEmail
from practices.tenancy import TenantModel
from proposals.models import Proposal
from sage_integration.models import ContactLink, SageContact, SageExchange

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
            ids = set(mails_about(client).values_list("pk", flat=True))
        elif model is SageContact:
            ids = set(sage_contacts_of(client).values_list("pk", flat=True))
        else:
            ids = _pointing(model, found)
        if ids:
            found[model] = ids
    found[AuditEntry] = _trail(found)
    return found


def mails_about(client: Client) -> models.QuerySet[OutgoingEmail]:
    """Messages to addresses that only this client's people have, and those about its documents to whomever."""
    people = ContactPerson.objects.exclude(email="").annotate(address=Lower("email")).order_by()
    others = people.exclude(client=client).values("address")
    its_own = people.filter(client=client).exclude(address__in=others).values("address")
    parts = {
        name: Func(
            F("event"), Value(":"), Value(number), function="split_part", output_field=models.TextField()
        )
        for name, number in (("thing", 1), ("named", 2))
    }
    wanted = Q(address__in=its_own)
    for thing, model in (("proposal", Proposal), ("invoice", Invoice)):
        named = [
            str(pk) for pk in model.objects.filter(client=client).order_by().values_list("pk", flat=True)
        ]
        wanted |= Q(thing=thing, named__in=named)
    first = (
        OutgoingEmail.objects.annotate(address=Lower("to"), **parts).filter(wanted).order_by().values("pk")
    )
    again = Q(repeats__in=first) | Q(repeats__repeats__in=first)
    found: models.QuerySet[OutgoingEmail] = OutgoingEmail.objects.filter(Q(pk__in=first) | again)
    return found


def sage_contacts_of(client: Client) -> models.QuerySet[SageContact]:
    """What was read of the customers in Sage that stand for this client."""
    links = ContactLink.objects.filter(client=client).values_list("business_id", "sage_contact_id")
    wanted = Q(pk=None)
    for business_id, sage_id in links:
        wanted |= Q(business_id=business_id, sage_id=sage_id)
    found: models.QuerySet[SageContact] = SageContact.objects.filter(wanted)
    return found


def exchanges_about(client: Client) -> models.QuerySet[SageExchange]:
    """What was said to Sage, and heard, about the client's documents and about the client itself there."""
    wanted = Q(posting__in=rows_about(client).get(Posting, set()))
    for sage_id in ContactLink.objects.filter(client=client).values_list("sage_contact_id", flat=True):
        wanted |= Q(path__contains=sage_id)
    found: models.QuerySet[SageExchange] = SageExchange.objects.filter(wanted)
    return found


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
