"""Notes and attachments of a client."""

import hashlib
from typing import BinaryIO

from django.conf import settings

from clients.errors import EmptyFile, FileTooLarge
from clients.file_kinds import kind_of
from clients.models import Attachment, Client, Note
from practices import audit


def write_note(client: Client, body: str) -> Note:
    """A note under the name of whoever acts."""
    note = Note(client=client, body=body.strip(), author=audit.current_actor())
    note.save()
    audit.record("client.note_written", client, name=client.name)
    return note


def remove_note(note: Note) -> None:
    """Delete a note; what it said stays in the client's trail."""
    audit.record("client.note_removed", note.client, name=note.client.name, before=note.body)
    note.delete()


def attach_file(client: Client, name: str, file: BinaryIO, size: int) -> Attachment:
    """The file kept with the client.

    Raises `EmptyFile`, `FileTooLarge`, `PictureTooLarge` or `NotAFileWeKeep`; what it is decides its content, never
    its name.
    """
    if size == 0:
        raise EmptyFile(name)
    if size > settings.ATTACHMENT_MAX_BYTES:
        raise FileTooLarge(name)
    content = file.read()
    attachment = Attachment(
        client=client,
        name=safe_name(name),
        content_type=kind_of(content),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        added_by=audit.current_actor(),
    )
    attachment.save()
    audit.record(
        "client.file_attached", client, name=attachment.name, size=attachment.size, sha256=attachment.sha256
    )
    return attachment


def remove_file(attachment: Attachment) -> None:
    """Delete an attachment; its name and fingerprint stay in the client's trail."""
    audit.record("client.file_removed", attachment.client, name=attachment.name, sha256=attachment.sha256)
    attachment.delete()


def safe_name(name: str) -> str:
    """The last part of a path, without control characters, its ending kept where it has to be cut."""
    name = "".join(letter for letter in name.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
    stem, dot, ending = name.strip(" .").rpartition(".")
    if not dot:
        return ending[:120] or "file"
    return f"{stem[: 119 - len(ending[:10])]}.{ending[:10]}"
