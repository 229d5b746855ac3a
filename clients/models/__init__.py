"""Whom the practice works for, and what it keeps about them."""

from clients.models.clients import Client, ClientQuerySet
from clients.models.groups import ClientGroup, ClientTag, Tag
from clients.models.people import ContactPerson
from clients.models.records import Attachment, ClientSettings, Note
from clients.models.search import ClientWord

__all__ = [
    "Attachment",
    "Client",
    "ClientGroup",
    "ClientQuerySet",
    "ClientSettings",
    "ClientTag",
    "ClientWord",
    "ContactPerson",
    "Note",
    "Tag",
]
