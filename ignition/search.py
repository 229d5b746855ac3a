"""One box for clients, proposals and both invoice numbers, answered from indexes while somebody types.

Row level security lets an index answer only comparisons that cannot leak (docs/decisions/0014-finding-clients.md), so
everything is found by its beginning: words of a client, numbers here and in Sage. Names of proposals alone are read
through, and only those of the newest ones.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpResponse
from django.shortcuts import render

from clients.models import Client
from clients.queries import first_matching
from invoicing.models import Invoice
from ledger.models import Posting
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from practices.tenancy import acting_practice_id
from proposals.models import Proposal

#: Of each kind at most, as somebody types and on the page of results.
SOME, MOST = 5, 25
#: Proposals whose name is looked through: the newest ones.
NEWEST = 1000
#: Digits of an invoice number and of a proposal's.
INVOICE, PROPOSAL = ("INV", 6), ("P", 4)
#: Where an invoice stands, as far as its own row says: who settled it, money or a credit note, is not asked here.
STANDS = {
    "draft": "Draft",
    "void": "Void",
    "paid": "Nothing owed",
    "part_paid": "Part paid",
    "overdue": "Overdue",
    "unpaid": "Unpaid",
}
#: PostgreSQL's integer.
LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found of each kind; `more` when a list was cut."""

    clients: Sequence[Client] = ()
    proposals: Sequence[Proposal] = ()
    invoices: Sequence[Invoice] = ()
    #: The number in Sage of an invoice, by its id.
    in_sage: dict[int, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows there are to choose from."""
        return len(self.clients) + len(self.proposals) + len(self.invoices)

    def invoices_on(self, today: date) -> list[tuple[Invoice, str, str]]:
        """The invoices, each with its number in Sage or nothing, and where it stands."""
        return [
            (invoice, self.in_sage.get(invoice.pk, ""), STANDS[invoice.settlement(today)])
            for invoice in self.invoices
        ]


@requires(Can.SEE)
def search(request: PracticeRequest, practice: str) -> HttpResponse:
    """The first matches of each kind for the words in ``q``; the matches alone while somebody types."""
    words = " ".join(request.GET.get("q", "").split())[:100]
    found = hits(words, SOME if request.htmx else MOST) if words else Hits()
    context = {
        "words": words,
        "search_words": words,
        "found": found,
        "invoices": found.invoices_on(request.practice.today()),
    }
    return render(request, "search.html" + ("#hits" if request.htmx else ""), context)


def hits(words: str, most: int) -> Hits:
    """What begins with the words: at most so many of each kind."""
    clients = first_matching(words, most)
    ids = [client.pk for client in clients]
    in_sage = numbered_in_sage(words, most)
    return Hits(
        clients,
        proposals_for(words, ids, most),
        invoices_for(words, clients, list(in_sage), most),
        in_sage,
    )


def proposals_for(words: str, clients: Sequence[int], most: int) -> list[Proposal]:
    """Proposals by number (`P-0007`), of these clients, or with these words in the name of a recent one."""
    every = Proposal.objects.order_by("-pk")
    parts = [
        every.filter(client__in=clients),
        every.filter(pk__in=RawSQL(_TITLED, [acting_practice_id(), NEWEST, words, most])),  # noqa: S611 - written here
        *numbered(Proposal.objects.all(), words, *PROPOSAL),
    ]
    return list(newest_of(every.select_related("client").defer("document", "message"), parts, most))


#: The newest ones first, and then their names: else those of every practice are looked through.
_TITLED = """
    SELECT id FROM (
        SELECT id, title FROM proposals_proposal WHERE practice_id = %s ORDER BY number DESC LIMIT %s
    ) AS newest WHERE strpos(lower(title), lower(%s)) > 0 ORDER BY id DESC LIMIT %s
"""


def invoices_for(words: str, clients: Sequence[Client], known: Sequence[int], most: int) -> list[Invoice]:
    """Invoices by our number (`INV-000012`), these ones, and the newest of these clients."""
    every = Invoice.objects.order_by("-pk")
    parts = [every.filter(pk__in=known), *numbered(Invoice.objects.all(), words, *INVOICE)]
    found = {invoice.pk: invoice for invoice in newest_of(every, parts, most)}
    if clients and len(found) < most:
        for invoice in every.filter(client__in=clients)[:most]:
            found.setdefault(invoice.pk, invoice)
    names = {client.pk: client.name for client in clients}
    if missing := {each.client_id for each in found.values()} - set(names):
        names |= dict(Client.objects.filter(pk__in=missing).values_list("pk", "name"))
    for invoice in found.values():
        invoice.client_name = names[invoice.client_id]
    return list(found.values())[:most]


def newest_of(every: "QuerySet[Any]", parts: Sequence["QuerySet[Any]"], most: int) -> "QuerySet[Any]":
    """The newest rows of all parts: of each part its first, found by whichever index that part has.

    Asked for as one condition, the newest rows would be read backwards until enough of them were among the parts.
    """
    first, *others = (part.values("pk")[:most] for part in parts)
    return every.filter(pk__in=first.union(*others, all=True) if others else first)[:most]


def numbered_in_sage(words: str, most: int) -> dict[int, str]:
    """Sage's number of the invoices whose number there begins so (`SI-42`, `42`), by the invoice's id."""
    beginnings = [words, f"SI-{words}"] if words.isdecimal() else [words]
    found: dict[int, str] = {}
    for beginning in beginnings:
        copies = Posting.objects.numbered_like(beginning).filter(kind=Posting.Kind.INVOICE_CREATE)
        found |= dict(copies.order_by().values_list("subject_id", "external_number")[:most])
    return found


def numbered(rows: "QuerySet[Any]", words: str, prefix: str, digits: int) -> list["QuerySet[Any]"]:
    """The rows a person may mean by `INV`, `INV-0000`, `inv 12`, `INV-000012-K7Q2M9` or `12`, typed in full or not yet.

    A part for each stretch of numbers, the highest first, because an index has them so. With leading zeros the
    number's beginning is meant as it is printed, else its beginning or the number itself.
    """
    if words.upper() in (
        f"{prefix}-",
        *([prefix] if len(prefix) > 1 else []),
    ):  # one letter begins many names
        return [rows.order_by("-number")]
    match = re.fullmatch(rf"(?:{prefix}[\s-]*)?(\d{{1,9}})(?:-\w*)?", words, re.IGNORECASE)
    if not match:
        return []
    typed = match.group(1)
    further = [max(digits - len(typed), 0)] if typed.startswith("0") else range(10 - len(typed))
    stretches = [(int(typed) * 10**missing, (int(typed) + 1) * 10**missing - 1) for missing in further]
    return [
        rows.filter(number__range=(lowest, min(highest, LARGEST))).order_by("-number")
        for lowest, highest in stretches
        if lowest <= LARGEST
    ]
