"""Erasing a client's personal data: at once what nobody has to keep, and name and address once the law lets them go.

The law (UK GDPR Article 17(3)(b) with VAT Regulations 1995, regulation 31, and Companies Act 2006, section 388) keeps
invoices with the name and address on them. Signatures are evidence and stay. In the audit trail, which nobody else can
alter, one function of the database blanks what entries say of an erased client (docs/decisions/0029).
"""

from datetime import date

from django.db import connection, models
from django.db.models import Q
from django.utils import timezone

from clients.models import Attachment, Client, ClientTag, ContactPerson, ImportRow, Note
from clients.operations.records import locked
from ignition.client_records import attachments_of, exchanges_about, mails_about, sage_contacts_of
from ignition.models import ClientErasure, RetentionSettings
from invoicing.models import BillingSchedule, CreditNote, Invoice, Payment
from ledger.models import Posting, PostingQuerySet
from ledger.outbox import cancel_posting
from practices import audit
from practices.errors import DomainError
from practices.models import Membership, OutgoingEmail
from practices.tenancy import acting_practice_id
from proposals.models import Proposal, Signature

ERASED = "Erased"
#: Reserved for addresses that never exist (RFC 2606).
NOWHERE = "erased@erased.invalid"


class StillInUse(DomainError):
    message = "There is still something going on with this client, so its data cannot be erased."

    def __init__(self, client: Client, what: list[str]) -> None:
        super().__init__(
            client,
            message=f"{client.name} still has {' and '.join(what)}. End or settle that first, then erase.",
        )


class AlreadyErased(DomainError):
    message = "The personal data of this client has been erased already."


def retention() -> RetentionSettings:
    """The practice's retention settings, or the defaults."""
    return RetentionSettings.objects.first() or RetentionSettings()


def amend_retention(settings: RetentionSettings) -> RetentionSettings:
    """The settings, changed and recorded."""
    names = ["documents_years", "mail_months", "work_months"]
    before = RetentionSettings.objects.select_for_update().first() or RetentionSettings()
    both = {name: [getattr(before, name), getattr(settings, name)] for name in names}
    changes = {name: pair for name, pair in both.items() if pair[0] != pair[1]}
    settings.pk = before.pk
    settings.save()
    if changes:
        audit.record("retention.amended", settings, changes=changes)
    return settings


def erase_client(client: Client, *, reason: str, on: date) -> ClientErasure:
    """The erasure, done as far as the law lets it; raises `StillInUse` or `AlreadyErased`.

    Name and address go at once where no document has to be kept, and otherwise with the first night after
    ``keep_until``.
    """
    client = locked(client)
    if ClientErasure.objects.filter(client=client).exists():
        raise AlreadyErased(client)
    if going_on := what_goes_on(client):
        raise StillInUse(client, going_on)
    last = last_document(client)
    keep_until = _years_after(last, retention().documents_years) if last else None
    for held in open_postings(client):
        cancel_posting(held)
    _erase_at_once(client)
    erasure: ClientErasure = ClientErasure.objects.create(
        client=client, reason=reason, erased_by=audit.current_actor(), keep_until=keep_until
    )
    audit.record("client.erased", client, reason=reason, keep_until=str(keep_until or ""))
    _forget(client)
    return finish(erasure) if keep_until is None or keep_until < on else erasure


def what_goes_on(client: Client) -> list[str]:
    """What forbids erasing, in words; empty when nothing does."""
    invoices = Invoice.objects.filter(client=client)
    under_way = open_postings(client).exclude(status=Posting.Status.HELD, attempted_at=None)
    checks = {
        "services being billed": BillingSchedule.objects.filter(client=client)
        .exclude(status=BillingSchedule.Status.ENDED)
        .exists(),
        "unpaid invoices": invoices.unpaid().exists(),
        "documents on their way to Sage": under_way.exists(),
        "a proposal that waits for a signature": Proposal.objects.filter(
            client=client, status=Proposal.Status.SENT
        ).exists(),
    }
    return [words for words, is_so in checks.items() if is_so]


