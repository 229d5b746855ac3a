"""Clients that tests begin with."""

from clients.models import Client, ContactPerson
from clients.operations import add_client


def a_client(name: str = "Harbour Bakery Ltd", *emails: str, **particulars) -> Client:
    """A client; each address is a person of it, the first one signs."""
    people = [
        ContactPerson(name=email.partition("@")[0], email=email, is_signatory=number == 0)
        for number, email in enumerate(emails)
    ]
    return add_client(Client(name=name, **particulars), people)


def names(rows) -> list[str]:
    """The clients' names, in order."""
    return [client.name for client in rows]
