"""What needs somebody: refused documents, copies that differ in Sage, a connection in trouble; and what people decide.

The list is read from those rows themselves, so it cannot drift from them. What people decide about one of them is kept
beside it (`Attention`) and holds for this one time only.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import Combinable
from django.utils import timezone

from clients.models import Client
from invoicing.models import CreditNote, Invoice
from invoicing.queries import INVOICE_KINDS
from ledger.models import Posting, PostingQuerySet
from practices import audit
from practices.errors import DomainError
from practices.models import Membership, User
from practices.permissions import Can, may
from practices.scalars import count_of
from practices.tenancy import TenantQuerySet, acting_practice_id
from practices.written import Given
from sage_integration.explanations import EXPLANATIONS, Explanation
from sage_integration.models import Attention, SageConnection, SageLink
from sage_integration.sync.comparison import PAID_EARLIER, SETTLED_DIFFERENTLY
from sage_integration.sync.set_on_copies import money_on
from sage_integration.sync.standing_differences import OF_EARLIER, at_stake, differing_links

Kind = Attention.Kind
#: Things of one kind that are listed; the rest is counted.
MOST_LISTED = 200
LONGEST_NOTE = 300

#: What the page of differences offers, for copies that differ.
DIFFERS = {
    "missing": ("It was deleted in Sage.", "Copy it again, link it to another document, or accept it."),
    "voided": (
        "It was voided in Sage, and still counts here.",
        "Accept that and void it here, or copy it again.",
    ),
    "credit_missing": ("It was deleted in Sage.", "Copy the credit note again from its page."),
    "credit_voided": ("It was voided in Sage.", "Copy the credit note again, or take the void as it is."),
    "credit_differing": (
        "Somebody changed it in Sage.",
        "Compare both, and put right the one that is wrong.",
    ),
    "credit_changed": (
        "Somebody changed a date, a line or the customer of it in Sage; the total is the same.",
        "Open it in Sage and put it back, or say here that it may stay so.",
    ),
    "paid_earlier": (
        "It was paid on a copy that a newer one replaced, so it pays nothing here. Reminders of it wait meanwhile.",
        (
            "In Sage, set that money against the newest copy, or leave it on account where nothing is owed on that one "
            "any more; if it is void or gone, copy the invoice again first."
        ),
    ),
    "credited_here": (
        "It was credited here, which takes nothing off a copy that a newer one replaced.",
        "Void that copy in Sage, or set a credit note against it there, unless ours is still on its way to it.",
    ),
    "void_here": ("It was voided here, and not in Sage.", "Void it in Sage too."),
    "differing": ("Somebody changed it in Sage.", "Look at the differences and choose which side is right."),
    "changed": (
        "Somebody changed a date, a line or the customer in Sage; the total is the same.",
        "Look at the differences and choose which side is right.",
    ),
    SETTLED_DIFFERENTLY: (
        "Something was set against it, or taken off, on one side alone.",
        "Copy its credit note if that is not in Sage yet, else look there at what was set against it. Then check it.",
    ),
}


class NothingToDo(DomainError):
    message = "This does not need anybody any more."


class NoteNeeded(DomainError):
    message = "Say in a few words how it was handled."


class NotAColleague(DomainError):
    message = "Choose somebody who works in this practice and may copy invoices to Sage."


class NotInTheFuture(DomainError):
    message = "Choose a day after today."


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that needs somebody: what happened, since when, the money at stake in pounds, what was decided."""

    kind: str
    subject_id: int
    since: datetime
    label: str
    sentence: str
    cause: str = ""
    way_out: str = ""
    client: str = ""
    amount: Decimal | None = None
    invoice_id: int = 0
    credit_note_id: int = 0
    posting: Posting | None = None
    mark: Attention | None = None

    @property
    def key(self) -> str:
        """`posting-12`: what forms and addresses name it by."""
        return f"{self.kind}-{self.subject_id}"

    @property
    def owner(self) -> User | None:
        """Who looks after it."""
        return self.mark.owner if self.mark else None

    def state_on(self, today: date) -> str:
        """`open`, `snoozed` or `handled`."""
        if self.mark and self.mark.handled_at:
            return "handled"
        if self.mark and self.mark.snoozed_until and self.mark.snoozed_until > today:
            return "snoozed"
        return "open"


def things() -> list[Thing]:
    """Everything that needs somebody, also what is put off or handled, the longest waiting first."""
    marks = {
        (mark.kind, mark.subject_id): mark for mark in Attention.objects.select_related("owner", "handled_by")
    }
    found = [*_connection(), *_refused(), *_differing()]
    for position, thing in enumerate(found):
        mark = marks.get((thing.kind, thing.subject_id))
        if mark is not None:
            found[position] = _with(thing, mark)
    return sorted(found, key=lambda thing: (thing.since, thing.key))


