"""Adding, changing and archiving clients."""

from collections.abc import Iterable, Sequence

from clients.errors import CannotActivate
from clients.models import Client, ClientTag, ContactPerson, Tag
from clients.signals import client_amended, client_restored
from practices import audit
from practices.models import User

#: What a client is and where: said by forms and files alike.
BASICS = [
    "name",
    "kind",
    "company_number",
    "vat_number",
    "utr",
    "phone",
    "address_line_1",
    "address_line_2",
    "city",
    "region",
    "postal_code",
    "country",
]
PARTICULARS = [
    *BASICS,
    "registered_line_1",
    "registered_line_2",
    "registered_city",
    "registered_region",
    "registered_postal_code",
    "posts_automatically",
    "manager",
    "partner",
    "tells_manager",
    "tells_partner",
    "also_tells",
    "emails_invoices",
    "emails_reminders",
    "is_collected",
    "terms_days",
    "invoice_day",
    "invoice_layout",
]
PERSONAL = ["name", "email", "phone", "is_signatory", "is_primary", "receives_invoices"]


def add_client(client: Client, people: Sequence[ContactPerson] = ()) -> Client:
    """The client, now on the books as a lead, with its contact persons."""
    client.save()
    _replace_people(client, people)
    audit.record("client.added", client, name=client.name)
    return client


def amend_client(client: Client, people: Sequence[ContactPerson] | None = None) -> Client:
    """The client with changed particulars; ``people``, where given, are all of its contact persons now."""
    before = Client.objects.select_for_update(of=["self"]).get(pk=client.pk)
    changes = audit.changes_between(before, client, PARTICULARS)
    client.save(update_fields=PARTICULARS)
    if people is not None:
        old = _people_in_words(client)
        _replace_people(client, people)
        if (new := _people_in_words(client)) != old:
            changes["people"] = [old, new]
    audit.record("client.amended", client, name=client.name, changes=changes)
    client_amended.send(Client, client=client, changes=changes)
    return client


def _people_in_words(client: Client) -> list[str]:
    people = ContactPerson.objects.filter(client=client, has_left=False)
    return [
        ", ".join(
            [person.name, person.email, person.phone]
            + [name for name in ("is_signatory", "is_primary", "receives_invoices") if getattr(person, name)]
        )
        for person in people
    ]


def _replace_people(client: Client, people: Sequence[ContactPerson]) -> None:
    """Save these contact persons; the others have left and cannot sign any more. One signatory is the primary."""
    staying = [person.pk for person in people if person.pk]
    client.people.exclude(pk__in=staying).update(has_left=True, is_signatory=False, is_primary=False)
    client.people.filter(is_primary=True).update(is_primary=False)
    name_one_primary(people)
    for person in people:
        person.client = client
        person.save()


def name_one_primary(people: Sequence[ContactPerson]) -> None:
    """Mark exactly one signatory as the primary one: the first who was marked, else the first who signs."""
    signing = [person for person in people if person.is_signatory]
    marked = [person for person in signing if person.is_primary] or signing
    for person in people:
        person.is_primary = bool(marked) and person is marked[0]


def tag_client(client: Client, names: Iterable[str]) -> list[str]:
    """The client with exactly these tags, made where they are new; the names, in order."""
    client = locked(client)
    before = sorted(client.tags.values_list("name", flat=True))
    tags = [find_tag(name) for name in clean_tags(names)]
    ClientTag.objects.filter(client=client).exclude(tag__in=tags).delete()
    ClientTag.objects.bulk_create([ClientTag(client=client, tag=tag) for tag in tags], ignore_conflicts=True)
    after = sorted(tag.name for tag in tags)
    if before != after:
        audit.record("client.tagged", client, name=client.name, changes={"tags": [before, after]})
    return after


def assign_client(client: Client, role: str, person: User | None) -> Client:
    """The client with this person as its ``manager`` or ``partner``; None for nobody."""
    before, client = locked(client), locked(client)
    setattr(client, role, person)
    client.save(update_fields=[role])
    if changes := audit.changes_between(before, client, [role]):
        audit.record("client.amended", client, name=client.name, changes=changes)
    return client


def clean_tags(names: Iterable[str]) -> list[str]:
    """The names trimmed and cut to their length, each once whatever its case."""
    trimmed = [" ".join(name.split())[:40] for name in names]
    return list({name.casefold(): name for name in reversed(trimmed) if name}.values())[::-1]


def find_tag(name: str) -> Tag:
    """The tag of this name, whatever its case; a new one where there is none."""
    found = Tag.objects.filter(name__iexact=name).first()
    return found or Tag.objects.create(name=name)


def activate_client(client: Client) -> Client:
    """The client as one that is worked for; raises `CannotActivate` for an archived one."""
    client = locked(client)
    if client.status == Client.Status.ARCHIVED:
        raise CannotActivate(client)
    return _set_status(client, Client.Status.ACTIVE, "client.activated")


def settle_status(client: Client, *, is_served: bool, was_served: bool) -> Client:
    """The client active while it is served, inactive once it was, a lead before; archived ones stay so (G44)."""
    client = locked(client)
    if client.status == Client.Status.ARCHIVED:
        return client
    if is_served:
        return _set_status(client, Client.Status.ACTIVE, "client.activated")
    if was_served:
        return _set_status(client, Client.Status.INACTIVE, "client.fell_quiet")
    return _set_status(client, Client.Status.LEAD, "client.is_a_lead")


def switch_posting(client: Client, *, on: bool) -> Client:
    """The client with its invoices created in Sage by themselves, or kept until somebody copies them (F18)."""
    client = locked(client)
    if client.posts_automatically != on:
        client.posts_automatically = on
        client.save(update_fields=["posts_automatically"])
        audit.record("client.posting_switched", client, on=on)
    return client


def archive_client(client: Client) -> Client:
    """The client out of the way; nothing of its history is lost."""
    return _set_status(locked(client), Client.Status.ARCHIVED, "client.archived")


def restore_client(client: Client) -> Client:
    """An archived client back: inactive, unless the apps above know better. One that was merged stays merged."""
    client = locked(client)
    if client.status != Client.Status.ARCHIVED or client.merged_into_id:
        return client
    client = _set_status(client, Client.Status.INACTIVE, "client.restored")
    client_restored.send(Client, client=client)
    return locked(client)


def locked(client: Client) -> Client:
    """The client as it is now, for this transaction alone."""
    current: Client = Client.objects.select_for_update(of=["self"]).get(pk=client.pk)
    return current


def _set_status(client: Client, status: str, action: str) -> Client:
    if client.status != status:
        before, client.status = client.status, status
        client.save(update_fields=["status"])
        audit.record(action, client, name=client.name, before=before)
    return client
