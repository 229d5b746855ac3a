"""Numbers and addresses of UK businesses: checked offline, and written one way.

Each function takes what a person typed and returns it as we keep it, or raises `Malformed` with a sentence. Nothing
typed stays nothing.
"""

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from stdnum.exceptions import ValidationError as NumberError
from stdnum.gb import utr as stdnum_utr
from stdnum.gb import vat as stdnum_vat

#: Companies House: eight digits, or a prefix and six digits (its URI guide lists the prefixes); societies and some
#: old Northern Irish companies end or begin differently.
_COMPANY = re.compile(
    r"\d{8}"
    r"|(?:SC|NI|OC|SO|NC|FC|SF|NF|BR|LP|SL|NL|GE|GN|GS|IC|SI|NV|AC|SA|NA|CE|CS|PC|RC|SR|NR|NZ|NO|ZC|SZ|OE|GI"
    r"|IP|SP|RS|NP|ES|SG)\d{6}"
    r"|R0\d{6}|(?:IP|SP|RS|NP)\d{5}[A-Z]"
)
#: BS 7666, with the one postcode that is like no other.
_POSTCODE = re.compile(r"(GIR0AA|[A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})?")
#: As many addresses as a person may enter at once.
MOST_EMAILS = 10


class Malformed(ValueError):
    """What was typed is no such number or address; the message says so to a person."""


def company_number(text: str) -> str:
    """Eight characters as Companies House writes them; short numbers get their leading zeros."""
    number = "".join(text.upper().split())
    if not number:
        return ""
    if number.isdecimal() and number.isascii():
        number = number.zfill(8)
    if not _COMPANY.fullmatch(number):
        raise Malformed("A company number has eight digits, or two letters and six digits, like SC123456.")
    return number


def vat_number(text: str, country: str = "GB") -> str:
    """The number without spaces; a British one with GB before it and its check digits right."""
    number = re.sub(r"[\s.-]", "", text.upper())
    if not number:
        return ""
    british = number.startswith(("GB", "XI")) or (country == "GB" and number[:1].isdigit())
    if not british:
        if not re.fullmatch(r"[A-Z]{2}[A-Z\d+*]{2,15}", number) and country == "GB":
            raise Malformed("A VAT number begins with its country, like GB123456782.")
        return number
    try:
        digits = stdnum_vat.validate(number.removeprefix("XI"))
    except NumberError as error:
        raise Malformed(
            "This VAT number cannot exist: its check digits do not fit. Compare it once more."
        ) from error
    return f"XI{digits}" if number.startswith("XI") else f"GB{digits}"


def utr(text: str) -> str:
    """The ten digits of a Unique Taxpayer Reference."""
    if not text.strip():
        return ""
    try:
        return str(stdnum_utr.validate(text))
    except NumberError as error:
        raise Malformed(
            "A UTR has ten digits, and the first checks the others. Compare it once more."
        ) from error


def postcode(text: str, country: str = "GB") -> str:
    """The postcode in capitals, a British one with its one space."""
    code = " ".join(text.upper().split())
    if country != "GB" or not code:
        return code
    found = _POSTCODE.fullmatch(code.replace(" ", ""))
    if not found or not (found[2] or found[1].startswith("GIR")):
        raise Malformed("This is no UK postcode. It looks like YO21 3PU.")
    return f"{found[1]} {found[2]}" if found[2] else "GIR 0AA"


def phone(text: str, country: str = "GB") -> str:
    """The number as its country writes it, another country's with its + in front."""
    if not text.strip():
        return ""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        raise Malformed("This is no telephone number.") from error
    if not phonenumbers.is_possible_number(number):
        raise Malformed("This telephone number is too short or too long.")
    at_home = number.country_code == phonenumbers.country_code_for_region(country)
    style = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(number, style.NATIONAL if at_home else style.INTERNATIONAL))


def emails(text: str) -> list[str]:
    """Every address in the text, each once, in order; they may be parted by commas, semicolons or spaces."""
    parts = [part.strip("<>\"'()") for part in re.split(r"[\s,;]+", text.strip())]
    found = list(dict.fromkeys(part for part in parts if part))
    if len(found) > MOST_EMAILS:
        raise Malformed(f"These are more than {MOST_EMAILS} e-mail addresses.")
    for address in found:
        try:
            validate_email(address)
        except ValidationError as error:
            raise Malformed(f"{address[:80]} is no e-mail address.") from error
        if len(address) > 100:
            raise Malformed("An e-mail address has at most 100 characters.")
    return found
