"""Reads about clients that join or compare."""

from clients.models import Client, ContactPerson


def likely_matches(name: str, email: str = "") -> list[Client]:
    """Clients of exactly this name or e-mail address, trimmed and ignoring case (ruling D10)."""
    same_name = Client.objects.filter(name__iexact=name.strip())
    if not email.strip():
        return list(same_name)
    same_email = ContactPerson.objects.filter(email__iexact=email.strip()).values("client_id")
    return list(same_name | Client.objects.filter(pk__in=same_email))


def signatories_of(client: Client) -> list[ContactPerson]:
    """Who signs for the client, the primary one first."""
    return list(client.people.filter(is_signatory=True, has_left=False).order_by("id"))
