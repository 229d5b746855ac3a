"""Addresses and contact persons: records of their own that hang on a contact or bank account (FACTS.md 6)."""

from sage_sandbox.books import Books, new_id, short
from sage_sandbox.errors import Problems
from sage_sandbox.reference_data import COUNTRIES, NAMES, country_group, link
from sage_sandbox.store import Doc

ADDRESS_LIMITS = {
    "address_line_1": 50,
    "address_line_2": 50,
    "city": 50,
    "region": 50,
    "postal_code": 10,
    "name": 50,
}
PERSON_LIMITS = {"name": 50, "job_title": 50, "telephone": 50, "mobile": 50, "fax": 50, "email": 100}
LINES = ("address_line_1", "address_line_2", "city", "region", "postal_code")


def check_address(attributes: object, problems: Problems, prefix: str) -> Doc:
    """The address attributes when they are an object; faults are noted under the prefix."""
    if attributes is None:
        return {}
    if not isinstance(attributes, dict):
        problems.add(prefix.rstrip("."), "is not valid")
        return {}
    problems.too_long(attributes, ADDRESS_LIMITS, prefix)
    country = attributes.get("country_id")
    if country and country not in COUNTRIES:
        problems.add(f"{prefix}country_id", "is not valid")
    kind = attributes.get("address_type_id")
    if kind and kind not in NAMES["address_types"]:
        problems.add(f"{prefix}address_type_id", "is not valid")
    return attributes


def in_one_line(address: Doc) -> str:
    """The address as Sage shows it: its filled lines, one under another."""
    return "\n".join(address[name] for name in LINES if address.get(name))


def is_filled(address: Doc) -> bool:
    """True when at least one line of the address says something."""
    return any(address.get(name) for name in LINES)


def add_address(
    books: Books,
    owner: Doc,
    attributes: Doc,
    *,
    main: bool,
    default_type: str = "SALES",
    default_name: str = "",
) -> Doc:
    """A new stored address of a contact."""
    key = new_id()
    address: Doc = {
        "id": key,
        "displayed_as": "",
        "$path": f"/addresses/{key}",
        "contact": owner,
        "address_type": link("address_types", default_type),
        "name": default_name or None,
        "address_line_1": "",
        "address_line_2": "",
        "city": "",
        "region": "",
        "postal_code": "",
        "country": link("countries", books.country),
        "country_group": country_group(books.country),
        "is_main_address": main,
        "created_at": "",
        "updated_at": "",
    }
    fill_address(address, attributes)
    books.add("addresses", address)
    return address


def fill_address(address: Doc, attributes: Doc) -> None:
    """Overwrite what the attributes name."""
    for name in ADDRESS_LIMITS:
        if name in attributes:
            address[name] = attributes[name] or ""
    if attributes.get("country_id"):
        address["country"] = link("countries", attributes["country_id"])
        address["country_group"] = country_group(attributes["country_id"])
    if attributes.get("address_type_id"):
        address["address_type"] = link("address_types", attributes["address_type_id"])
    address["displayed_as"] = in_one_line(address)


def check_person(attributes: object, problems: Problems, prefix: str) -> Doc:
    """The contact person attributes when they are an object; faults are noted under the prefix."""
    if attributes is None:
        return {}
    if not isinstance(attributes, dict):
        problems.add(prefix.rstrip("."), "is not valid")
        return {}
    problems.too_long(attributes, PERSON_LIMITS, prefix)
    email = attributes.get("email")
    if isinstance(email, str) and email and ("@" not in email or any(sign.isspace() for sign in email)):
        problems.add(f"{prefix}email", "is not a valid email address")
    return attributes


def add_person(books: Books, owner: Doc, address: Doc, attributes: Doc, *, main: bool) -> Doc:
    """A new stored contact person of a contact."""
    key = new_id()
    person: Doc = {
        "id": key,
        "displayed_as": "",
        "$path": f"/contact_persons/{key}",
        "contact_person_types": [link("contact_person_types", "ACCOUNTS")],
        "name": "Main Contact",
        "job_title": None,
        "telephone": None,
        "mobile": None,
        "email": None,
        "fax": None,
        "is_main_contact": main,
        "address": short(address),
        "_contact": owner,
        "created_at": "",
        "updated_at": "",
    }
    fill_person(person, attributes)
    books.add("contact_persons", person)
    return person


def fill_person(person: Doc, attributes: Doc) -> None:
    """Overwrite what the attributes name."""
    for name in PERSON_LIMITS:
        if name in attributes:
            person[name] = attributes[name] or (person["name"] if name == "name" else None)
    person["displayed_as"] = person["name"]
