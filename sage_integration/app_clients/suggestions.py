"""Which client each contact of Sage is likely to be, worked out after each reading and kept with the contact."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from clients.likeness import Alike, Party, Reason, Verdict, match, twins
from clients.models import Client, ContactPerson
from sage_integration.models import ContactLink, SageContact

Kind = Client.Kind
#: Kinds of client that are a human being.
PEOPLE = (Kind.SOLE_TRADER, Kind.INDIVIDUAL)
_PARTICULARS = ("pk", "name", "kind", "postal_code", "vat_number", "company_number")


def party_of(contact: SageContact) -> Party:
    """The contact as matching sees it."""
    return Party(
        contact.pk,
        contact.name,
        tuple(contact.emails),
        contact.postal_code,
        contact.tax_number,
    )


def unlinked_parties(business_id: str) -> list[Party]:
    """Every client that is not archived and stands for no contact of this business, as matching sees them."""
    linked = ContactLink.objects.filter(business_id=business_id).values("client_id")
    clients = Client.objects.current().exclude(pk__in=linked)
    emails: dict[int, list[str]] = {}
    people = ContactPerson.objects.filter(has_left=False).exclude(email="")
    for client_id, email in people.values_list("client_id", "email"):
        emails.setdefault(client_id, []).append(email)
    return [
        Party(
            pk,
            name,
            tuple(emails.get(pk, ())),
            postal_code,
            vat_number,
            company_number,
            is_person=kind in PEOPLE,
        )
        for pk, name, kind, postal_code, vat_number, company_number in clients.order_by("pk").values_list(
            *_PARTICULARS
        )
    ]


def refresh_suggestions(business_id: str) -> dict[str, int]:
    """Match every contact without a client anew, and look for twins; how many of each kind there are now."""
    book = list(SageContact.objects.of_business(business_id).order_by("pk"))
    _keep_twins(book)
    linked = set(
        ContactLink.objects.filter(business_id=business_id).values_list("sage_contact_id", flat=True)
    )
    waiting = [contact for contact in book if contact.sage_id not in linked]
    matches = match([party_of(contact) for contact in waiting], unlinked_parties(business_id))
    for contact, found in zip(waiting, matches, strict=True):
        contact.verdict, contact.candidates = int(found.verdict), [as_json(each) for each in found.candidates]
    SageContact.objects.bulk_update(book, ["verdict", "candidates", "twins"], batch_size=500)
    return {
        "suggested": sum(contact.verdict >= Verdict.SUGGESTED for contact in waiting),
        "doubtful": sum(contact.verdict == Verdict.DOUBTFUL for contact in waiting),
    }


@dataclass(frozen=True)
class Candidate:
    """A client that a contact may be, as matching found it last."""

    client: Client
    verdict: Verdict
    reasons: list[Reason]


def candidates_of(contacts: Sequence[SageContact], linked: Collection[int]) -> dict[int, list[Candidate]]:
    """The candidates of these contacts by contact, best first; without clients archived or ``linked`` since."""
    wanted = {each["client"] for contact in contacts for each in contact.candidates} - set(linked)
    clients = Client.objects.current().in_bulk(wanted)
    return {
        contact.pk: [
            Candidate(clients[each["client"]], Verdict(each["verdict"]), reasons_of(each["reasons"]))
            for each in contact.candidates
            if each["client"] in clients
        ]
        for contact in contacts
    }


def likely_contact(client: Client, business_id: str) -> SageContact | None:
    """The contact without a client that most likely is this one, as matching found it last; None without such."""
    likely: SageContact | None = (
        SageContact.objects.unlinked(business_id)
        .filter(is_ignored=False, verdict__gte=Verdict.SUGGESTED, candidates__0__client=client.pk)
        .order_by("-verdict", "pk")
        .first()
    )
    return likely


def reasons_of(names: Iterable[str]) -> list[Reason]:
    """The reasons with these names; one that is not known any more is left out."""
    return [Reason[name] for name in names if name in Reason.__members__]


def as_json(alike: Alike) -> dict[str, object]:
    """A candidate as it is kept with the contact."""
    return {
        "client": alike.right.key,
        "verdict": int(alike.verdict),
        "reasons": [reason.name for reason in alike.reasons],
        "exact": alike.is_exact,
    }


def _keep_twins(book: Iterable[SageContact]) -> None:
    by_pk = {contact.pk: contact for contact in book}
    for contact in by_pk.values():
        contact.twins = []
    for pair in twins([party_of(contact) for contact in by_pk.values()]):
        if pair.verdict >= Verdict.SUGGESTED or pair.is_exact:
            by_pk[pair.left.key].twins.append(  # type: ignore[index]
                {
                    "contact": pair.right.key,
                    "verdict": int(pair.verdict),
                    "reasons": [reason.name for reason in pair.reasons],
                }
            )