def _with(thing: Thing, mark: Attention) -> Thing:
    """With what was decided; of a trouble that came back later only the owner stays."""
    if mark.since < thing.since:
        mark.handled_at, mark.handled_by, mark.snoozed_until, mark.note = None, None, None, ""
    values = {name: getattr(thing, name) for name in Thing.__slots__ if name != "mark"}
    return Thing(**values, mark=mark)


def _connection() -> list[Thing]:
    connection: SageConnection | None = SageConnection.objects.live().exclude(trouble="").first()
    if connection is None:
        return []
    explanation = _explained(connection.trouble)
    since = connection.trouble_since or connection.connected_at
    return [
        Thing(
            Kind.CONNECTION,
            connection.pk,
            since,
            str(connection),
            explanation.sentence,
            explanation.cause,
            explanation.way_out,
        )
    ]


def _explained(failure: str) -> Explanation:
    return EXPLANATIONS.get(failure) or EXPLANATIONS["Unexpected"]


def _refused() -> list[Thing]:
    failed = list(Posting.objects.filter(status=Posting.Status.FAILED).order_by("-id")[:MOST_LISTED])
    invoices = Invoice.objects.select_related("client").in_bulk(
        {each.subject_id for each in failed if each.kind in INVOICE_KINDS}
    )
    notes = CreditNote.objects.select_related("client").in_bulk(
        {each.subject_id for each in failed if each.kind.startswith("credit_note.")}
    )
    clients = Client.objects.in_bulk(
        {each.subject_id for each in failed if each.kind == Posting.Kind.CONTACT_UPSERT}
    )
    found = []
    for posting in failed:
        explanation = _explained(posting.failure)
        rows: Any = clients if posting.kind == Posting.Kind.CONTACT_UPSERT else notes
        about: Any = (invoices if posting.kind in INVOICE_KINDS else rows).get(posting.subject_id)
        is_document = isinstance(about, Invoice | CreditNote)
        found.append(
            Thing(
                Kind.POSTING,
                posting.pk,
                posting.settled_at or posting.requested_at,
                about.number_label if is_document else posting.reference,
                explanation.sentence,
                explanation.cause,
                explanation.way_out,
                client=about.client.name if is_document else about.name if about else "",
                amount=about.gross if is_document else None,
                invoice_id=about.pk if isinstance(about, Invoice) else 0,
                posting=posting,
            )
        )
    return found


def _differing() -> list[Thing]:
    links = list(differing_links().select_related("posting").order_by("differs_since")[:MOST_LISTED])
    invoices = Invoice.objects.select_related("client").in_bulk(
        {link.posting.subject_id for link in links if link.posting.kind in INVOICE_KINDS}
    )
    notes = CreditNote.objects.select_related("client").in_bulk(
        {link.posting.subject_id for link in links if link.posting.kind not in INVOICE_KINDS}
    )
    paid = money_on([link.pk for link in links if link.difference == PAID_EARLIER])
    found = []
    for link in links:
        rows: Any = invoices if link.posting.kind in INVOICE_KINDS else notes
        about: Any = rows.get(link.posting.subject_id)
        cause, way_out = DIFFERS.get(link.difference, ("", "Look at the differences and decide."))
        if about is not None:
            found.append(
                Thing(
                    Kind.COPY,
                    link.pk,
                    link.differs_since or link.seen_at,
                    about.number_label,
                    link.difference_in_words,
                    cause,
                    way_out,
                    client=about.client.name,
                    amount=paid.get(link.pk) or at_stake(link, about),
                    invoice_id=about.pk if isinstance(about, Invoice) else 0,
                    credit_note_id=about.pk if isinstance(about, CreditNote) else 0,
                    posting=link.posting,
                )
            )
    return found


def differences_of_earlier(invoice_id: int) -> list[tuple[str, str]]:
    """What is to be put right about copies of an invoice that a newer one replaced, each with the way out."""
    newest = Posting.objects.of(Posting.Kind.INVOICE_CREATE, invoice_id).filter(status=Posting.Status.POSTED)
    links = differing_links().filter(
        posting__kind=Posting.Kind.INVOICE_CREATE, posting__subject_id=invoice_id, difference__in=OF_EARLIER
    )
    earlier = links.exclude(posting__in=newest.values("pk")[:1])
    return [(link.difference_in_words, DIFFERS[link.difference][1]) for link in earlier]


