"""What a column of a file may be read as, and what a row then says of a client.

Pure: a row in, values or a problem out. The values are those of the client's form, checked by `identifiers`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clients import identifiers
from clients.identifiers import Malformed
from clients.models import Client
from clients.operations.records import BASICS
from practices.csv_files import harmed
from practices.forms import COUNTRIES

#: Field → what it is called on the page, and names that columns for it usually have.
FIELDS: dict[str, tuple[str, str]] = {
    "id": ("Client id", "id,client id,ignition id"),
    "name": (
        "Client name",
        "name,client,client name,company,company name,business name,organisation,customer",
    ),
    "kind": ("Kind", "kind,type,client type,entity type,business type"),
    "company_number": ("Company number", "company number,company no,registration number,crn"),
    "vat_number": ("VAT number", "vat number,vat no,vat,vat registration number,tax number"),
    "utr": ("UTR", "utr,unique taxpayer reference,tax reference"),
    "phone": ("Telephone", "phone,telephone,tel,phone number,telephone number,mobile"),
    "address_line_1": ("Address line 1", "address line 1,address 1,address1,address,street"),
    "address_line_2": ("Address line 2", "address line 2,address 2,address2"),
    "city": ("Town or city", "city,town,town or city"),
    "region": ("County", "county,region,state"),
    "postal_code": ("Postcode", "postcode,post code,postal code,zip"),
    "country": ("Country", "country"),
    "contact": ("Contact person", "contact,contact name,contact person,primary contact,full name"),
    "first_name": ("Contact's first name", "first name,forename,given name"),
    "last_name": ("Contact's last name", "last name,surname,family name"),
    "email": ("E-mail address", "email,e-mail,email address,e-mail address,emails,contact email"),
    "contact_phone": ("Contact's telephone", "contact phone,contact telephone,contact mobile"),
    "manager": ("Manager", "manager,client manager"),
    "partner": ("Partner", "partner,client partner"),
    "tags": ("Tags", "tags,tag,labels"),
    "group": ("Group", "group,client group"),
}
#: What a row may say of the client itself, as columns of its table.
SAID = BASICS
#: Fields of the client that are taken over as they are once checked.
PLAIN = ("address_line_1", "address_line_2", "city", "region")
KINDS = {
    "ltd": Client.Kind.COMPANY,
    "company": Client.Kind.COMPANY,
    "limited": Client.Kind.COMPANY,
    "llp": Client.Kind.PARTNERSHIP,
    "person": Client.Kind.INDIVIDUAL,
    "self employed": Client.Kind.SOLE_TRADER,
}
_COUNTRY_NAMES = {name.casefold(): code for code, name in COUNTRIES} | {
    code.casefold(): code for code, _ in COUNTRIES
}
_GREAT_BRITAIN = dict.fromkeys(
    ("uk", "great britain", "england", "scotland", "wales", "northern ireland"), "GB"
)
COUNTRY_CODES = _COUNTRY_NAMES | _GREAT_BRITAIN


@dataclass(slots=True)
class Reading:
    """What a row says: the client's fields, its people and what refers to others, or why it cannot be read."""

    name: str = ""
    client_id: int | None = None
    fields: dict[str, str] = field(default_factory=dict)
    people: list[dict[str, str]] = field(default_factory=list)
    manager: str = ""
    partner: str = ""
    group: str = ""
    tags: list[str] = field(default_factory=list)
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """The same for a column of the database."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "problem"}


def guess_mapping(header: Sequence[str], remembered: Mapping[str, str]) -> dict[str, str]:
    """For each column, by its number as text, the field it most likely is; each field once.

    What the practice chose for a column of this name before goes first.
    """
    by_name = {alias: key for key, (_, aliases) in FIELDS.items() for alias in aliases.split(",")}
    mapping: dict[str, str] = {}
    for number, column in enumerate(header):
        plain = " ".join(re.split(r"[\W_]+", column.casefold())).strip()
        known = remembered.get(column.casefold())
        guess = (
            known
            if known is not None
            else by_name.get(plain) or by_name.get(plain.replace("e mail", "e-mail"))
        )
        if guess in FIELDS and guess not in mapping.values():
            mapping[str(number)] = guess
    return mapping


def read_row(cells: Sequence[str], mapping: Mapping[str, str]) -> Reading:
    """What the row says under the mapping; `problem` is a sentence where it cannot be imported."""
    said = {key: harmed(cells[int(number)]) for number, key in mapping.items() if int(number) < len(cells)}
    reading = Reading(name=" ".join(said.get("name", "").split()))
    try:
        _read(reading, {key: value for key, value in said.items() if value})
    except Malformed as error:
        reading.problem = str(error)
    return reading


def _read(reading: Reading, said: dict[str, str]) -> None:
    if "id" in said:
        if not said["id"].isdecimal() or len(said["id"]) > 18:
            raise Malformed(f"“{said['id'][:20]}” is no client id.")
        reading.client_id = int(said["id"])
    _check_name(reading.name)
    country = _country(said.get("country", ""))
    checks: dict[str, Callable[[str], str]] = {
        "company_number": identifiers.company_number,
        "utr": identifiers.utr,
        "vat_number": lambda text: identifiers.vat_number(text, country or "GB"),
        "postal_code": lambda text: identifiers.postcode(text, country or "GB"),
        "phone": lambda text: identifiers.phone(text, country or "GB"),
    }
    fields = {"name": reading.name}
    if country:
        fields["country"] = country
    if "kind" in said:
        fields["kind"] = _kind(said["kind"])
    for key in PLAIN:
        if key in said:
            fields[key] = _no_longer(said[key], 50, FIELDS[key][0])
    for key, check in checks.items():
        if key in said:
            fields[key] = check(said[key])
    reading.fields = fields
    reading.people = _people(said, country or "GB")
    reading.manager, reading.partner = said.get("manager", ""), said.get("partner", "")
    reading.group = _no_longer(said.get("group", ""), 100, "Group")
    reading.tags = [part.strip() for part in re.split(r"[,;|]", said.get("tags", "")) if part.strip()]


def _check_name(name: str) -> None:
    if not any(letter.isalnum() for letter in name):
        raise Malformed("The client has no name.")
    if len(name) > 100:
        raise Malformed(f"The name has {len(name)} characters; 100 are the most, because Sage takes no more.")


def _no_longer(text: str, most: int, what: str) -> str:
    if len(text) > most:
        raise Malformed(f"{what} has {len(text)} characters; {most} are the most.")
    return text


def _country(text: str) -> str:
    if not text:
        return ""
    code = COUNTRY_CODES.get(text.casefold())
    if code is None:
        raise Malformed(f"“{text[:40]}” is no country we know.")
    return code


def _kind(text: str) -> str:
    plain = text.casefold().replace("-", " ").replace("_", " ").strip()
    for value, label in Client.Kind.choices:
        if plain in (value.replace("_", " "), str(label).casefold()):
            return value
    known = KINDS.get(plain)
    if known is None:
        raise Malformed(
            f"“{text[:40]}” is no kind of client. Use one of: {', '.join(map(str, Client.Kind.labels))}."
        )
    return str(known)


def _people(said: dict[str, str], country: str) -> list[dict[str, str]]:
    """One person for each e-mail address, the named one first; or a named person without an address."""
    name = said.get("contact") or " ".join(
        part for part in (said.get("first_name", ""), said.get("last_name", "")) if part
    )
    name = _no_longer(name, 50, "The contact's name")
    phone = identifiers.phone(said.get("contact_phone", ""), country)
    addresses = identifiers.emails(said.get("email", ""))
    people = [
        {"name": address.partition("@")[0][:50], "email": address, "phone": ""} for address in addresses
    ]
    if people:
        people[0]["name"] = name or people[0]["name"]
        people[0]["phone"] = phone
    elif name:
        people = [{"name": name, "email": "", "phone": phone}]
    return people
