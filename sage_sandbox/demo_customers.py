"""Customers that a practice trying the demo finds in the first company: near matches, twins, strangers and others.

The names play with those of the demo practice's clients; nothing here is needed by tests.
"""

from sage_sandbox import contacts
from sage_sandbox.books import Books
from sage_sandbox.store import Doc

#: Name, reference, person, e-mail, street, town, postcode, VAT number.
CUSTOMERS = """\
The Saltmarsh Community Trust|SALT1|Ines Carver||The Old School|Maldon|CM9 5QP|
FENWICK JOINERY LTD|FENW1|Tom Fenwick|tom@fenwick.example|3 Tannery Lane|Hexham|NE46 1AB|
Copperfield Interiors Ltd|COPP1|Dora Wick|dora@copperfield.example|9 Mill Street|Ludlow|SY8 1AA|
Copperfield Interiors Limited|COPP2|Dora Wick|accounts@copperfield.example|9 Mill Street|Ludlow|SY8 1AA|
Larkspur Veterinary LLP|LARK1|Sam Idris|office@larkspur.example|2 Station Road|Brecon|LD3 7AA|GB980780684
Quillfeather Press|QUIL1|Nora Quill|nora@quillfeather.example|17 Print Yard|Lewes|BN7 1AA|
Tidewater Boatyard|TIDE1|Joss Penrose|joss@tidewater.example; yard@tidewater.example|The Quay|Fowey|PL23 1AA|
Müller Hayes Engineering Ltd|MULL1|Anke Müller|anke@mullerhayes.example|Unit 4, Forge Lane|Telford|TF1 1AA|
Orchard & Vine Catering|ORCH1|Leo Marsh|leo@orchardvine.example|5 Cider Row|Hereford|HR1 1AA|
Ruth Abernathy|ABER1|Ruth Abernathy|ruth@abernathy.example|Hill Cottage|Kelso|TD5 7AA|
Hexham Glass|HEXH1|Tom Fenwick|glass@hexham.example|4 Tannery Lane|Hexham|NE46 1AB|
Harbour Bakery (Scarborough)|HARB2|Mina Okafor|scarborough@harbour.example|1 Pier Road|Scarborough|YO11 1AA|
"""
SUPPLIER = {"name": "Paper & Print Supplies", "reference": "PAPER1", "contact_type_ids": ["VENDOR"]}


def add_demo_customers(books: Books) -> None:
    """Put them into a company that has no customers yet but Sage's own."""
    if any(not contact["system"] for contact in books.all("contacts")):
        return
    for line in CUSTOMERS.splitlines():
        name, reference, person, email, street, town, postcode, vat = line.split("|")
        made = contacts.create(
            books,
            {
                "name": name,
                "reference": reference,
                "tax_number": vat or None,
                "contact_type_ids": ["CUSTOMER"],
                "main_address": {
                    "address_line_1": street,
                    "city": town,
                    "postal_code": postcode,
                    "country_id": "GB",
                },
                "main_contact_person": {"name": person},
            },
        )
        if email:
            _write_email(books, made, email)
    contacts.create(books, dict(SUPPLIER))


def _write_email(books: Books, contact: Doc, email: str) -> None:
    """As typed years ago: today two addresses in one field would be refused."""
    person = books.find("contact_persons", contact["main_contact_person"]["id"])
    if person is not None:
        person["email"] = contact["email"] = email
        books.change("contact_persons", person)
        books.change("contacts", contact, (contact["name"], contact["reference"]))
