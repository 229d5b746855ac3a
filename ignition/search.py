"""One box for clients, proposals and both invoice numbers, answered from indexes while somebody types.

Row level security lets an index answer only comparisons that cannot leak (docs/decisions/0014-finding-clients.md), so
everything is found by its beginning: words of a client, numbers here and in Sage. Names of proposals alone are read
through, and only those of the newest ones.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render

from clients.models import Client
from invoicing.models import Invoice
from ledger.models import Posting
from practices.permissions import Can
from practices.requests import PracticeRequest, requires
from proposals.models import Proposal

#: Of each kind at most, as somebody types and on the page of results.
SOME, MOST = 5, 25
#: Proposals whose name is looked through: the newest ones.
NEWEST = 2000
#: Digits of an invoice number and of a proposal's.
INVOICE, PROPOSAL = ("INV", 6), ("P", 4)
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

    @property
    def rows(self) -> list[tuple[Invoice, str]]:
        """The invoices, each with its number in Sage or nothing."""
        return [(invoice, self.in_sage.get(invoice.pk, "")) for invoice in self.invoices]


@requires(Can.SEE)
def search(request: PracticeRequest, practice: str) -> HttpResponse:
    """The first matches of each kind for the words in ``q``; the matches alone while somebody types."""
    words = " ".join(request.GET.get("q", "").split())[:100]
    found = hits(words, SOME if request.htmx else MOST) if words else Hits()
    context = {"words": words, "search_words": words, "found": found}
    return render(request, "search.html" + ("#hits" if request.htmx else ""), context)


def hits(words: str, most: int) -> Hits:
    """What begins with the words: at most so many of each kind."""
    clients = list(Client.objects.matching(words).order_by("name_key", "pk")[:most])
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
    newest = Proposal.objects.order_by("-number").values("pk")[:NEWEST]
    found = Q(client__in=clients) | Q(pk__in=newest, title__icontains=words) | numbered(words, *PROPOSAL)
    chosen = Proposal.objects.filter(found).select_related("client").defer("document", "message")
    return list(chosen.order_by("-pk")[:most])


def invoices_for(words: str, clients: Sequence[Client], known: Sequence[int], most: int) -> list[Invoice]:
    """Invoices by our number (`INV-000012`), these ones, and the newest of these clients."""
    exact = list(Invoice.objects.filter(numbered(words, *INVOICE) | Q(pk__in=known)).order_by("-pk")[:most])
    found = {invoice.pk: invoice for invoice in exact}
    if clients and len(found) < most:
        for invoice in Invoice.objects.filter(client__in=clients).order_by("-pk")[:most]:
            found.setdefault(invoice.pk, invoice)
    names = {client.pk: client.name for client in clients}
    if missing := {each.client_id for each in found.values()} - set(names):
        names |= dict(Client.objects.filter(pk__in=missing).values_list("pk", "name"))
    for invoice in found.values():
        invoice.client_name = names[invoice.client_id]  # type: ignore[attr-defined]
    return list(found.values())[:most]


def numbered_in_sage(words: str, most: int) -> dict[int, str]:
    """Sage's number of the invoices whose number there begins so (`SI-42`, `42`), by the invoice's id."""
    beginnings = [words, f"SI-{words}"] if words.isdecimal() else [words]
    found: dict[int, str] = {}
    for beginning in beginnings:
        copies = Posting.objects.numbered_like(beginning).filter(kind=Posting.Kind.INVOICE_CREATE)
        found |= dict(copies.order_by().values_list("subject_id", "external_number")[:most])
    return found


def numbered(words: str, prefix: str, digits: int) -> Q:
    """The numbers a person may mean by `INV-0000`, `inv 12`, `INV-000012-K7Q2M9` or `12`, typed in full or not yet.

    With leading zeros the number's beginning is meant as it is printed, else its beginning or the number itself.
    """
    match = re.fullmatch(rf"(?:{prefix}[\s-]*)?(\d{{1,9}})(?:-\w*)?", words, re.IGNORECASE)
    if not match:
        return Q(pk__in=[])
    typed = match.group(1)
    if typed.startswith("0"):
        missing = max(digits - len(typed), 0)
        lowest = int(typed) * 10**missing
        return Q(number__range=(lowest, lowest + 10**missing - 1))
    found = Q()
    for missing in range(10 - len(typed)):
        lowest = int(typed) * 10**missing
        if lowest <= LARGEST:
            found |= Q(number__range=(lowest, min(lowest + 10**missing - 1, LARGEST)))
    return found