def credited_and_owed_apart(credited: Collection[int]) -> dict[int, str]:
    """What differs in words, by the id of the invoice, of these credited ones whose newest copy Sage says is owed."""
    links = differing_links().filter(
        posting__kind=Posting.Kind.INVOICE_CREATE,
        posting__subject_id__in=credited,
        difference=SETTLED_DIFFERENTLY,
    )
    return dict(links.values_list("posting__subject_id", "difference_in_words"))


def columns_of_inbox(today: date | Given) -> dict[str, Any]:
    """A column for `practices.scalars.figures`: how many things need somebody now (`need_you`)."""
    troubled = SageConnection.objects.live().exclude(trouble="")
    return {
        "need_you": count_of(refused_now(today))
        + count_of(differing_now(today))
        + count_of(troubled.filter(_undecided(Kind.CONNECTION, "trouble_since", today)))
    }


def refused_now(today: date | Given) -> PostingQuerySet:
    """The refused documents that need somebody now."""
    refused: PostingQuerySet = Posting.objects.filter(status=Posting.Status.FAILED)
    return refused.filter(_undecided(Kind.POSTING, "settled_at", today))


def differing_now(today: date | Given) -> TenantQuerySet[SageLink]:
    """The copies that differ in Sage and need somebody now."""
    return differing_links().filter(_undecided(Kind.COPY, "differs_since", today))


def _undecided(kind: str, since: str, today: date | Given) -> Combinable:
    """Neither handled nor put off beyond today, since it began."""
    decided = Q(handled_at__isnull=False) | Q(snoozed_until__gt=today)
    marks = Attention.objects.filter(
        decided, kind=kind, subject_id=OuterRef("pk"), since__gte=OuterRef(since)
    )
    return ~Exists(marks)


def thing_named(key: str) -> Thing:
    """The thing of this key (`posting-12`); raises `NothingToDo` once it is gone."""
    found = next((thing for thing in things() if thing.key == key), None)
    if found is None:
        raise NothingToDo
    return found


def assign(thing: Thing, owner: User | None) -> Attention:
    """Let a colleague look after it, or nobody in particular; raises `NotAColleague`."""
    if owner is not None and owner not in colleagues(acting_practice_id()):
        raise NotAColleague
    mark = _mark(thing)
    mark.owner = owner
    mark.save(update_fields=["owner"])
    audit.record("attention.assigned", mark, what=thing.label, owner=str(owner or "nobody in particular"))
    return mark


def snooze(thing: Thing, until: date, *, today: date) -> Attention:
    """Put it off until a day; raises `NotInTheFuture`."""
    if until <= today:
        raise NotInTheFuture
    mark = _mark(thing)
    mark.snoozed_until, mark.handled_at, mark.handled_by, mark.note = until, None, None, ""
    mark.save(update_fields=["snoozed_until", "handled_at", "handled_by", "note"])
    audit.record("attention.snoozed", mark, what=thing.label, until=until.isoformat())
    return mark


def handle(thing: Thing, note: str, *, by: User) -> Attention:
    """Say that it is dealt with, and how; raises `NoteNeeded`. Should it happen again, it needs somebody again."""
    if not note.strip():
        raise NoteNeeded
    mark = _mark(thing)
    mark.handled_at, mark.handled_by, mark.note = timezone.now(), by, note.strip()[:LONGEST_NOTE]
    mark.snoozed_until = None
    mark.save(update_fields=["handled_at", "handled_by", "note", "snoozed_until"])
    audit.record("attention.handled", mark, what=thing.label, note=mark.note)
    return mark


def reopen(thing: Thing) -> Attention:
    """Take back that it was put off or handled."""
    mark = _mark(thing)
    mark.handled_at, mark.handled_by, mark.snoozed_until, mark.note = None, None, None, ""
    mark.save(update_fields=["handled_at", "handled_by", "snoozed_until", "note"])
    audit.record("attention.reopened", mark, what=thing.label)
    return mark


def _mark(thing: Thing) -> Attention:
    """The row of decisions about a thing, locked, and for this time of it."""
    mark, _ = Attention.objects.select_for_update().get_or_create(
        kind=thing.kind, subject_id=thing.subject_id, defaults={"since": thing.since}
    )
    if mark.since < thing.since:
        mark.since, mark.handled_at, mark.handled_by = thing.since, None, None
        mark.snoozed_until, mark.note = None, ""
        mark.save()
    found: Attention = mark
    return found


def colleagues(practice_id: int) -> list[User]:
    """Whom a thing can be given to, by name: members who may do what it needs."""
    members = Membership.objects.filter(practice=practice_id).select_related("user")
    able = (member.user for member in members if may(member.role, Can.POST_TO_LEDGER))
    return sorted(able, key=lambda user: str(user).casefold())
