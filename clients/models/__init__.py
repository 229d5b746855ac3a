"""Whom the practice works for, and what it keeps about them."""

from clients.models.clients import Client, ClientQuerySet
from clients.models.groups import ClientGroup, ClientTag, Tag
from clients.models.imports import ClientImport, ImportPiece, ImportRow
from clients.models.people import ContactPerson
from clients.models.records import Attachment, ClientSettings, Note
from clients.models.search import ClientWord
from clients.models.twins import ClientMerge, TwinPair

__all__ = [
    "Attachment",
    "Client",
    "ClientGroup",
    "ClientImport",
    "ClientMerge",
    "ClientQuerySet",
    "ClientSettings",
    "ClientTag",
    "ClientWord",
    "ContactPerson",
    "ImportPiece",
    "ImportRow",
    "Note",
    "Tag",
    "TwinPair",
]
