"""What is to become of chosen contacts: checked against everything known now, before anything is done."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from clients.likeness import Verdict
from clients.models import Client
from practices.errors import DomainError
from practices.row_keys import row_key
from sage_integration.app_clients.importing import AlreadyAClient, client_from, exact_matches
from sage_integration.app_clients.suggestions import Candidate, candidates_of
from sage_integration.contact_links import why_unusable_here
from sage_integration.models import ContactLink, SageContact


class Act(StrEnum):
    """What may be done with one contact."""

    LINK = "link"
    NEW = "new"
    IGNORE = "ignore"
    LATER = "later"


@dataclass(frozen=True)
class Decision:
    """One contact's decision, as a person made it."""

    contact_id: int
    act: Act
    client_id: int | None = None
    #: Said to be another client than the one of exactly the same name or address.
    is_another: bool = False

    @classmethod
    def read(cls, contact_id: int, text: str, *, is_another: bool = False) -> "Decision":
        """The decision from a form's value, `link:12` or `new`; later when it says nothing known."""
        act, _, client = text.partition(":")
        if act == Act.LINK and (client_id := row_key(client)):
            return cls(contact_id, Act.LINK, client_id)
        known = act in {Act.NEW, Act.IGNORE}
        return cls(contact_id, Act(act) if known else Act.LATER, is_another=is_another)

    @property
    def value(self) -> str:
        """The decision as a form's value."""
        return f"{self.act}:{self.client_id}" if self.act == Act.LINK else str(self.act)


@dataclass
class Row:
    """One contact under review: what may be chosen, what is chosen, and what stands against it."""

    contact: SageContact
    candidates: list[Candidate]
    decision: Decision
    problem: str = ""
    #: The clients of exactly this name or address, when a new one was chosen all the same.
    exact: list[Client] = field(default_factory=list)
    #: Whether somebody may say that it is another client, and so have it made.
    may_be_another: bool = False

    @property
    def options(self) -> list[tuple[str, str]]:
        """What may be chosen: the likely clients first, each as a form's value with its words."""
        clients = {candidate.client.pk: candidate.client for candidate in self.candidates}
        clients |= {client.pk: client for client in self.exact}
        return [
            *(
                (Decision(self.contact.pk, Act.LINK, pk).value, f"Link with {clients[pk].name}")
                for pk in clients
            ),
            (str(Act.NEW), "Import as a new client"),
            (str(Act.IGNORE), "Don't import"),
            (str(Act.LATER), "Later"),
        ]


@dataclass
class Plan:
    """What would happen: the dry run."""

    rows: list[Row]

    @property
    def is_sound(self) -> bool:
        """Whether nothing stands against it."""
        return not any(row.problem for row in self.rows)

    @property
    def numbers(self) -> dict[str, int]:
        """How many are linked, made new, set aside and left for later."""
        counted = Counter(str(row.decision.act) for row in self.rows)
        return {act: counted[act] for act in Act}


def suggested_decision(contact: SageContact, candidates: Sequence[Candidate]) -> Decision:
    """What a person is offered first: the link that is suggested, a new client for a stranger, else later."""
    if contact.is_ignored:
        return Decision(contact.pk, Act.IGNORE)
    if not candidates:
        return Decision(contact.pk, Act.NEW)
    best = candidates[0]
    if best.verdict >= Verdict.SUGGESTED:
        return Decision(contact.pk, Act.LINK, best.client.pk)
    return Decision(contact.pk, Act.LATER)


def plan_for(
    contacts: Sequence[SageContact], business_id: str, *, currency: str, decisions: Iterable[Decision] = ()
) -> Plan:
    """The chosen contacts with what matching suggested and these decisions, each checked; nothing is changed.

    ``contacts`` are of this business, in the order to show. Without a decision the suggested one is taken.
    """
    given = {decision.contact_id: decision for decision in decisions}
    links = ContactLink.objects.filter(business_id=business_id)
    linked = set(links.values_list("client_id", flat=True))
    offered = candidates_of(contacts, linked)
    rows = [
        Row(
            contact,
            offered[contact.pk],
            given.get(contact.pk) or suggested_decision(contact, offered[contact.pk]),
        )
        for contact in contacts
    ]
    clients = Client.objects.in_bulk([row.decision.client_id for row in rows if row.decision.client_id])
    _check(rows, clients, linked, set(links.values_list("sage_contact_id", flat=True)), currency)
    return Plan(rows)


def _check(
    rows: list[Row], clients: dict[int, Client], linked: set[int], taken: set[str], currency: str
) -> None:
    chosen = Counter(row.decision.client_id for row in rows)
    doubles = _doubles([row.contact for row in rows if row.decision.act == Act.NEW])
    for row in rows:
        if row.decision.act in {Act.LATER, Act.IGNORE}:
            continue
        if row.contact.sage_id in taken:
            row.problem = "It was linked meanwhile. Leave it for later, and it is no longer on the list."
        elif unusable := why_unusable_here(row.contact, currency=currency):
            row.problem = f"{unusable}. Leave it for later."
        elif row.decision.act == Act.LINK:
            row.problem = _problem_of_link(row.decision.client_id, clients, linked, chosen)
        else:
            _check_new(row, doubles.get(row.contact.pk))


def _doubles(contacts: Sequence[SageContact]) -> dict[int, SageContact]:
    """Of contacts that are all to become clients, those that are likely another one of them, with that other one."""
    found: dict[int, SageContact] = {}
    by_pk = {contact.pk: contact for contact in contacts}
    by_name: dict[str, SageContact] = {}
    for contact in contacts:
        first = by_name.setdefault(contact.name.strip().casefold(), contact)
        twins = [by_pk[twin["contact"]] for twin in contact.twins if twin["contact"] in by_pk]
        for other in (*twins, *([first] if first is not contact else [])):
            found[contact.pk], found[other.pk] = other, contact
    return found


def _problem_of_link(
    client_id: int | None, clients: dict[int, Client], linked: set[int], chosen: Counter[int | None]
) -> str:
    client = clients.get(client_id or 0)
    if client is None:
        return "This client is not there any more. Choose another."
    if client.status == Client.Status.ARCHIVED:
        return f"{client.name} is archived. Restore it first, or choose another."
    if client.pk in linked:
        return f"{client.name} stands for another contact already; change that on its Sage page."
    if chosen[client.pk] > 1:
        return f"{client.name} is chosen for two contacts, and can stand for one."
    return ""


def _check_new(row: Row, double: SageContact | None) -> None:
    """A new client needs a name, and somebody's word when one of exactly this name or address is there (D10)."""
    try:
        client_from(row.contact)
    except DomainError as error:
        row.problem = error.message
        return
    if row.decision.is_another:
        return
    row.exact = exact_matches(row.contact)
    row.may_be_another = bool(row.exact) or double is not None
    if row.exact:
        row.problem = AlreadyAClient(row.exact).message
    elif double is not None:
        row.problem = (
            f"“{double.name}” is chosen too and likely the same. Import one, or say that they are two."
        )
