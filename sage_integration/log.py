"""The log of everything between here and Sage: events of the trail in sentences, with what was said on the wire."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Model, Q, QuerySet

from clients.models import Client
from invoicing.models import CreditNote, Invoice
from ledger.models import Posting
from practices.models import AuditEntry
from sage_integration.explanations import EXPLANATIONS, Explanation
from sage_integration.log_words import PARTS, SENTENCES, sentence_for
from sage_integration.models import SageContact, SageExchange

#: Events that end a try; what was said before one of them, and after the one before it, belongs to it.
ENDS_OF_A_TRY = (
    "posting.posted",
    "posting.failed",
    "posting.postponed",
    "posting.totals_differ",
    "posting.replayed",
    "invoice.updated_in_ledger",
    "invoice.copy_voided",
    "credit_note.updated_in_ledger",
    "credit_note.allocated",
)
#: Exchanges shown with one event, and looked at for one page.
MOST_OF_AN_EVENT, MOST_OF_A_PAGE = 10, 500
#: An answer and the row about it are written by the same clock a moment apart.
TOLERANCE = timedelta(seconds=2)
#: Documents of a kind that one search looks at, the newest ones.
MOST_OF_A_SEARCH = 1000
NUMBER = re.compile(r"(INV-|CN-|)0*(\d{1,9})", re.IGNORECASE)
#: The kinds of rows that events are about, and the words for one.
SUBJECTS: dict[str, type[Model]] = {
    model._meta.label_lower: model for model in (Posting, Invoice, CreditNote, Client, SageContact)
}
POSTING = Posting._meta.label_lower
#: The pages of what events are about.
PAGES: dict[type[Model], str] = {
    Posting: "sage:posting-detail",
    Invoice: "invoicing:invoice-detail",
    CreditNote: "invoicing:credit-note-detail",
    Client: "clients:client-detail",
}


@dataclass(slots=True)
class Event:
    """One event as people read it."""

    entry: AuditEntry
    sentence: str
    tone: str
    explanation: Explanation | None = None
    posting: Posting | None = None
    #: What carried it, else what it is about: where more is to be seen. None where nothing is.
    about: Model | None = None
    exchanges: list[SageExchange] = field(default_factory=list)

    @property
    def who(self) -> str:
        """The person, or `Ignition`."""
        return self.entry.who

    @property
    def page(self) -> str:
        """The name of the page of `about`; empty where it has none."""
        return PAGES.get(type(self.about), "") if self.about is not None else ""

    @property
    def milliseconds(self) -> int | None:
        """How long Sage took for all of it; None where nothing is known of that."""
        return sum(each.milliseconds for each in self.exchanges) if self.exchanges else None


def log_entries(*, part: str = "", result: str = "", words: str = "") -> QuerySet[AuditEntry]:
    """The events about Sage that fit: of one part of the log, with one result, about one document."""
    chosen = [
        action
        for action, told in SENTENCES.items()
        if (part not in PARTS or told.part == part) and (not result or told.tone == result)
    ]
    entries: QuerySet[AuditEntry] = AuditEntry.objects.filter(action__in=chosen).select_related("actor")
    return entries.filter(_about(words)) if words.strip() else entries


def _about(words: str) -> Q:
    """Events about a document, by our number, its reference or Sage's number; or about a client and its documents."""
    words = words.strip()[:60]
    clients = list(Client.objects.filter(name__icontains=words).values_list("pk", flat=True)[:200])
    kind, number = found.groups() if (found := NUMBER.fullmatch(words)) else ("", None)
    invoices = _ids(Invoice, clients, number if kind.upper() != "CN-" else None)
    notes = _ids(CreditNote, clients, number if kind.upper() != "INV-" else None)
    postings = Q(reference__iexact=words) | Q(external_number__iexact=words)
    postings |= Q(subject_id__in=invoices, kind__startswith="invoice.")
    postings |= Q(subject_id__in=notes, kind__startswith="credit_note.")
    postings |= Q(subject_id__in=clients, kind=Posting.Kind.CONTACT_UPSERT)
    rows = Posting.objects.filter(postings).values_list("pk", "subject_id", "kind")[:MOST_OF_A_SEARCH]
    invoices += [pk for _, pk, what in rows if what.startswith("invoice.")]
    notes += [pk for _, pk, what in rows if what.startswith("credit_note.")]
    return (
        Q(subject_type="ledger.posting", subject_id__in=[pk for pk, _, _ in rows])
        | Q(subject_type="invoicing.invoice", subject_id__in=invoices)
        | Q(subject_type="invoicing.creditnote", subject_id__in=notes)
        | Q(subject_type="clients.client", subject_id__in=clients)
    )


