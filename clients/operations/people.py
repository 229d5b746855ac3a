"""One human at a client at a time, for callers that do not hold the whole list."""

from django.db import models

from clients.models import Client, ContactPerson
from clients.operations.records import amend_client


def add_person(person: ContactPerson) -> ContactPerson:
    """The person among those of its client, recorded; the primary signatory in place of another where so marked."""
    client = _locked(person)
    amend_client(client, [person, *_present(client)])
    return person


def amend_person(person: ContactPerson) -> ContactPerson:
    """The person with changed particulars, recorded."""
    client = _locked(person)
    amend_client(client, [person, *_present(client).exclude(pk=person.pk)])
    return person


def remove_person(person: ContactPerson) -> None:
    """The person has left the client: what they signed stays, and they sign nothing any more."""
    client = _locked(person)
    amend_client(client, list(_present(client).exclude(pk=person.pk)))


def _locked(person: ContactPerson) -> Client:
    client: Client = Client.objects.select_for_update(of=["self"]).get(pk=person.client_id)
    return client


def _present(client: Client) -> "models.QuerySet[ContactPerson]":
    return ContactPerson.objects.filter(client=client, has_left=False)
