"""Reads about clients that join or compare."""

from datetime import date

from django.db.models import Q

from clients.models import Client, ClientQuerySet, ContactPerson
from practices.models import Membership, User


def likely_matches(name: str, email: str = "") -> list[Client]:
    """Clients of exactly this name or e-mail address, trimmed and ignoring case (ruling D10)."""
    same_name = Client.objects.named(name)
    if not email.strip():
        return list(same_name)
    same_email = ContactPerson.objects.filter(email_key=email.strip().lower()).values("client_id")
    return list(same_name | Client.objects.filter(pk__in=same_email))


def first_matching(text: str, most: int) -> list[Client]:
    """At most so many clients that match a text, those whose name begins with it before the others, both by name.

    What somebody types is mostly how a name begins: then nothing is looked at but the rows that are shown.
    """
    rows = Client.objects.order_by("name_key", "pk")
    found = {client.pk: client for client in rows.beginning_with(text)[:most]}
    if len(found) < most:
        found |= {client.pk: client for client in rows.matching(text)[:most]}
    return list(found.values())[:most]


def signatories_of(client: Client) -> list[ContactPerson]:
    """Who signs for the client, the primary one first."""
    return list(client.people.filter(is_signatory=True, has_left=False).order_by("-is_primary", "id"))


def invoice_recipients(client: Client) -> list[ContactPerson]:
    """Who is sent the client's invoices: those marked, else the primary signatory, else whoever has an address."""
    people = client.people.filter(has_left=False).exclude(email="")
    marked = list(people.filter(receives_invoices=True))
    return marked or list(people.order_by("-is_primary", "-is_signatory", "id")[:1])


def members_to_tell(client: Client) -> list[User]:
    """The client's manager and partner, as far as it says so and they still are members of the practice (G47)."""
    wanted = [client.manager_id if client.tells_manager else None]
    wanted.append(client.partner_id if client.tells_partner else None)
    members = Membership.objects.filter(practice=client.practice_id, user__in=[pk for pk in wanted if pk])
    return [member.user for member in members.select_related("user").order_by("id")]


def addresses_to_tell(client: Client) -> list[str]:
    """Further e-mail addresses that are told what happens with the client (G52)."""
    return client.also_tells.split()


def members_of_practice(practice_id: int) -> list[User]:
    """Who may be a client's manager, partner or reviewer, by name."""
    members = Membership.objects.filter(practice=practice_id).select_related("user")
    return sorted((member.user for member in members), key=lambda user: str(user).casefold())


def not_cleared(clients: ClientQuerySet, on: date) -> ClientQuerySet:
    """Those of the clients whose money laundering checks do not hold on this day."""
    return clients.exclude(
        Q(aml_status=Client.Aml.CLEARED) & (Q(aml_review_due_on__isnull=True) | Q(aml_review_due_on__gte=on))
    )