def _ids(documents: type[Invoice | CreditNote], clients: list[int], number: str | None) -> list[int]:
    """The newest documents of a kind that are of one of these clients, or bear this number."""
    wanted = Q(client__in=clients) | (Q(number=int(number)) if number else Q())
    found = documents.objects.filter(wanted) if clients or number else documents.objects.none()
    return list(found.order_by("-pk").values_list("pk", flat=True)[:MOST_OF_A_SEARCH])


def events_of(entries: Sequence[AuditEntry]) -> list[Event]:
    """The entries in words, with what was said to Sage for each."""
    rows = _subjects_of(entries)
    names = _names_of_contacts(rows.values())
    events = []
    for entry in entries:
        subject = rows.get((entry.subject_type, entry.subject_id))
        # What came of a change of a document is told of the document, and names what carried it.
        posting = subject if isinstance(subject, Posting) else rows.get((POSTING, entry.data.get("posting")))
        events.append(
            Event(
                entry,
                sentence_for(entry.action, entry.data, _known_as(subject, entry, names)),
                SENTENCES[entry.action].tone,
                EXPLANATIONS.get(str(entry.data.get("failure") or entry.data.get("cause") or "")),
                posting if isinstance(posting, Posting) else None,
                posting or subject,
            )
        )
    _attach(events)
    return events


def _subjects_of(entries: Iterable[AuditEntry]) -> dict[tuple[str, int | None], Model]:
    wanted = defaultdict(set)
    for entry in entries:
        if entry.subject_type in SUBJECTS:
            wanted[entry.subject_type].add(entry.subject_id)
        if carried := entry.data.get("posting"):
            wanted[POSTING].add(carried)
    return {
        (name, pk): row
        for name, ids in wanted.items()
        for pk, row in SUBJECTS[name]._default_manager.in_bulk(ids).items()
    }


def _names_of_contacts(rows: Iterable[Model]) -> dict[int, str]:
    """Whose contacts postings are about, by the client's id."""
    contacts = [row for row in rows if isinstance(row, Posting) and row.kind == Posting.Kind.CONTACT_UPSERT]
    ids = {posting.subject_id for posting in contacts}
    return dict(Client.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def _known_as(subject: Model | None, entry: AuditEntry, names: dict[int, str]) -> str:
    """What a person calls it: `Invoice INV-000123-K7Q2M9`, `the contact of Acme Ltd`, `INV-000123`, `Acme Ltd`."""
    if (
        isinstance(subject, Posting)
        and subject.kind == Posting.Kind.CONTACT_UPSERT
        and subject.subject_id in names
    ):
        return f"the contact of {names[subject.subject_id]}"
    if isinstance(subject, Posting):
        return f"{subject.get_kind_display()} {subject.reference}"
    if isinstance(subject, Invoice | CreditNote):
        return subject.number_label
    if isinstance(subject, Client | SageContact):
        return subject.name
    return str(entry.data.get("what") or entry.data.get("name") or entry.subject_in_words)


def _attach(events: list[Event]) -> None:
    """Give each end of a try what was said since the one before it; newest events first, as listed."""
    ends = defaultdict(list)
    for event in reversed(events):
        if event.posting and event.entry.action in ENDS_OF_A_TRY:
            ends[event.posting.pk].append(event)
    said = SageExchange.objects.filter(posting__in=list(ends)).order_by("id")[:MOST_OF_A_PAGE]
    for exchange in said:
        for event in ends[exchange.posting_id or 0]:
            if exchange.at <= event.entry.at + TOLERANCE:
                event.exchanges = [*event.exchanges, exchange][-MOST_OF_AN_EVENT:]
                break


#: Strings, whole or cut off at the end, brackets, and what stands between them.
PIECES = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^"{}\[\],:\s]+')


def pretty(body: str) -> str:
    """A body as a person reads it: JSON on lines of its own, also where its end was cut off; anything else as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return _laid_out(body) if body.startswith(("{", "[")) and body.endswith("…") else body


def _laid_out(body: str) -> str:
    """The beginning of JSON on lines, indented as the whole would be."""
    said: list[str] = []
    depth, before = 0, ""
    for piece in PIECES.findall(body):
        if piece in ("}", "]"):
            depth -= 1
            if before in ("{", "["):
                said.pop()  # Nothing stands between the two.
            else:
                said.append("\n" + "  " * depth)
        said.append(": " if piece == ":" else piece)
        if piece in ("{", "["):
            depth += 1
        if piece in ("{", "[", ","):
            said.append("\n" + "  " * depth)
        before = piece
    return "".join(said)