def open_postings(client: Client) -> PostingQuerySet:
    """What of the client's documents has not come to an end on its way to the ledger, held ones included."""
    invoices = Invoice.objects.filter(client=client).values("pk")
    notes = CreditNote.objects.filter(client=client).values("pk")
    of_it = Q(kind__startswith="invoice.", subject_id__in=invoices) | Q(
        kind__startswith="credit_note.", subject_id__in=notes
    )
    found: PostingQuerySet = Posting.objects.open().filter(of_it)
    return found


def last_document(client: Client) -> date | None:
    """The day of the newest document that has to be kept: invoice, credit note, payment or signature."""
    invoices = Invoice.objects.filter(client=client).exclude(status=Invoice.Status.DRAFT)
    signatures = Signature.objects.filter(proposal__client=client)
    days = [
        invoices.aggregate(day=models.Max("tax_point"))["day"],
        CreditNote.objects.filter(client=client).aggregate(day=models.Max("issued_on"))["day"],
        Payment.objects.filter(client=client).aggregate(day=models.Max("received_on"))["day"],
        signatures.aggregate(day=models.Max("signed_at__date"))["day"],
    ]
    return max((day for day in days if day), default=None)


def finish(erasure: ClientErasure) -> ClientErasure:
    """The erasure with name and address gone too."""
    client = locked(erasure.client)
    particulars = [
        "address_line_1",
        "address_line_2",
        "city",
        "region",
        "postal_code",
        "company_number",
        "vat_number",
    ]
    for name in particulars:
        setattr(client, name, "")
    client.name = f"{ERASED} client {client.pk}"
    client.save(update_fields=[*particulars, "name"])
    erasure.finished_at = timezone.now()
    erasure.save(update_fields=["finished_at"])
    _forget(client)
    audit.record("client.erasure_finished", client)
    return erasure


def _forget(client: Client) -> None:
    """Blank what the trail says of an erased client; its name stays until the erasure is finished.

    The database refuses this for a client that no erasure of the acting practice names.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT ignition_forget_client(%s)", [client.pk])


def erasures_to_finish(on: date) -> models.QuerySet[ClientErasure]:
    """Erasures whose documents need not be kept any longer."""
    due: models.QuerySet[ClientErasure] = ClientErasure.objects.filter(finished_at=None, keep_until__lt=on)
    return due


def _erase_at_once(client: Client) -> None:
    exchanges_about(client).delete()
    sage_contacts_of(client).delete()
    _erase_messages(list(mails_about(client).values_list("pk", flat=True)))
    Note.objects.filter(client=client).delete()
    Attachment.objects.filter(client=client).delete()
    ClientTag.objects.filter(client=client).delete()
    ImportRow.objects.filter(client=client).update(name=ERASED, name_key="", values={}, message="")
    ContactPerson.objects.filter(client=client).update(
        name=ERASED,
        email="",
        phone="",
        is_signatory=False,
        is_primary=False,
        receives_invoices=False,
        has_left=True,
    )
    unsigned = Proposal.objects.filter(client=client, signatures__isnull=True)
    unsigned.update(document={}, message="", title=ERASED)
    for name in ("phone", "utr", "also_tells", "registered_line_1", "registered_line_2", "registered_city"):
        setattr(client, name, "")
    client.registered_region = client.registered_postal_code = ""
    client.manager = client.partner = client.group = client.billed_to = None
    client.emails_invoices = client.emails_reminders = client.posts_automatically = False
    client.status = Client.Status.ARCHIVED
    client.save()


def _erase_messages(ids: list[int]) -> None:
    """What messages said, and where they went unless to a colleague; what has not left stays here."""
    mails = OutgoingEmail.objects.filter(pk__in=ids)
    attachments_of(mails).delete()
    mails.update(subject=ERASED, text="", html="", reply_to="")
    colleagues = Membership.objects.filter(practice_id=acting_practice_id()).values("user__email")
    mails.exclude(to__in=colleagues).update(to=NOWHERE)
    mails.filter(status=OutgoingEmail.Status.QUEUED).update(
        status=OutgoingEmail.Status.FAILED, failure="The client's personal data was erased."
    )


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)
