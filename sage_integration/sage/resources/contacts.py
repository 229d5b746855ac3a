"""Customers (and vendors) in Sage: what we call clients."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import NotRequired, Required, TypedDict

from sage_integration.sage.errors import AmbiguousContact
from sage_integration.sage.paging import ROWS_PER_PAGE
from sage_integration.sage.resources.resource import Link, Linked, Resource, moment_text

CUSTOMER = "CUSTOMER"


class Address(TypedDict, total=False):
    """An address as Sage shows it."""

    address_line_1: str | None
    address_line_2: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: Linked | None


class ContactPerson(TypedDict, total=False):
    """A human at a contact."""

    name: str | None
    email: str | None
    telephone: str | None
    mobile: str | None


class Contact(TypedDict, total=False):
    """A contact; a list row has the fields of `Contacts.attributes`."""

    id: Required[str]
    displayed_as: Required[str]
    created_at: str
    updated_at: str
    deleted_at: str | None
    links: list[Link]
    contact_types: list[Linked]
    name: str
    reference: str | None
    email: str | None
    tax_number: str | None
    #: What is owed, when it was asked for.
    balance: Decimal | None
    main_address: Address | None
    main_contact_person: ContactPerson | None
    credit_days: int | None
    currency: Linked | None
    is_active: bool | None
    system: bool
    gdpr_obfuscated: bool


class NewAddress(TypedDict, total=False):
    """An address to send; lines, city and region hold 50 characters, the postcode 10 (FACTS.md 6)."""

    name: str
    address_line_1: str
    address_line_2: str
    city: str
    region: str
    postal_code: str
    country_id: str
    address_type_id: str


class NewContactPerson(TypedDict, total=False):
    """A human to send with a contact; the contact's e-mail address lives here (FACTS.md 6)."""

    name: str
    email: str
    telephone: str
    mobile: str
    is_main_contact: bool


class ContactChanges(TypedDict, total=False):
    """What may be sent of a contact; a change needs none of it (FACTS.md 6)."""

    name: str
    reference: str
    notes: str
    tax_number: str
    locale: str
    credit_days: int
    credit_terms: str
    currency_id: str
    default_sales_ledger_account_id: str
    default_sales_tax_rate_id: str
    main_address: NewAddress
    main_contact_person: NewContactPerson


class NewContact(ContactChanges):
    """A contact to create; the name holds 100 characters, the reference 10 (FACTS.md 6)."""

    name: Required[str]  # type: ignore[misc]
    contact_type_ids: list[str]
    idempotency_id: str
    source_guid: NotRequired[str]


def only_one_named(name: str, contacts: Iterable[Contact]) -> Contact | None:
    """The one of these that has exactly this name and takes documents; raises `AmbiguousContact`."""
    found = [
        contact
        for contact in contacts
        if contact["name"] == name and not contact.get("gdpr_obfuscated") and not contact.get("system")
    ]
    if len(found) > 1:
        raise AmbiguousContact(f"there are {len(found)} of them")
    return found[0] if found else None


class Contacts(Resource[Contact]):
    """The contacts of a business."""

    path = "/contacts"
    namespace = "contact"
    attributes = (
        "name",
        "reference",
        "email",
        "contact_types",
        "main_address",
        "main_contact_person",
        "tax_number",
        "credit_days",
        "currency",
        "is_active",
        "system",
        "gdpr_obfuscated",
        "created_at",
        "updated_at",
        "deleted_at",
        "links",
    )
    decimals = ("balance", "credit_limit")

    def list(
        self,
        *,
        search: str | None = None,
        contact_type_id: str | None = CUSTOMER,
        updated_or_created_since: datetime | None = None,
        deleted_since: datetime | None = None,
    ) -> Iterator[Contact]:
        """Contacts without Sage's own HMRC ones; `search` matches parts of names and references."""
        return self._many(
            search=search,
            contact_type_id=contact_type_id,
            exclude_system=True,
            updated_or_created_since=moment_text(updated_or_created_since),
            deleted_since=moment_text(deleted_since),
        )

    def changed(self, since: datetime) -> Iterator[Contact]:
        """Customers changed or made since, with their whole address and person, and what they owe.

        `nested_attributes=all` is understood the same whether it names objects or their fields (FACTS.md 3).
        """
        return self._many(
            contact_type_id=CUSTOMER,
            exclude_system=True,
            updated_or_created_since=moment_text(since),
            nested_attributes="all",
            show_balance=True,
            attributes=",".join((*self.attributes, "balance")),
        )

    def find_by_name(self, name: str) -> Contact | None:
        """The customer of exactly this name, letter for letter; raises `AmbiguousContact` if there are two.

        Contacts wiped for data protection take no new documents (FACTS.md 6) and do not count.
        """
        return only_one_named(name, self.list(search=name))

    def all_on_one_page(self) -> Sequence[Contact] | None:
        """Every customer, or None when there are more than one page holds.

        A list that is read page by page may change meanwhile, and who slips through would be created again.
        """
        found = tuple(islice(self.list(), ROWS_PER_PAGE + 1))
        return found if len(found) <= ROWS_PER_PAGE else None

    def get(self, contact_id: str) -> Contact:
        """One contact with everything Sage knows; raises `NotInSage`."""
        return self._one(self._path_of(contact_id))

    def create(self, contact: NewContact) -> Contact:
        """The contact as Sage stored it; a repeat with the same idempotency id makes no second one."""
        return self._create(contact)

    def update(self, contact_id: str, changes: ContactChanges) -> Contact:
        """The contact after the change; fields left out stay as they are."""
        return self._update(contact_id, changes)
